package slot

import (
	"fmt"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/internal/word"
)

// Memory are the regions of one block as one participant sees them. A consumer's
// Producer, Flex and Slots may be mapped read-only. The regions must stay mapped
// until the last call of the Writer or Reader they were given to has returned.
// Regions begin at multiples of 128 bytes.
type Memory struct {
	Producer, Flex, Slots                          []byte
	Control, Cells, Spinlocks, Counters, Baselines []byte

	// Desks is given to a producer whose consumers do not share their control memory:
	// there is one for each cell, and Control is the producer's own. The consumers of
	// such a block have OwnBell.
	Desks   []Desk
	OwnBell bool
}

// A view is a Memory whose sizes were checked.
type view struct {
	plan Plan
	conf Config

	producer, slots, flex     word.Region
	control, cells, counters  word.Region
	spinlocks                 word.Region
	head, latest, gate, epoch *word.U64
	successor, selector       *word.U64
	bell, roomWanted, state   *word.U32
	sleepers, roomBell        *word.U32
	desks                     []desk // of a producer, if each consumer has its own
}

func newView(m Memory, p Plan, c Config) (*view, error) {
	if err := p.Check(c); err != nil {
		return nil, fmt.Errorf("check plan: %w", err)
	}
	return viewOf(m, p, c)
}

// viewOf is newView for a plan that was checked, but for the number of its cells.
func viewOf(m Memory, p Plan, c Config) (*view, error) {
	v := &view{plan: p, conf: c}
	for _, r := range []struct {
		name string
		dst  *word.Region
		mem  []byte
		size uint64
	}{
		{"producer", &v.producer, m.Producer, p.ProducerSize},
		{"slots", &v.slots, m.Slots, p.SlotsSize},
		{"flex", &v.flex, m.Flex, p.FlexSize},
		{"control", &v.control, m.Control, p.ControlSize},
		{"cells", &v.cells, m.Cells, p.CellsSize},
		{"counters", &v.counters, m.Counters, p.CountersSize},
		{"spinlocks", &v.spinlocks, m.Spinlocks, p.SpinlocksSize},
	} {
		var err error
		if *r.dst, err = word.NewRegion(r.mem, r.size, regionAlign); err != nil {
			return nil, fmt.Errorf("%s: %w", r.name, err)
		}
	}
	v.head = v.producer.U64(uint64(hdr.FieldProducerPageHead))
	v.latest = v.producer.U64(uint64(hdr.FieldProducerPageLatest))
	v.gate = v.producer.U64(uint64(hdr.FieldProducerPageGate))
	v.epoch = v.producer.U64(uint64(hdr.FieldProducerPageEpoch))
	v.successor = v.producer.U64(uint64(hdr.FieldProducerPageSuccessor))
	v.selector = v.producer.U64(uint64(hdr.FieldProducerPageSelector))
	v.bell = v.producer.U32(uint64(hdr.FieldProducerPageBell))
	v.roomWanted = v.producer.U32(uint64(hdr.FieldProducerPageRoomWanted))
	v.state = v.producer.U32(uint64(hdr.FieldProducerPageState))
	v.sleepers = v.control.U32(uint64(hdr.FieldControlWordsSleepers))
	v.roomBell = v.control.U32(uint64(hdr.FieldControlWordsRoomBell))
	if m.OwnBell {
		v.bell = v.control.U32(uint64(hdr.FieldControlWordsBell))
	}
	return v, v.setDesks(m.Desks)
}

// stamp returns the stamp of slot i, which is below plan.Slots.
func (v *view) stamp(i uint64) *word.U64 {
	return v.slots.Fast64(uintptr(i) * uintptr(v.plan.Stride))
}

// A cell is the words of one consumer cell.
type cell struct {
	incarnation, hold, cursor, evicted *word.U64
	region                             word.Region
	base                               uint64 // offset in the region
}

func (v *view) cell(i int) cell {
	r := v.cells
	if v.desks != nil {
		r = v.desks[i].cells
	}
	at := func(f uint64) *word.U64 { return r.U64(uint64(i)*uint64(v.plan.CellStride) + f) }
	return cell{
		region:      r,
		incarnation: at(uint64(hdr.FieldConsumerCellIncarnation)),
		hold:        at(uint64(hdr.FieldConsumerCellHold)),
		cursor:      at(uint64(hdr.FieldConsumerCellCursor)),
		evicted:     at(uint64(hdr.FieldConsumerCellEvicted)),
		base:        uint64(i) * uint64(v.plan.CellStride),
	}
}

// allCells returns all cells, made once per handle.
func (v *view) allCells() []cell {
	cs := make([]cell, v.plan.Consumers)
	for i := range cs {
		cs[i] = v.cell(i)
	}
	return cs
}

// active reports whether an incarnation is that of a consumer, not of a free cell.
func active(incarnation uint64) bool { return incarnation%2 == 1 }
