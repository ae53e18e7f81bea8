//go:build linux || darwin || freebsd

package shm

import (
	"time"

	"github.com/pylabhub/datahub/runtime/internal/sys"
)

// A Waiter sleeps on words of shared memory and wakes those who do, in this and
// in other processes. Its methods may be called concurrently, except Close.
type Waiter struct{}

// NewWaiter returns a Waiter for words in maps, which belong to the block with
// this id. It uses maps, but does not close them.
func NewWaiter(id [16]byte, maps ...*Mapping) *Waiter { return &Waiter{} }

// Wait sleeps while *word is val, at most d, for ever if d < 0, on the monotonic
// clock. It returns early at will: the caller looks at the word and at its own
// clock again. The word may lie in a read-only mapping.
func (w *Waiter) Wait(word *uint32, val uint32, d time.Duration) {
	if sys.WaitWord(word, val, d) != nil {
		poll(word, val, d)
	}
}

// Wake wakes all who sleep on word. Change the word before.
func (w *Waiter) Wake(word *uint32) {
	// The call fails for an address that is not mapped; then nobody sleeps there.
	_, _ = sys.WakeWord(word)
}

// Close frees what the Waiter keeps.
func (w *Waiter) Close() error { return nil }
