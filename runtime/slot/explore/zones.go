//go:build datahub_explore

package explore

import (
	"encoding/binary"
	"errors"
	"slices"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/slot"
)

// Observer looks a few times at what there is, without anybody knowing.
func (w *World) Observer(name string, looks int, start slot.Start) {
	m := w.model
	h := &host{&Proc{World: w}}
	r, err := slot.Observe(m.mem, m.plan, m.Conf, h, slot.ReaderOptions{Wait: slot.Block, Start: start})
	if err != nil {
		panic(err)
	}
	w.Go(name, false, func(p *Proc) {
		h.p = p
		next := r.Seq()
		for n := range looks {
			p.checkpoint(r, uint64(n), next)
			s, ok, err := r.TryAcquire()
			switch {
			case errors.Is(err, slot.ErrOverrun):
				continue
			case err != nil:
				p.Fail("acquire: %v", err)
			case !ok:
				continue
			}
			a, b := p.get(s.Payload, true)
			if b != ^a || a>>16 != s.Seq {
				p.Fail("position %d is torn: %#x, %#x", s.Seq, a, ^b)
			}
			if s.Seq < next || m.Conf.Sync != hdr.SyncLatestOnly && s.Seq != next+s.Lost {
				p.Fail("got position %d with %d lost, want %d", s.Seq, s.Lost, next)
			}
			p.know(s.Seq, a)
			if err := r.Release(); err != nil {
				p.Fail("release: %v", err)
			}
			next = s.Seq + 1
		}
	})
}

// FlexWriter is a producer that changes the flexible zone until it has had so many
// values. It takes over once the lock is free.
func (w *World) FlexWriter(name string, kills bool, until uint64) {
	w.Go(name, kills, func(p *Proc) {
		p.Lock(0)
		m := w.model
		wr, err := slot.OpenWriter(m.mem, m.plan, m.Conf, &host{p}, slot.WriterOptions{Wait: slot.Block})
		if err != nil {
			p.Fail("open: %v", err)
		}
		f, err := wr.Flex()
		if err != nil {
			p.Fail("flex: %v", err)
		}
		for f.Seq() < until {
			seq := f.Seq() + 1
			p.Checkpoint(seq)
			put(f.Buffer(), tag(seq, p, 0))
			if err := f.Publish(); err != nil {
				p.Fail("publish: %v", err)
			}
			p.know(seq, tag(seq, p, 0))
		}
		wr.Detach()
		p.step("unlock")
		w.owners[0] = nil
	})
}

// FlexReader looks a few times at the flexible zone.
func (w *World) FlexReader(name string, looks int) {
	m := w.model
	h := &host{&Proc{World: w}}
	r, err := slot.JoinReader(m.mem, m.plan, m.Conf, h, slot.ReaderOptions{Wait: slot.Block})
	if err != nil {
		panic(err)
	}
	f, err := r.Flex()
	if err != nil {
		panic(err)
	}
	p := w.Go(name, false, func(p *Proc) {
		h.p = p
		last := uint64(0)
		for n := range looks {
			p.Checkpoint(uint64(n), last)
			seq, err := f.Load()
			switch {
			case errors.Is(err, slot.ErrFlexBusy):
				continue
			case err != nil:
				p.Fail("load: %v", err)
			}
			a, b := binary.NativeEndian.Uint64(f.Buffer()), binary.NativeEndian.Uint64(f.Buffer()[8:])
			if seq == 0 && (a != 0 || b != 0) || seq != 0 && (b != ^a || a>>16 != seq) {
				p.Fail("value %d is torn: %#x, %#x", seq, a, ^b)
			}
			if seq < last {
				p.Fail("value %d after %d", seq, last)
			}
			if seq != 0 {
				p.know(seq, a)
			}
			last = seq
		}
		p.leave(r)
	})
	w.owners[1+r.Cell()] = p
}

// FlexGoesOn checks that the next producer can change the zone and that a reader
// sees it.
func FlexGoesOn(w *World) {
	m := w.model
	p := &Proc{Name: "afterwards", World: w, id: 99}
	wr, err := slot.OpenWriter(m.mem, m.plan, m.Conf, &host{p}, slot.WriterOptions{Wait: slot.Block})
	if err != nil {
		p.Fail("open: %v", err)
	}
	r, err := slot.JoinReader(m.mem, m.plan, m.Conf, &host{p}, slot.ReaderOptions{Wait: slot.Block})
	if err != nil {
		p.Fail("join: %v", err)
	}
	fw, err := wr.Flex()
	if err != nil {
		p.Fail("flex: %v", err)
	}
	fr, err := r.Flex()
	if err != nil {
		p.Fail("flex: %v", err)
	}
	seq := fw.Seq() + 1
	put(fw.Buffer(), tag(seq, p, 0))
	if err := fw.Publish(); err != nil {
		p.Fail("publish: %v", err)
	}
	p.know(seq, tag(seq, p, 0))
	got, err := fr.Load()
	if a := binary.NativeEndian.Uint64(fr.Buffer()); err != nil || got != seq || a != tag(seq, p, 0) {
		p.Fail("load: got %d %#x %v, want %d", got, a, err, seq)
	}
}

// A hut is what a lock guards: who is in it, and what became of those who died
// there.
type hut struct {
	inside *Proc
	dirty  bool // somebody died in it, and nobody has cleaned up since
}

func (w *World) hutHash() uint64 {
	h := uint64(0)
	if w.inside != nil {
		h = uint64(w.inside.id) + 1
	}
	if w.dirty {
		h |= 1 << 20
	}
	return h
}

// A Locking says what one who locks does.
type Locking struct {
	Times int  // takes lock 0 so often
	Clean bool // makes whole what somebody left
	Late  bool // joins once a cell is free, not before anything happens
	Owner bool // is only killed while it has the lock
	Last  bool // begins once the first process is done or dead
	Stays bool // waits in the end until all who do not are done
}

// Locker is a consumer that takes a lock.
func (w *World) Locker(name string, kills bool, do Locking) {
	m := w.model
	h := &host{&Proc{World: w}}
	var r *slot.Reader
	join := func() {
		var err error
		if r, err = slot.JoinReader(m.mem, m.plan, m.Conf, h, slot.ReaderOptions{Wait: slot.Block}); err != nil {
			panic(err)
		}
	}
	if !do.Late {
		join()
	}
	p := w.Go(name, kills, func(p *Proc) {
		h.p = p
		if r == nil {
			p.await(func() bool { return slices.Contains(w.owners[1:], nil) })
			join()
		}
		if do.Last {
			first := w.procs[0]
			p.await(func() bool { return first.status == done || first.status == killed })
		}
		p.visit(r.Locks(), do)
		if do.Stays {
			p.stays = true
			p.await(w.visited)
		}
		p.leave(r)
	})
	if do.Owner {
		p.while = func() bool { return w.inside == p }
	}
	if r != nil {
		w.owners[1+r.Cell()] = p
	}
}

// visited reports whether all who do not stay are done.
func (w *World) visited() bool {
	for _, p := range w.procs {
		if !p.stays && p.status != done && p.status != killed {
			return false
		}
	}
	return true
}

// LockingProducer is a producer that takes a lock. It takes over once the
// producer's lock is free.
func (w *World) LockingProducer(name string, kills bool, do Locking) {
	w.Go(name, kills, func(p *Proc) {
		p.Lock(0)
		m := w.model
		wr, err := slot.OpenWriter(m.mem, m.plan, m.Conf, &host{p}, slot.WriterOptions{Wait: slot.Block})
		if err != nil {
			p.Fail("open: %v", err)
		}
		p.visit(wr.Locks(), do)
		wr.Detach()
		p.step("unlock")
		w.owners[0] = nil
	})
}

// visit enters the hut and checks what it is told.
func (p *Proc) visit(locks *slot.Locks, do Locking) {
	w := p.World
	l, err := locks.At(0)
	if err != nil {
		p.Fail("lock: %v", err)
	}
	for n := range do.Times {
		p.local = func() { p.Checkpoint(uint64(n), 1) }
		p.Checkpoint(uint64(n))
		g, err := l.Lock(bg, -1)
		want := error(nil)
		switch {
		case w.inside != nil && w.inside.status != killed:
			p.Fail("%s has the lock, too", w.inside.Name)
		case w.inside != nil:
			w.dirty, want = true, slot.ErrOwnerDied
		case w.dirty:
			want = slot.ErrPoisoned
		}
		if err != want {
			p.Fail("lock: got %v, want %v", err, want)
		}
		w.inside = p
		p.step("inside")
		if do.Clean && w.dirty {
			if err := g.MarkConsistent(); err != nil {
				p.Fail("mark consistent: %v", err)
			}
			w.dirty = false
		}
		if err := g.Unlock(); err != nil {
			p.Fail("unlock: %v", err)
		}
		if err := g.Unlock(); !errors.Is(err, slot.ErrNotLocked) {
			p.Fail("second unlock: got %v, want %v", err, slot.ErrNotLocked)
		}
	}
}

// LocksGoOn checks that whoever comes next gets the lock.
func LocksGoOn(w *World) {
	m := w.model
	p := &Proc{Name: "afterwards", World: w, id: 99}
	r, err := slot.JoinReader(m.mem, m.plan, m.Conf, &host{p}, slot.ReaderOptions{Wait: slot.Block})
	if err != nil {
		p.Fail("join: %v", err)
	}
	l, err := r.Locks().At(0)
	if err != nil {
		p.Fail("lock: %v", err)
	}
	g, ok, err := l.TryLock()
	if !ok {
		p.Fail("lock: %v", err)
	}
	if err := g.Unlock(); err != nil {
		p.Fail("unlock: %v", err)
	}
}
