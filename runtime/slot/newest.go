package slot

import "fmt"

// Newest lends an observer of values in order the newest one that is whole, also
// if it was lent before; Next goes on behind it, and what is skipped is not lost.
// ok is false if there is none: none was written, or a batch that is being written
// takes the whole ring.
func (r *Reader) Newest() (Slot, bool, error) {
	if r.err != nil {
		return Slot{}, false, r.err // the memory may be gone
	}
	if !r.passive || r.conf.latest() {
		return Slot{}, false, fmt.Errorf("%w: only observers of values in order go back", ErrNotSupported)
	}
	// Pairs with the head store in Writer.Commit. Before the first value the position
	// is far beyond head, and nothing is there.
	if err := r.Seek(StartAt, r.head.Load()-1); err != nil {
		return Slot{}, false, err
	}
	r.lost = 0
	return r.TryAcquire()
}

// SkipToNewest goes on with the newest value of a block whose values are read in
// order: those before it are released, as neither read nor lost. It does nothing
// while a value is in use.
func (r *Reader) SkipToNewest() {
	if r.err != nil || r.held != 0 || r.conf.latest() {
		return
	}
	// Not by Seek: who leaves and joins again gets only what the gate lets joiners have,
	// and that may be nothing while the writer waits for room for a batch.
	if n := r.Lag(); n > 1 {
		r.pos += n - 1
		r.off = uintptr(r.pos%uint64(r.plan.Capacity)) * r.stride
		r.show()
	}
}
