package shm

import (
	"runtime"
	"sync/atomic"
	"time"
)

// Back-off where the system cannot sleep on a word: first yields, then sleeps
// that double from pollMin to pollMax.
const (
	pollYields = 64
	pollMin    = 20 * time.Microsecond
	pollMax    = time.Millisecond
)

// poll returns when *word is no longer val, or after d (never if d < 0).
func poll(word *uint32, val uint32, d time.Duration) {
	var deadline time.Time
	if d >= 0 {
		deadline = time.Now().Add(d)
	}
	for i, pause := 0, pollMin; atomic.LoadUint32(word) == val; i++ {
		if d >= 0 && !time.Now().Before(deadline) {
			return
		}
		if i < pollYields {
			runtime.Gosched()
			continue
		}
		if d >= 0 {
			pause = min(pause, time.Until(deadline))
		}
		time.Sleep(pause)
		pause = min(2*pause, pollMax)
	}
}
