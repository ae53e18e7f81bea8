//go:build linux || darwin || freebsd

package recovery_test

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/datablock"
	"github.com/pylabhub/datahub/runtime/recovery"
)

// What recovers by itself, without anything of package recovery: the promises with
// their times. A time is logged, and fails at ten times what is promised.

// instant reads the time that a child said.
func (c *child) instant() time.Time {
	c.t.Helper()
	line, err := c.out.ReadString('\n')
	must(c.t, err)
	ns, err := strconv.ParseInt(strings.TrimSpace(line), 10, 64)
	must(c.t, err)
	return time.Unix(0, ns)
}

func (p *place) within(what string, since time.Time, promised time.Duration) {
	p.t.Helper()
	took := time.Since(since)
	p.t.Logf("%s: %v, promised %v", what, took.Round(10*time.Microsecond), promised)
	if took > 10*promised {
		p.t.Errorf("%s: %v, promised %v", what, took, promised)
	}
}

func (p *place) consumer(name string, opts ...datablock.Option) *datablock.RawConsumer {
	p.t.Helper()
	c, err := datablock.AttachRaw(&datablock.Spec{RawSize: 64}, name, append(opts, datablock.Root(p.root))...)
	must(p.t, err)
	p.t.Cleanup(func() { c.Close() })
	return c
}

func TestAProducerFreesThePlaceOfADeadConsumerWhenItNeedsIt(t *testing.T) {
	p := newPlace(t)
	w := p.create("roof", config(hdr.SyncSyncReaders, 8, 4))
	w.put(t, 3)
	c := p.start("hold roof 2")
	c.expect("holding")
	w.put(t, 7) // the ring is full
	c.kill()
	began := time.Now()
	w.put(t, 1)
	p.within("a place that is needed is free", began, 100*time.Millisecond)
	if n := w.Counts().Reclaimed; n != 1 {
		t.Errorf("%d places were reclaimed, want 1", n)
	}
}

func TestAProducerThatWritesNothingFreesPlacesOfTheDeadAboutOnceASecond(t *testing.T) {
	for _, name := range []string{"sync", "latest", "single", "overwrite"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t)
			producer := p.start("produce roof " + name + " 3 64")
			producer.instant()
			c := p.start("sit roof")
			c.expect("sitting")
			c.kill()
			died := time.Now()
			for {
				all, err := recovery.ListConsumers("roof", p.options())
				must(t, err)
				if len(all) == 0 {
					break
				}
				if time.Since(died) > 20*time.Second {
					t.Fatalf("nobody frees the place: %+v", all)
				}
				time.Sleep(10 * time.Millisecond)
			}
			p.within("a place that nobody needs is free", died, time.Second)
			d, err := recovery.DiagnoseProducer("roof", p.options())
			must(t, err)
			if !d.Alive || d.Stalled || d.HeartbeatAge > 10*time.Second {
				t.Errorf("a producer that has nothing to write is %+v", d)
			}
		})
	}
}

func TestAConsumerLearnsOfDeathTakeoverAndReplacement(t *testing.T) {
	const promised = 200 * time.Millisecond
	for _, name := range []string{"sync", "latest", "single", "overwrite"} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			producer := p.start("produce roof " + name + " 1 64")
			producer.instant()
			c := p.consumer("roof", datablock.StartOldest())
			next := func() (uint64, error) {
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
				defer cancel()
				s, err := c.Next(ctx)
				if err == nil {
					must(t, c.Release())
				}
				return s.Seq, err
			}
			if n, err := next(); err != nil || n != 0 {
				t.Fatalf("value %d, %v", n, err)
			}
			asleep := make(chan error, 1)
			go func() { _, err := next(); asleep <- err }()
			time.Sleep(50 * time.Millisecond) // it is asleep by now; if not, the test asks for less
			died := time.Now()
			producer.kill()
			if err := <-asleep; !errors.Is(err, datablock.ErrProducerDied) {
				t.Fatalf("after the producer's death: %v", err)
			}
			p.within("death is known", died, promised)

			type value struct {
				n   uint64
				err error
			}
			values := make(chan value, 1)
			go func() { n, err := next(); values <- value{n, err} }()
			time.Sleep(50 * time.Millisecond)
			producer = p.start("produce roof " + name + " 1 64")
			wrote := producer.instant()
			if v := <-values; v.err != nil || v.n != 1 {
				t.Fatalf("after takeover: value %d, %v; want 1", v.n, v.err)
			}
			p.within("takeover is known", wrote, promised)
			producer.kill()
			if _, err := next(); !errors.Is(err, datablock.ErrProducerDied) {
				t.Fatalf("after the second death: %v", err)
			}

			go func() { _, err := next(); asleep <- err }()
			time.Sleep(50 * time.Millisecond)
			producer = p.start("produce roof " + name + " 1 128")
			wrote = producer.instant()
			if err := <-asleep; !errors.Is(err, datablock.ErrSuperseded) {
				t.Fatalf("after replacement: %v", err)
			}
			p.within("replacement is known", wrote, promised)
			again := p.consumer("roof")
			if g := again.Info().Generation; g != 2 {
				t.Errorf("generation %d, want 2", g)
			}
		})
	}
}

func TestWhoWaitsForTheLockOfADyingOwnerIsTold(t *testing.T) {
	p := newPlace(t)
	w := p.create("roof", config(hdr.SyncSyncReaders, 8, 4))
	c := p.start("lock roof")
	c.expect("locked")
	l, err := w.Locks().At(0)
	must(t, err)
	got := make(chan error, 1)
	go func() { _, err := l.Lock(context.Background(), 20*time.Second); got <- err }()
	time.Sleep(50 * time.Millisecond)
	died := time.Now()
	c.kill()
	if err := <-got; !errors.Is(err, datablock.ErrOwnerDied) {
		t.Errorf("the next to lock: %v", err)
	}
	p.within("an owner's death is known", died, 200*time.Millisecond)
}
