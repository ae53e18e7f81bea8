package slot

import (
	"context"
	"fmt"
	"time"
)

// AcquireN is Acquire for up to n values in a row, 1 to the capacity. It waits for
// the first of them and takes what is there behind it; At returns them. A bad
// value ends a batch: the next call reports it.
func (r *Reader) AcquireN(ctx context.Context, timeout time.Duration, n int) (int, error) {
	if err := r.CheckBatch(n); err != nil {
		return 0, err
	}
	if _, err := r.Acquire(ctx, timeout); err != nil {
		return 0, err
	}
	return r.Extend(n), nil
}

// CheckBatch returns an error if n values cannot be lent at once.
func (r *Reader) CheckBatch(n int) error {
	switch {
	case r.conf.latest() && n > 1:
		return fmt.Errorf("%w: latest values are read one by one", ErrNotSupported)
	case n < 1 || n > int(r.plan.Capacity):
		return fmt.Errorf("%w: %d is not between 1 and the capacity %d", ErrBatch, n, r.plan.Capacity)
	}
	return nil
}

// Extend lends what is there behind the values in use, until n are, and returns
// how many are in use now.
func (r *Reader) Extend(n int) int {
	if r.held != 0 && !r.conf.latest() {
		for m := uint64(min(n, int(r.plan.Capacity))); r.held < m && r.more(); {
			r.held++
		}
	}
	return int(r.held)
}

// more reports whether the value behind those in use is there, whole and good.
func (r *Reader) more() bool {
	seq, off := r.pos+r.held, r.ahead(r.held)
	// Only for this position, as in TryAcquire.
	if r.slots.Fast64(off).Load() != seq+1 {
		return false
	}
	if r.plain {
		return true
	}
	if r.copies() {
		b := r.copied(r.held)
		r.slots.CopyOut(b, off+8)
		r.private.Store(0) // as in copyNext
		if !r.intact(seq) {
			return false
		}
		return r.check(new(Slot), b, seq) == nil
	}
	return r.check(new(Slot), r.slots.Bytes(off+8, r.stride-8), seq) == nil
}

// ahead returns where the slot of the i-th value from here begins, i up to the
// capacity.
func (r *Reader) ahead(i uint64) uintptr {
	off := r.off + uintptr(i)*r.stride
	if off >= r.end {
		off -= r.end
	}
	return off
}

// copies reports whether values are lent as private copies.
func (r *Reader) copies() bool { return r.passive || r.conf.racy() }

// copied returns the private memory of the i-th value from here.
func (r *Reader) copied(i uint64) []byte {
	if i += r.skipped; i != 0 {
		size := uint64(len(r.buf))
		if need := i * size; need > uint64(len(r.batch)) {
			r.batch = append(make([]byte, 0, need), r.batch...)[:need]
		}
		return r.batch[(i-1)*size : i*size : i*size]
	}
	return r.buf
}

// bytes returns the i-th slot in use, behind its stamp.
func (r *Reader) bytes(i uint64) []byte {
	switch {
	case r.copies():
		return r.copied(i)
	case r.conf.latest():
		return r.slots.Bytes(r.off+8, r.stride-8)
	}
	return r.slots.Bytes(r.ahead(i)+8, r.stride-8)
}

// Held returns how many values are in use.
func (r *Reader) Held() int { return int(r.held) }

// At returns the i-th value in use, the zero Slot if there are fewer.
func (r *Reader) At(i int) (s Slot) {
	if uint64(i) >= r.held {
		return Slot{}
	}
	// What was checked may have changed since: only hostile writers do that, and
	// parse bounds it again.
	if r.parse(&s, r.bytes(uint64(i)), r.pos+uint64(i)) != nil {
		return Slot{}
	}
	if i == 0 {
		s.Lost = r.lost
	}
	return s
}

// ReleaseN is Release for the first n values in use: the others stay, and At
// counts from the first of them.
func (r *Reader) ReleaseN(n int) error {
	switch {
	case r.held == 0:
		return r.noLoan()
	case n < 1 || uint64(n) > r.held:
		return fmt.Errorf("%w: release of %d values, %d are in use", ErrBatch, n, r.held)
	}
	rest := r.held - uint64(n)
	r.held = uint64(n)
	err := r.Release()
	if err == nil {
		r.held, r.skipped = rest, r.skipped+uint64(n)
	}
	return err
}

// Whole returns ErrEvicted if the values in use may have been overwritten because
// the reader has lost its place, as Release would.
func (r *Reader) Whole() error {
	if r.err != nil {
		return r.err
	}
	if r.evicted.Load() == r.inc { // pairs with the evicted store in Writer.evict
		return ErrEvicted
	}
	return nil
}
