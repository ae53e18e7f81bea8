package slot

// Fail says why the memory cannot be relied on any more: from now on every call
// returns err and touches nothing. What is claimed is to be given back all the
// same; Close still tries to tell the readers.
func (w *Writer) Fail(err error) {
	if !w.closed {
		w.closed, w.failure, w.limit, w.plain = true, err, 0, false
	}
}

// refusal returns why a closed writer is.
func (w *Writer) refusal() error {
	if w.failure != nil {
		return w.failure
	}
	return ErrHandleClosed
}

// Fail says why the memory cannot be relied on any more: from now on every call
// returns err and touches nothing, and no value is in use. Leave still tries to give
// the cell back.
func (r *Reader) Fail(err error) {
	if r.err != ErrHandleClosed {
		r.err, r.plain, r.held = err, false, 0
	}
}

// Forget ends the guard without touching its lock, whose memory is not there any
// more. A second time does nothing.
func (g Guard) Forget() {
	if t := g.l.t; t != nil {
		if _, twice := t.forgotten.LoadOrStore(g.token, true); !twice {
			t.inside.drop()
		}
	}
}
