package datablock

import (
	"time"

	"github.com/pylabhub/datahub/runtime/shm"
)

// NewWaitSetLooking is NewWaitSet with Watchers of its own, that poll if asked to,
// and that looks at all members without being rung for only so often.
func NewWaitSetLooking(poll bool, every time.Duration) *WaitSet {
	s := newWaitSet(shm.NewWatchers(poll))
	s.every = every
	return s
}

// Waits reports whether a call on the handle may sleep now.
func (h *handle) Waits() bool {
	if h.slow.TryLock() {
		h.slow.Unlock()
		return false
	}
	return true
}
