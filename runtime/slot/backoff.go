package slot

import "time"

// A BackoffKind says how the pauses of a waiter grow that is not woken.
type BackoffKind uint8

const (
	// NoBackoff: ask to be woken.
	NoBackoff BackoffKind = iota
	// ExponentialBackoff: from 1 µs, each pause twice the last.
	ExponentialBackoff
	// ConstantBackoff: each pause as long as the cap.
	ConstantBackoff
	// AggressiveBackoff: from 1 µs, each pause eight times the last.
	AggressiveBackoff
)

// A Backoff makes a waiter look again after a pause instead of asking to be woken,
// so that nobody pays for waking it.
type Backoff struct {
	Kind BackoffKind
	Cap  time.Duration // of a pause; 0 means 1 ms, and nothing is above 100 ms
}

// asks reports whether the waiter is woken if it asks for that.
func (w *waiting) asks() bool { return w.backoff.Kind == NoBackoff }

// again returns when a waiter that did not ask looks again, before look i.
func (w *waiting) again(now int64, i int) int64 {
	if w.asks() {
		return forever
	}
	return now + int64(w.backoff.pause(i))
}

// defaultCap bounds pauses if nothing else does.
const defaultCap = time.Millisecond

// pause returns how long to wait before look i, counted from 0.
func (b Backoff) pause(i int) time.Duration {
	limit := b.Cap
	if limit <= 0 {
		limit = defaultCap
	}
	limit = min(limit, maxWait)
	shift := 0
	switch b.Kind {
	case ExponentialBackoff:
		shift = i
	case AggressiveBackoff:
		shift = 3 * i
	default:
		return limit
	}
	// 2^17 µs is above the longest pause.
	return min(time.Microsecond<<min(shift, 17), limit)
}
