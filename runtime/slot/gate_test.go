package slot

import (
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
)

// A handle that was shut has no lock any more, and none was taken from anybody: a
// guard that was given out works until it is unlocked, and holds Shut up.
func TestAHandleIsShutOnlyWhileItHoldsNoLock(t *testing.T) {
	rounds := 2000
	if testing.Short() {
		rounds = 200
	}
	refused, ended := 0, 0
	for range rounds {
		b := lockBlock(t, 1, 1)
		r, _ := b.reader(StartNewest)
		l := lockAt(t, r.Locks(), 0)
		var shut atomic.Bool
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				for {
					g, err := l.Lock(bg, -1)
					if errors.Is(err, ErrHandleClosed) {
						return
					}
					if err != nil {
						t.Errorf("lock: %v", err)
						return
					}
					runtime.Gosched()
					if shut.Load() {
						t.Error("a lock is held after Shut")
					}
					if err := g.Unlock(); err != nil {
						t.Errorf("unlock: %v", err)
					}
				}
			})
		}
		for !r.Locks().Shut() {
			refused++
			runtime.Gosched()
		}
		shut.Store(true)
		wg.Wait()
		ended++
		if n := r.Locks().Held(); n != 0 || !r.Locks().Shut() {
			t.Fatalf("%d locks are held after Shut", n)
		}
		if err := r.Leave(); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("shut %d times, refused %d times", ended, refused)
}
