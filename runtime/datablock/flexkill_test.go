package datablock_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pylabhub/datahub/runtime/datablock"
	"github.com/pylabhub/datahub/runtime/datablock/internal/weather"
)

// zoneRoles are the processes of the tests below, by the first word of their role.
var zoneRoles = map[string]func(ctx context.Context, t tape, what, name string) error{
	"zone-writer": func(_ context.Context, t tape, what, name string) error {
		if what == "shared" {
			p, err := weather.InPlaceChannel.Create(name)
			if err != nil {
				return err
			}
			return writeZone(t, p.Flex(), putTag, wholeTag)
		}
		p, err := weather.ZonedChannel.Create(name)
		if err != nil {
			return err
		}
		return writeZone(t, p.Flex(), putSite, wholeSite)
	},
	"zone-reader": func(ctx context.Context, t tape, what, name string) error {
		if what == "shared" {
			c, err := eventually(func() (*weather.InPlaceConsumer, error) { return weather.InPlaceChannel.Attach(name) })
			if err != nil {
				return err
			}
			return readZone(t, c.Flex(), wholeTag)
		}
		c, err := eventually(func() (*weather.ZonedConsumer, error) { return weather.ZonedChannel.Attach(name) })
		if err != nil {
			return err
		}
		return readZone(t, c.Flex(), wholeSite)
	},
	"locker": func(ctx context.Context, t tape, what, name string) error {
		var get func(int) (datablock.Spinlock, error)
		if what == "producer" {
			p, err := weather.ZonedChannel.Create(name)
			if err != nil {
				return err
			}
			get = p.GetSpinlock
		} else {
			c, err := eventually(func() (*weather.ZonedConsumer, error) { return weather.ZonedChannel.Attach(name) })
			if err != nil {
				return err
			}
			get = c.GetSpinlock
		}
		l, err := get(0)
		if err != nil {
			return err
		}
		for n := uint64(1); ; n++ {
			if err := l.Do(ctx, func() error { return t.store(n) }); err != nil {
				return err
			}
		}
	},
}

func eventually[T any](attach func() (T, error)) (c T, err error) {
	for {
		c, err = attach()
		if !errors.Is(err, datablock.ErrNotFound) {
			return c, err
		}
		time.Sleep(time.Millisecond)
	}
}

func putSite(v *weather.Site, n uint64) {
	v.Number = n
	for i := range v.Words {
		v.Words[i] = n * uint64(2*i+3)
	}
	v.Tail = [2]uint32{uint32(n), ^uint32(n)}
}

func wholeSite(v *weather.Site, n uint64) bool {
	var want weather.Site
	putSite(&want, n)
	return *v == want
}

func putTag(v *weather.Tag, n uint64) {
	for i := range v.Words {
		v.Words[i] = uint32(n) * uint32(2*i+3)
	}
}

func wholeTag(v *weather.Tag, n uint64) bool {
	var want weather.Tag
	putTag(&want, n)
	return *v == want
}

// writeZone publishes values that tell their number.
func writeZone[F any](t tape, f *datablock.FlexWriter[F], put func(*F, uint64), whole func(*F, uint64) bool) error {
	sure, err := t.load()
	if err != nil {
		return err
	}
	if f.Seq() < sure {
		return fmt.Errorf("the zone has value %d, but %d was published", f.Seq(), sure)
	}
	for i := 0; ; i++ {
		n := f.Seq() + 1
		err := f.Update(func(v *F) error {
			if n > 1 && !whole(v, n-1) {
				return fmt.Errorf("the value to start from is not number %d: %+v", n-1, *v)
			}
			put(v, n)
			return nil
		})
		if errors.Is(err, datablock.ErrPoisoned) || i%3 == 0 {
			var v F
			n = f.Seq() + 1
			put(&v, n)
			err = f.Set(&v)
		}
		if err != nil {
			return err
		}
		if err := t.store(n); err != nil {
			return err
		}
	}
}

// readZone checks that each value is whole and none is older than the one before.
func readZone[F any](t tape, f *datablock.FlexReader[F], whole func(*F, uint64) bool) error {
	good, err := t.load()
	if err != nil {
		return err
	}
	last := uint64(0)
	v := new(F)
	for i := 0; ; i++ {
		if i%2 == 0 {
			_, err = f.Get(v)
		} else {
			err = f.Read(func(r *F) error { *v = *r; return nil })
		}
		switch {
		case errors.Is(err, datablock.ErrNoValue), errors.Is(err, datablock.ErrFlexBusy), errors.Is(err, datablock.ErrPoisoned):
			continue
		case err != nil:
			return err
		case !whole(v, f.Seq()):
			return fmt.Errorf("value %d is torn: %+v", f.Seq(), *v)
		case f.Seq() < last:
			return fmt.Errorf("got value %d after %d", f.Seq(), last)
		}
		last = f.Seq()
		if good++; good%64 == 0 {
			if err := t.store(good); err != nil {
				return err
			}
		}
	}
}

// TestKilledProcessesLeaveTheFlexibleZoneWhole kills writers in the middle of updates,
// and readers, and starts them again.
func TestKilledProcessesLeaveTheFlexibleZoneWhole(t *testing.T) {
	s := *seed
	if s == 0 {
		s = rand.Uint64()
	}
	for k, mode := range []string{"double-buffered", "shared"} {
		t.Run(mode, func(t *testing.T) {
			root := sharedMemory(t)
			random := rand.New(rand.NewPCG(s, uint64(100+k)))
			var victims []*victim
			for i, kind := range []string{"zone-writer", "zone-reader", "zone-reader"} {
				file := filepath.Join(t.TempDir(), fmt.Sprintf("%s-%d", kind, i))
				must(t, os.WriteFile(file, make([]byte, 8), 0o600))
				v := &victim{role: strings.Join([]string{kind, mode, "roof", file}, " ")}
				v.start(t, root)
				defer func() { v.kill(t) }()
				victims = append(victims, v)
			}
			n := *kills / 16
			for range n {
				time.Sleep(time.Duration(random.IntN(10000)) * time.Microsecond)
				v := victims[0]
				if random.IntN(3) == 0 {
					v = victims[1+random.IntN(2)]
				}
				v.kill(t)
				if t.Failed() {
					t.Fatalf("seed %d", s)
				}
				v.start(t, root)
			}
			deadline := time.Now().Add(30 * time.Second)
			for _, v := range victims {
				for from := v.sure(t); v.sure(t) <= from; time.Sleep(time.Millisecond) {
					if time.Now().After(deadline) {
						t.Fatalf("%s stands still at %d; seed %d", v.role, from, s)
					}
				}
			}
			t.Logf("seed %d: %d kills, %d values published, %d and %d read", s, n,
				victims[0].sure(t), victims[1].sure(t), victims[2].sure(t))
		})
	}
}

// TestFault10AKilledOwnerOfALockIsReportedToExactlyOne kills processes that lock and unlock
// as fast as they can, and lets three handles race for what they leave.
func TestFault10AKilledOwnerOfALockIsReportedToExactlyOne(t *testing.T) {
	s := *seed
	if s == 0 {
		s = rand.Uint64()
	}
	for k, who := range []string{"consumer", "producer"} {
		t.Run(who, func(t *testing.T) {
			random := rand.New(rand.NewPCG(s, uint64(200+k)))
			dir := sharedMemory(t)
			file := filepath.Join(t.TempDir(), "tape")
			must(t, os.WriteFile(file, make([]byte, 8), 0o600))
			v := &victim{role: "locker " + who + " roof " + file}
			if who == "consumer" {
				p, err := weather.ZonedChannel.Create("roof", datablock.Root(dir))
				must(t, err)
				defer p.Close()
			}
			var locks []datablock.Spinlock
			n, held := *kills/20, 0 // 100, so 200 for both
			for i := range n {
				must(t, os.WriteFile(file, make([]byte, 8), 0o600))
				v.start(t, dir)
				for deadline := time.Now().Add(30 * time.Second); v.sure(t) == 0; time.Sleep(100 * time.Microsecond) {
					if time.Now().After(deadline) {
						v.kill(t)
						t.Fatalf("kill %d: it never got the lock; seed %d", i, s)
					}
				}
				for len(locks) < 3 {
					c, err := weather.ZonedChannel.Attach("roof", datablock.Root(dir))
					must(t, err)
					defer c.Close()
					l, err := c.GetSpinlock(0)
					must(t, err)
					locks = append(locks, l)
				}
				time.Sleep(time.Duration(random.IntN(2000)) * time.Microsecond)
				v.kill(t)

				errs := make([]error, len(locks))
				var all sync.WaitGroup
				for j, l := range locks {
					all.Go(func() {
						g, err := l.Lock(within(t))
						errs[j] = err
						if err := g.Unlock(); err != nil {
							t.Errorf("unlock: %v", err)
						}
					})
				}
				all.Wait()
				died, poisoned := 0, 0
				for _, err := range errs {
					switch {
					case errors.Is(err, datablock.ErrOwnerDied):
						died++
					case errors.Is(err, datablock.ErrPoisoned):
						poisoned++
					case err != nil:
						t.Error(err)
					}
				}
				// It died with the lock, and one is told first; or without.
				if !(died == 1 && poisoned == len(locks)-1 || died == 0 && poisoned == 0) {
					t.Fatalf("kill %d: ErrOwnerDied %d times, ErrPoisoned %d times; seed %d", i, died, poisoned, s)
				}
				held += died
				g, err := locks[0].Lock(within(t))
				if died == 1 != errors.Is(err, datablock.ErrPoisoned) {
					t.Fatalf("kill %d: poisoned before anybody mended it: %v", i, err)
				}
				must(t, g.MarkConsistent())
				must(t, g.Unlock())
			}
			t.Logf("seed %d: %d kills, %d of them with the lock held", s, n, held)
			if held < n/10 {
				t.Errorf("only %d of %d died with the lock: this shows little", held, n)
			}
		})
	}
}
