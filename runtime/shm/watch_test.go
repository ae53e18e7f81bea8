package shm

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// bothWays runs fn with Watchers that sleep, if the system can, and that poll.
// Those that sleep do so without end: what is lost is not found by chance.
func bothWays(t *testing.T, fn func(t *testing.T, ws *Watchers)) {
	for _, poll := range []bool{false, true} {
		ws := NewWatchers(poll)
		if ws.Polls() && !poll {
			t.Log("this system cannot sleep on many words")
			continue
		}
		ws.limit = time.Hour
		t.Run(fmt.Sprintf("poll=%v", poll), func(t *testing.T) { fn(t, ws) })
	}
}

func wakeAll(w *atomic.Uint32) { (&Waiter{}).Wake(doorWord(w)) }

func TestNoChangeOfManyWordsIsMissed(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("a Waiter of another system wants a mapping")
	}
	bothWays(t, func(t *testing.T, ws *Watchers) {
		const words, rounds = 300, 20000
		seed := rand.Uint64()
		rnd := rand.New(rand.NewPCG(seed, 1))
		var mem [words]atomic.Uint32
		var watches [words]*Watch
		fired := make(chan int, words)
		for i := range watches {
			watches[i] = ws.Add(doorWord(&mem[i]), func() { fired <- i })
		}
		n := rounds
		if ws.Polls() {
			n /= 10
		}
		// Each word is armed anew while others change.
		for i := range watches {
			watches[i].Arm(0)
		}
		for range n {
			i := rnd.IntN(words)
			mem[i].Add(1)
			wakeAll(&mem[i])
			select {
			case got := <-fired:
				if got != i {
					t.Fatalf("word %d was told, %d has changed, seed %d", got, i, seed)
				}
			case <-time.After(20 * time.Second):
				t.Fatalf("nobody told of word %d, seed %d", i, seed)
			}
			watches[i].Arm(mem[i].Load())
		}
		for i := range watches {
			watches[i].Stop()
			watches[i].Stop()
			mem[i].Add(1)
			wakeAll(&mem[i])
		}
		select {
		case i := <-fired:
			t.Errorf("word %d was told after Stop", i)
		case <-time.After(10 * time.Millisecond):
		}
		if len(ws.groups) != 0 {
			t.Errorf("%d groups are left", len(ws.groups))
		}
	})
}

func TestAWordThatHasChangedBeforeItIsArmedIsTold(t *testing.T) {
	bothWays(t, func(t *testing.T, ws *Watchers) {
		var mem atomic.Uint32
		fired := make(chan bool, 1)
		w := ws.Add(doorWord(&mem), func() { fired <- true })
		defer w.Stop()
		mem.Store(7)
		for range 100 {
			w.Arm(6)
			select {
			case <-fired:
			case <-time.After(20 * time.Second):
				t.Fatal("not told")
			}
		}
	})
}

func TestWatchesComeAndGoWhileOthersAreTold(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("a Waiter of another system wants a mapping")
	}
	bothWays(t, func(t *testing.T, ws *Watchers) {
		var wg sync.WaitGroup
		for g := range 4 {
			wg.Go(func() {
				rnd := rand.New(rand.NewPCG(uint64(g), 2))
				for range 20 {
					n := 1 + rnd.IntN(100)
					mem, told := make([]atomic.Uint32, n), make(chan int, n)
					watches := make([]*Watch, n)
					for i := range mem {
						watches[i] = ws.Add(doorWord(&mem[i]), func() { told <- i })
						watches[i].Arm(0)
					}
					for i := range mem {
						mem[i].Store(1)
						wakeAll(&mem[i])
					}
					for range mem {
						select {
						case <-told:
						case <-time.After(20 * time.Second):
							t.Errorf("a change was missed among %d", n)
							return
						}
					}
					for _, w := range watches {
						w.Stop()
					}
				}
			})
		}
		wg.Wait()
		if len(ws.groups) != 0 {
			t.Errorf("%d groups are left", len(ws.groups))
		}
	})
}

func TestAWatchOfATruncatedFileFires(t *testing.T) {
	bothWays(t, func(t *testing.T, ws *Watchers) {
		m, _ := newWords(t)
		fired := make(chan bool, 1)
		w := ws.Add(doorWord(wordAt(m, 0)), func() { fired <- true })
		defer w.Stop()
		if err := m.File().sys.Truncate(0); err != nil {
			t.Fatal(err)
		}
		w.Arm(0)
		select {
		case <-fired:
		case <-time.After(20 * time.Second):
			t.Error("not told")
		}
	})
}

func TestArmingAllocatesNothing(t *testing.T) {
	bothWays(t, func(t *testing.T, ws *Watchers) {
		var mem atomic.Uint32
		fired := make(chan bool, 1)
		w := ws.Add(doorWord(&mem), func() { fired <- true })
		defer w.Stop()
		if n := testing.AllocsPerRun(100, func() { w.Arm(1); <-fired }); n != 0 {
			t.Errorf("%v allocations", n)
		}
	})
}
