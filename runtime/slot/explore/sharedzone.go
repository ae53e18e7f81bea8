//go:build datahub_explore

package explore

import (
	"errors"
	"slices"

	"github.com/pylabhub/datahub/runtime/slot"
)

// SharedZoneWriter is a producer that changes a shared flexible zone until it has
// had so many values. It takes over once the producer's lock is free.
func (w *World) SharedZoneWriter(name string, kills bool, until uint64) {
	w.Go(name, kills, func(p *Proc) {
		p.writes = true
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
			p.local = func() { p.Checkpoint(1) }
			p.local()
			p.change(f)
		}
		wr.Detach()
		p.step("unlock")
		w.owners[0] = nil
	})
}

// change writes the next value of a shared zone, in two words, under its lock.
func (p *Proc) change(f *slot.FlexWriter) {
	b, g, err := f.Lock(-1, true)
	if err != nil {
		p.Fail("lock: %v", err)
	}
	v, zone := tag(f.Seq()+1, p, 0), region(b)
	zone.U64(0).Store(v)
	zone.U64(8).Store(^v)
	if err := f.Unlock(g, true); err != nil {
		p.Fail("unlock: %v", err)
	}
}

// SharedZoneReader looks a few times at a shared flexible zone, in place.
func (w *World) SharedZoneReader(name string, kills bool, looks int) {
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
	p := w.Go(name, kills, func(p *Proc) {
		h.p = p
		last := uint64(0)
		for n := range looks {
			p.local = func() { p.Checkpoint(uint64(n), last) }
			p.local()
			seq, ok := p.look(f)
			if ok && seq < last {
				p.Fail("value %d after %d", seq, last)
			}
			last = max(last, seq)
		}
		p.leave(r)
	})
	w.owners[1+r.Cell()] = p
}

// look reads a shared zone. ok is false if a producer died there. A consumer who
// dies there harms nobody.
func (p *Proc) look(f *slot.FlexReader) (seq uint64, ok bool) {
	b, seq, g, err := f.Lock(-1)
	switch {
	case errors.Is(err, slot.ErrPoisoned):
		w := p.World
		if !slices.ContainsFunc(w.procs, func(o *Proc) bool { return o.writes && o.status == killed }) {
			p.Fail("told that a producer died")
		}
		return 0, false
	case err != nil:
		p.Fail("lock: %v", err)
	}
	zone := region(b)
	x, y := zone.U64(0).Load(), zone.U64(8).Load()
	if y != ^x && x|y|seq != 0 || x>>16 != seq {
		p.Fail("value %d is torn: %#x, %#x", seq, x, ^y)
	}
	if err := g.Unlock(); err != nil {
		p.Fail("unlock: %v", err)
	}
	return seq, true
}

// SharedZoneGoesOn checks that the next producer can change the zone whatever
// happened, and that a reader sees it.
func SharedZoneGoesOn(w *World) {
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
	want := fw.Seq() + 1
	p.change(fw)
	if got, ok := p.look(fr); !ok || got != want {
		p.Fail("got value %d, %t, want %d", got, ok, want)
	}
}
