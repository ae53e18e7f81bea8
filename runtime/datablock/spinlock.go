package datablock

import (
	"context"
	"errors"
	"time"

	"github.com/pylabhub/datahub/runtime/slot"
)

// What locks may return, for errors.Is.
var (
	// ErrPoisoned: the lock is taken, but somebody died while he had it, and nobody has
	// said since that what it guards is whole.
	ErrPoisoned = slot.ErrPoisoned
	// ErrOwnerDied is the ErrPoisoned of the one who took the lock from the dead: of
	// all who try, exactly one gets it.
	ErrOwnerDied = slot.ErrOwnerDied
	// ErrNotLocked: the guard was unlocked before.
	ErrNotLocked = slot.ErrNotLocked
	// ErrLockHeld: the handle holds a lock; unlock it first.
	ErrLockHeld = slot.ErrLockHeld
	// ErrNoLock: there is no lock of this number or name, or none is left.
	ErrNoLock = slot.ErrNoLock
)

// A Guard is one acquisition of a [Spinlock]: Unlock gives the lock back. It is a
// value, may be handed to another goroutine, and finds out if it is used twice.
type Guard = slot.Guard

// A Spinlock is a lock between the processes of one channel. It spins for a moment
// and sleeps then. Whoever waits for it is not served in any order.
//
// If a process dies while it has the lock, exactly one of the others gets
// ErrOwnerDied, and whoever locks after that ErrPoisoned, until somebody calls
// MarkConsistent on his guard. With these two errors the lock is taken: look at
// what it guards, mend it, mark it, unlock. Do does not call its function then.
//
// A Spinlock may be used by several goroutines at once, also while others use the
// handle it is from. It is not recursive: a goroutine that locks it twice waits for
// itself. The handle's Close refuses while it holds a lock.
type Spinlock struct {
	l       slot.Lock
	timeout time.Duration
}

// TryLock takes the lock if nobody has it who lives. If ok, the error can be
// ErrOwnerDied or ErrPoisoned.
func (s Spinlock) TryLock() (g Guard, ok bool, err error) { return s.l.TryLock() }

// Lock takes the lock, and waits for it as [Timeout] and ctx allow; a
// [TimeoutError] names the owner. The end of ctx is noticed within 50 ms.
//
// With ErrOwnerDied and ErrPoisoned the lock is taken and must be unlocked; with
// any other error it is not.
func (s Spinlock) Lock(ctx context.Context) (Guard, error) { return s.l.Lock(ctx, s.timeout) }

// Do calls fn under the lock and unlocks, whatever fn does. Of a poisoned lock, it
// returns the error without calling fn, and the lock stays poisoned.
func (s Spinlock) Do(ctx context.Context, fn func() error) (err error) {
	g, err := s.Lock(ctx)
	if err != nil {
		if errors.Is(err, ErrPoisoned) {
			err = errors.Join(err, g.Unlock())
		}
		return err
	}
	defer func() { err = errors.Join(err, g.Unlock()) }()
	return fn()
}

// Index returns the number of the lock, -1 for the ControlMutex.
func (s Spinlock) Index() int { return s.l.Index() }

// Name returns the name the lock is given out under, "" if it is not.
func (s Spinlock) Name() string { return s.l.Name() }

// SpinlockCount returns how many spinlocks the channel has.
func (h *handle) SpinlockCount() int { return h.locks.Count() }

// GetSpinlock returns spinlock i. ErrNoLock: i is not 0 to SpinlockCount()-1. In a
// channel with a shared flexible zone lock 0 guards that.
func (h *handle) GetSpinlock(i int) (Spinlock, error) {
	l, err := h.locks.At(i)
	return Spinlock{l, h.opts.timeout}, err
}

// NamedSpinlock returns the spinlock that is given out under name, and gives one
// out if there is none: the free one with the highest number, so that programs that
// use fixed low numbers are not disturbed. A name is 1 to 32 bytes of text. It waits
// for the ControlMutex as [Spinlock.Lock]. ErrNoLock: all are given out.
func (h *handle) NamedSpinlock(ctx context.Context, name string) (Spinlock, error) {
	l, err := h.locks.Named(ctx, h.opts.timeout, name)
	return Spinlock{l, h.opts.timeout}, err
}

// FreeSpinlock takes back the spinlock that is given out under name. ErrNoLock:
// there is none. It is a [TimeoutError] if somebody has the lock. Nobody may use it
// under this name any more.
func (h *handle) FreeSpinlock(ctx context.Context, name string) error {
	return h.locks.Free(ctx, h.opts.timeout, name)
}

// ControlMutex returns the lock that guards what is given out in the control file:
// NamedSpinlock and FreeSpinlock take it, and wait for whoever has it.
func (h *handle) ControlMutex() Spinlock { return Spinlock{h.locks.Control(), h.opts.timeout} }
