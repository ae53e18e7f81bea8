package slot

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
)

func lockBlock(t testing.TB, consumers, locks uint32) *block {
	c := ring(hdr.SyncSyncReaders, 8, consumers)
	c.Spinlocks = locks
	return heapBlock(t, c, 0)
}

func lockAt(t testing.TB, l *Locks, i int) Lock {
	t.Helper()
	k, err := l.At(i)
	must(t, err)
	return k
}

// A patient host sleeps until it is woken, much longer than it should: a wake that
// is forgotten shows.
type patient struct {
	*host
	slept atomic.Int64
}

const patience10s = 10 * time.Second

func (p *patient) Wait(w *uint32, val uint32, _ time.Duration) {
	p.slept.Add(1)
	p.host.Wait(w, val, patience10s)
}

func TestALockLetsOneInAndWakesWhoWaits(t *testing.T) {
	for _, s := range []Strategy{Adaptive, Busy, Block} {
		t.Run(fmt.Sprintf("strategy %d", s), func(t *testing.T) {
			const handles, goroutines = 3, 2
			rounds := 300
			if s == Busy {
				rounds = 30 // everybody spins, and there are not that many processors
			}
			b := lockBlock(t, handles, 1)
			var sides []*Locks
			w, _ := b.writer(func(o *WriterOptions) { o.Wait = s })
			sides = append(sides, w.Locks())
			for range handles {
				r, _ := b.reader(StartNewest, func(o *ReaderOptions) { o.Wait = s })
				sides = append(sides, r.Locks())
			}
			var hosts []*patient
			for _, l := range sides {
				p := &patient{host: l.host.(*host)}
				l.host = p
				hosts = append(hosts, p)
			}
			counter := 0 // guarded by the lock: the race detector looks, too
			start := time.Now()
			var all sync.WaitGroup
			for _, side := range sides {
				l := lockAt(t, side, 0)
				for range goroutines {
					all.Go(func() {
						for i := range rounds {
							g, err := l.Lock(bg, -1)
							if err != nil {
								t.Error(err)
								return
							}
							counter++
							if i%16 == 0 {
								time.Sleep(50 * time.Microsecond) // others go to sleep
							}
							if err := g.Unlock(); err != nil {
								t.Error(err)
							}
						}
					})
				}
			}
			all.Wait()
			if want := len(sides) * goroutines * rounds; counter != want {
				t.Errorf("counted to %d, want %d", counter, want)
			}
			slept := int64(0)
			for _, h := range hosts {
				slept += h.slept.Load()
			}
			if s == Block && slept == 0 {
				t.Error("nobody slept")
			}
			if d := time.Since(start); d > patience10s {
				t.Errorf("took %v: somebody was not woken", d)
			}
			if c := w.Counts(); c.LockWaits == 0 || c.LockWaitNS == 0 {
				t.Errorf("waits were not counted: %+v", c)
			}
		})
	}
}

// TestTheDeathOfAnOwnerIsToldExactlyOnce kills owners and lets everybody else try.
func TestTheDeathOfAnOwnerIsToldExactlyOnce(t *testing.T) {
	const consumers = 4
	rnd := seed(t)
	b := lockBlock(t, consumers, 1)
	type side struct {
		locks *Locks
		host  *host
	}
	sides := make([]side, consumers+1)
	join := func(i int) {
		if i == 0 {
			w, h := b.writer()
			sides[i] = side{w.Locks(), h}
			return
		}
		r, h := b.reader(StartNewest)
		sides[i] = side{r.Locks(), h}
	}
	for i := range sides {
		join(i)
	}
	for kill := range 200 {
		victim := rnd.IntN(len(sides))
		_, err := lockAt(t, sides[victim].locks, 0).Lock(bg, -1)
		must(t, err)
		sides[victim].host.kill()
		rejoin := rnd.IntN(2) == 0
		if rejoin { // its byte has an owner again, who is somebody else
			join(victim)
		}
		var died, poisoned atomic.Int64
		var all sync.WaitGroup
		for i := range sides {
			if i == victim && !rejoin {
				continue
			}
			l := lockAt(t, sides[i].locks, 0)
			all.Go(func() {
				g, err := l.Lock(bg, 10*time.Second)
				switch {
				case errors.Is(err, ErrOwnerDied):
					died.Add(1)
				case errors.Is(err, ErrPoisoned):
					poisoned.Add(1)
				default:
					t.Errorf("kill %d: %v, want ErrOwnerDied or ErrPoisoned", kill, err)
				}
				if err := g.Unlock(); err != nil {
					t.Errorf("kill %d: unlock: %v", kill, err)
				}
			})
		}
		all.Wait()
		if !rejoin {
			join(victim)
		}
		if died.Load() != 1 {
			t.Fatalf("kill %d: ErrOwnerDied came %d times, ErrPoisoned %d times, want once", kill, died.Load(), poisoned.Load())
		}
		// Poisoned until somebody says that all is well, and not after that.
		l := lockAt(t, sides[rnd.IntN(len(sides))].locks, 0)
		g, ok, err := l.TryLock()
		if !ok || !errors.Is(err, ErrPoisoned) || errors.Is(err, ErrOwnerDied) {
			t.Fatalf("kill %d: try: ok %t, %v, want ErrPoisoned", kill, ok, err)
		}
		must(t, g.MarkConsistent())
		must(t, g.Unlock())
		g, ok, err = l.TryLock()
		if !ok || err != nil {
			t.Fatalf("kill %d: try after it was marked consistent: ok %t, %v", kill, ok, err)
		}
		must(t, g.Unlock())
	}
}

func TestTryLockTakesADeadOwnersLockAndNoOther(t *testing.T) {
	b := lockBlock(t, 2, 2)
	a, ah := b.reader(StartNewest)
	c, _ := b.reader(StartNewest)
	g, ok, err := lockAt(t, a.Locks(), 1).TryLock()
	if !ok || err != nil || !g.Held() {
		t.Fatalf("free lock: ok %t, %v, held %t", ok, err, g.Held())
	}
	for name, l := range map[string]*Locks{"another": c.Locks(), "its own handle": a.Locks()} {
		if _, ok, err := lockAt(t, l, 1).TryLock(); ok || err != nil {
			t.Errorf("%s: ok %t, %v, want false", name, ok, err)
		}
	}
	if g, ok, err := lockAt(t, c.Locks(), 0).TryLock(); !ok || err != nil || g.Unlock() != nil {
		t.Errorf("the lock beside it: ok %t, %v", ok, err)
	}
	ah.kill()
	if _, ok, err := lockAt(t, c.Locks(), 1).TryLock(); !ok || !errors.Is(err, ErrOwnerDied) {
		t.Errorf("dead owner: ok %t, %v, want ErrOwnerDied", ok, err)
	}
}

func TestAWaitForALockEndsInTimeAndNamesTheOwner(t *testing.T) {
	b := lockBlock(t, 2, 1)
	w, _ := b.writer()
	r, _ := b.reader(StartNewest)
	for _, c := range []struct {
		owner, other *Locks
		want         string
	}{
		{r.Locks(), w.Locks(), `consumer "reader" (pid 4711, cell 0)`},
		{w.Locks(), r.Locks(), `producer "producer" (pid 4711)`},
	} {
		g, err := lockAt(t, c.owner, 0).Lock(bg, 0)
		must(t, err)
		l := lockAt(t, c.other, 0)
		for _, d := range []time.Duration{0, time.Millisecond, 120 * time.Millisecond} {
			start := time.Now()
			_, err := l.Lock(bg, d)
			var e *TimeoutError
			if !errors.As(err, &e) || !errors.Is(err, os.ErrDeadlineExceeded) || !strings.Contains(err.Error(), c.want) || e.Op != "lock" {
				t.Errorf("after %v: %v, want a TimeoutError that names %s", d, err, c.want)
			}
			if took := time.Since(start); took < d || took > d+5*time.Second {
				t.Errorf("time-out of %v came after %v", d, took)
			}
		}
		ctx, cancel := context.WithTimeoutCause(bg, 20*time.Millisecond, errors.New("enough"))
		defer cancel()
		if _, err := l.Lock(ctx, -1); err == nil || err.Error() != "enough" {
			t.Errorf("ended context: %v, want its cause", err)
		}
		must(t, g.Unlock())
		g, err = l.Lock(ctx, 0)
		if err != nil {
			t.Errorf("a free lock under an ended context: %v", err)
		}
		must(t, g.Unlock())
	}
}

func TestMisuseOfAGuardIsFound(t *testing.T) {
	b := lockBlock(t, 2, 2)
	a, _ := b.reader(StartNewest)
	c, _ := b.reader(StartNewest)
	l := lockAt(t, a.Locks(), 0)
	g, err := l.Lock(bg, 0)
	must(t, err)
	must(t, g.Unlock())
	for what, err := range map[string]error{"unlock twice": g.Unlock(), "mark after unlock": g.MarkConsistent(), "no guard": Guard{}.Unlock()} {
		if !errors.Is(err, ErrNotLocked) || !errors.Is(err, ErrMisuse) {
			t.Errorf("%s: %v, want ErrNotLocked", what, err)
		}
	}
	other, err := lockAt(t, c.Locks(), 0).Lock(bg, 0)
	must(t, err)
	if err := g.Unlock(); !errors.Is(err, ErrNotLocked) || !other.Held() {
		t.Errorf("an old guard: %v, and the owner has it: %t", err, other.Held())
	}
	must(t, other.Unlock())
	mine, err := l.Lock(bg, 0)
	must(t, err)
	if err := g.Unlock(); !errors.Is(err, ErrNotLocked) || g.Held() || !mine.Held() {
		t.Errorf("an old guard of the same handle: %v", err)
	}
	if err := a.Seek(StartOldest, 0); !errors.Is(err, ErrLockHeld) {
		t.Errorf("seek with a lock: %v, want ErrLockHeld", err)
	}
	must(t, mine.Unlock())
	must(t, a.Seek(StartOldest, 0))
	again, err := l.Lock(bg, 0)
	must(t, err)
	if _, ok, err := lockAt(t, c.Locks(), 0).TryLock(); ok || err != nil {
		t.Errorf("locked after a seek, tried by another: ok %t, %v", ok, err)
	}
	if n := a.Locks().Held(); n != 1 {
		t.Errorf("%d guards, want 1", n)
	}
	if err := a.Leave(); !errors.Is(err, ErrLockHeld) {
		t.Errorf("leave with a lock: %v, want ErrLockHeld", err)
	}
	if err := again.Unlock(); !errors.Is(err, ErrHandleClosed) || again.Held() {
		t.Errorf("unlock after the end: %v", err)
	}
	if _, err := l.Lock(bg, -1); !errors.Is(err, ErrHandleClosed) {
		t.Errorf("lock after the end: %v", err)
	}
	if _, err := lockAt(t, c.Locks(), 0).Lock(bg, -1); !errors.Is(err, ErrOwnerDied) {
		t.Errorf("the next after one that left with the lock: %v, want ErrOwnerDied", err)
	}
	if _, err := (Lock{}).Lock(bg, -1); !errors.Is(err, ErrNoLock) {
		t.Errorf("no lock: %v", err)
	}
	for _, i := range []int{-1, 2, 1 << 40} {
		if _, err := c.Locks().At(i); !errors.Is(err, ErrNoLock) {
			t.Errorf("lock %d of 2: %v, want ErrNoLock", i, err)
		}
	}
}

func TestCloseEndsAWaitForALock(t *testing.T) {
	b := lockBlock(t, 2, 1)
	w, _ := b.writer()
	r, _ := b.reader(StartNewest)
	_, err := lockAt(t, w.Locks(), 0).Lock(bg, 0)
	must(t, err)
	got := make(chan error)
	go func() {
		_, err := lockAt(t, r.Locks(), 0).Lock(bg, -1)
		got <- err
	}()
	for r.Locks().waits.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	must(t, r.Leave())
	select {
	case err := <-got:
		if !errors.Is(err, ErrHandleClosed) {
			t.Errorf("%v, want ErrHandleClosed", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("it waits still")
	}
}

// Whatever stands in a lock's word, nobody crashes, and somebody gets the lock if
// its owner cannot exist.
func TestNonsenseInALockIsTakenForADeadOwner(t *testing.T) {
	b := lockBlock(t, 2, 1)
	r, _ := b.reader(StartNewest)
	b.reader(StartNewest)
	l := lockAt(t, r.Locks(), 0)
	rnd := seed(t)
	for range 2000 {
		v := rnd.Uint64()
		if rnd.IntN(4) == 0 {
			v = []uint64{0, ^uint64(0), 1, 2, 4, 7, uint64(hdr.SpinlockLocked) | 2047<<hdr.SpinlockOwnerShift}[rnd.IntN(7)]
		}
		l.word().Store(v)
		g, err := l.Lock(bg, 0)
		locked := v&uint64(hdr.SpinlockLocked) != 0
		poisoned := v&uint64(hdr.SpinlockPoisoned) != 0
		switch {
		case locked && !errors.Is(err, ErrOwnerDied):
			t.Fatalf("%#x: %v, want ErrOwnerDied", v, err)
		case !locked && poisoned != errors.Is(err, ErrPoisoned):
			t.Fatalf("%#x: %v", v, err)
		}
		must(t, g.Unlock())
	}
}

func TestNamedLocksAreGivenOutOnceAndFoundAgain(t *testing.T) {
	b := lockBlock(t, 4, 3)
	var all []*Locks
	w, _ := b.writer()
	all = append(all, w.Locks())
	for range 4 {
		r, _ := b.reader(StartNewest)
		all = append(all, r.Locks())
	}
	found := make([][]int, len(all))
	var wait sync.WaitGroup
	for i, l := range all {
		wait.Go(func() {
			for _, k := range rand.Perm(3) {
				lock, err := l.Named(bg, -1, fmt.Sprintf("lock %d", k))
				if err != nil {
					t.Error(err)
					return
				}
				found[i] = append(found[i], k, lock.Index())
			}
		})
	}
	wait.Wait()
	number := map[int]int{}
	for _, f := range found {
		for i := 0; i < len(f); i += 2 {
			if n, ok := number[f[i]]; ok && n != f[i+1] {
				t.Errorf("lock %d is number %d and %d", f[i], n, f[i+1])
			}
			number[f[i]] = f[i+1]
		}
	}
	if len(number) != 3 || number[0] == number[1] || number[1] == number[2] {
		t.Errorf("numbers %v", number)
	}
	l := all[1]
	if _, err := l.Named(bg, -1, "one more"); !errors.Is(err, ErrNoLock) {
		t.Errorf("a fourth of three: %v, want ErrNoLock", err)
	}
	lock, err := l.Named(bg, -1, "lock 1")
	must(t, err)
	if lock.Name() != "lock 1" {
		t.Errorf("its name is %q", lock.Name())
	}
	g, err := lock.Lock(bg, 0)
	must(t, err)
	if err := all[0].Free(bg, -1, "lock 1"); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("freed under its owner: %v", err)
	}
	must(t, g.Unlock())
	must(t, all[0].Free(bg, -1, "lock 1"))
	if err := all[0].Free(bg, -1, "lock 1"); !errors.Is(err, ErrNoLock) {
		t.Errorf("freed twice: %v", err)
	}
	again, err := l.Named(bg, -1, "one more")
	must(t, err)
	if again.Index() != lock.Index() || again.Name() != "one more" {
		t.Errorf("number %d, name %q", again.Index(), again.Name())
	}
	for _, name := range []string{"", strings.Repeat("x", 33), "a\x00b", "\xff"} {
		if _, err := l.Named(bg, -1, name); !errors.Is(err, ErrMisuse) {
			t.Errorf("name %q: %v, want ErrMisuse", name, err)
		}
	}
	if long := strings.Repeat("x", 32); l.Free(bg, -1, "one more") == nil {
		lock, err := l.Named(bg, -1, long)
		if err != nil || lock.Name() != long {
			t.Errorf("name of 32 bytes: %q, %v", lock.Name(), err)
		}
	}
}

func TestTheDeathOfOneWhoGivesOutALockHarmsNobody(t *testing.T) {
	b := lockBlock(t, 2, 2)
	a, ah := b.reader(StartNewest)
	c, _ := b.reader(StartNewest)
	_, err := a.Locks().Control().Lock(bg, 0)
	must(t, err)
	// As far as give, without its last store.
	r, off := lockAt(t, a.Locks(), 1).at()
	r.PokeBytes(off+uint64(hdr.FieldSpinlockName), append([]byte("half"), make([]byte, MaxLockName-4)...))
	ah.kill()
	l, err := c.Locks().Named(bg, -1, "whole")
	if err != nil || l.Index() != 1 {
		t.Errorf("number %d, %v, want 1", l.Index(), err)
	}
	g, ok, err := c.Locks().Control().TryLock()
	if !ok || err != nil {
		t.Errorf("control lock: ok %t, %v", ok, err)
	}
	must(t, g.Unlock())
}

func TestLocksDoNotAllocate(t *testing.T) {
	b := lockBlock(t, 2, 1)
	a, _ := b.reader(StartNewest)
	c, _ := b.reader(StartNewest)
	l, other := lockAt(t, a.Locks(), 0), lockAt(t, c.Locks(), 0)
	ctx, cancel := context.WithCancel(bg)
	defer cancel()
	n := testing.AllocsPerRun(200, func() {
		g, err := l.Lock(ctx, -1)
		if err != nil {
			panic(err)
		}
		if _, ok, _ := other.TryLock(); ok {
			panic("taken twice")
		}
		if g.Unlock() != nil {
			panic("unlock")
		}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkLock(b *testing.B) {
	l := lockAt(b, func() *Locks { r, _ := lockBlock(b, 1, 1).reader(StartNewest); return r.Locks() }(), 0)
	for b.Loop() {
		g, err := l.Lock(bg, -1)
		if err != nil {
			b.Fatal(err)
		}
		if err := g.Unlock(); err != nil {
			b.Fatal(err)
		}
	}
}
