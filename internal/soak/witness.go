package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/pylabhub/datahub/runtime/datablock"
)

// witness is never killed: it reads every channel through one wait set, and looks
// at each with an observer as well, while everybody else dies around it.
func witness(ctx context.Context, t tape) error {
	set := datablock.NewWaitSet()
	defer set.Close()
	type seat struct {
		*checker
		o    *datablock.Observer[Value]
		seen uint64
	}
	seats := map[*datablock.Consumer[Value]]*seat{}
	for i := range channels {
		c := &channels[i]
		if c.spec.Sync == datablock.SingleReader {
			continue
		}
		r, err := attach(c, "witness")
		if err != nil {
			return err
		}
		o, err := datablock.Observe[Value](&c.spec, c.name)
		if err != nil {
			return err
		}
		seats[r] = &seat{checker: &checker{c: c}, o: o}
		if err := set.Add(r); err != nil {
			return err
		}
	}
	for n := uint64(1); ; n++ {
		events, err := set.Wait(ctx)
		if err != nil {
			return err
		}
		for _, e := range events {
			r := e.Consumer.(*datablock.Consumer[Value])
			s := seats[r]
			if err := drain(r, s.checker, e.Err); err != nil {
				return fmt.Errorf("%s: %w", s.c.name, err)
			}
			v, ok, err := s.o.TryNext()
			switch {
			case err != nil && !errors.Is(err, datablock.ErrOverrun) && !errors.Is(err, datablock.ErrProducerDied):
				return fmt.Errorf("observe %s: %w", s.c.name, err)
			case ok && (!v.Value.whole() || v.Value.Number != v.Seq || v.Seq < s.seen):
				return fmt.Errorf("observe %s: value %d after %d: %+v", s.c.name, v.Seq, s.seen, *v.Value)
			case ok:
				s.seen = v.Seq
			}
		}
		if err := t.store(n); err != nil {
			return err
		}
	}
}

// drain reads what a consumer of the set has.
func drain(r *datablock.Consumer[Value], k *checker, why error) error {
	for {
		switch {
		case why == nil, errors.Is(why, datablock.ErrProducerDied):
		case errors.Is(why, datablock.ErrEvicted):
			k.begun = false
			return r.SeekNewest()
		default:
			return why
		}
		s, ok, err := r.TryNext()
		if errors.Is(err, datablock.ErrProducerDied) {
			continue
		}
		if why = err; err != nil {
			continue
		}
		if !ok {
			return nil
		}
		if err := k.check(s.Seq, s.Lost, s.Value); err != nil {
			return err
		}
		if why = r.Release(); why != nil {
			continue
		}
	}
}
