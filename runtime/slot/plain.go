package slot

// What follows is Release, TryAcquire, Poll and At for values that stand in order and
// in place with nothing beside them. It returns no [Slot]: Go passes one through
// memory, in pieces of another size than it loads again, and the processor waits for
// that longer than for all the rest. Seq and Lost tell what a Slot would.

// Plain reports whether Advance, PollPlain and PlainAt can be called. A reader that loses its
// place is not plain any more: TryAcquire tells why.
func (r *Reader) Plain() bool { return r.plain }

// Lost returns what Slot.Lost of the value in use is.
func (r *Reader) Lost() uint64 { return r.lost }

// Advance releases the values in use, if there are any, and lends the next one.
func (r *Reader) Advance() (payload []byte, ok bool) {
	if r.held != 0 && r.Release() != nil {
		return nil, false
	}
	return r.look()
}

// PollPlain lends the next value, for which it looks as long as that is worth before
// sleeping. No value is in use.
func (r *Reader) PollPlain() (payload []byte, ok bool) {
	stamp, next := r.slots.Fast64(r.off), r.pos+1
	for i := range r.wait.budget() {
		if stamp.Load() == next { // as in look
			r.wait.hit(i)
			r.held = 1
			return r.slots.Bytes(r.off+r.payload, r.size), true
		}
	}
	r.wait.miss()
	return nil, false
}

// look lends the next value if it is there.
func (r *Reader) look() (payload []byte, ok bool) {
	// Only for this position: stamps of others say nothing. Pairs with the stamp
	// store in Writer.Commit.
	if r.slots.Fast64(r.off).Load() != r.pos+1 {
		if r.shown != r.pos {
			r.show()
		}
		return nil, false
	}
	r.held = 1
	return r.slots.Bytes(r.off+r.payload, r.size), true
}

// PlainAt returns the i-th value in use.
func (r *Reader) PlainAt(i int) (payload []byte, ok bool) {
	if uint64(i) >= r.held {
		return nil, false
	}
	return r.slots.Bytes(r.ahead(uint64(i))+r.payload, r.size), true
}
