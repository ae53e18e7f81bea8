package slot

import hdr "github.com/pylabhub/datahub/generated/datahub/segment"

// A Guard is one acquisition of a lock. It may be handed to another goroutine. If
// its handle is closed before it is unlocked, the next to lock are told that the
// owner died.
type Guard struct {
	l     Lock
	token uint64 // what the word holds, without waiters and poisoned
}

// Held reports whether the guard holds its lock.
func (g Guard) Held() bool {
	if g.l.t == nil || !g.l.t.inside.enter() {
		return false
	}
	defer g.l.t.inside.leave()
	return g.owns(g.l.word().Load())
}

func (g Guard) owns(v uint64) bool { return v&^lockFlags == g.token }

// MarkConsistent says that what the lock guards is whole again.
func (g Guard) MarkConsistent() error {
	if g.l.t == nil {
		return ErrNotLocked
	}
	if !g.l.t.inside.enter() {
		return ErrHandleClosed
	}
	defer g.l.t.inside.leave()
	w := g.l.word()
	for {
		v := w.Load()
		if !g.owns(v) {
			return ErrNotLocked
		}
		if w.CompareAndSwap(v, v&^uint64(hdr.SpinlockPoisoned)) {
			return nil
		}
	}
}

// Unlock gives the lock back. A lock that was poisoned and not marked consistent
// stays so. ErrNotLocked: that was done before.
func (g Guard) Unlock() error {
	if g.l.t == nil {
		return ErrNotLocked
	}
	if !g.l.t.inside.enter() {
		return ErrHandleClosed
	}
	defer g.l.t.inside.leave()
	return g.unlock()
}

func (g Guard) unlock() error {
	w := g.l.word()
	for {
		v := w.Load()
		if !g.owns(v) {
			return ErrNotLocked
		}
		// One swap; it only fails if a waiter sets his bit meanwhile. A plain one would
		// take the lock from its next owner if a guard were unlocked twice. Pairs with
		// the load in attempt.
		if !w.CompareAndSwap(v, v&uint64(hdr.SpinlockPoisoned)) {
			continue
		}
		g.l.t.inside.drop()
		if v&uint64(hdr.SpinlockWaiters) != 0 {
			g.l.t.host.Wake(g.l.bell())
		}
		return nil
	}
}
