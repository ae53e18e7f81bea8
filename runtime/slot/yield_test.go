package slot

import (
	"context"
	"testing"
	"time"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/internal/word"
)

// A yieldingHost does what it is told while it yields, and counts.
type yieldingHost struct {
	*host
	during func()
	yields int
	sleeps int
	cannot bool
}

func (h *yieldingHost) Yield() bool {
	h.yields++
	h.during()
	return !h.cannot
}

func (h *yieldingHost) Wait(w *uint32, val uint32, d time.Duration) {
	h.sleeps++
	h.host.Wait(w, val, d)
}

func TestWhoYieldsGetsWhatIsDoneMeanwhileWithoutSleeping(t *testing.T) {
	if word.Explored {
		t.Skip("no time passes where every order of steps is tried")
	}
	b := heapBlock(t, ring(hdr.SyncSyncReaders, 4, 1), 0)
	w, wh := b.writer()
	h := &yieldingHost{host: b.host(), during: func() { write(t, w) }}
	r, err := JoinReader(b.ro, b.plan, b.conf, h, ReaderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	const n = 20
	for range n {
		if _, err := r.Acquire(context.Background(), -1); err != nil {
			t.Fatal(err)
		}
		if err := r.Release(); err != nil {
			t.Fatal(err)
		}
	}
	if h.yields != n || h.sleeps != 0 || w.Counts().Wakes != 0 {
		t.Errorf("%d yields, %d sleeps, %d wakes for %d values", h.yields, h.sleeps, w.Counts().Wakes, n)
	}

	// The same for a writer without room.
	wy := &yieldingHost{host: wh, during: func() {
		if _, ok, err := r.TryAcquire(); ok && err == nil {
			_ = r.Release()
		}
	}}
	w.wait.yielder = wy
	for range 4 {
		write(t, w)
	}
	for range n {
		if _, err := w.Claim(context.Background(), -1); err != nil {
			t.Fatal(err)
		}
		if err := w.Commit(); err != nil {
			t.Fatal(err)
		}
	}
	if wy.yields == 0 || r.Counts().Wakes != 0 {
		t.Errorf("%d yields of the writer, %d wakes for %d values", wy.yields, r.Counts().Wakes, n)
	}
}

func TestYieldingIsLeftWhereItIsInVain(t *testing.T) {
	h := &yieldingHost{host: new(host), during: func() {}}
	var w waiting
	waits := func(took time.Duration, found bool, n int) (yields int) {
		for range n {
			if _, ok := w.yield(); ok {
				yields++
				w.settle(took, found)
			}
		}
		return yields
	}
	fresh := func(s Strategy, b Backoff) { w.init(s, b, NewClock(), h, new(word.U32)) }

	fresh(Adaptive, Backoff{})
	if got := waits(time.Microsecond, true, 1000); got != 1000 {
		t.Errorf("the other side had done its part: %d yields in 1000 waits", got)
	}
	if got := waits(time.Microsecond, false, 900); got != 100 {
		t.Errorf("nobody had done anything: %d yields in 900 waits, want 100", got)
	}
	fresh(Adaptive, Backoff{})
	if got := waits(4*time.Millisecond, true, 100_000); got < 5 || got > 15 {
		t.Errorf("a third one took the processor: %d yields in 100,000 waits", got)
	}
	if got := waits(time.Microsecond, true, maxPenalty+100_000); got < 100_000 {
		t.Errorf("and left: %d yields in %d waits", got, maxPenalty+100_000)
	}
	if w.penalty != 0 {
		t.Errorf("the penalty is still %d", w.penalty)
	}
	for name, start := range map[string]func(){
		"block":    func() { fresh(Block, Backoff{}) },
		"busy":     func() { fresh(Busy, Backoff{}) },
		"back-off": func() { fresh(Adaptive, Backoff{Kind: ConstantBackoff}) },
	} {
		if start(); waits(0, true, 100) != 0 {
			t.Errorf("%s yields", name)
		}
	}
	h.cannot, h.yields = true, 0
	if fresh(Adaptive, Backoff{}); waits(0, true, 100) != 0 || h.yields != 1 {
		t.Errorf("a host that cannot yield was asked %d times", h.yields)
	}
}
