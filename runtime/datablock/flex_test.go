package datablock_test

import (
	"context"
	"errors"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/pylabhub/datahub/runtime/datablock"
	"github.com/pylabhub/datahub/runtime/datablock/internal/weather"
)

func zoned(t testing.TB, opts ...datablock.Option) (*weather.ZonedProducer, *weather.ZonedConsumer) {
	t.Helper()
	at := append([]datablock.Option{root(t)}, opts...)
	p, err := weather.ZonedChannel.Create("roof", at...)
	must(t, err)
	t.Cleanup(func() { p.Close() })
	c, err := weather.ZonedChannel.Attach("roof", at...)
	must(t, err)
	t.Cleanup(func() { c.Close() })
	return p, c
}

func inPlace(t testing.TB, opts ...datablock.Option) (*weather.InPlaceProducer, *weather.InPlaceConsumer) {
	t.Helper()
	at := append([]datablock.Option{root(t)}, opts...)
	p, err := weather.InPlaceChannel.Create("roof", at...)
	must(t, err)
	t.Cleanup(func() { p.Close() })
	c, err := weather.InPlaceChannel.Attach("roof", at...)
	must(t, err)
	t.Cleanup(func() { c.Close() })
	return p, c
}

// A zone is what the two modes have in common, as numbers.
type zone struct {
	set     func(n uint64) error
	update  func(fn func(n uint64) (uint64, error)) error
	get     func() (seq, n uint64, err error)
	read    func(fn func(n uint64) error) error
	changed func() bool
	seq     func() uint64
	close   func() error // of the consumer, then of the producer
}

func zones(t *testing.T, opts ...datablock.Option) map[string]zone {
	p, c := zoned(t, opts...)
	q, d := inPlace(t, opts...)
	return map[string]zone{
		"double-buffered": {
			set: func(n uint64) error { return p.Flex().Set(&weather.Site{Number: n}) },
			update: func(fn func(uint64) (uint64, error)) error {
				return p.Flex().Update(func(v *weather.Site) (err error) { v.Number, err = fn(v.Number); return err })
			},
			get: func() (uint64, uint64, error) {
				v := weather.Site{Number: 4711}
				seq, err := c.Flex().Get(&v)
				return seq, v.Number, err
			},
			read: func(fn func(uint64) error) error {
				return c.Flex().Read(func(v *weather.Site) error { return fn(v.Number) })
			},
			changed: func() bool { return c.Flex().Changed() },
			seq:     func() uint64 { return p.Flex().Seq() },
			close:   func() error { return errors.Join(c.Close(), p.Close()) },
		},
		"shared": {
			set: func(n uint64) error { return q.Flex().Set(&weather.Tag{Words: [5]uint32{uint32(n)}}) },
			update: func(fn func(uint64) (uint64, error)) error {
				return q.Flex().Update(func(v *weather.Tag) error {
					n, err := fn(uint64(v.Words[0]))
					v.Words[0] = uint32(n)
					return err
				})
			},
			get: func() (uint64, uint64, error) {
				v := weather.Tag{Words: [5]uint32{4711}}
				seq, err := d.Flex().Get(&v)
				return seq, uint64(v.Words[0]), err
			},
			read: func(fn func(uint64) error) error {
				return d.Flex().Read(func(v *weather.Tag) error { return fn(uint64(v.Words[0])) })
			},
			changed: func() bool { return d.Flex().Changed() },
			seq:     func() uint64 { return q.Flex().Seq() },
			close:   func() error { return errors.Join(d.Close(), q.Close()) },
		},
	}
}

func TestTheFlexibleZoneHoldsWhatWasPublishedLast(t *testing.T) {
	for name, z := range zones(t) {
		t.Run(name, func(t *testing.T) {
			want := func(seq, n uint64) {
				t.Helper()
				if s, v, err := z.get(); s != seq || v != n || err != nil {
					t.Errorf("got value %d, number %d, %v; want %d, number %d", v, s, err, n, seq)
				}
			}
			if _, v, err := z.get(); !errors.Is(err, datablock.ErrNoValue) || v != 4711 {
				t.Errorf("before the first value: %v, and the destination holds %d", err, v)
			}
			if err := z.read(func(uint64) error { t.Error("called"); return nil }); !errors.Is(err, datablock.ErrNoValue) {
				t.Errorf("before the first value: %v", err)
			}
			if z.changed() || z.seq() != 0 {
				t.Error("it has changed before the first value")
			}
			must(t, z.set(1))
			if !z.changed() {
				t.Error("it has not changed after the first value")
			}
			want(1, 1)
			if z.changed() {
				t.Error("it has changed after it was read")
			}
			must(t, z.update(func(n uint64) (uint64, error) { return n + 10, nil }))
			want(2, 11)

			// What fails is not published, and leaves nothing behind.
			bad := errors.New("bad")
			if err := z.update(func(uint64) (uint64, error) { return 99, bad }); !errors.Is(err, bad) {
				t.Errorf("update with an error: %v", err)
			}
			want(2, 11)
			func() {
				defer func() { recover() }()
				_ = z.update(func(uint64) (uint64, error) { panic("bad") })
			}()
			var gone sync.WaitGroup
			gone.Go(func() {
				_ = z.update(func(uint64) (uint64, error) { runtime.Goexit(); return 0, nil })
			})
			gone.Wait()
			want(2, 11)
			must(t, z.update(func(n uint64) (uint64, error) { return n + 1, nil }))
			want(3, 12)

			// Misuse.
			err := z.update(func(n uint64) (uint64, error) { return n, z.set(5) })
			if !errors.Is(err, datablock.ErrLoanOpen) {
				t.Errorf("set inside of update: %v, want ErrLoanOpen", err)
			}
			err = z.read(func(uint64) error { _, _, err := z.get(); return err })
			if !errors.Is(err, datablock.ErrLoanOpen) {
				t.Errorf("get inside of read: %v, want ErrLoanOpen", err)
			}
			if err := z.read(func(n uint64) error { return bad }); !errors.Is(err, bad) {
				t.Errorf("read with an error: %v", err)
			}
			want(3, 12)
			must(t, z.close())
			for what, err := range map[string]error{
				"set":    z.set(6),
				"update": z.update(func(uint64) (uint64, error) { t.Error("called"); return 0, nil }),
				"read":   z.read(func(uint64) error { t.Error("called"); return nil }),
			} {
				if !errors.Is(err, datablock.ErrClosed) {
					t.Errorf("%s after close: %v, want ErrClosed", what, err)
				}
			}
			if _, v, err := z.get(); !errors.Is(err, datablock.ErrClosed) || v != 4711 {
				t.Errorf("get after close: %v, and the destination holds %d", err, v)
			}
			if z.changed() || z.seq() != 0 {
				t.Error("it has changed after close")
			}
		})
	}
}

func TestASuccessorGoesOnWithTheFlexibleZone(t *testing.T) {
	at := root(t)
	p, err := weather.ZonedChannel.Create("roof", at, datablock.Keep())
	must(t, err)
	for n := range uint64(3) {
		must(t, p.Flex().Set(&weather.Site{Number: n}))
	}
	must(t, p.Close())
	p, err = weather.ZonedChannel.Create("roof", at)
	must(t, err)
	defer p.Close()
	must(t, p.Flex().Update(func(v *weather.Site) error {
		if v.Number != 2 {
			t.Errorf("the successor starts from %d, want 2", v.Number)
		}
		v.Number = 3
		return nil
	}))
	c, err := weather.ZonedChannel.Attach("roof", at)
	must(t, err)
	defer c.Close()
	var v weather.Site
	if seq, err := c.Flex().Get(&v); seq != 4 || v.Number != 3 || err != nil {
		t.Errorf("got %d, number %d, %v", v.Number, seq, err)
	}
}

func TestAHandleWithoutThisFlexibleZoneSaysSo(t *testing.T) {
	at := root(t)
	p, c := createReading(t, at), attachReading(t, at)
	if err := datablock.NewFlexWriter[weather.Site](p.Producer).Set(new(weather.Site)); !errors.Is(err, datablock.ErrNotSupported) {
		t.Errorf("writer: %v", err)
	}
	r := datablock.NewFlexReader[weather.Site](c.Consumer)
	if _, err := r.Get(new(weather.Site)); !errors.Is(err, datablock.ErrNotSupported) || r.Changed() {
		t.Errorf("reader: %v", err)
	}
	q, d := zoned(t)
	var e *datablock.ConfigError
	if err := datablock.NewFlexWriter[weather.Tag](q.Producer).Set(new(weather.Tag)); !errors.As(err, &e) || e.Field != "Flex" {
		t.Errorf("another type: %v", err)
	}
	if err := datablock.NewFlexReader[weather.Tag](d.Consumer).Read(nil); !errors.As(err, &e) {
		t.Errorf("another type: %v", err)
	}
	w, f := q.Flex(), d.Flex()
	if q.Flex() != w || d.Flex() != f {
		t.Error("Flex makes a new handle each time")
	}
	s := *zonedSpec
	s.FlexMode = datablock.Shared
	if _, err := datablock.Attach[weather.Zoned](&s, "roof", at); err == nil {
		t.Error("attached with another mode")
	}
}

var zonedSpec = &datablock.Spec{
	Schema: &weather.ZonedSchema, Flex: &weather.SiteSchema, FlexMode: datablock.DoubleBuffered,
	Policy: datablock.Ring, Sync: datablock.SyncReaders, Capacity: 8, Consumers: 4, PageSize: 4096, Spinlocks: 4,
}

func TestACloseDuringUpdateOrReadIsRefusedOrHarmless(t *testing.T) {
	p, c := zoned(t)
	must(t, p.Flex().Set(&weather.Site{Number: 1}))
	err := c.Flex().Read(func(v *weather.Site) error {
		must(t, c.Close())
		if v.Number != 1 { // a private copy
			t.Errorf("it holds %d", v.Number)
		}
		return nil
	})
	must(t, err)
	if err := p.Flex().Update(func(*weather.Site) error { return p.Close() }); !errors.Is(err, datablock.ErrClosed) {
		t.Errorf("update whose function closes: %v, want ErrClosed", err)
	}

	q, d := inPlace(t)
	must(t, q.Flex().Update(func(v *weather.Tag) error {
		if err := q.Close(); !errors.Is(err, datablock.ErrLockHeld) {
			t.Errorf("close under the zone's lock: %v, want ErrLockHeld", err)
		}
		return nil
	}))
	must(t, d.Flex().Read(func(v *weather.Tag) error {
		if err := d.Close(); !errors.Is(err, datablock.ErrLockHeld) {
			t.Errorf("close under the zone's lock: %v, want ErrLockHeld", err)
		}
		return nil
	}))
}

func TestSpinlocksWorkAcrossHandles(t *testing.T) {
	p, c := zoned(t, datablock.Timeout(20*time.Millisecond), datablock.ConsumerName("hand"))
	if p.SpinlockCount() != 4 || c.SpinlockCount() != 4 {
		t.Fatalf("%d and %d spinlocks, want 4", p.SpinlockCount(), c.SpinlockCount())
	}
	ctx := context.Background()
	a, err := p.GetSpinlock(2)
	must(t, err)
	b, err := c.GetSpinlock(2)
	must(t, err)
	g, err := b.Lock(ctx)
	must(t, err)
	var e *datablock.TimeoutError
	if _, err := a.Lock(ctx); !errors.As(err, &e) || e.Holder.Name != "hand" || e.Holder.PID != uint32(os.Getpid()) {
		t.Errorf("a lock that is taken: %v", err)
	}
	if err := a.Do(ctx, func() error { t.Error("called"); return nil }); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("Do of a lock that is taken: %v", err)
	}
	if err := c.Close(); !errors.Is(err, datablock.ErrLockHeld) {
		t.Errorf("close with a lock: %v", err)
	}
	must(t, g.Unlock())
	bad := errors.New("bad")
	if err := a.Do(ctx, func() error { return bad }); !errors.Is(err, bad) {
		t.Errorf("Do: %v", err)
	}
	func() {
		defer func() { recover() }()
		_ = a.Do(ctx, func() error { panic("bad") })
	}()
	if g, ok, err := b.TryLock(); !ok || err != nil || g.Unlock() != nil {
		t.Errorf("after a panic in Do: ok %t, %v", ok, err)
	}
	if _, err := p.GetSpinlock(4); !errors.Is(err, datablock.ErrNoLock) {
		t.Errorf("lock 4 of 4: %v", err)
	}

	x, err := p.NamedSpinlock(ctx, "gain")
	must(t, err)
	y, err := c.NamedSpinlock(ctx, "gain")
	must(t, err)
	if x.Index() != 3 || y.Index() != 3 || y.Name() != "gain" {
		t.Errorf("named lock: %d and %d, %q", x.Index(), y.Index(), y.Name())
	}
	m, err := p.ControlMutex().Lock(ctx)
	must(t, err)
	if _, err := c.NamedSpinlock(ctx, "other"); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a name while the ControlMutex is taken: %v", err)
	}
	must(t, m.Unlock())
	must(t, c.FreeSpinlock(ctx, "gain"))
	if x.Name() != "" || !errors.Is(p.FreeSpinlock(ctx, "gain"), datablock.ErrNoLock) {
		t.Errorf("after it was freed: %q", x.Name())
	}
	must(t, c.Close())
	if _, err := b.Lock(ctx); !errors.Is(err, datablock.ErrClosed) {
		t.Errorf("lock after close: %v", err)
	}
}

func TestFlexibleZoneAndSpinlocksDoNotAllocate(t *testing.T) {
	p, c := zoned(t)
	q, d := inPlace(t)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	l, err := c.GetSpinlock(1)
	must(t, err)
	check := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	site, tag := new(weather.Site), new(weather.Tag)
	for name, fn := range map[string]func(){
		"double-buffered": func() {
			check(p.Flex().Set(site))
			check(p.Flex().Update(func(v *weather.Site) error { v.Number++; return nil }))
			if !c.Flex().Changed() {
				panic("unchanged")
			}
			_, err := c.Flex().Get(site)
			check(err)
			check(c.Flex().Read(func(v *weather.Site) error { site.Number = v.Number; return nil }))
		},
		"shared": func() {
			check(q.Flex().Set(tag))
			check(q.Flex().Update(func(v *weather.Tag) error { v.Words[1]++; return nil }))
			_, err := d.Flex().Get(tag)
			check(err)
			check(d.Flex().Read(func(v *weather.Tag) error { tag.Words[0] = v.Words[0]; return nil }))
		},
		"spinlock": func() {
			g, err := l.Lock(ctx)
			check(err)
			check(g.Unlock())
			check(l.Do(ctx, func() error { tag.Words[0]++; return nil }))
		},
	} {
		if n := testing.AllocsPerRun(200, fn); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func BenchmarkFlexGet(b *testing.B) {
	p, c := zoned(b)
	must(b, p.Flex().Set(new(weather.Site)))
	var v weather.Site
	b.SetBytes(int64(weather.SiteSchema.Size))
	for b.Loop() {
		if _, err := c.Flex().Get(&v); err != nil {
			b.Fatal(err)
		}
	}
}
