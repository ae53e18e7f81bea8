package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/pylabhub/datahub/runtime/datablock"
)

// roleVariable makes this program one of the processes: "kind channel tape rate".
const roleVariable = "SOAK_ROLE"

// A tape survives its process: it holds how far the process was for certain, and,
// as it moves, that the process gets on.
type tape struct{ f *os.File }

func (t tape) store(n uint64) error {
	_, err := t.f.WriteAt(binary.LittleEndian.AppendUint64(nil, n), 0)
	return err
}

func (t tape) load() (uint64, error) {
	var b [8]byte
	_, err := t.f.ReadAt(b[:], 0)
	return binary.LittleEndian.Uint64(b[:]), err
}

// play is one process. It ends only if something is wrong, or by being killed.
func play(ctx context.Context, role string) error {
	f := strings.Fields(role)
	file, err := os.OpenFile(f[2], os.O_RDWR, 0)
	if err != nil {
		return err
	}
	t := tape{file}
	pause, err := time.ParseDuration(f[3])
	if err != nil {
		return err
	}
	if f[0] == "witness" {
		return witness(ctx, t)
	}
	c := find(f[1])
	if f[0] == "producer" {
		return produce(ctx, c, t, pause)
	}
	return consume(ctx, c, f[0], t)
}

// produce writes values that tell their number, and now and then the zone.
func produce(ctx context.Context, c *channel, t tape, pause time.Duration) error {
	p, err := datablock.Create[Value](&c.spec, c.name, c.options...)
	if err != nil {
		return err
	}
	sure, err := t.load()
	if err != nil {
		return err
	}
	if p.Seq() < sure {
		return fmt.Errorf("the producer goes on at %d, but %d values were committed", p.Seq(), sure)
	}
	z := datablock.NewFlexWriter[Zone](p)
	for tick := time.NewTicker(pause); ; <-tick.C {
		n := p.Seq()
		if err := p.Write(ctx, func(v *Value) error { v.fill(n); return nil }); err != nil {
			return err
		}
		if err := t.store(n + 1); err != nil {
			return err
		}
		if c.spec.Flex != nil && n%8 == 0 {
			var v Zone
			v.fill(z.Seq() + 1)
			if err := z.Set(&v); err != nil {
				return err
			}
		}
	}
}

// attach waits for the channel to be there.
func attach(c *channel, name string) (*datablock.Consumer[Value], error) {
	for {
		r, err := datablock.Attach[Value](&c.spec, c.name, append(c.options, datablock.ConsumerName(name))...)
		if !errors.Is(err, datablock.ErrNotFound) {
			return r, err
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// A checker checks the values of one consumer.
type checker struct {
	c     *channel
	t     tape
	next  uint64
	begun bool
	got   uint64
}

func (k *checker) check(seq, lost uint64, v *Value) error {
	switch {
	case !v.whole() || v.Number != seq:
		return fmt.Errorf("value %d is torn, or another one: %+v", seq, *v)
	case k.c.lossless && lost != 0:
		return fmt.Errorf("value %d: %d were lost", seq, lost)
	case k.begun && k.c.lossless && seq != k.next:
		return fmt.Errorf("value %d came after %d", seq, k.next-1)
	case k.begun && seq < k.next && k.c.spec.Sync != datablock.LatestOnly:
		return fmt.Errorf("value %d came after %d", seq, k.next-1)
	case k.begun && seq+1 < k.next:
		return fmt.Errorf("the newest value was %d after %d", seq, k.next-1)
	}
	k.next, k.begun = seq+1, true
	k.got++
	if k.t.f == nil { // the witness has one of its own
		return nil
	}
	return k.t.store(k.got)
}

// consume reads in the way of its kind.
func consume(ctx context.Context, c *channel, kind string, t tape) error {
	r, err := attach(c, kind)
	if err != nil {
		return err
	}
	k := &checker{c: c, t: t}
	if k.got, err = t.load(); err != nil {
		return err
	}
	switch kind {
	case "chan":
		return consumeChan(ctx, r, k)
	case "latest":
		return consumeLatest(r, k)
	}
	z := datablock.NewFlexReader[Zone](r)
	for i := 0; ; i++ {
		s, err := r.Next(ctx)
		switch {
		case errors.Is(err, datablock.ErrProducerDied):
			continue
		case errors.Is(err, datablock.ErrEvicted):
			k.begun = false
			if err := r.SeekNewest(); err != nil {
				return err
			}
			continue
		case err != nil:
			return err
		}
		if err := k.check(s.Seq, s.Lost, s.Value); err != nil {
			return err
		}
		if err := r.Release(); err != nil && !errors.Is(err, datablock.ErrEvicted) {
			return err
		}
		switch {
		case kind == "locks":
			err = lock(ctx, r, i)
		case kind == "dawdle" && i%100 == 0:
			time.Sleep(500 * time.Millisecond)
		}
		if err == nil && c.spec.Flex != nil && i%4 == 0 {
			err = readZone(z)
		}
		if err != nil {
			return err
		}
	}
}

func consumeChan(ctx context.Context, r *datablock.Consumer[Value], k *checker) error {
	for {
		for v := range r.Chan(ctx, 4) {
			if errors.Is(v.Err, datablock.ErrProducerDied) {
				continue // it is the last element; the consumer is as good as before
			}
			if v.Err != nil {
				return v.Err
			}
			if err := k.check(v.Seq, v.Lost, v.Value); err != nil {
				return err
			}
		}
	}
}

func consumeLatest(r *datablock.Consumer[Value], k *checker) error {
	for tick := time.NewTicker(7 * time.Millisecond); ; <-tick.C {
		s, err := r.Latest()
		if errors.Is(err, datablock.ErrNoValue) {
			continue
		}
		if err == nil {
			err = k.check(s.Seq, s.Lost, s.Value)
		}
		if err == nil {
			err = r.Release()
		}
		if err != nil {
			return err
		}
	}
}

// lock takes a lock, by number or by name, and may be killed with it.
func lock(ctx context.Context, r *datablock.Consumer[Value], i int) error {
	l, err := r.GetSpinlock(r.SpinlockCount() - 1)
	if i%16 == 0 && r.SpinlockCount() > 2 {
		l, err = r.NamedSpinlock(ctx, "soak")
	}
	if err != nil {
		return err
	}
	g, err := l.Lock(ctx)
	if errors.Is(err, datablock.ErrPoisoned) {
		err = g.MarkConsistent()
	}
	if err != nil {
		return err
	}
	time.Sleep(50 * time.Microsecond)
	return g.Unlock()
}

func readZone(z *datablock.FlexReader[Zone]) error {
	var v Zone
	_, err := z.Get(&v)
	switch {
	case errors.Is(err, datablock.ErrNoValue), errors.Is(err, datablock.ErrFlexBusy), errors.Is(err, datablock.ErrPoisoned):
		return nil
	case err != nil:
		return err
	case !v.whole():
		return fmt.Errorf("the zone is torn: %+v", v)
	}
	return nil
}
