package shm

import (
	"sync/atomic"
	"time"

	"github.com/pylabhub/datahub/runtime/internal/sys"
)

// MaxWaitAny is how many words [WaitAny] sleeps on.
const MaxWaitAny = sys.MaxWords

// WaitAny sleeps while each of words has its value, as [Waiter.Wait] does for one.
// There are at most MaxWaitAny of them. Where the system cannot sleep on many words
// it returns after a moment.
func WaitAny(words []*uint32, vals []uint32, d time.Duration) {
	list := make([]sys.WordWait, len(words))
	for i := range words {
		list[i] = sys.NewWordWait(words[i], vals[i], false)
	}
	if sys.WaitWords(list, d) == nil {
		return
	}
	for i := range words {
		if atomic.LoadUint32(words[i]) != vals[i] {
			return
		}
	}
	if d < 0 || d > pollMin {
		d = pollMin
	}
	time.Sleep(d)
}

// WakeFew wakes some of those who sleep on word, which somebody else may have made
// any number of threads do.
func WakeFew(word *uint32) { sys.WakeFew(word) }
