//go:build datahub_explore

package explore

import (
	"errors"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/slot"
)

// BatchReader is a consumer that takes n values at once and gives them back in two
// parts. It leaves after so many batches.
func (w *World) BatchReader(name string, kills bool, n, batches int) {
	w.Go(name, kills, func(p *Proc) {
		m := w.model
		r, err := slot.JoinReader(m.mem, m.plan, m.Conf, &host{p}, slot.ReaderOptions{Wait: slot.Block, Start: slot.StartOldest})
		if err != nil {
			p.Fail("join: %v", err)
		}
		next := r.Seq()
		for k := 0; k < batches; {
			p.checkpoint(r, uint64(k), next)
			got, err := r.AcquireN(bg, -1, n)
			switch {
			case errors.Is(err, slot.ErrProducerDied):
				continue
			case errors.Is(err, slot.ErrProducerClosed):
				p.end(next, true)
				p.leave(r)
				return
			case errors.Is(err, slot.ErrEvicted) && m.Conf.Evict:
				p.leave(r)
				return
			case err != nil:
				p.Fail("acquire at %d: %v", next, err)
			}
			if got < 1 || got > n {
				p.Fail("a batch of %d values, want 1 to %d", got, n)
			}
			for k++; got > 0; got = r.Held() {
				p.checkpoint(r, uint64(k), next, uint64(got), 1)
				if next, err = p.part(r, next, got, got == n); err != nil {
					p.leave(r)
					return
				}
			}
		}
		p.leave(r)
	})
}

// part checks the values in use, gives one of them back, or all, and returns what
// comes next.
func (p *Proc) part(r *slot.Reader, next uint64, got int, one bool) (uint64, error) {
	c := &p.World.model.Conf
	private := c.Sync == hdr.SyncOverwrite || c.Evict
	type value struct{ seq, a, b uint64 }
	values := make([]value, got)
	for i := range values {
		s := r.At(i)
		if s.Lost != 0 && (i > 0 || c.Sync != hdr.SyncOverwrite) || s.Seq != next+s.Lost {
			p.Fail("value %d of a batch is %d with %d lost, want %d", i, s.Seq, s.Lost, next)
		}
		a, b := p.get(s.Payload, private)
		values[i] = value{s.Seq, a, b}
		next = s.Seq + 1
	}
	n := got
	if one {
		n = 1
	}
	err := r.ReleaseN(n)
	if err != nil && !(errors.Is(err, slot.ErrEvicted) && c.Evict) {
		p.Fail("release %d of %d: %v", n, got, err)
	}
	for _, v := range values {
		if v.b != ^v.a || v.a>>16 != v.seq {
			p.Fail("position %d is torn: %#x, %#x", v.seq, v.a, ^v.b)
		}
		p.know(v.seq, v.a)
	}
	return values[n-1].seq + 1, err
}
