package slot

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/internal/word"
)

// What an attempt to lock may return, for errors.Is.
var (
	// ErrPoisoned: the lock is taken, but somebody died while he had it, and nobody
	// has said since that what it guards is whole.
	ErrPoisoned = errors.New("lock is poisoned: its owner died: what it guards may be half changed")
	// ErrOwnerDied is the ErrPoisoned of the one who took the lock from the dead.
	ErrOwnerDied = fmt.Errorf("%w, and this is the first to know", ErrPoisoned)
	// ErrNotLocked: the guard was unlocked before.
	ErrNotLocked = fmt.Errorf("%w: the guard does not hold its lock", ErrMisuse)
	// ErrLockHeld: unlock first.
	ErrLockHeld = fmt.Errorf("%w: a lock is held: unlock it first", ErrMisuse)
	// ErrNoLock: there is no lock of this number or name, or none is left.
	ErrNoLock = errors.New("no such lock")
)

// Parts of a lock's word besides the bits of hdr.Spinlock.
const (
	lockOwnerMask = 1<<(hdr.SpinlockNonceShift-hdr.SpinlockOwnerShift) - 1
	lockNonceMask = 1<<(32-hdr.SpinlockNonceShift) - 1
	lockFlags     = uint64(hdr.SpinlockWaiters | hdr.SpinlockPoisoned)
	lockHalf      = math.MaxUint32
)

// maxLockWait is how long anybody sleeps before he looks whether the owner of the
// lock lives: the owner's death wakes nobody.
const maxLockWait = 50 * time.Millisecond

// lockSpin is how often a lock is looked at before sleeping.
const lockSpin = 500

// Locks are the spinlocks of a block as one handle sees them. Unlike the handle
// they may be used by several goroutines at once.
type Locks struct {
	*view
	host     Host
	clock    Clock
	strategy Strategy
	self     uint64    // the owner's number: 0 the producer, else cell + 1
	id       *word.U64 // the producer's epoch, or the cell's incarnation
	nonce    atomic.Uint32

	inside gate
	moving atomic.Bool // the cell's incarnation is about to change
	// forgotten are the tokens of guards that ended without their locks.
	forgotten sync.Map

	waits, waitNS atomic.Uint64
}

func newLocks(v *view, h Host, s Strategy, c Clock, self uint64, id *word.U64) *Locks {
	return &Locks{view: v, host: h, strategy: s, clock: c, self: self, id: id, inside: newGate()}
}

// Locks returns the locks as the producer.
func (w *Writer) Locks() *Locks { return w.locks }

// Locks returns the locks as this consumer.
func (r *Reader) Locks() *Locks { return r.locks }

// Count returns how many locks the block has.
func (t *Locks) Count() int { return int(t.conf.Spinlocks) }

// Held returns how many guards of this handle hold a lock.
func (t *Locks) Held() int { return int(t.inside.guards()) }

// Shut ends the use of the locks if this handle holds none, and waits for calls
// that are under way. Otherwise it does nothing and returns false.
func (t *Locks) Shut() bool { return t.inside.closeUnheld() }

// At returns lock i. ErrNoLock: i is not 0 to Count-1.
func (t *Locks) At(i int) (Lock, error) {
	if i < 0 || i >= t.Count() {
		return Lock{}, fmt.Errorf("%w: number %d, the block has %d", ErrNoLock, i, t.Count())
	}
	return Lock{t, i}, nil
}

// Control returns the lock that guards what is given out in the control file.
func (t *Locks) Control() Lock { return Lock{t, controlLock} }

// controlLock is the number of the lock that is not one of the user's.
const controlLock = -1

// A Lock is a lock between processes. It is not for recursion: who locks it twice
// waits for himself. A Lock is good as long as its handle; the zero Lock is none.
type Lock struct {
	t *Locks
	i int
}

// Index returns the number of the lock, -1 for the control lock.
func (l Lock) Index() int { return l.i }

// at returns the region and the offset of the lock's record.
func (l Lock) at() (word.Region, uint64) {
	if l.i == controlLock {
		return l.t.control, uint64(hdr.FieldControlWordsMutex)
	}
	return l.t.spinlocks, uint64(l.i) * uint64(l.t.plan.SpinlockStride)
}

func (l Lock) word() *word.U64 {
	r, off := l.at()
	return r.U64(off + uint64(hdr.FieldSpinlockWord))
}

// bell returns what waiters sleep on: the low half of the word, which comes first.
func (l Lock) bell() *uint32 {
	r, off := l.at()
	return word.Addr(r.U32(off + uint64(hdr.FieldSpinlockWord)))
}

// TryLock takes the lock if nobody has it, or only a dead owner: ok is false if
// somebody lives who has it. If ok, the error can be ErrOwnerDied or ErrPoisoned.
func (l Lock) TryLock() (g Guard, ok bool, err error) {
	t := l.t
	if t == nil {
		return Guard{}, false, ErrNoLock
	}
	if !t.enter() {
		return Guard{}, false, ErrHandleClosed
	}
	defer t.inside.leave()
	token := t.token()
	if _, ok, err = l.attempt(token, 0, true); !ok {
		return Guard{}, false, nil
	}
	return l.taken(token, err)
}

// Lock takes the lock and waits for it: not at all if timeout is 0, without end if
// it is negative; a *TimeoutError names the owner. The end of ctx is noticed
// within 50 ms.
//
// With ErrOwnerDied and ErrPoisoned the lock is taken, and must be unlocked; with
// any other error it is not.
func (l Lock) Lock(ctx context.Context, timeout time.Duration) (Guard, error) {
	g, _, err := l.lock(ctx, timeout)
	return g, err
}

// lock is Lock, and returns what the word held before it was taken.
func (l Lock) lock(ctx context.Context, timeout time.Duration) (g Guard, v uint64, err error) {
	t := l.t
	if t == nil {
		return Guard{}, 0, ErrNoLock
	}
	if !t.enter() {
		return Guard{}, 0, ErrHandleClosed
	}
	defer t.inside.leave()
	token := t.token()
	v, ok, err := l.attempt(token, 0, false)
	if !ok {
		if v, err = l.await(ctx, timeout, token); err != nil && !errors.Is(err, ErrPoisoned) {
			return Guard{}, 0, err
		}
	}
	g, _, err = l.taken(token, err)
	return g, v, err
}

// taken makes the guard of an attempt that worked.
func (l Lock) taken(token uint64, err error) (Guard, bool, error) {
	g := Guard{l, token}
	if !l.t.inside.hold() { // too late
		_ = g.unlock()
		return Guard{}, false, ErrHandleClosed
	}
	return g, true, err
}

// await waits until the lock is taken, and returns what its word held before.
func (l Lock) await(ctx context.Context, timeout time.Duration, token uint64) (uint64, error) {
	t := l.t
	start := t.clock.mono()
	until := deadline(start, timeout)
	t.waits.Add(1)
	defer func() { t.waitNS.Add(uint64(t.clock.mono() - start)) }()
	flags := uint64(0)
	for now := start; ; now = t.clock.mono() {
		if err := cause(ctx); err != nil {
			return 0, err
		}
		if t.inside.closed() {
			return 0, ErrHandleClosed
		}
		free := timeout != 0 && l.spin()
		v, ok, err := l.attempt(token, flags, !free)
		switch {
		case ok:
			return v, err
		case free: // somebody was faster
		case now >= until:
			return 0, l.timedOut(v, start)
		case t.strategy == Busy:
			runtime.Gosched()
		case l.announce(v):
			d := min(time.Duration(until-now), maxLockWait)
			if end, ok := ctx.Deadline(); ok {
				d = min(d, time.Until(end))
			}
			if d > 0 {
				t.host.Wait(l.bell(), uint32(v|uint64(hdr.SpinlockWaiters)), d)
			}
			// Others that slept may do so still, and only the next unlock wakes them.
			flags = uint64(hdr.SpinlockWaiters)
		}
	}
}

// attempt takes the lock if nobody has it or, with probe, if its owner is dead.
// token is what its word is to hold, with flags. v is what it held.
func (l Lock) attempt(token, flags uint64, probe bool) (v uint64, ok bool, err error) {
	w := l.word()
	for {
		// Pairs with the swap in Guard.unlock: what the last owner stored is seen.
		v = w.Load()
		switch {
		case v&uint64(hdr.SpinlockLocked) == 0:
			if w.CompareAndSwap(v, token|flags|v&lockFlags) {
				if v&uint64(hdr.SpinlockPoisoned) != 0 {
					err = ErrPoisoned
				}
				return v, true, err
			}
		case probe && l.t.dead(v):
			// Of all who have found that, the one whose swap works is told.
			if w.CompareAndSwap(v, token|lockFlags) {
				return v, true, ErrOwnerDied
			}
		default:
			return v, false, nil
		}
	}
}

// dead reports whether the owner in v is no more. v was loaded before: if the
// owner unlocks and leaves in the meantime, or another one takes the lock and
// dies, the word is another, and the swap that follows does nothing.
//
// The lock byte is probed before the incarnation is loaded: the next owner of a
// dead one's cell has the same byte, and moves the incarnation before it locks
// anything.
func (t *Locks) dead(v uint64) bool {
	owner, id := v>>hdr.SpinlockOwnerShift&lockOwnerMask, v>>32
	switch {
	case owner == t.self: // a handle sees its own byte as free
		return t.id.Load()&lockHalf != id
	case owner == 0:
		return !t.host.ProducerAlive() || t.epoch.Load()&lockHalf != id
	case owner > uint64(t.plan.Consumers):
		return true // what nobody stores
	}
	return !t.host.CellAlive(int(owner-1)) || t.cell(int(owner-1)).incarnation.Load()&lockHalf != id
}

// token returns the word of a new acquisition.
func (t *Locks) token() uint64 {
	return uint64(hdr.SpinlockLocked) | t.self<<hdr.SpinlockOwnerShift |
		uint64(t.nonce.Add(1)&lockNonceMask)<<hdr.SpinlockNonceShift | t.id.Load()<<32
}

// announce makes the owner that v names wake those who sleep. It reports false if
// the word has changed: then there may be no need.
func (l Lock) announce(v uint64) bool {
	w := uint64(hdr.SpinlockWaiters)
	return v&w != 0 || l.word().CompareAndSwap(v, v|w)
}

// spin looks for a while and reports whether the lock is free.
func (l Lock) spin() bool {
	n, w := lockSpin, l.word()
	if l.t.strategy == Block {
		n = 0
	}
	for range n {
		if w.Load()&uint64(hdr.SpinlockLocked) == 0 {
			return true
		}
	}
	return false
}

// timedOut returns the error for the owner in v, who was waited for since start.
func (l Lock) timedOut(v uint64, start int64) error {
	t := l.t
	h := Holder{Cell: HolderProducer}
	if owner := v >> hdr.SpinlockOwnerShift & lockOwnerMask; owner == 0 {
		p := readProducer(t.producer)
		h.PID, h.Start, h.Name = p.Who.PID, p.Who.Start, text(p.Who.Program[:])
	} else {
		h = t.cellOwner(int(owner - 1)) // there is such a cell: dead has looked
	}
	h.Since = t.clock.base.Add(time.Duration(start))
	return &TimeoutError{opLock, h}
}

// enter lets a call in, once the cell's incarnation is not about to change.
func (t *Locks) enter() bool {
	for t.inside.enter() {
		if !t.moving.Load() {
			return true
		}
		t.inside.leave()
		runtime.Gosched()
	}
	return false
}

// move keeps everybody out while the incarnation changes, until moved. It reports
// false if a lock is held, or about to be: its owner would be taken for dead.
func (t *Locks) move() bool {
	t.moving.Store(true)
	if t.inside.empty() {
		return true
	}
	t.moving.Store(false)
	return false
}

func (t *Locks) moved() { t.moving.Store(false) }

// close ends the use of the locks. ErrLockHeld: some are still held; the next to
// lock them are told that their owner died.
func (t *Locks) close() error {
	t.inside.close()
	if t.Held() != 0 {
		return ErrLockHeld
	}
	return nil
}

// counts adds what was counted since the last call.
func (t *Locks) counts(waits, ns *uint64) {
	*waits += t.waits.Swap(0)
	*ns += t.waitNS.Swap(0)
}
