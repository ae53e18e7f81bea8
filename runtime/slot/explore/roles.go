//go:build datahub_explore

package explore

import (
	"context"
	"encoding/binary"
	"errors"
	"slices"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/slot"
)

var bg = context.Background()

// A Writing says what a writer does.
type Writing struct {
	Values int
	Upto   uint64 // or: until this position
	Batch  int    // values per batch, 0 or 1 for none
	Abort  int    // the claim, counted from 1, that is aborted and claimed again
	Evict  bool
	Stay   bool // does not close the block at the end
	Drain  bool // waits until all has been read, at the end
	Pauses bool // looks again after a pause instead of asking to be woken
}

// Writer is a producer that takes over once the lock is free, unless the block
// was closed meanwhile.
func (w *World) Writer(name string, kills bool, do Writing) {
	m := w.model
	opts := slot.WriterOptions{Wait: slot.Block}
	if do.Evict {
		opts.EvictAfter = -1
	}
	if do.Pauses {
		opts.Backoff = pauses
	}
	// The first writer has been there before anything happens.
	var wr *slot.Writer
	own := &host{&Proc{World: w}}
	h := m.writerHost(own)
	first := len(w.procs) == 0
	if first {
		opts.Fresh = true
		var err error
		if wr, err = slot.OpenWriter(m.mem, m.plan, m.Conf, h, opts); err != nil {
			panic(err)
		}
	}
	p := w.Go(name, kills, func(p *Proc) {
		own.p = p
		if wr == nil {
			p.Lock(0)
			if w.closed() {
				w.owners[0] = nil
				return
			}
			var err error
			if wr, err = slot.OpenWriter(m.mem, m.plan, m.Conf, h, opts); err != nil {
				p.Fail("open: %v", err)
			}
		}
		tries := 0
		for n := 0; n < do.Values || wr.Seq() < do.Upto; {
			p.checkpoint(wr, uint64(n), uint64(tries), 1)
			k := max(1, min(do.Batch, do.Values-n))
			if err := wr.ClaimN(bg, -1, k); err != nil {
				p.Fail("claim: %v", err)
			}
			p.checkpoint(wr, uint64(n), uint64(tries))
			for i := range k {
				put(wr.Slot(i), tag(wr.Seq()+uint64(i), p, tries))
			}
			if tries+1 == do.Abort {
				if err := wr.Abort(); err != nil {
					p.Fail("abort: %v", err)
				}
				tries++
				continue
			}
			pos := wr.Seq()
			if err := wr.CommitN(k); err != nil {
				p.Fail("commit: %v", err)
			}
			for i := range uint64(k) {
				p.know(pos+i, tag(pos+i, p, tries))
			}
			n, tries = n+k, tries+1
		}
		if do.Drain {
			p.drain(wr)
		}
		if !do.Stay {
			if err := wr.Close(); err != nil {
				p.Fail("close: %v", err)
			}
		}
		wr.Detach()
		p.step("unlock")
		w.owners[0] = nil
	})
	if first {
		w.owners[0] = p
	}
}

// closed reports whether the block's producer has closed it.
func (w *World) closed() bool {
	at := w.model.mem.Producer[hdr.FieldProducerPageState:]
	return binary.NativeEndian.Uint32(at) == hdr.ProducerPageStateClosing
}

// A Reading says what a reader does.
type Reading struct {
	Start    slot.Start
	Position uint64
	Values   int    // leaves after so many, 0: at the end of the block
	Until    uint64 // or: after this position, if not 0
	Lazy     bool
	Stalls   bool // holds the first value until the block is closed
	Armed    bool // sleeps as a wait set does
	Pauses   bool // looks again after a pause instead of asking to be woken
	Mourns   bool // leaves when it is told that the producer died
	Seeks    bool // goes to the oldest value after each
	Taken    bool // its place may be taken by hand: then it leaves
	Rejoins  bool // joins again if it has lost its place
}

// Reader is a consumer that checks what it gets.
func (w *World) Reader(name string, kills bool, do Reading) {
	mem, seat := w.sitDown()
	w.Go(name, kills, func(p *Proc) {
		m := w.model
		opts := slot.ReaderOptions{Wait: slot.Block, Start: do.Start, Position: do.Position, Lazy: do.Lazy}
		if do.Pauses {
			opts.Backoff = pauses
		}
		acquire := func(r *slot.Reader) (slot.Slot, error) { return r.Acquire(bg, -1) }
		if do.Armed {
			acquire = p.armed
		}
		r, err := slot.JoinReader(mem, m.plan, m.Conf, seat(p), opts)
		for errors.Is(err, slot.ErrFull) {
			p.Checkpoint()
			p.await(func() bool { return slices.Contains(w.owners[1:], nil) })
			r, err = slot.JoinReader(mem, m.plan, m.Conf, seat(p), opts)
		}
		if err != nil {
			p.Fail("join: %v", err)
		}
		next, known := r.Seq(), m.Conf.Sync != hdr.SyncLatestOnly
		p.reads, p.upto = true, next
		for n := 0; do.Values == 0 || n < do.Values; {
			p.checkpoint(r, uint64(n), next)
			s, err := acquire(r)
			switch {
			case errors.Is(err, slot.ErrProducerDied) && do.Mourns:
				p.end(next, known)
				p.leave(r)
				return
			case errors.Is(err, slot.ErrProducerDied):
				continue
			case errors.Is(err, slot.ErrProducerClosed):
				p.end(next, known)
				p.leave(r)
				return
			case errors.Is(err, slot.ErrEvicted) && do.Rejoins:
				p.rejoin(r)
				next = r.Seq()
				continue
			case errors.Is(err, slot.ErrEvicted) && (m.Conf.Evict || do.Taken):
				p.leave(r)
				return
			case err != nil:
				p.Fail("acquire at %d: %v", next, err)
			}
			if n == 0 && do.Start == slot.StartAt {
				next -= s.Lost // those were lost before it joined
			}
			if known && s.Seq != next+s.Lost {
				p.Fail("got position %d with %d lost, want %d", s.Seq, s.Lost, next)
			}
			if s.Lost != 0 && m.Conf.Sync != hdr.SyncOverwrite && m.Conf.Sync != hdr.SyncLatestOnly && (n > 0 || do.Start != slot.StartAt) {
				p.Fail("%d values before %d are lost", s.Lost, s.Seq)
			}
			p.checkpoint(r, uint64(n), next, s.Seq, 1)
			private := m.Conf.Sync == hdr.SyncOverwrite || m.Conf.Evict
			a, b := p.get(s.Payload, private)
			if do.Stalls && n == 0 {
				p.await(w.closed)
			}
			p.upto = s.Seq + 1
			err = r.Release()
			switch {
			case errors.Is(err, slot.ErrEvicted) && do.Rejoins:
				p.rejoin(r)
				next = r.Seq()
				continue
			case errors.Is(err, slot.ErrEvicted) && do.Taken:
				p.leave(r) // what it read in place is not to be believed
				return
			case errors.Is(err, slot.ErrEvicted) && m.Conf.Evict:
			case err != nil:
				p.Fail("release: %v", err)
			}
			if b != ^a || a>>16 != s.Seq {
				p.Fail("position %d is torn: %#x, %#x", s.Seq, a, ^b)
			}
			p.know(s.Seq, a)
			if err != nil {
				break
			}
			next, known, n = s.Seq+1, true, n+1
			if do.Until != 0 && s.Seq >= do.Until {
				break
			}
			if do.Seeks {
				p.checkpoint(r, uint64(n), next, 2)
				if err := r.Seek(slot.StartOldest, 0); err != nil {
					p.Fail("seek: %v", err)
				}
				next = r.Seq()
			}
		}
		p.leave(r)
	})
}

func (p *Proc) rejoin(r *slot.Reader) {
	if err := r.Seek(slot.StartOldest, 0); err != nil {
		p.Fail("join again: %v", err)
	}
}

func (p *Proc) leave(r *slot.Reader) {
	p.reads = false
	if err := r.Leave(); err != nil {
		p.Fail("leave: %v", err)
	}
}

// end checks that a reader that was told of the end has seen what was there.
func (p *Proc) end(next uint64, known bool) {
	w := p.World
	if w.model.Conf.Sync == hdr.SyncOverwrite {
		return
	}
	for pos := range w.values {
		if pos >= next && (known || w.model.Conf.Sync != hdr.SyncLatestOnly) {
			p.Fail("told of the end at %d, but %d was committed", next, pos)
		}
	}
}

// await stops until cond.
func (p *Proc) await(cond func() bool) {
	p.status, p.waits = waiting, cond
	p.step("await")
	p.status = ready
}

// checkpoint is Checkpoint with what the handle remembers, here and in each sleep
// until the next one.
func (p *Proc) checkpoint(h interface{ Fingerprint(func(...uint64)) }, more ...uint64) {
	p.local = func() {
		p.Checkpoint(more...)
		h.Fingerprint(func(vs ...uint64) {
			for _, v := range vs {
				p.hash = mix(p.hash, v)
			}
		})
		p.hash = mix(p.hash, 2)
	}
	p.local()
}

// GoesOn checks that whatever happened, a new producer can commit again and again,
// that new readers find all cells free, and that they get what is there.
func GoesOn(w *World) {
	m := w.model
	p := &Proc{Name: "afterwards", World: w, id: 99}
	for i, o := range w.owners {
		if o != nil {
			p.Fail("%s still holds lock %d", o.Name, i)
		}
	}
	wr, err := slot.OpenWriter(m.mem, m.plan, m.Conf, &host{p}, slot.WriterOptions{Wait: slot.Block})
	if err != nil {
		p.Fail("open: %v", err)
	}
	var r *slot.Reader
	join := func() {
		if r, err = slot.JoinReader(m.mem, m.plan, m.Conf, &host{p}, slot.ReaderOptions{Wait: slot.Block}); err != nil {
			p.Fail("join: %v", err)
		}
	}
	if m.Conf.Sync == hdr.SyncSingleReader {
		join()
		for p.read(r) {
		}
	}
	for range 2*m.Conf.Capacity + 3 {
		b, err := wr.Claim(bg, 0)
		if err != nil {
			p.Fail("claim: %v", err)
		}
		pos := wr.Seq()
		put(b, tag(pos, p, 0))
		if err := wr.Commit(); err != nil {
			p.Fail("commit: %v", err)
		}
		p.know(pos, tag(pos, p, 0))
		if r != nil && !p.read(r) {
			p.Fail("nothing to read at %d", pos)
		}
	}
	if r != nil {
		return
	}
	for range m.Conf.Consumers {
		join()
	}
}

// read reads a value if there is one.
func (p *Proc) read(r *slot.Reader) bool {
	s, ok, err := r.TryAcquire()
	if err != nil {
		p.Fail("acquire: %v", err)
	}
	if !ok {
		return false
	}
	a, b := p.get(s.Payload, true)
	if b != ^a || a>>16 != s.Seq {
		p.Fail("position %d is torn: %#x, %#x", s.Seq, a, ^b)
	}
	p.know(s.Seq, a)
	if err := r.Release(); err != nil {
		p.Fail("release: %v", err)
	}
	return true
}
