package main

import (
	"context"
	"time"

	"github.com/pylabhub/datahub/runtime/datablock"
)

// A pacer says when the phases of a stream change. It looks at the clock once in a
// while, once a message if that is large.
type pacer struct {
	o            *options
	end          time.Time
	every, first uint64
	phase        uint64
}

func newPacer(o *options) *pacer {
	p := &pacer{o: o, end: time.Now().Add(warmUp), every: 64, phase: warm}
	if o.size >= 1<<16 {
		p.every = 1
	}
	return p
}

// next returns the phase of message seq.
func (p *pacer) next(seq uint64) uint64 {
	if seq%p.every == 0 && p.phase != stop && time.Now().After(p.end) {
		p.phase++
		if p.phase == running {
			p.first, p.end = seq, time.Now().Add(p.o.span())
		}
	}
	if p.phase == running && seq-p.first >= uint64(p.o.n) {
		p.phase = stop
	}
	return p.phase
}

// produce streams messages and returns how many were of the measured phase.
func produce[T any](o *options, p *datablock.Producer[T]) (uint64, error) {
	if o.batch > 1 {
		return produceBatches(o, p)
	}
	ctx, pace := context.Background(), newPacer(o)
	for seq := uint64(0); ; seq++ {
		phase := pace.next(seq)
		m, err := p.Begin(ctx)
		if err != nil {
			return 0, err
		}
		fill(words(m), seq, phase)
		if err := p.Commit(); err != nil {
			return 0, err
		}
		if phase == stop {
			return seq - pace.first, nil
		}
	}
}

func produceBatches[T any](o *options, p *datablock.Producer[T]) (uint64, error) {
	ctx, pace := context.Background(), newPacer(o)
	for seq := uint64(0); ; {
		if err := p.BeginN(ctx, o.batch); err != nil {
			return 0, err
		}
		n := 0
		phase := uint64(0)
		for n < o.batch && phase != stop {
			phase = pace.next(seq)
			fill(words(p.At(n)), seq, phase)
			n++
			seq++
		}
		if err := p.CommitN(n); err != nil {
			return 0, err
		}
		if phase == stop {
			return seq - 1 - pace.first, nil
		}
	}
}

// A tally is what a consumer counts.
type tally struct {
	got, bad uint64        // of the measured phase; torn or missing
	took     time.Duration // from the first of the measured phase to the end
	start    time.Time
	want     uint64 // sequence number of the next message
}

// consume reads messages until the last.
func consume[T any](o *options, c *datablock.Consumer[T]) (t tally, err error) {
	ctx := context.Background()
	for {
		if o.batch == 1 {
			s, err := c.Next(ctx)
			if err != nil {
				return t, err
			}
			if t.add(words(s.Value)) {
				return t, c.Release()
			}
			continue
		}
		n, err := c.NextN(ctx, o.batch)
		if err != nil {
			return t, err
		}
		for i := range n {
			if t.add(words(c.At(i).Value)) {
				return t, c.Release()
			}
		}
	}
}

// add counts a message and reports whether it is the last.
func (t *tally) add(m []uint64) bool {
	touch(m)
	seq, phase := m[0], m[1]
	if m[len(m)-1] != seq {
		t.bad++ // torn
	}
	if seq != t.want {
		t.bad += seq - t.want
	}
	t.want = seq + 1
	switch phase {
	case running:
		if t.got == 0 {
			t.start = time.Now()
		}
		t.got++
	case stop:
		t.took = time.Since(t.start)
		return true
	}
	return false
}
