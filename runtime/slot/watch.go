package slot

import "github.com/pylabhub/datahub/runtime/internal/word"

// Pending reports whether there is something behind the values in use: a value, or
// an error, for TryAcquire to return. It only looks.
func (r *Reader) Pending() bool {
	switch {
	case r.err != nil:
		return true
	case r.conf.latest():
		return r.latest.Load() != r.seen // pairs with the latest store in Writer.commitLatest
	}
	seq := r.pos + r.held
	// As in TryAcquire and copyNext.
	return r.slots.Fast64(r.ahead(r.held)).Load() == seq+1 || r.conf.racy() && !r.intact(seq)
}

// Bell returns the word that changes when there is something for a reader that
// Arm has announced.
func (r *Reader) Bell() *uint32 { return word.Addr(r.bell) }

// Arm is the reader's half of going to sleep, for somebody else who sleeps for it:
// unless it is pending, or err says why there may be no more values, the reader is
// to be looked at again when Bell is not b any more, and, as its writer may die
// silently, after 100 ms at the latest. It may be called again at any time.
//
// The errors are those of Acquire and, like there, ErrProducerDied comes once per
// death; what was written before the end comes before it.
func (r *Reader) Arm() (b uint32, pending bool, err error) {
	if r.Pending() {
		return 0, true, nil
	}
	// In this order, for the reasons given in await. Pairs with the sleepers load in
	// Writer.Commit.
	b = r.bell.Load()
	r.sleepers.Store(1)
	if r.Pending() {
		return 0, true, nil
	}
	mourned := r.mourned
	if _, err := r.ended(r.clock.mono()); err != nil {
		if r.Pending() {
			r.mourned = mourned // to be told when that was read
			return 0, true, nil
		}
		return 0, false, err
	}
	if !r.conf.latest() {
		r.show()
	}
	r.flush()
	return b, false, nil
}
