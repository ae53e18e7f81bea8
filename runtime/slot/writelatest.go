package slot

import "fmt"

// resumeLatest goes on behind the latest value, whose slot is not written while it
// is the latest: its stamp tells the whole sequence number. Stamps of other slots
// are no evidence.
func (w *Writer) resumeLatest() error {
	l := w.view.latest.Load()
	if l == 0 {
		w.pos = w.view.head.Load() // where the block began
		return nil
	}
	s := latestSlot(l)
	if s >= uint64(w.plan.Slots) {
		return fmt.Errorf("%w: latest names slot %d of %d", ErrCorrupt, s, w.plan.Slots)
	}
	stamp := w.stamp(s).Load()
	if !latestFits(l, stamp) {
		return fmt.Errorf("%w: latest is %#x, the stamp of its slot %d", ErrCorrupt, l, stamp)
	}
	w.current, w.pos = s+1, stamp
	return nil
}

// claimLatest takes a slot that is not the latest and that nobody holds.
func (w *Writer) claimLatest() error {
	if len(w.free) == 0 {
		w.scanHolds()
	}
	last := len(w.free) - 1
	if last < 0 {
		// There are two slots more than cells, and each cell names one at most.
		return fmt.Errorf("%w: every slot is held", ErrCorrupt)
	}
	w.slot, w.free = w.free[last], w.free[:last]
	w.off = uintptr(w.slot) * w.stride
	// Whoever copies this slot without a hold finds its stamp changed. Loaded back so
	// that on arm64, too, the payload is written after it. Pairs with the stamp load
	// in Observer.
	stamp := w.slots.Fast64(w.off)
	stamp.Store(0)
	stamp.Load()
	w.prepare(w.off)
	w.claimed = 1
	return nil
}

// scanHolds finds the slots that may be written. A hold only sticks on the slot
// that is the latest, and none of those found is: each is good for one write, then
// it may be held.
func (w *Writer) scanHolds() {
	if w.count.Rescans++; w.count.Rescans%flushScans == 0 {
		w.flushSometimes()
	}
	clear(w.busy)
	if w.current != 0 {
		w.busy[w.current-1] = true
	}
	for i := range w.cells {
		c := &w.cells[i]
		h := c.hold.Load() // pairs with the hold store in Reader.hold
		switch {
		case h == 0:
		case h <= uint64(len(w.busy)):
			w.busy[h-1] = true
		default:
			if inc := c.incarnation.Load(); !w.isOut(i, inc) {
				w.detach(i, inc)
			}
		}
	}
	for s, busy := range w.busy {
		if !busy {
			w.free = append(w.free, uint64(s))
		}
	}
}

// commitLatest publishes the claimed slot as the latest.
func (w *Writer) commitLatest() {
	stamp := w.pos + 1
	w.finish(w.off, stamp, w.now())
	w.slots.Fast64(w.off).Store(stamp)
	// Publishes the payload and the stamp; pairs with the latest loads in Reader.hold.
	w.latest.Store(latestWord(stamp, w.slot))
	w.current, w.pos = w.slot+1, stamp
}
