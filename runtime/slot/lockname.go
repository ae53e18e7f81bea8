package slot

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
)

// MaxLockName is how long the name of a lock can be, in bytes.
const MaxLockName = len(hdr.Spinlock{}.Name)

// Named returns the lock that is given out under name, and gives one out if there
// is none: the free one with the highest number, so that programs that use fixed
// low numbers are not disturbed. It waits for the control lock as [Lock.Lock].
// ErrNoLock: all are given out.
func (t *Locks) Named(ctx context.Context, timeout time.Duration, name string) (l Lock, err error) {
	if err := checkLockName(name); err != nil {
		return Lock{}, err
	}
	err = t.withControl(ctx, timeout, func() error {
		free := -1
		for i := t.first(); i < t.Count(); i++ {
			switch given := (Lock{t, i}).Name(); given {
			case name:
				l = Lock{t, i}
				return nil
			case "":
				free = i
			}
		}
		if free < 0 {
			return fmt.Errorf("%w: all %d are given out, none for %q", ErrNoLock, t.Count()-t.first(), name)
		}
		l = Lock{t, free}
		l.give(name)
		return nil
	})
	return l, err
}

// Free takes back the lock that is given out under name. ErrNoLock: there is none.
// A lock that somebody has is not taken back: *TimeoutError. One that was poisoned
// is whole again.
func (t *Locks) Free(ctx context.Context, timeout time.Duration, name string) error {
	if err := checkLockName(name); err != nil {
		return err
	}
	return t.withControl(ctx, timeout, func() error {
		for i := t.first(); i < t.Count(); i++ {
			l := Lock{t, i}
			if l.Name() != name {
				continue
			}
			g, err := l.Lock(ctx, 0)
			if err != nil && !errors.Is(err, ErrPoisoned) {
				return err
			}
			l.take()
			return errors.Join(g.MarkConsistent(), g.Unlock())
		}
		return fmt.Errorf("%w: none is given out for %q", ErrNoLock, name)
	})
}

// first returns the number of the first lock that can be given out.
func (t *Locks) first() int {
	if t.conf.FlexMode == hdr.FlexModeShared {
		return flexLock + 1
	}
	return 0
}

// withControl runs fn under the control lock. What that guards is whole after each
// store, see give: if its owner has died there is nothing to repair.
func (t *Locks) withControl(ctx context.Context, timeout time.Duration, fn func() error) error {
	g, err := t.Control().Lock(ctx, timeout)
	if errors.Is(err, ErrPoisoned) {
		err = g.MarkConsistent()
	}
	if err != nil {
		return fmt.Errorf("control lock: %w", err)
	}
	done := false
	defer func() {
		if !done { // the locks' memory is gone
			g.Forget()
		}
	}()
	err = fn()
	done = true
	return errors.Join(err, g.Unlock())
}

// Name returns the name the lock is given out under, "" if it is not, or after the
// handle was closed.
func (l Lock) Name() string {
	if l.t == nil || l.i == controlLock || !l.t.inside.enter() {
		return ""
	}
	defer l.t.inside.leave()
	r, off := l.at()
	if r.U64(off+uint64(hdr.FieldSpinlockAllocated)).Load() == 0 {
		return ""
	}
	b := make([]byte, MaxLockName)
	r.PeekBytes(b, off+uint64(hdr.FieldSpinlockName))
	return text(b)
}

// give writes the name first: a lock whose giver died in between is free.
func (l Lock) give(name string) {
	r, off := l.at()
	b := make([]byte, MaxLockName)
	copy(b, name)
	r.PokeBytes(off+uint64(hdr.FieldSpinlockName), b)
	r.U64(off + uint64(hdr.FieldSpinlockAllocated)).Store(1)
}

func (l Lock) take() {
	r, off := l.at()
	r.U64(off + uint64(hdr.FieldSpinlockAllocated)).Store(0)
}

func checkLockName(name string) error {
	if name == "" || len(name) > MaxLockName || strings.IndexByte(name, 0) >= 0 || !utf8.ValidString(name) {
		return fmt.Errorf("%w: %q is no name for a lock: want 1 to %d bytes of text", ErrMisuse, name, MaxLockName)
	}
	return nil
}
