//go:build linux

package datablock_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/pylabhub/datahub/runtime/datablock"
	"github.com/pylabhub/datahub/runtime/datablock/internal/weather"
)

// A cut is a block of each kind, with handles of each kind.
type cut struct {
	t    *testing.T
	dir  string
	ctx  context.Context
	ends []func() error

	p *weather.ReadingProducer
	c *weather.ReadingConsumer
	o *datablock.Observer[weather.Reading]

	raw  *datablock.RawProducer // overwrite
	rawC *datablock.RawConsumer

	zoned   *weather.ZonedProducer
	zonedC  *weather.ZonedConsumer
	inPlace *weather.InPlaceProducer
	inC     *weather.InPlaceConsumer
}

var overwritten = datablock.Spec{
	RawSize: 256, Policy: datablock.Ring, Sync: datablock.Overwrite, Capacity: 8, Consumers: 2, PageSize: 4096,
	Checksum: datablock.ChecksumEnforced, ChecksumType: datablock.CRC32C,
}

func keep[H interface{ Close() error }](x *cut) func(H, error) H {
	return func(h H, err error) H {
		x.t.Helper()
		must(x.t, err)
		x.ends = append(x.ends, h.Close)
		return h
	}
}

func newCut(t *testing.T) *cut {
	x := &cut{t: t, dir: sharedMemory(t), ctx: within(t)}
	at := datablock.Root(x.dir)
	x.p = keep[*weather.ReadingProducer](x)(weather.ReadingChannel.Create("reading", at))
	x.c = keep[*weather.ReadingConsumer](x)(weather.ReadingChannel.Attach("reading", at))
	x.o = keep[*datablock.Observer[weather.Reading]](x)(datablock.Observe[weather.Reading](&datablock.Spec{Schema: &weather.ReadingSchema}, "reading", at))
	x.raw = keep[*datablock.RawProducer](x)(datablock.CreateRaw(&overwritten, "raw", at))
	x.rawC = keep[*datablock.RawConsumer](x)(datablock.AttachRaw(&overwritten, "raw", at))
	x.zoned = keep[*weather.ZonedProducer](x)(weather.ZonedChannel.Create("zoned", at))
	x.zonedC = keep[*weather.ZonedConsumer](x)(weather.ZonedChannel.Attach("zoned", at))
	x.inPlace = keep[*weather.InPlaceProducer](x)(weather.InPlaceChannel.Create("inplace", at))
	x.inC = keep[*weather.InPlaceConsumer](x)(weather.InPlaceChannel.Attach("inplace", at))
	for n := range uint64(4) {
		must(t, x.p.Send(x.ctx, &weather.Reading{Number: n}))
		must(t, x.raw.Send(x.ctx, []byte("value")))
	}
	must(t, x.zoned.Flex().Set(&weather.Site{Number: 1}))
	must(t, x.inPlace.Flex().Set(&weather.Tag{}))
	return x
}

// truncate cuts that file of every block.
func (x *cut) truncate(file string) {
	x.t.Helper()
	for _, name := range []string{"reading", "raw", "zoned", "inplace"} {
		must(x.t, os.Truncate(filepath.Join(x.dir, name, file), 0))
	}
}

func inBody(x *cut, loop func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err, _ = r.(error)
			err = fmt.Errorf("panic: %w", err)
		}
	}()
	return loop()
}

const both, onlyData, onlyControl = "data control", "data", "control"

// TestFault26ATruncatedFileIsAnErrorOfEachCallAndTheProcessLives cuts the files of
// blocks that are in use. before runs with whole files, call after that.
func TestFault26ATruncatedFileIsAnErrorOfEachCallAndTheProcessLives(t *testing.T) {
	type reading = datablock.Sample[weather.Reading]
	var held *weather.Reading
	for _, c := range []struct {
		what   string
		files  string // those that are missed; the others must only do no harm
		before func(x *cut) error
		call   func(x *cut) error
	}{
		{"Write", both, nil, func(x *cut) error {
			return x.p.Write(x.ctx, func(v *weather.Reading) error { v.Number = 7; return nil })
		}},
		{"WriteTx", both, nil, func(x *cut) error {
			return x.p.WriteTx(x.ctx, func(tx *datablock.WriteTx[weather.Reading]) error { tx.Value.Number = 7; return nil })
		}},
		{"Send", both, nil, func(x *cut) error { return x.p.Send(x.ctx, &weather.Reading{}) }},
		{"BeginN and CommitN", both, nil, func(x *cut) error {
			return errors.Join(x.p.BeginN(x.ctx, 2), x.p.CommitN(2))
		}},
		{"a loan that is written in Guard", onlyData, func(x *cut) (err error) {
			held, err = x.p.Begin(x.ctx)
			return err
		}, func(x *cut) error {
			err := x.p.Guard(func() error { held.Number = 7; return nil })
			if raceEnabled { // then it is private memory, copied at Commit
				err = x.p.Guard(x.p.Commit)
			}
			if e := x.p.Close(); !errors.Is(e, datablock.ErrLoanOpen) {
				x.t.Errorf("Close during the loan: %v", e)
			}
			_ = x.p.Abort()
			return err
		}},
		{"Drain", onlyControl, nil, func(x *cut) error { return x.p.Drain(x.ctx) }},
		{"Metrics of a producer", both, nil, func(x *cut) error { _, err := x.p.Metrics(); return err }},
		{"ResetMetrics", both, nil, func(x *cut) error { return x.c.ResetMetrics() }},
		{"MetricsOf", both, nil, func(x *cut) error { _, err := datablock.MetricsOf("reading", datablock.Root(x.dir)); return err }},
		{"Consumers", onlyControl, nil, func(x *cut) error {
			if n := x.p.Consumers(); n != 0 {
				return fmt.Errorf("there are %d", n)
			}
			return datablock.ErrTruncated // as it should be
		}},
		{"raw Write", both, nil, func(x *cut) error {
			return x.raw.Write(x.ctx, func(b []byte) (int, error) { return copy(b, "more"), nil })
		}},
		{"raw Send", both, nil, func(x *cut) error { return x.raw.Send(x.ctx, []byte("more")) }},

		{"Read", both, nil, func(x *cut) error {
			return x.c.Read(x.ctx, func(s reading) error { sink = s.Value.Number; return nil })
		}},
		{"ReadTx", both, nil, func(x *cut) error {
			return x.c.ReadTx(x.ctx, func(tx *datablock.ReadTx[weather.Reading]) error { sink = tx.Value.Number; return nil })
		}},
		{"NextN and ReleaseN", both, nil, func(x *cut) error {
			n, err := x.c.NextN(x.ctx, 2)
			if err == nil {
				err = x.c.ReleaseN(n)
			}
			return err
		}},
		{"Latest", onlyData, nil, func(x *cut) error { _, err := x.c.Latest(); return err }},
		{"SeekOldest", both, nil, func(x *cut) error { return x.c.SeekOldest() }},
		{"a loop over All", both, nil, func(x *cut) error {
			for _, err := range x.c.All(x.ctx) {
				if err != nil {
					return err
				}
			}
			return nil
		}},
		{"the body of a loop over All", onlyData, nil, func(x *cut) error {
			loop := func() error {
				for s := range x.c.All(x.ctx) {
					must(x.t, os.Truncate(filepath.Join(x.dir, "reading", "data"), 0))
					sink = s.Value.Number
				}
				return nil
			}
			err := inBody(x, loop)
			if err == nil || !errors.Is(err, datablock.ErrTruncated) || x.c.Release() == nil {
				return fmt.Errorf("without Guard: %v", err)
			}
			return err
		}},
		{"a loop over All in Guard", both, nil, func(x *cut) error {
			return x.c.Guard(func() error {
				for s, err := range x.c.All(x.ctx) {
					if err != nil {
						return err
					}
					sink = s.Value.Number
				}
				return nil
			})
		}},
		{"a sample that is read and released in Guard", both, func(x *cut) error {
			s, err := x.c.Next(x.ctx)
			held = s.Value
			return err
		}, func(x *cut) error {
			err := x.c.Guard(func() error { sink = held.Number; return nil })
			if e := x.c.Close(); !errors.Is(e, datablock.ErrLoanOpen) {
				x.t.Errorf("Close during the loan: %v", e)
			}
			return errors.Join(err, x.c.Guard(x.c.Release))
		}},
		{"Next of an overwritten ring", both, nil, func(x *cut) error {
			_, first := x.rawC.Next(x.ctx)
			_, second := x.rawC.Next(x.ctx)
			return errors.Join(first, second)
		}},
		{"raw Read", both, nil, func(x *cut) error {
			return x.rawC.Read(x.ctx, func(datablock.RawSample) error { return nil })
		}},
		{"Next of an observer", onlyData, nil, func(x *cut) error { _, err := x.o.Next(x.ctx); return err }},
		{"TryNext of an observer", onlyData, nil, func(x *cut) error { _, _, err := x.o.TryNext(); return err }},
		{"Latest of an observer", onlyData, nil, func(x *cut) error { _, err := x.o.Latest(); return err }},
		{"a Go channel", both, nil, func(x *cut) error {
			for v := range x.c.Chan(x.ctx, 1) {
				if v.Err != nil {
					return v.Err
				}
			}
			return nil
		}},
		{"a wait set", both, func(x *cut) error { return drain(x) }, func(x *cut) error {
			set := datablock.NewWaitSet()
			defer set.Close()
			must(x.t, set.Add(x.c))
			events, err := set.Wait(x.ctx)
			if err != nil || events[0].Err == nil {
				return errors.Join(err, errors.New("no event with an error"))
			}
			if set.Len() != 0 {
				x.t.Error("the consumer is in the set still")
			}
			return events[0].Err
		}},

		{"Update of a zone", onlyData, nil, func(x *cut) error {
			return x.zoned.Flex().Update(func(v *weather.Site) error { v.Number++; return nil })
		}},
		{"Set of a zone", onlyData, nil, func(x *cut) error { return x.zoned.Flex().Set(&weather.Site{}) }},
		{"Get of a zone", onlyData, nil, func(x *cut) error { _, err := x.zonedC.Flex().Get(new(weather.Site)); return err }},
		{"Changed of a zone", onlyData, nil, func(x *cut) error {
			if x.zonedC.Flex().Changed() {
				return errors.New("it has changed")
			}
			return datablock.ErrTruncated // as it should be
		}},
		{"Update of a shared zone", both, nil, func(x *cut) error {
			return x.inPlace.Flex().Update(func(v *weather.Tag) error { v.Words[0]++; return nil })
		}},
		{"Set of a shared zone", both, nil, func(x *cut) error { return x.inPlace.Flex().Set(&weather.Tag{}) }},
		{"Read of a shared zone", both, nil, func(x *cut) error {
			return x.inC.Flex().Read(func(v *weather.Tag) error { sink = uint64(v.Words[0]); return nil })
		}},
		{"Lock", onlyControl, nil, func(x *cut) error {
			l, err := x.zonedC.GetSpinlock(1)
			must(x.t, err)
			g, err := l.Lock(x.ctx)
			if err == nil {
				err = g.Unlock()
			}
			return err
		}},
		{"TryLock", onlyControl, nil, func(x *cut) error {
			l, err := x.zoned.GetSpinlock(1)
			must(x.t, err)
			g, ok, err := l.TryLock()
			if ok {
				err = g.Unlock()
			}
			return err
		}},
		{"Unlock", onlyControl, func(x *cut) error {
			l, err := x.zoned.GetSpinlock(1)
			must(x.t, err)
			guard, err = l.Lock(x.ctx)
			return err
		}, func(x *cut) error { return guard.Unlock() }},
		{"NamedSpinlock", onlyControl, nil, func(x *cut) error { _, err := x.zoned.NamedSpinlock(x.ctx, "a"); return err }},
	} {
		t.Run(c.what, func(t *testing.T) {
			for _, file := range []string{"data", "control"} {
				files := descriptors(t)
				x := newCut(t)
				if c.before != nil {
					must(t, c.before(x))
				}
				if c.what != "the body of a loop over All" {
					x.truncate(file)
				}
				err := c.call(x)
				if missed := c.files == both || c.files == file; missed && !errors.Is(err, datablock.ErrTruncated) {
					t.Errorf("without %s: %v", file, err)
				}
				x.truncate("data")
				x.truncate("control")
				_ = x.p.Abort()
				_ = x.c.Guard(x.c.Release)
				for _, end := range x.ends {
					if err := end(); err != nil && !errors.Is(err, datablock.ErrTruncated) {
						t.Errorf("without %s: Close: %v", file, err)
					}
				}
				if n := descriptors(t); n != files {
					t.Errorf("without %s: %d descriptors, %d before", file, n, files)
				}
				entries, e := os.ReadDir(x.dir)
				if must(t, e); len(entries) != 0 {
					t.Errorf("without %s: left behind: %v", file, entries)
				}
			}
		})
	}
}

var guard datablock.Guard

// drain reads what is there.
func drain(x *cut) error {
	for {
		_, ok, err := x.c.TryNext()
		if !ok || err != nil {
			return err
		}
	}
}

var _ = faultRole("waits for a truncation", func(args []string) error {
	at, ctx := datablock.Root(args[1]), context.Background()
	say := func(err error) { fmt.Println(errors.Is(err, datablock.ErrTruncated), err != nil) }
	switch args[0] {
	case "Next":
		c, err := weather.ReadingChannel.Attach("reading", at)
		if err != nil {
			return err
		}
		fmt.Println("waits")
		_, err = c.Next(ctx)
		say(err)
		_, err = c.Next(ctx)
		say(err)
		say(c.Close())
	case "WaitSet":
		c, err := weather.ReadingChannel.Attach("reading", at)
		if err != nil {
			return err
		}
		set := datablock.NewWaitSet()
		if err := set.Add(c); err != nil {
			return err
		}
		fmt.Println("waits")
		events, err := set.Wait(ctx)
		if err != nil {
			return err
		}
		say(events[0].Err)
		_, err = c.Next(ctx)
		say(err)
		say(c.Close())
	case "Write":
		p, err := weather.ReadingChannel.Create("reading", at)
		if err != nil {
			return err
		}
		fmt.Println("created")
		fmt.Scanln() // there is a consumer
		for range 8 {
			if err := p.Send(ctx, &weather.Reading{}); err != nil {
				return err
			}
		}
		fmt.Println("waits")
		say(p.Send(ctx, &weather.Reading{}))
		say(p.Send(ctx, &weather.Reading{}))
		say(p.Close())
	}
	return nil
})

func TestFault26AProcessThatWaitsMeetsATruncationAndLives(t *testing.T) {
	for _, c := range []struct{ what, file string }{
		{"Next", "data"}, {"Next", "control"}, {"WaitSet", "data"}, {"WaitSet", "control"}, {"Write", "control"},
	} {
		t.Run(c.what+" without "+c.file, func(t *testing.T) {
			dir := sharedMemory(t)
			at := datablock.Root(dir)
			var b *faultChild
			if c.what == "Write" {
				b = startChild(t, faultCommand("waits for a truncation", c.what, dir))
				b.expect("created")
				c, err := weather.ReadingChannel.Attach("reading", at) // which never reads
				must(t, err)
				defer c.Close()
				b.say("")
			} else {
				p, err := weather.ReadingChannel.Create("reading", at)
				must(t, err)
				defer p.Close()
				b = startChild(t, faultCommand("waits for a truncation", c.what, dir))
			}
			b.expect("waits")
			time.Sleep(50 * time.Millisecond) // it sleeps by now; if not, that is another way to meet it
			began := time.Now()
			must(t, os.Truncate(filepath.Join(dir, "reading", c.file), 0))
			b.expect("true true")
			t.Logf("told after %v", time.Since(began))
			b.expect("true true") // the next call as well
			b.line()              // Close may have had something to tell, or not
			if err := b.cmd.Wait(); err != nil {
				t.Errorf("the process: %v", err)
			}
		})
	}
}

// TestFault26OtherFaultsAndPanicsGoOn: a store into read-only memory is the caller's
// own bug, and so is everything that is no fault.
func TestFault26OtherFaultsAndPanicsGoOn(t *testing.T) {
	at := root(t)
	p, c := createReading(t, at), attachReading(t, at)
	panics := func(what string, fn func() error) (r any) {
		t.Helper()
		defer func() {
			if r = recover(); r == nil {
				t.Errorf("%s: no panic", what)
			}
		}()
		t.Errorf("%s: got %v", what, fn())
		return nil
	}
	store := func(s datablock.Sample[weather.Reading]) error { s.Value.Number = 1; return nil }
	ways := map[string]func() error{
		"Read": func() error { return c.Read(within(t), store) },
		"Guard": func() error {
			return c.Guard(func() error { s, err := c.Next(within(t)); must(t, err); return store(s) })
		},
		"ReadTx": func() error {
			return c.ReadTx(within(t), func(tx *datablock.ReadTx[weather.Reading]) error { return store(tx.Sample) })
		},
		"All": func() error {
			for s := range c.All(within(t)) {
				return store(s)
			}
			return nil
		},
	}
	for what, fn := range ways {
		put(t, p, 1)
		r := panics(what, fn)
		if _, ok := r.(interface {
			runtime.Error
			Addr() uintptr
		}); !ok {
			t.Errorf("%s: panic with %T: %v", what, r, r)
		}
		_ = c.Release() // in Guard the sample stays in use
		put(t, p, 2)
		if s, err := c.Next(within(t)); err != nil || s.Value.Number != 2 {
			t.Errorf("%s: after that: %v, %v", what, s, err)
		}
	}
	if r := panics("Write", func() error { return p.Write(within(t), func(*weather.Reading) error { panic("mine") }) }); r != "mine" {
		t.Errorf("Write: panic with %v", r)
	}
	if r := panics("Guard", func() error { return p.Guard(func() error { panic("mine") }) }); r != "mine" {
		t.Errorf("Guard: panic with %v", r)
	}
	put(t, p, 3) // nothing is claimed
}
