package slot

import (
	"fmt"

	"github.com/pylabhub/datahub/runtime/internal/word"
)

// What follows is done by those who look after a block. Each step is one that a
// participant takes as well, in the same order and under the same lock, so that who
// dies in the middle leaves what a participant's death may leave, and all of it may
// be done twice.

// CleanCell frees cell i if its owner is dead, as a writer that needs room does, and
// reports whether there was something to free. A living owner's cell is left alone.
// The memory of the control file must be mapped for writing.
func (b *Book) CleanCell(i int, h Host) (freed bool, err error) {
	c := b.cell(i)
	won, err := h.TryLockCell(i)
	if err != nil || !won {
		return false, err
	}
	freed = sweep(&c)
	if c.hold.Load() != 0 { // no consumer leaves one in a free cell, and no writer writes there
		c.hold.Store(0)
		freed = true
	}
	h.UnlockCell(i)
	if freed && b.roomWanted.Load() != 0 { // as in Reader.Leave
		b.roomBell.Add(1)
		h.Wake(word.Addr(b.roomBell))
	}
	return freed, nil
}

// TakePlace takes the place of the consumer that uses cell i in that incarnation,
// dead or alive: the writer does not wait for it any more, and it is told that
// nothing of the value it was reading is to be believed. It reports false if
// somebody else uses the cell by now.
//
// The word is swapped, not stored: a writer that takes the place of a later
// incarnation in between must find its own number there afterwards.
func (b *Book) TakePlace(i int, incarnation uint64, h Host) bool {
	c := b.cell(i)
	was := c.evicted.Load()
	if c.incarnation.Load() != incarnation || !active(incarnation) {
		return false
	}
	if was != incarnation && !c.evicted.CompareAndSwap(was, incarnation) {
		return c.evicted.Load() == incarnation
	}
	if b.roomWanted.Load() != 0 {
		b.roomBell.Add(1)
		h.Wake(word.Addr(b.roomBell))
	}
	return true
}

// Unfinished returns how many values the last writer stamped that head does not
// show. The caller holds the producer's lock, or the answer is of the past.
// ErrCorrupt: head and gate, or latest and its slot, do not fit each other.
func (b *Book) Unfinished() (n uint64, err error) {
	if b.conf.latest() {
		w := Writer{view: b.view}
		return 0, w.resumeLatest()
	}
	head, gate, c := b.head.Load(), b.gate.Load(), uint64(b.plan.Capacity)
	if gate-head > c { // as in resumeOrdered, where this is explained
		return 0, fmt.Errorf("%w: head %d and gate %d with capacity %d", ErrCorrupt, head, gate, c)
	}
	for n < c && b.stamp((head+n)%c).Load() == head+n+1 {
		n++
	}
	return n, nil
}

// FinishWriter does what the next writer would begin with: head is moved over what
// was stamped, and everybody who sleeps looks again. It reports how many values
// head was behind. The caller holds the producer's lock, and has the memory of both
// files mapped for writing.
func (b *Book) FinishWriter(h Host) (n uint64, err error) {
	n, err = b.Unfinished()
	if err != nil {
		return 0, err
	}
	if n != 0 {
		b.head.Store(b.head.Load() + n)
	}
	b.roomWanted.Store(0)
	b.sleepers.Store(0) // in this order, as in Writer.wake
	b.bell.Add(1)
	h.Wake(word.Addr(b.bell))
	return n, nil
}
