package view

import "github.com/pylabhub/datahub/blds/schema"

// lineSize is the cache line the pictures are drawn in. The cores we run on have
// 64 bytes, or 128 which is two of them.
const lineSize = 64

// usage counts the bytes of a record by what they are for, an array of records
// with all its elements.
type usage struct{ fields, presence, padding, reserved uint64 }

func usageOf(r *schema.Record) usage {
	memo := map[*schema.Record]usage{}
	var of func(r *schema.Record) usage
	of = func(r *schema.Record) usage {
		if u, ok := memo[r]; ok {
			return u
		}
		var u usage
		for i := range r.Members {
			m := &r.Members[i]
			size := uint64(m.Size)
			switch {
			case m.Type.Code == schema.Padding:
				u.padding += size
			case m.Type.Code == schema.Reserved:
				u.reserved += size
			case m.Flags&schema.FlagPresence != 0:
				u.presence += size
			case m.Type.Code == schema.RecordType:
				in, n := of(m.Type.Record), m.Type.Count()
				u.fields += in.fields * n
				u.presence += in.presence * n
				u.padding += in.padding * n
				u.reserved += in.reserved * n
				// The distance between elements may be larger than an element.
				if rest := size - uint64(m.Type.Record.Size)*n; m.Type.Dims != nil && rest < size {
					u.padding += rest
				}
			default:
				u.fields += size
			}
		}
		memo[r] = u
		return u
	}
	return of(r)
}

// lines returns how many cache lines n bytes touch that begin on one.
func lines(n uint64) uint64 { return (n + lineSize - 1) / lineSize }

// A Segment is what the slots of a channel need in shared memory. Header,
// producer page and reader cells come on top of it: a few pages.
//
// The runtime decides these numbers (slot.NewPlan); a test holds them equal.
// They are repeated here because the runtime is built on generated code, and the
// generator must not need it to be built.
type Segment struct {
	Slots   uint64 // physical slots
	Head    uint64 // bytes of a slot before its payload
	Stride  uint64 // bytes from slot to slot
	Payload uint64 // Slots * Stride
	Flex    uint64 // bytes of the flexible zone with its copies, whole pages
}

// Total returns the bytes of slots and flexible zone.
func (s Segment) Total() uint64 { return s.Payload + s.Flex }

const (
	spareSlots = 8    // of a block that only keeps the latest value
	flexPage   = 4096 // each copy of the flexible zone begins on one
	alignFrom  = 512  // larger payloads begin on a line, if that costs a sixteenth at most
)

// SegmentOf returns the sizes for a schema with a channel.
func SegmentOf(s *schema.Schema) Segment {
	c := s.Channel
	head := uint64(8) // the stamp
	if c.Timestamp {
		head += 8
	}
	if c.Checksum > schema.ChecksumNone {
		if c.ChecksumType == schema.BLAKE3 {
			head += 32
		} else {
			head += 8
		}
	}
	align := uint64(max(8, s.Record.Align))
	head = roundUp(head, align)
	size := uint64(s.Record.Size)
	seg := Segment{Head: head, Stride: roundUp(head+size, max(align, lineSize))}
	if size >= alignFrom && align < lineSize {
		at := roundUp(head, lineSize)
		if stride := roundUp(at+size, lineSize); stride-seg.Stride <= seg.Stride/16 {
			seg.Head, seg.Stride = at, stride
		}
	}
	switch c.Policy {
	case schema.Ring:
		seg.Slots = uint64(c.Capacity)
	default:
		seg.Slots = uint64(c.Policy) // Single keeps one value, Double two
	}
	if c.Sync == schema.LatestOnly {
		seg.Slots = max(seg.Slots, uint64(c.Consumers)+2) + spareSlots
	}
	seg.Payload = seg.Slots * seg.Stride
	if s.Flex != nil {
		seg.Flex = roundUp(uint64(s.Flex.Record.Size), flexPage)
		if c.FlexMode != schema.Shared {
			seg.Flex *= 2
		}
	}
	return seg
}

func roundUp(n, align uint64) uint64 { return (n + align - 1) / align * align }
