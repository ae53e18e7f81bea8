package datablock

import (
	"fmt"
	"runtime/debug"
	"sync/atomic"

	"github.com/pylabhub/datahub/runtime/slot"
)

// ErrFlexBusy: the producer changed the flexible zone each time it was copied. Try
// again.
var ErrFlexBusy = slot.ErrFlexBusy

var errNoFlexValue = fmt.Errorf("flexible zone: %w", ErrNoValue)

// A FlexWriter writes the flexible zone of a channel: one value beside the slots,
// for what all of them have in common and what changes now and then.
//
// In mode DoubleBuffered nobody waits for anybody, and whatever happens to the
// producer, consumers see a value that was published whole. In mode Shared there is
// one copy, guarded by spinlock 0, which updates and reads in place hold meanwhile;
// they wait as [Timeout] says.
//
// It is for one goroutine at a time, which may be another than the one that writes
// slots. A call inside of Update is ErrLoanOpen. After Close: ErrClosed.
type FlexWriter[F any] struct{ flexWriter }

// A FlexReader reads the flexible zone of a channel; see [FlexWriter]. It is for
// one goroutine at a time, which may be another than the one that reads slots.
type FlexReader[F any] struct{ flexReader }

// NewFlexWriter returns the writer of p's flexible zone, always the same. Generated
// code calls it. If p has no zone of type F, what it returns only returns errors.
func NewFlexWriter[F, T any](p *Producer[T]) *FlexWriter[F] {
	p.mu.Lock()
	defer p.mu.Unlock()
	if f, ok := p.flex.(*FlexWriter[F]); ok {
		return f
	}
	f := &FlexWriter[F]{flexWriter{h: &p.handle}}
	if f.err = p.spec.checkFlex(sizeOf[F](), alignOf[F]()); f.err == nil {
		f.w, f.err = p.w.Flex()
	}
	p.flex = f
	return f
}

// NewFlexReader returns the reader of c's flexible zone, as [NewFlexWriter].
func NewFlexReader[F, T any](c *Consumer[T]) *FlexReader[F] {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f, ok := c.flex.(*FlexReader[F]); ok {
		return f
	}
	f := &FlexReader[F]{flexReader{h: &c.handle}}
	if f.err = c.spec.checkFlex(sizeOf[F](), alignOf[F]()); f.err == nil {
		f.r, f.err = c.r.Flex()
	}
	c.flex = f
	return f
}

// checkFlex refuses a type that is not that of the flexible zone.
func (s *Spec) checkFlex(size, align uint32) error {
	switch {
	case s.Flex == nil:
		return fmt.Errorf("flexible zone: %w: it was compiled without one", ErrNotSupported)
	case s.Flex.Size != size || s.Flex.Align%align != 0:
		return &ConfigError{Field: "Flex", Reason: fmt.Sprintf(
			"%s has %d bytes aligned to %d, the Go type %d aligned to %d: generate the code again",
			s.Flex.ID, s.Flex.Size, s.Flex.Align, size, align)}
	}
	return nil
}

// Update calls fn with a copy of the current value, all zero at first, and
// publishes what fn has made of it. If fn returns an error, panics or ends its
// goroutine, nothing is published. fn must not keep v.
//
// In mode Shared fn changes the zone itself, and it is put back as it was if fn
// fails; ErrOwnerDied, to one, and ErrPoisoned say that a process died meanwhile:
// Set then, which needs to know nothing of what was there.
func (f *FlexWriter[F]) Update(fn func(v *F) error) error {
	return f.update(func(b []byte) error { return fn(view[F](b)) })
}

// Set publishes a copy of *v.
func (f *FlexWriter[F]) Set(v *F) (err error) {
	if err := f.begin(); err != nil {
		return err
	}
	done, old := false, debug.SetPanicOnFault(true)
	defer func() {
		f.busy.Store(false)
		if !done {
			err = f.h.rescue(old, recover())
		}
	}()
	if f.w.Shared() {
		err = f.change(true, func(b []byte) error { *view[F](b) = *v; return nil })
	} else {
		*view[F](f.w.Buffer()) = *v
		err = f.w.Publish()
	}
	done = true
	debug.SetPanicOnFault(old)
	return err
}

// Get copies the zone's value to dst and returns its number: 1 for the first one
// that was published. dst is only changed if there is no error.
//
// Errors: ErrNoValue before the first; ErrFlexBusy in mode DoubleBuffered; in mode
// Shared [TimeoutError], and ErrOwnerDied, to one, and ErrPoisoned if a process died
// there: the producer's next Set mends that.
func (f *FlexReader[F]) Get(dst *F) (seq uint64, err error) {
	err = f.read(func(b []byte) error { *dst = *view[F](b); return nil })
	if err != nil {
		return 0, err
	}
	return f.seen, nil
}

// Read calls fn with the zone's value, which is good until fn returns: a private
// copy, or in mode Shared the zone itself, which is read-only and holds the producer
// up meanwhile. The errors are those of Get and of fn.
func (f *FlexReader[F]) Read(fn func(v *F) error) error {
	return f.read(func(b []byte) error { return fn(view[F](b)) })
}

// flexWriter is the part of a FlexWriter that does not depend on the type.
type flexWriter struct {
	h    *handle
	w    *slot.FlexWriter
	busy atomic.Bool
	err  error // why there is no zone
}

func (f *flexWriter) begin() error {
	if f.err != nil {
		return f.err
	}
	if f.busy.Swap(true) {
		return ErrLoanOpen
	}
	return nil
}

// Seq returns the number of the zone's value, 0 before the first and after Close.
func (f *flexWriter) Seq() (seq uint64) {
	if f.err == nil {
		_ = f.h.guarded(func() error { seq = f.w.Seq(); return nil })
	}
	return seq
}

func (f *flexWriter) update(fn func([]byte) error) (err error) {
	if err := f.begin(); err != nil {
		return err
	}
	done, old := false, debug.SetPanicOnFault(true)
	defer func() {
		f.busy.Store(false)
		if !done {
			err = f.h.rescue(old, recover())
		}
	}()
	if f.w.Shared() {
		err = f.change(false, fn)
	} else if err = f.w.Load(); err == nil {
		if err = fn(f.w.Buffer()); err == nil {
			err = f.w.Publish()
		}
	}
	done = true
	debug.SetPanicOnFault(old)
	return err
}

// change calls fn with a shared zone, which it puts back as it was if fn fails. anew
// says that fn writes all of it and cannot fail.
func (f *flexWriter) change(anew bool, fn func([]byte) error) error {
	b, g, err := f.w.Lock(f.h.opts.timeout, anew)
	if err != nil {
		return err
	}
	kept, done := false, false
	defer func() {
		if done {
			return
		}
		defer func() { _ = f.h.unlock(g) }() // also if the zone is gone
		if kept {
			copy(b, f.w.Buffer())
		}
	}()
	if !anew {
		copy(f.w.Buffer(), b)
		kept = true
	}
	if err := fn(b); err != nil {
		return err
	}
	err = f.w.Unlock(g, true)
	done = true
	return err
}

// flexReader is the part of a FlexReader that does not depend on the type.
type flexReader struct {
	h    *handle
	r    *slot.FlexReader
	busy atomic.Bool
	seen uint64 // number of the value that was read last
	err  error  // why there is no zone
}

func (f *flexReader) begin() error {
	if f.err != nil {
		return f.err
	}
	if f.busy.Swap(true) {
		return ErrLoanOpen
	}
	return nil
}

// Changed reports whether there is a value that this handle has not read yet. It
// looks at one word.
func (f *flexReader) Changed() bool {
	if f.err != nil {
		return false
	}
	seq := f.now()
	return seq != 0 && seq != f.seen
}

// now returns the number of the zone's value, 0 if there is none, or no zone.
func (f *flexReader) now() (seq uint64) {
	done, old := false, debug.SetPanicOnFault(true)
	defer func() {
		if !done {
			_ = f.h.rescue(old, recover())
		}
	}()
	seq = f.r.Seq()
	done = true
	debug.SetPanicOnFault(old)
	return seq
}

// Seq returns the number of the value that was read last, 0 if there is none.
func (f *flexReader) Seq() uint64 { return f.seen }

func (f *flexReader) read(fn func([]byte) error) (err error) {
	if err := f.begin(); err != nil {
		return err
	}
	done, old := false, debug.SetPanicOnFault(true)
	defer func() {
		f.busy.Store(false)
		if !done {
			err = f.h.rescue(old, recover())
		}
	}()
	if f.r.Shared() {
		err = f.look(fn)
	} else {
		var seq uint64
		if seq, err = f.r.Load(); err == nil {
			err = f.show(seq, f.r.Buffer(), fn)
		}
	}
	done = true
	debug.SetPanicOnFault(old)
	return err
}

// look calls fn with a shared zone.
func (f *flexReader) look(fn func([]byte) error) (err error) {
	b, seq, g, err := f.r.Lock(f.h.opts.timeout)
	if err != nil {
		return err
	}
	defer func() {
		if e := f.h.unlock(g); err == nil {
			err = e
		}
	}()
	return f.show(seq, b, fn)
}

// show calls fn with the value of that number.
func (f *flexReader) show(seq uint64, b []byte, fn func([]byte) error) error {
	if seq == 0 {
		return errNoFlexValue
	}
	f.seen = seq
	return fn(b)
}
