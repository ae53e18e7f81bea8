//go:build datahub_explore

package explore

import (
	"time"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/slot"
)

// deskModels are worlds whose readers each have a control memory of their own. Nobody
// is killed, because what becomes of a desk whose owner is gone is decided outside of
// the protocol; and nobody wakes because time is up, so that a wake-up that is lost
// shows.
func deskModels() []*Model {
	nothing := func(*World) {}
	return []*Model{
		{Name: "desks, sync", Limit: 40_000, Desks: true, Timeless: true, After: nothing, Conf: ring(hdr.SyncSyncReaders, 1, 1), Build: func(w *World) {
			w.Writer("writer", false, Writing{Values: 3, Stay: true})
			w.Reader("reader", false, Reading{Start: slot.StartOldest, Until: 2})
		}},
		{Name: "desks, sync, 2 readers", Desks: true, Timeless: true, After: nothing, Conf: ring(hdr.SyncSyncReaders, 1, 2), Build: func(w *World) {
			w.Writer("writer", false, Writing{Values: 2})
			w.Reader("reader 1", false, Reading{Start: slot.StartOldest})
			w.Reader("reader 2", false, Reading{Start: slot.StartOldest, Values: 1})
		}},
		{Name: "desks, latest", Desks: true, Timeless: true, After: nothing, Conf: ring(hdr.SyncLatestOnly, 1, 2), Build: func(w *World) {
			w.Writer("writer", false, Writing{Values: 2, Stay: true})
			w.Reader("reader 1", false, Reading{Until: 1})
			w.Reader("reader 2", false, Reading{Until: 1})
		}},
		{Name: "desks, drain", Desks: true, Timeless: true, After: nothing, Conf: ring(hdr.SyncSyncReaders, 2, 1), Build: func(w *World) {
			w.Writer("writer", false, Writing{Values: 2, Drain: true})
			w.Reader("reader", false, Reading{Start: slot.StartOldest})
		}},
	}
}

// A deskWriterHost is the host of a writer with desks.
type deskWriterHost struct{ *host }

func (h deskWriterHost) WaitAny(words []*uint32, vals []uint32, _ time.Duration) {
	p := h.p
	p.step("futex wait")
	for i := range words {
		if *words[i] != vals[i] {
			p.local()
			return
		}
	}
	p.status, p.onAny = sleeping, words
	p.step("asleep")
	p.status, p.onAny, p.woken = ready, nil, false
	p.local()
}

func (h deskWriterHost) WakeFew(word *uint32) { h.Wake(word) }

func (h deskWriterHost) Expel(i int) { h.p.Fail("the honest reader at desk %d is expelled", i) }

func (h deskWriterHost) Freed() uint64 { return 0 }

// A deskReaderHost is the host of a reader that was given cell i.
type deskReaderHost struct {
	*host
	cell int
}

func (h deskReaderHost) CellAlive(i int) bool { return i != h.cell }

func (h deskReaderHost) TryLockCell(i int) (bool, error) {
	if i != h.cell {
		return false, nil
	}
	return h.host.TryLockCell(i)
}

func (m *Model) writerHost(h *host) slot.Host {
	if m.Desks {
		return deskWriterHost{h}
	}
	return h
}

// sitDown returns the memory and the host of the next reader.
func (w *World) sitDown() (slot.Memory, func(p *Proc) slot.Host) {
	if !w.model.Desks {
		return w.model.mem, func(p *Proc) slot.Host { return &host{p} }
	}
	i := w.seated
	w.seated++
	return w.model.desks[i], func(p *Proc) slot.Host { return deskReaderHost{&host{p}, i} }
}

// deskSize returns how many bytes the desks of a block take.
func (m *Model) deskSize(p slot.Plan) uint64 {
	if !m.Desks {
		return 0
	}
	return uint64(p.Consumers) * (p.ControlSize + p.CellsSize + p.CountersSize)
}

// layDesks gives each reader a desk in b.
func (m *Model) layDesks(b []byte) {
	if !m.Desks {
		return
	}
	take := func(n uint64) []byte {
		r := b[:n:n]
		b = b[n:]
		return r
	}
	for range m.plan.Consumers {
		d := slot.Desk{Control: take(m.plan.ControlSize), Cells: take(m.plan.CellsSize), Counters: take(m.plan.CountersSize), Seat: new(slot.Seat)}
		m.mem.Desks = append(m.mem.Desks, d)
		own := m.mem
		own.Desks, own.OwnBell = nil, true
		own.Control, own.Cells, own.Counters = d.Control, d.Cells, d.Counters
		m.desks = append(m.desks, own)
	}
}

// clearSeats forgets who sat where.
func (m *Model) clearSeats() {
	for i := range m.mem.Desks {
		m.mem.Desks[i].Seat.Turn.Store(0)
		m.mem.Desks[i].Seat.Kept.Store(0)
	}
}
