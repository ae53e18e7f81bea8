package segment

import (
	"encoding/binary"
	"hash/crc32"
	"time"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/fixed"
	"github.com/pylabhub/datahub/runtime/shm"
	"github.com/pylabhub/datahub/runtime/slot"
)

// What both files begin with.
const (
	Magic     = "DATAHUB\x00"
	ByteOrder = 0x04030201
	Form      = 1
)

// Alignments of regions.
const (
	pageAlign = 4096 // of what may be mapped on its own
	wordAlign = 128  // of everything else: a pair of cache lines
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// headerChecksum returns the checksum of a header's immutable bytes, the
// checksum's own field taken as zero.
func headerChecksum(b []byte) uint32 {
	const at = int(hdr.FieldPreambleChecksum)
	sum := crc32.Update(0, castagnoli, b[:at])
	sum = crc32.Update(sum, castagnoli, make([]byte, 4))
	return crc32.Update(sum, castagnoli, b[at+4:])
}

func seal(b []byte) {
	binary.LittleEndian.PutUint32(b[hdr.FieldPreambleChecksum:], headerChecksum(b))
}

func preamble(kind hdr.FileKind, id [16]byte, s *fixed.Schema) hdr.Preamble {
	p := hdr.Preamble{
		ByteOrder: ByteOrder, Form: Form, File: kind, HeaderSize: s.Size,
		BlockID: id, LayoutHash: s.LayoutHash,
	}
	copy(p.Magic[:], Magic)
	return p
}

func zone(s *fixed.Schema) hdr.Zone {
	if s == nil {
		return hdr.Zone{} // 32 zero bytes are no schema's hash
	}
	return hdr.Zone{LayoutHash: s.LayoutHash, SchemaHash: s.SchemaHash, Size: s.Size, Align: s.Align}
}

// A placer puts regions one after the other into the two files.
type placer struct {
	head          *hdr.DataHeader
	data, control uint64 // bytes used so far
}

// add places a region of size bytes, none if there is nothing to place.
func (p *placer) add(kind hdr.RegionKind, size, align uint64, stride, count uint32) *hdr.Region {
	if size == 0 {
		return &hdr.Region{}
	}
	file, end := hdr.FileKindData, &p.data
	if inControl(kind) {
		file, end = hdr.FileKindControl, &p.control
	}
	off := (*end + align - 1) &^ (align - 1)
	*end = off + size
	r := &p.head.Regions[p.head.RegionCount]
	*r = hdr.Region{Kind: kind, File: file, Offset: off, Size: size, Stride: stride, Count: count}
	p.head.RegionCount++
	return r
}

// inControl reports whether a region stands in the control file.
func inControl(kind hdr.RegionKind) bool { return kind >= hdr.RegionKindControlWords }

// header makes the two headers of a new block.
func (d *design) header(id [16]byte, generation uint64) (*hdr.DataHeader, *hdr.ControlHeader) {
	c, p := &d.conf, &d.plan
	h := &hdr.DataHeader{
		Preamble:   preamble(hdr.FileKindData, id, &hdr.DataHeaderSchema),
		Generation: generation, CreatedNS: time.Now().UnixNano(),
		BootID: shm.Self().BootID, Creator: Identity(),
		Slot: zone(d.schema), Flex: zone(d.flex),
		PageSize: d.pageSize, Capacity: p.Capacity,
		PayloadOffset: p.PayloadOff, PayloadSize: p.PayloadSize, PayloadAlign: c.PayloadAlign,
		TimestampOffset: p.TimestampOff, LengthOffset: p.LengthOff, ChecksumOffset: p.ChecksumOff,
		Policy: c.Policy, Sync: c.Sync, FlexMode: c.FlexMode,
		Checksum: c.Checksum, ChecksumType: c.ChecksumType, LockScheme: shm.LockScheme,
	}
	h.Raw.Set(isRaw(d.schema))
	h.Evict.Set(c.Evict)

	pl := &placer{head: h, data: uint64(dataHeaderSize), control: uint64(controlHeaderSize)}
	desc := pl.add(hdr.RegionKindSlotDescriptor, uint64(len(d.schema.Descriptor)), wordAlign, 0, 0)
	desc.Checksum = crc32.Checksum([]byte(d.schema.Descriptor), castagnoli)
	if d.flex != nil {
		desc := pl.add(hdr.RegionKindFlexDescriptor, uint64(len(d.flex.Descriptor)), wordAlign, 0, 0)
		desc.Checksum = crc32.Checksum([]byte(d.flex.Descriptor), castagnoli)
	}
	pl.add(hdr.RegionKindProducer, p.ProducerSize, pageAlign, 0, 0)
	pl.add(hdr.RegionKindFlex, p.FlexSize, uint64(d.pageSize), p.FlexStride, flexCopies(c))
	pl.add(hdr.RegionKindSlots, p.SlotsSize, uint64(d.pageSize), p.Stride, p.Slots)

	pl.add(hdr.RegionKindControlWords, p.ControlSize, wordAlign, 0, 0)
	pl.add(hdr.RegionKindCells, p.CellsSize, wordAlign, p.CellStride, p.Consumers)
	pl.add(hdr.RegionKindSpinlocks, p.SpinlocksSize, wordAlign, p.SpinlockStride, c.Spinlocks)
	pl.add(hdr.RegionKindCounters, p.CountersSize, wordAlign, uint32(p.CountersSize/uint64(p.Consumers)), p.Consumers)
	pl.add(hdr.RegionKindBaselines, p.BaselinesSize, wordAlign, 0, 0)

	page := uint64(d.pageSize)
	h.DataSize = (pl.data + page - 1) &^ (page - 1)
	h.ControlSize = (pl.control + pageAlign - 1) &^ (pageAlign - 1)
	seal(recordBytes(h))

	ctl := &hdr.ControlHeader{Preamble: preamble(hdr.FileKindControl, id, &hdr.ControlHeaderSchema)}
	seal(recordBytes(ctl)[:controlHeaderFixed])
	return h, ctl
}

// flexCopies returns how many copies of its flexible zone a block has.
func flexCopies(c *slot.Config) uint32 {
	switch c.FlexMode {
	case hdr.FlexModeDoubleBuffered:
		return 2
	case hdr.FlexModeShared:
		return 1
	}
	return 0
}
