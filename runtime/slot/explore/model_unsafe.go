//go:build datahub_explore

package explore

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"unsafe"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/internal/word"
	"github.com/pylabhub/datahub/runtime/slot"
)

// A Model is a world to explore: a block, those who use it, and how many of them
// may be killed.
type Model struct {
	Name     string
	Conf     slot.Config
	Start    uint64 // first position
	Kills    int
	Limit    int  // of states that are searched each time, 0 for a few
	Timeless bool // nobody wakes because time is up
	Timed    bool // time passes also where nobody has died
	Desks    bool // each reader has a control memory of its own
	Build    func(w *World)
	After    func(w *World)

	plan  slot.Plan
	arena []byte
	mem   slot.Memory
	desks []slot.Memory // what each reader has, if they have desks
	// Where regions begin in the arena: producer at 0, control, cells, slots.
	control, cells, slots, slotsEnd, locks uintptr
}

// Facts are what the processes of a world know together, outside of the block.
type Facts struct {
	values map[uint64]uint64 // by position: what was committed there
	hash   uint64
	hut
}

// world makes m's world anew.
func (m *Model) world() *World {
	if m.arena == nil {
		m.allocate()
	}
	clear(m.arena)
	m.clearSeats()
	if err := slot.FormatAt(m.mem, m.plan, m.Conf, hdr.Process{}, m.Start); err != nil {
		panic(err)
	}
	w := &World{
		model: m, kills: m.Kills,
		base:   uintptr(unsafe.Pointer(unsafe.SliceData(m.arena))),
		owners: make([]*Proc, 1+m.Conf.Consumers),
		Facts:  Facts{values: map[uint64]uint64{}},
	}
	w.listen()
	m.Build(w)
	return w
}

func (m *Model) allocate() {
	p, err := slot.NewPlan(m.Conf)
	if err != nil {
		panic(fmt.Sprintf("%s: %v", m.Name, err))
	}
	sizes := []uint64{p.ProducerSize, p.ControlSize, p.CellsSize, p.SlotsSize, p.FlexSize, p.SpinlocksSize, p.CountersSize, p.BaselinesSize}
	total := m.deskSize(p)
	for _, n := range sizes {
		total += (n + 127) &^ 127
	}
	word.Before, word.After = nil, nil
	m.plan, m.arena = p, word.Alloc(total, 128)
	m.control = uintptr(p.ProducerSize)
	m.cells = m.control + uintptr(p.ControlSize)
	m.slots = m.cells + uintptr(p.CellsSize)
	m.slotsEnd = m.slots + uintptr(p.SlotsSize)
	parts, at := make([][]byte, len(sizes)), uint64(0)
	for i, n := range sizes {
		parts[i] = m.arena[at : at+n : at+n]
		at += (n + 127) &^ 127
	}
	m.mem = slot.Memory{Producer: parts[0], Control: parts[1], Cells: parts[2], Slots: parts[3],
		Flex: parts[4], Spinlocks: parts[5], Counters: parts[6], Baselines: parts[7]}
	m.layDesks(m.arena[at:])
	if len(parts[5]) > 0 {
		m.locks = uintptr(unsafe.Pointer(unsafe.SliceData(parts[5]))) - uintptr(unsafe.Pointer(unsafe.SliceData(m.arena)))
	}
}

// isLock reports whether off is the word of lock 0.
func (m *Model) isLock(off uintptr) bool { return m.Conf.Spinlocks > 0 && off == m.locks }

// where names the word at an offset of the arena.
func (m *Model) where(off uintptr) string {
	at := func(region []byte) (uintptr, bool) {
		if len(region) == 0 {
			return 0, false
		}
		d := off - (uintptr(unsafe.Pointer(unsafe.SliceData(region))) - uintptr(unsafe.Pointer(unsafe.SliceData(m.arena))))
		return d, d < uintptr(len(region))
	}
	if d, ok := at(m.mem.Producer); ok {
		return cmp.Or(map[uintptr]string{
			uintptr(hdr.FieldProducerPageHead): "head", uintptr(hdr.FieldProducerPageLatest): "latest",
			uintptr(hdr.FieldProducerPageGate): "gate", uintptr(hdr.FieldProducerPageBell): "bell",
			uintptr(hdr.FieldProducerPageRoomWanted): "room_wanted", uintptr(hdr.FieldProducerPageEpoch): "epoch",
			uintptr(hdr.FieldProducerPageState): "state", uintptr(hdr.FieldProducerPageSelector): "selector",
		}[d], fmt.Sprintf("producer+%d", d))
	}
	if d, ok := at(m.mem.Control); ok {
		return cmp.Or(map[uintptr]string{
			uintptr(hdr.FieldControlWordsSleepers): "sleepers", uintptr(hdr.FieldControlWordsRoomBell): "room_bell",
		}[d], fmt.Sprintf("control+%d", d))
	}
	if d, ok := at(m.mem.Cells); ok {
		return fmt.Sprintf("cell %d ", d/128) + cmp.Or(map[uintptr]string{
			uintptr(hdr.FieldConsumerCellIncarnation): "incarnation", uintptr(hdr.FieldConsumerCellHold): "hold",
			uintptr(hdr.FieldConsumerCellCursor): "cursor", uintptr(hdr.FieldConsumerCellEvicted): "evicted",
		}[d%128], fmt.Sprint(d%128))
	}
	if d, ok := at(m.mem.Slots); ok {
		s := uintptr(m.plan.Stride)
		if d%s == 0 {
			return fmt.Sprintf("slot %d stamp", d/s)
		}
		return fmt.Sprintf("slot %d +%d", d/s, d%s)
	}
	if d, ok := at(m.mem.Flex); ok {
		return fmt.Sprintf("flex+%d", d)
	}
	if d, ok := at(m.mem.Spinlocks); ok {
		return fmt.Sprintf("spinlocks+%d", d)
	}
	return "private"
}

// region returns the words of b.
func region(b []byte) word.Region {
	r, err := word.NewRegion(b, uint64(len(b)), 8)
	if err != nil {
		panic(err)
	}
	return r
}

// A tag is the value a writer writes at a position: a value of another writer, or
// of another try, is another.
func tag(pos uint64, p *Proc, try int) uint64 { return pos<<16 | uint64(p.id)<<8 | uint64(try) }

// put writes a value in two words that only fit together.
func put(b []byte, tag uint64) {
	binary.NativeEndian.PutUint64(b, tag)
	binary.NativeEndian.PutUint64(b[8:], ^tag)
}

// get reads a value word by word, each a step unless b is private.
func (p *Proc) get(b []byte, private bool) (uint64, uint64) {
	if private {
		return binary.NativeEndian.Uint64(b), binary.NativeEndian.Uint64(b[8:])
	}
	r, err := word.NewRegion(b, 16, 8)
	if err != nil {
		panic(err)
	}
	return r.U64(0).Load(), r.U64(8).Load()
}

// know notes that pos holds tag, and fails if somebody saw something else there.
func (p *Proc) know(pos, tag uint64) {
	f := &p.World.Facts
	if was, ok := f.values[pos]; ok {
		if was != tag {
			p.Fail("position %d holds %#x, and %#x for somebody else", pos, tag, was)
		}
		return
	}
	f.values[pos] = tag
	f.hash ^= mix(pos+1, tag)
}
