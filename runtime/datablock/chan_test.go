package datablock_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/pylabhub/datahub/runtime/datablock"
	"github.com/pylabhub/datahub/runtime/datablock/internal/weather"
)

func TestAGoChannelHasEveryValueAndEndsWithTheProducer(t *testing.T) {
	at := root(t)
	p, c := createReading(t, at), attachReading(t, at)
	const n = 1000
	sent := make(chan error, 1)
	go func() {
		ctx := context.Background()
		for i := range uint64(n) {
			err := p.Write(ctx, func(r *weather.Reading) error {
				r.Number, r.Check = i, ^i
				if r.ClearHumidity(); i%2 == 0 {
					r.SetHumidity(1)
				}
				return nil
			})
			if err != nil {
				sent <- err
				return
			}
		}
		sent <- p.Close()
	}()
	next := uint64(0)
	for v := range c.Chan(within(t), 3) {
		must(t, v.Err)
		if v.Seq != next || v.Value.Number != next || v.Value.Check != ^next || v.Lost != 0 {
			t.Fatalf("got %+v, want value %d", v, next)
		}
		if has := v.Has(weather.FieldReadingHumidity); has != (next%2 == 0) {
			t.Fatalf("value %d: Has is %v", next, has)
		}
		next++
	}
	if next != n {
		t.Errorf("%d values, want %d", next, n)
	}
	must(t, <-sent)
	must(t, c.Close())
}

func TestAGoChannelTellsWhyItEnds(t *testing.T) {
	dir := t.TempDir()
	v, tp := newVictim(t, dir, "one", "-", many(0))
	tp.until(t, 1)
	c := attachMany(t, 1, datablock.Root(dir))[0]
	ch := c.Chan(within(t), 0)
	must(t, tp.store(2))
	if v := <-ch; string(v.Value) != "12345678" || v.Err != nil {
		t.Fatalf("got %q, %v", v.Value, v.Err)
	}
	v.kill(t)
	if v := <-ch; !errors.Is(v.Err, datablock.ErrProducerDied) || v.Value != nil {
		t.Errorf("got %q, %v", v.Value, v.Err)
	}
	if v, ok := <-ch; ok {
		t.Errorf("got %q, %v after the end", v.Value, v.Err)
	}
}

func TestAGoChannelLeavesNothingBehind(t *testing.T) {
	at := root(t)
	p := createReading(t, at)
	before := runtime.NumGoroutine()
	for name, end := range map[string]func(cancel func(), c *weather.ReadingConsumer){
		"the context ends":       func(cancel func(), _ *weather.ReadingConsumer) { cancel() },
		"the consumer is closed": func(_ func(), c *weather.ReadingConsumer) { _ = c.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			for _, values := range []int{0, 3} { // asleep; and with nobody who receives
				ctx, cancel := context.WithCancel(context.Background())
				c := attachReading(t, at)
				ch := c.Chan(ctx, 1)
				for i := range values {
					put(t, p, uint64(i))
				}
				time.Sleep(5 * time.Millisecond)
				end(cancel, c)
				for v := range ch { // at most what was in it
					must(t, v.Err)
				}
				cancel()
				if name == "the context ends" {
					// The consumer is free again and as good as before.
					put(t, p, 99)
					if _, err := c.Next(within(t)); err != nil {
						t.Errorf("Next: %v", err)
					}
					must(t, c.Release())
				}
				must(t, c.Close())
				v, ok := <-c.Chan(context.Background(), 0)
				if ok {
					t.Errorf("Chan of a closed consumer: %+v", v)
				}
			}
		})
	}
	for ctx := within(t); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
		if ctx.Err() != nil {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
		}
	}
}

func TestAGoChannelOfAConsumerInASetIsRefused(t *testing.T) {
	at := root(t)
	_, c := createReading(t, at), attachReading(t, at)
	set := datablock.NewWaitSet()
	defer set.Close()
	must(t, set.Add(c))
	ch := c.Chan(within(t), 0)
	if v := <-ch; !errors.Is(v.Err, datablock.ErrMisuse) {
		t.Errorf("got %+v", v)
	}
	if v, ok := <-ch; ok {
		t.Errorf("got %+v after the end", v)
	}
}

// threads returns how many threads the process has.
func threads(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Skipf("cannot count threads: %v", err)
	}
	return len(entries)
}

// createMany creates n channels, in shared memory if there is some.
func createMany(t *testing.T, n int) ([]*datablock.RawProducer, datablock.Option) {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "datahub-test-")
	if err != nil {
		dir = t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	at := datablock.Root(dir)
	ps := make([]*datablock.RawProducer, n)
	for i := range ps {
		p, err := datablock.CreateRaw(manySpec(), many(i), at)
		if errors.Is(err, datablock.ErrTooManyFiles) {
			t.Skipf("channel %d of %d: %v", i, n, err)
		}
		must(t, err)
		t.Cleanup(func() { p.Close() })
		ps[i] = p
	}
	return ps, at
}

func TestAThousandChannelsDoNotCostAThousandThreads(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some thousand files")
	}
	const n = 1000
	ps, at := createMany(t, n)
	cs := attachMany(t, n, at)
	limit := 8 + 4 // 8 of 127 words; the scheduler's own come and go
	t.Run("wait set", func(t *testing.T) {
		set := datablock.NewWaitSet()
		defer set.Close()
		for _, c := range cs {
			must(t, set.Add(c))
		}
		before, most := threads(t), 0
		ctx, rounds := within(t), 300
		for k := range rounds {
			want := ps[k*367%n]
			go func() { time.Sleep(100 * time.Microsecond); _ = want.Send(ctx, []byte(fmt.Sprint(k))) }()
			events, err := set.Wait(ctx)
			must(t, err)
			if len(events) != 1 || events[0].Consumer != cs[k*367%n] {
				t.Fatalf("round %d: got %v", k, events)
			}
			s, ok, err := cs[k*367%n].TryNext()
			if !ok || string(s.Value) != fmt.Sprint(k) {
				t.Fatalf("round %d: got %q, %v", k, s.Value, err)
			}
			most = max(most, threads(t))
		}
		t.Logf("%d threads before, %d at most while waiting", before, most)
		if most > before+limit {
			t.Errorf("%d threads, %d before", most, before)
		}
	})
	t.Run("Go channels", func(t *testing.T) {
		ctx, cancel := context.WithCancel(within(t))
		defer cancel()
		before, most := threads(t), 0
		chans := make([]<-chan datablock.RawCopy, n)
		for i, c := range cs {
			must(t, noLoan(c.Release()))
			chans[i] = c.Chan(ctx, 0)
		}
		time.Sleep(50 * time.Millisecond) // all asleep
		for k := range 300 {
			i := k * 367 % n
			must(t, ps[i].Send(ctx, []byte(fmt.Sprint(k))))
			if v := <-chans[i]; string(v.Value) != fmt.Sprint(k) {
				t.Fatalf("round %d: got %q, %v", k, v.Value, v.Err)
			}
			most = max(most, threads(t))
		}
		t.Logf("%d threads before, %d at most while waiting", before, most)
		if most > before+limit {
			t.Errorf("%d threads, %d before", most, before)
		}
		cancel()
		for _, ch := range chans {
			for range ch {
			}
		}
	})
}
