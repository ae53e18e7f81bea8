package datablock

import (
	"context"
	"errors"
	"runtime/debug"

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
// value, may be handed to another goroutine, and finds out if it is used twice. If
// its handle is closed before it is unlocked, the next to lock are told that the
// owner died.
type Guard struct {
	g slot.Guard
	h *handle
}

// Held reports whether the guard holds its lock.
func (g Guard) Held() (held bool) {
	if g.h != nil {
		_ = g.h.guarded(func() error { held = g.g.Held(); return nil })
	}
	return held
}

// MarkConsistent says that what the lock guards is whole again.
func (g Guard) MarkConsistent() error {
	if g.h == nil {
		return ErrNotLocked
	}
	return g.h.guarded(g.g.MarkConsistent)
}

// Unlock gives the lock back. A lock that was poisoned and not marked consistent
// stays so. ErrNotLocked: that was done before. After ErrTruncated it is not held
// either.
func (g Guard) Unlock() error {
	if g.h == nil {
		return ErrNotLocked
	}
	return g.h.unlock(g.g)
}

// unlock unlocks g, or forgets it if its memory is gone.
func (h *handle) unlock(g slot.Guard) (err error) {
	done, old := false, debug.SetPanicOnFault(true)
	defer func() {
		if !done {
			g.Forget()
			err = h.rescue(old, recover())
		}
	}()
	err = g.Unlock()
	done = true
	debug.SetPanicOnFault(old)
	return err
}

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
	l slot.Lock
	h *handle
}

// TryLock takes the lock if nobody has it who lives. If ok, the error can be
// ErrOwnerDied or ErrPoisoned.
func (s Spinlock) TryLock() (g Guard, ok bool, err error) {
	if s.h == nil {
		return Guard{}, false, ErrNoLock
	}
	done, old := false, debug.SetPanicOnFault(true)
	defer func() {
		if !done {
			err = s.h.rescue(old, recover())
		}
	}()
	l, ok, err := s.l.TryLock()
	if ok {
		g = Guard{l, s.h}
	}
	done = true
	debug.SetPanicOnFault(old)
	return g, ok, err
}

// Lock takes the lock, and waits for it as [Timeout] and ctx allow; a
// [TimeoutError] names the owner. The end of ctx is noticed within 50 ms.
//
// With ErrOwnerDied and ErrPoisoned the lock is taken and must be unlocked; with
// any other error it is not.
func (s Spinlock) Lock(ctx context.Context) (g Guard, err error) {
	if s.h == nil {
		return Guard{}, ErrNoLock
	}
	done, old := false, debug.SetPanicOnFault(true)
	defer func() {
		if !done {
			err = s.h.rescue(old, recover())
		}
	}()
	l, err := s.l.Lock(ctx, s.h.opts.timeout)
	if err == nil || errors.Is(err, ErrPoisoned) {
		g = Guard{l, s.h}
	}
	done = true
	debug.SetPanicOnFault(old)
	return g, err
}

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
func (s Spinlock) Name() (name string) {
	if s.h != nil {
		_ = s.h.guarded(func() error { name = s.l.Name(); return nil })
	}
	return name
}

// SpinlockCount returns how many spinlocks the channel has.
func (h *handle) SpinlockCount() int { return h.locks.Count() }

// GetSpinlock returns spinlock i. ErrNoLock: i is not 0 to SpinlockCount()-1. In a
// channel with a shared flexible zone lock 0 guards that.
func (h *handle) GetSpinlock(i int) (Spinlock, error) {
	l, err := h.locks.At(i)
	return Spinlock{l, h}, err
}

// NamedSpinlock returns the spinlock that is given out under name, and gives one
// out if there is none: the free one with the highest number, so that programs that
// use fixed low numbers are not disturbed. A name is 1 to 32 bytes of text. It waits
// for the ControlMutex as [Spinlock.Lock]. ErrNoLock: all are given out.
func (h *handle) NamedSpinlock(ctx context.Context, name string) (s Spinlock, err error) {
	err = h.guarded(func() error {
		l, err := h.locks.Named(ctx, h.opts.timeout, name)
		s = Spinlock{l, h}
		return err
	})
	return s, err
}

// FreeSpinlock takes back the spinlock that is given out under name. ErrNoLock:
// there is none. It is a [TimeoutError] if somebody has the lock. Nobody may use it
// under this name any more.
func (h *handle) FreeSpinlock(ctx context.Context, name string) error {
	return h.guarded(func() error { return h.locks.Free(ctx, h.opts.timeout, name) })
}

// ControlMutex returns the lock that guards what is given out in the control file:
// NamedSpinlock and FreeSpinlock take it, and wait for whoever has it.
func (h *handle) ControlMutex() Spinlock { return Spinlock{h.locks.Control(), h} }
