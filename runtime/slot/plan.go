package slot

import (
	"fmt"
	"math/bits"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
)

// None is the offset of a part that slots do not have.
const None = hdr.DataHeaderNone

// What a plan keeps to, in bytes.
const (
	slotAlign     = 64   // the stride of slots is a multiple of it
	regionAlign   = 128  // of every region but the two below
	flexPage      = 4096 // the flexible zone consists of whole pages
	timestampSize = 8
)

// A Plan says where everything is: what of it stands in the header of a block.
// The producer page and the flexible zone begin at a page (4096), the other
// regions at a multiple of 128.
type Plan struct {
	Capacity  uint32 // logical: values a reader can fall behind
	Slots     uint32 // physical
	Consumers uint32

	// Offsets in a slot; None for what it does not have. The stamp is at 0.
	Stride       uint32
	PayloadOff   uint32
	PayloadSize  uint32
	TimestampOff uint32
	LengthOff    uint32
	ChecksumOff  uint32

	CellStride     uint32
	SpinlockStride uint32
	FlexStride     uint32 // distance of the two copies of a double-buffered zone

	// Sizes of the regions in bytes. Producer, Flex and Slots belong to the data
	// file, the others to the control file.
	ProducerSize  uint64
	FlexSize      uint64
	SlotsSize     uint64
	ControlSize   uint64
	CellsSize     uint64
	SpinlocksSize uint64
	CountersSize  uint64
	BaselinesSize uint64
}

// NewPlan lays out a block. The error joins one *ConfigError per field that is
// missing or contradicts another.
func NewPlan(c Config) (Plan, error) {
	if err := c.validate(); err != nil {
		return Plan{}, err
	}
	p := Plan{
		Capacity:       c.Capacity,
		Consumers:      c.Consumers,
		PayloadSize:    c.PayloadSize,
		TimestampOff:   None,
		LengthOff:      None,
		ChecksumOff:    None,
		CellStride:     cellSize,
		SpinlockStride: spinlockSize,
	}
	if c.Policy != hdr.PolicyRing {
		p.Capacity = uint32(c.Policy) // Single keeps one value, Double two
	}
	p.Slots = p.Capacity
	if c.latest() {
		// One slot per reader that may hold it, the latest, and one to write to: so
		// nothing ever waits for a reader.
		p.Slots = max(p.Capacity, c.Consumers+2)
		switch c.Spare {
		case 0:
			p.Slots += defaultSpare
		case NoSpare:
		default:
			p.Slots += min(c.Spare, MaxCapacity)
		}
	}

	off := slotHeaderSize
	if c.Timestamp {
		p.TimestampOff, off = off, off+timestampSize
	}
	if c.Length {
		p.LengthOff, off = off, off+lengthSize
	}
	if n := c.sumSize(); n != 0 {
		p.ChecksumOff, off = off, off+n
	}
	align := max(c.PayloadAlign, 8)
	p.PayloadOff = roundUp(off, align)
	p.Stride = roundUp(p.PayloadOff+c.PayloadSize, max(align, slotAlign))
	// A payload that begins on a cache line of its own is copied faster, because no
	// store of it crosses a line: by a twentieth for 1 KiB, a tenth for 1 MiB. Not for
	// small ones, which are better on the line of the stamp, nor where it would cost
	// memory that counts.
	if c.PayloadSize >= alignFrom && align < slotAlign {
		at := roundUp(off, slotAlign)
		if stride := roundUp(at+c.PayloadSize, slotAlign); stride-p.Stride <= p.Stride/16 {
			p.PayloadOff, p.Stride = at, stride
		}
	}
	if c.FlexSize != 0 {
		p.FlexStride = roundUp(c.FlexSize, flexPage)
	}
	p.setSizes(&c)
	return p, nil
}

// setSizes computes the sizes of the regions from the numbers of things.
func (p *Plan) setSizes(c *Config) {
	p.ProducerSize = producerSize
	p.FlexSize = uint64(p.FlexStride)
	if c.FlexMode == hdr.FlexModeDoubleBuffered {
		p.FlexSize *= 2
	}
	p.SlotsSize = uint64(p.Stride) * uint64(p.Slots)
	p.ControlSize = controlSize
	p.CellsSize = uint64(p.CellStride) * uint64(p.Consumers)
	p.SpinlocksSize = uint64(p.SpinlockStride) * uint64(c.Spinlocks)
	p.CountersSize = countersSize * uint64(p.Consumers)
	p.BaselinesSize = baselineSize + countersSize*uint64(p.Consumers)
}

// sumSize returns how many bytes of a slot its checksum takes.
func (c *Config) sumSize() uint32 {
	switch {
	case !c.checksums():
		return 0
	case c.ChecksumType == hdr.ChecksumTypeCrc32c:
		return 8
	}
	return 32
}

// alignFrom is the size of the payloads that begin on a cache line, if there is room.
const alignFrom = 512

// Check reports whether p, read from a header that anybody may have written, fits
// c and itself. A plan that passes cannot make the protocol leave its regions.
// Another program may have chosen other places and more slots than NewPlan would.
func (p *Plan) Check(c Config) error {
	if err := c.validate(); err != nil {
		return err
	}
	least, err := NewPlan(c)
	if err != nil {
		return err
	}
	if c.latest() {
		least.Slots = max(least.Capacity, c.Consumers+2)
		if p.Slots < least.Slots || p.Slots > MaxCapacity+MaxConsumers+2+MaxCapacity {
			return fmt.Errorf("slots: %d, need %d or more", p.Slots, least.Slots)
		}
	} else if p.Slots != least.Slots {
		return fmt.Errorf("slots: %d, not the capacity %d", p.Slots, least.Slots)
	}
	for _, v := range []struct {
		name      string
		got, want uint32
	}{
		{"capacity", p.Capacity, least.Capacity},
		{"consumers", p.Consumers, least.Consumers},
		{"payload size", p.PayloadSize, least.PayloadSize},
		{"cell stride", p.CellStride, least.CellStride},
		{"spinlock stride", p.SpinlockStride, least.SpinlockStride},
		{"flexible zone stride", p.FlexStride, least.FlexStride},
	} {
		if v.got != v.want {
			return fmt.Errorf("%s: %d, want %d", v.name, v.got, v.want)
		}
	}
	if err := p.checkSlot(&c); err != nil {
		return err
	}
	want := *p
	want.setSizes(&c)
	if *p != want {
		return fmt.Errorf("region sizes do not follow from their counts")
	}
	return nil
}

// checkSlot checks the offsets in a slot: aligned, inside the stride, apart from
// each other, and there exactly if asked for.
func (p *Plan) checkSlot(c *Config) error {
	align := max(c.PayloadAlign, 8)
	if p.Stride%max(align, slotAlign) != 0 || p.Stride > 2*MaxPayload {
		return fmt.Errorf("stride: %d is not a multiple of %d up to %d", p.Stride, max(align, slotAlign), 2*MaxPayload)
	}
	parts := [...]struct {
		name      string
		off, size uint32
		align     uint32
		want      bool
	}{
		{"stamp", 0, 8, 8, true},
		{"timestamp", p.TimestampOff, timestampSize, 8, c.Timestamp},
		{"length", p.LengthOff, lengthSize, 8, c.Length},
		{"checksum", p.ChecksumOff, c.sumSize(), 8, c.checksums()},
		{"payload", p.PayloadOff, p.PayloadSize, align, true},
	}
	for i, a := range parts {
		if has := a.off != None; has != a.want {
			return fmt.Errorf("%s: there is %t, want %t", a.name, has, a.want)
		}
		if !a.want {
			continue
		}
		if a.off%a.align != 0 {
			return fmt.Errorf("%s: offset %d is not a multiple of %d", a.name, a.off, a.align)
		}
		if end := uint64(a.off) + uint64(a.size); end > uint64(p.Stride) {
			return fmt.Errorf("%s: ends at %d, behind the stride %d", a.name, end, p.Stride)
		}
		for _, b := range parts[:i] {
			if b.want && a.off < b.off+b.size && b.off < a.off+a.size {
				return fmt.Errorf("%s and %s overlap", b.name, a.name)
			}
		}
	}
	return nil
}

// used returns how many bytes of a slot there is something in, a multiple of 8.
func (p *Plan) used(c *Config) uint32 {
	n := p.PayloadOff + p.PayloadSize
	if c.Timestamp {
		n = max(n, p.TimestampOff+timestampSize)
	}
	if c.Length {
		n = max(n, p.LengthOff+lengthSize)
	}
	if c.checksums() {
		n = max(n, p.ChecksumOff+c.sumSize())
	}
	return roundUp(n, 8)
}

// roundUp returns n rounded up to a multiple of align, a power of two. It does
// not overflow for what validate lets through.
func roundUp(n, align uint32) uint32 {
	if bits.OnesCount32(align) != 1 {
		panic("slot: alignment is no power of two")
	}
	return (n + align - 1) &^ (align - 1)
}
