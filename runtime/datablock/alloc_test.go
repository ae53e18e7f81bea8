package datablock_test

import (
	"context"
	"testing"

	"github.com/pylabhub/datahub/runtime/datablock"
	"github.com/pylabhub/datahub/runtime/datablock/internal/weather"
)

func TestNoPathOfAValueAllocates(t *testing.T) {
	at := root(t)
	p, c := createReading(t, at), attachReading(t, at)
	lp, err := weather.LatestChannel.Create("latest", at)
	must(t, err)
	defer lp.Close()
	lc, err := weather.LatestChannel.Attach("latest", at)
	must(t, err)
	defer lc.Close()
	raw := &datablock.Spec{RawSize: 64, Policy: datablock.Ring, Sync: datablock.SyncReaders, Capacity: 8, Consumers: 2, PageSize: 4096}
	rp, err := datablock.CreateRaw(raw, "raw", at)
	must(t, err)
	defer rp.Close()
	rc, err := datablock.AttachRaw(raw, "raw", at)
	must(t, err)
	defer rc.Close()

	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	check := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	v, l, b := new(weather.Reading), new(weather.Latest), []byte("hello")
	fill := func(r *weather.Reading) error { r.Number++; return nil }
	fillRaw := func(b []byte) (int, error) { return copy(b, "hello"), nil }
	use := func(s datablock.Sample[weather.Reading]) error { return nil }
	useRaw := func(s datablock.RawSample) error { return nil }
	for name, fn := range map[string]func(){
		"Write, Next": func() { check(p.Write(ctx, fill)); _, err := c.Next(ctx); check(err) },
		"Begin, Commit, Read": func() {
			_, err := p.Begin(ctx)
			check(err)
			check(p.Commit())
			check(c.Read(ctx, use))
		},
		"Send, TryNext, Has, Lag, Release": func() {
			check(p.Send(ctx, v))
			s, _, err := c.TryNext()
			check(err)
			_, _ = s.Has(weather.FieldReadingHumidity), s.Lag()
			check(c.Release())
		},
		"BeginN, CommitN, Latest": func() {
			check(p.BeginN(ctx, 4))
			check(p.CommitN(4))
			_, err := c.Latest()
			check(err)
		},
		"latest values: Send, Latest, TryNext": func() {
			check(lp.Send(ctx, l))
			_, err := lc.Latest()
			check(err)
			_, _, err = lc.TryNext()
			check(err)
		},
		"raw: Send, Next": func() { check(rp.Send(ctx, b)); _, err := rc.Next(ctx); check(err) },
		"raw: Write, Read": func() {
			check(rp.Write(ctx, fillRaw))
			check(rc.Read(ctx, useRaw))
		},
	} {
		if n := testing.AllocsPerRun(1000, fn); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}

	// A loop allocates when it starts, not for each value.
	loop := func(values int) float64 {
		return testing.AllocsPerRun(100, func() {
			left := values
			for range left {
				check(p.Send(ctx, v))
			}
			for _, err := range c.All(ctx) {
				check(err)
				if left--; left == 0 {
					break
				}
			}
		})
	}
	if one, eight := loop(1), loop(8); eight > one {
		t.Errorf("All allocates %v times for 1 value and %v times for 8", one, eight)
	}
}

func TestWaitingDoesNotAllocate(t *testing.T) {
	at := root(t)
	p, c := createReading(t, at, datablock.Timeout(0)), attachReading(t, at, datablock.Timeout(0), datablock.Wait(datablock.Block))
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if n := testing.AllocsPerRun(100, func() { _, _ = c.Next(ctx) }); n != 0 {
		t.Errorf("Next that times out: %v allocations", n)
	}
	for range 8 {
		must(t, p.Send(ctx, new(weather.Reading)))
	}
	if n := testing.AllocsPerRun(100, func() { _, _ = p.Begin(ctx) }); n != 0 {
		t.Errorf("Begin that times out: %v allocations", n)
	}
}
