package slot

import (
	"context"
	"math"
	"runtime"
	"sync"
	"time"

	"github.com/pylabhub/datahub/runtime/internal/word"
)

// A Strategy is how somebody waits for a word to change.
type Strategy uint8

const (
	// Adaptive spins for a few microseconds if that has been enough lately, then
	// sleeps.
	Adaptive Strategy = iota
	// Busy spins without end: the fastest, and one processor each.
	Busy
	// Block sleeps at once.
	Block
)

const forever = math.MaxInt64

// deadline returns when timeout is up: negative means never.
func deadline(now int64, timeout time.Duration) int64 {
	if timeout < 0 || int64(timeout) > forever-now {
		return forever
	}
	return now + int64(timeout)
}

// cause returns why ctx ended, nil if it has not.
func cause(ctx context.Context) error {
	if ctx.Err() == nil {
		return nil
	}
	return context.Cause(ctx)
}

// Looks per spin. One look at a word in the cache takes a nanosecond or two.
const (
	minSpin  = 64
	maxSpin  = 8192
	busySpin = 1024 // between two looks at everything else

	// A yield that takes longer has let somebody else run: then the next one comes
	// after sharedSpin looks, for it is others' work that is waited for. With four
	// consumers on one processor that is a quarter more values.
	sharedYield = time.Microsecond
	sharedSpin  = 32

	// busyRounds is how often a busy waiter looks at everything before it lets other
	// goroutines run, in a millisecond or two. A goroutine that is locked to its thread
	// pays two switches of threads for that, which made a round trip of 64 KiB take 43
	// us instead of 4. Other threads may run after each round: that costs next to
	// nothing where none waits, and four consumers on two processors live on it.
	busyRounds = 1024
)

// waiting is how one handle waits: how long it spins, and how it sleeps.
type waiting struct {
	strategy Strategy
	backoff  Backoff
	clock    Clock
	host     Host
	word     *word.U32 // to sleep on
	spins    int
	rounds   uint32          // of a busy waiter
	done     <-chan struct{} // of the context that wakes this handle
	stop     func() bool
	alarm    *alarm
	yielder  yielder
	bells    *bells // of a writer whose consumers have desks
	looks    int    // of a busy waiter before it yields
	skip     uint32 // waits until it yields again
	penalty  uint32 // what skip was last
}

func (w *waiting) init(s Strategy, b Backoff, c Clock, h Host, on *word.U32) {
	*w = waiting{strategy: s, backoff: b, clock: c, host: h, word: on, spins: maxSpin / 4, looks: busySpin, alarm: &alarm{host: h, word: on}}
	w.yielder, _ = h.(yielder)
}

// pause lets others run after a round of busy waiting.
func (w *waiting) pause() {
	if w.rounds++; w.rounds%busyRounds == 0 {
		runtime.Gosched()
		return
	}
	if w.yielder == nil {
		return
	}
	start := w.clock.mono()
	if !w.yielder.Yield() {
		w.yielder = nil
	}
	if w.looks = busySpin; w.clock.mono()-start > int64(sharedYield) {
		w.looks = sharedSpin
	}
}

// budget returns how often to look before sleeping.
func (w *waiting) budget() int {
	switch w.strategy {
	case Busy:
		return w.looks
	case Block:
		return 0
	}
	return w.spins
}

// hit says that the i-th look was enough: looking about twice as long is worth it.
func (w *waiting) hit(i int) {
	w.spins = min(max(w.spins, 2*i+minSpin), maxSpin)
}

// miss says that looking was in vain.
func (w *waiting) miss() { w.spins = max(w.spins/2, minSpin) }

// A yielder is a [Host] that can let another thread have the processor. Yield
// reports false if it cannot after all.
type yielder interface{ Yield() bool }

const (
	// yieldLimit is how long a yield takes at most if only the other side had the
	// processor; a time slice of somebody else is some milliseconds.
	yieldLimit = 200 * time.Microsecond
	// After a yield that took longer so many waits go without, four times as many
	// after the next, maxPenalty at most.
	minPenalty = 128
	maxPenalty = 1 << 14
	// idleSkip is how many waits go without a yield after one in vain: the other side
	// has a processor of its own, or nothing to do.
	idleSkip = 8
)

// yield lets the other side run once, if that was worth it lately, before this one
// goes to sleep, and returns how long that took. Where both share a processor each
// then finds the work of a whole turn, and neither pays for waking the other after
// every value: half the time of a round trip, and several times the rate of a
// stream. Where a third one takes the processor it costs his time slice, so then it
// is tried rarely; settle keeps account.
func (w *waiting) yield() (took time.Duration, ok bool) {
	if w.strategy != Adaptive || w.yielder == nil || !w.asks() {
		return 0, false
	}
	if w.skip > 0 {
		w.skip--
		return 0, false
	}
	start := w.clock.mono()
	if !w.yielder.Yield() {
		w.yielder = nil
		return 0, false
	}
	return time.Duration(w.clock.mono() - start), true
}

// settle says whether the other side had done its part after a yield.
func (w *waiting) settle(took time.Duration, found bool) {
	switch {
	case took >= yieldLimit:
		w.penalty = min(4*w.penalty+minPenalty, maxPenalty)
		w.skip = w.penalty
	case found:
		w.penalty -= (w.penalty + 63) / 64
	default:
		w.skip = idleSkip
	}
}

// sleep waits while the word is b, not beyond until, not beyond the end of ctx and
// not longer than maxWait.
func (w *waiting) sleep(ctx context.Context, b uint32, until int64) {
	d := time.Duration(min(until-w.clock.mono(), int64(maxWait)))
	if d <= 0 {
		return
	}
	if done := ctx.Done(); done != w.done {
		w.arm(ctx, done)
	}
	if w.bells != nil {
		w.bells.wait(d)
		return
	}
	w.host.Wait(word.Addr(w.word), b, d)
}

// arm makes the end of ctx wake this handle. It is remembered, because it costs an
// allocation and most handles wait under one context for long.
func (w *waiting) arm(ctx context.Context, done <-chan struct{}) {
	w.disarm()
	if w.done = done; done != nil {
		w.stop = context.AfterFunc(ctx, w.alarm.ring)
	}
}

func (w *waiting) disarm() {
	if w.stop != nil {
		w.stop()
		w.stop = nil
	}
	w.done = nil
}

// close makes sure that no context touches the word again.
func (w *waiting) close() {
	w.disarm()
	w.alarm.close()
}

// An alarm wakes who sleeps on a word. Its handle may be closed, and the word
// unmapped, at any time.
type alarm struct {
	mu     sync.Mutex
	host   Host
	word   *word.U32
	closed bool
}

func (a *alarm) ring() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.closed {
		a.host.Wake(word.Addr(a.word)) // others that sleep there look and sleep on
	}
}

func (a *alarm) close() {
	a.mu.Lock()
	a.closed = true
	a.mu.Unlock()
}
