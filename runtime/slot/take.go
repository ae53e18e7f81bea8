package slot

import (
	"fmt"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
)

// Latest lends the newest value of a block of latest values, also if it was lent
// before. ok is false if there is none yet.
func (r *Reader) Latest() (s Slot, ok bool, err error) {
	switch {
	case r.err != nil:
		return Slot{}, false, r.err
	case r.held != 0:
		return Slot{}, false, ErrLoanOpen
	case !r.conf.latest():
		return Slot{}, false, fmt.Errorf("%w: values of this block are read in order", ErrNotSupported)
	}
	l := r.latest.Load() // pairs with the latest store in Writer.commitLatest
	switch {
	case l == 0 || l == r.bad: // reported once
		return Slot{}, false, nil
	case r.passive:
		return r.observe(l)
	}
	return r.take(l)
}

// take lends the value that the word l names, or the one that has replaced it.
func (r *Reader) take(l uint64) (Slot, bool, error) {
	l, err := r.hold(l)
	if err != nil {
		r.cell.hold.Store(0)
		return Slot{}, false, err
	}
	s := latestSlot(l)
	stamp := r.stamp(s).Load()
	if !latestFits(l, stamp) {
		r.cell.hold.Store(0)
		return Slot{}, false, fmt.Errorf("%w: latest is %#x, the stamp of its slot %d", ErrCorrupt, l, stamp)
	}
	r.off = uintptr(s) * r.stride
	return r.newest(l, stamp, r.slots.Bytes(r.off+8, r.stride-8))
}

// newest lends the latest value, whose slot behind the stamp is b.
func (r *Reader) newest(l, stamp uint64, b []byte) (Slot, bool, error) {
	if seq := stamp - 1; r.began && seq > r.pos {
		r.lost += seq - r.pos
	}
	r.began, r.seen, r.pos = true, l, stamp-1
	s, ok, err := r.deliver(b)
	if !ok {
		r.bad = l
	}
	return s, ok, err
}

// hold makes the writer keep away from the latest slot. It only does if the slot
// is the latest still: a writer that has not seen the hold has not written there
// since, because it never writes to the latest slot.
func (r *Reader) hold(l uint64) (uint64, error) {
	for {
		s := latestSlot(l)
		if s >= uint64(r.plan.Slots) {
			return 0, fmt.Errorf("%w: latest names slot %d of %d", ErrCorrupt, s, r.plan.Slots)
		}
		r.cell.hold.Store(s + 1) // pairs with the hold load in Writer.scanHolds
		again := r.latest.Load() // the whole word: the slot may be the same, written again
		if again == l {
			return l, nil
		}
		r.count.Retries++
		l = again
	}
}

// copyNext copies the next value out, because the writer may be overwriting it,
// and then looks whether it was.
func (r *Reader) copyNext() (Slot, bool, error) {
	for tries := 0; ; tries++ {
		if r.slots.Fast64(r.off).Load() == r.pos+1 { // as in TryAcquire
			r.slots.CopyOut(r.buf, r.off+8)
			// No load of the copy moves below this store, and no load below it above;
			// arm64 needs both.
			r.private.Store(0)
			if r.intact(r.pos) {
				return r.deliver(r.buf)
			}
		} else if r.intact(r.pos) {
			r.show()
			return Slot{}, false, nil
		}
		if r.conf.Sync != hdr.SyncOverwrite {
			return Slot{}, false, r.fail(ErrEvicted)
		}
		r.count.Retries++
		r.skip(tries)
	}
}

// intact reports whether position q was not overwritten before now.
func (r *Reader) intact(q uint64) bool {
	if r.conf.Sync == hdr.SyncOverwrite {
		return q+uint64(r.plan.Capacity) >= r.gate.Load() // pairs with the gate store in Writer.rescan
	}
	return r.evicted.Load() != r.inc // pairs with the evicted store in Writer.evict
}

// skip moves a reader that was overrun to the oldest position that is whole, and,
// if it was overrun there again and again, nearer to the newest.
func (r *Reader) skip(tries int) {
	c := uint64(r.plan.Capacity)
	q := max(r.pos, r.gate.Load()-c)
	if head := r.head.Load(); head > q {
		q += (head - q) * uint64(min(tries, 4)) / 5
	}
	r.lost += q - r.pos
	r.pos = q
	r.off = uintptr(q%c) * r.stride
}
