//go:build datahub_explore

package explore

import (
	"errors"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/slot"
)

// Hand is somebody who mends the block from outside while others use it.
func (w *World) Hand(name string, kills bool, do func(p *Proc, b *slot.Book, h slot.Host)) {
	w.Go(name, kills, func(p *Proc) {
		p.local = func() {}
		b, err := slot.NewBook(w.model.mem, w.model.plan, w.model.Conf)
		if err != nil {
			p.Fail("book: %v", err)
		}
		do(p, b, &host{p})
	})
}

// takes takes the place of whoever has cell 0, if somebody does.
func takes(p *Proc, b *slot.Book, h slot.Host) {
	b.TakePlace(0, b.Words(0).Incarnation, h)
}

// cleans frees cell 0 if its owner is dead.
func cleans(p *Proc, b *slot.Book, h slot.Host) {
	if _, err := b.CleanCell(0, h); err != nil {
		p.Fail("clean: %v", err)
	}
}

// finishes finishes what the writer left, once that is dead or done.
func finishes(p *Proc, b *slot.Book, h slot.Host) {
	p.Lock(0)
	if _, err := b.FinishWriter(h); err != nil && !errors.Is(err, slot.ErrCorrupt) {
		p.Fail("finish: %v", err)
	}
	p.step("unlock")
	p.World.owners[0] = nil
}

// handModels are the worlds in which somebody mends the block by hand.
func handModels() []*Model {
	sync := ring(hdr.SyncSyncReaders, 2, 1)
	return []*Model{
		{Name: "by hand, a place is taken", Conf: ring(hdr.SyncSyncReaders, 1, 1), Build: func(w *World) {
			w.Writer("writer", false, Writing{Values: 3})
			w.Reader("reader", false, Reading{Start: slot.StartOldest, Taken: true})
			w.Hand("hand", false, takes)
		}},
		{Name: "by hand, a place is taken, takeover", Conf: ring(hdr.SyncSyncReaders, 1, 1), Kills: 1, Build: func(w *World) {
			w.Writer("writer", true, Writing{Values: 2})
			w.Writer("successor", false, Writing{Values: 2})
			w.Reader("reader", true, Reading{Start: slot.StartOldest, Taken: true})
			w.Hand("hand", true, takes)
		}},
		{Name: "by hand, a place is taken that the writer takes", Conf: evict(ring(hdr.SyncSyncReaders, 1, 1)), Build: func(w *World) {
			w.Writer("writer", false, Writing{Values: 4, Evict: true})
			w.Reader("reader", false, Reading{Start: slot.StartOldest, Rejoins: true})
			w.Hand("hand", false, takes)
		}},
		{Name: "by hand, dead cleaned", Conf: sync, Kills: 2, Build: func(w *World) {
			w.Writer("writer", false, Writing{Values: 4})
			w.Reader("reader", true, Reading{Start: slot.StartOldest, Values: 1})
			w.Reader("next", false, Reading{Start: slot.StartOldest, Values: 1})
			w.Hand("hand", true, cleans)
		}},
		{Name: "by hand, latest, dead cleaned", Conf: ring(hdr.SyncLatestOnly, 1, 1), Kills: 2, Build: func(w *World) {
			w.Writer("writer", false, Writing{Values: 4})
			w.Reader("reader", true, Reading{Values: 1})
			w.Reader("next", false, Reading{Values: 1})
			w.Hand("hand", true, cleans)
		}},
		{Name: "by hand, writer finished", Conf: sync, Kills: 2, Build: func(w *World) {
			w.Writer("writer", true, Writing{Values: 4, Batch: 2})
			w.Hand("hand", true, finishes)
			w.Writer("successor", false, Writing{Values: 2})
			w.Reader("reader", false, Reading{Start: slot.StartOldest, Values: 2})
		}},
	}
}
