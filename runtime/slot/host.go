package slot

import (
	"time"

	"github.com/pylabhub/datahub/runtime/internal/word"
)

// A Host does for the protocol what needs the operating system. It is asked only
// where the protocol has nothing better to do, never on the way of a value.
//
// A handle sees its own lock as free, so the protocol never asks about itself.
//
// A Host may have another method, Yield() bool, which lets another thread have the
// processor if one waits for it, and reports false if it cannot.
type Host interface {
	// Wait blocks while *word is val: until somebody wakes word, d is over (d < 0: for
	// ever), or for no reason at all. It reads word even where it is mapped read-only.
	Wait(word *uint32, val uint32, d time.Duration)
	// Wake wakes all who wait on word.
	Wake(word *uint32)
	// ProducerAlive reports whether somebody holds the producer's lock.
	ProducerAlive() bool
	// CellAlive reports whether somebody holds the lock of consumer cell i.
	CellAlive(i int) bool
	// TryLockCell takes the lock of cell i if nobody has it and the block is still
	// the one at its path.
	TryLockCell(i int) (bool, error)
	// UnlockCell gives the lock of cell i back.
	UnlockCell(i int)
}

// maxWait is the longest time anybody sleeps without looking whether those he
// waits for still live: their death wakes nobody.
const maxWait = 100 * time.Millisecond

// A Clock says the time.
type Clock struct{ base time.Time }

// NewClock returns a clock that does not jump when the system's is set.
func NewClock() Clock { return Clock{time.Now()} }

// mono returns nanoseconds since the clock was made.
func (c Clock) mono() int64 {
	if word.Explored {
		return 0 // where every order of steps is tried, time has no say
	}
	return int64(time.Since(c.base))
}

// wall returns nanoseconds since the Unix epoch.
func (c Clock) wall() int64 { return c.base.UnixNano() + int64(time.Since(c.base)) }

// now returns the timestamp of a commit, 0 if values have none.
func (w *Writer) now() int64 {
	if !w.conf.Timestamp {
		return 0
	}
	return w.clock.wall()
}
