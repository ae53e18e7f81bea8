package slot

// TryClaim is Claim if that does not have to wait: ok is false if the ring is full,
// or for any reason that Claim returns as an error.
func (w *Writer) TryClaim() (payload []byte, ok bool) {
	if w.claimed != 0 || w.closed {
		return nil, false
	}
	if w.conf.latest() {
		if w.claimLatest() != nil {
			return nil, false
		}
	} else {
		if w.pos >= w.limit && !w.rescan(1) {
			return nil, false
		}
		w.claimed = 1
		if !w.plain {
			w.prepare(w.off)
		}
	}
	return w.buf.Bytes(w.off+w.payload, w.size), true
}

// Claimed returns how many slots are claimed.
func (w *Writer) Claimed() int { return int(w.claimed) }

// Unread returns how many values a single reader, the present or the next one, has
// not read yet. It is 0 in other blocks, which promise nothing to later readers.
func (w *Writer) Unread() uint64 {
	if !w.single || w.closed {
		return 0
	}
	cursor := w.cells[0].cursor.Load()
	if n := w.pos - cursor; n <= uint64(w.plan.Capacity) {
		return n
	}
	return 0 // nonsense, or a reader beyond what is committed
}

// Readers returns how many readers are attached and alive now. It asks the system
// about each cell that is in use.
func (w *Writer) Readers() int {
	if w.closed {
		return 0
	}
	n := 0
	for i := range w.cells {
		if active(w.cells[i].incarnation.Load()) && w.host.CellAlive(i) {
			n++
		}
	}
	return n
}

// Poll is [Reader.TryAcquire] again and again for as long as that is worth before
// sleeping. For plain values there is PollPlain.
func (r *Reader) Poll() (Slot, bool, error) {
	if r.err == nil && r.held == 0 && !r.spin() {
		return Slot{}, false, nil
	}
	return r.TryAcquire()
}

// PutBack ends the use of the value that was lent last, as if it had never been: it
// will be lent again.
func (r *Reader) PutBack() {
	if r.held == 0 {
		return
	}
	r.held = 0
	if r.conf.latest() {
		r.seen = 0
		r.cell.hold.Store(0) // as in Release
	}
}
