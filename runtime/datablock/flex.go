package datablock

import (
	"fmt"
	"sync/atomic"
	"time"

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
	f := &FlexWriter[F]{flexWriter{timeout: p.opts.timeout}}
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
	f := &FlexReader[F]{flexReader{timeout: c.opts.timeout}}
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
func (f *FlexWriter[F]) Set(v *F) error {
	if err := f.begin(); err != nil {
		return err
	}
	defer f.busy.Store(false)
	if !f.w.Shared() {
		*view[F](f.w.Buffer()) = *v
		return f.w.Publish()
	}
	b, g, err := f.w.Lock(f.timeout, true)
	if err != nil {
		return err
	}
	*view[F](b) = *v
	return f.w.Unlock(g, true)
}

// Get copies the zone's value to dst and returns its number: 1 for the first one
// that was published. dst is only changed if there is no error.
//
// Errors: ErrNoValue before the first; ErrFlexBusy in mode DoubleBuffered; in mode
// Shared [TimeoutError], and ErrOwnerDied, to one, and ErrPoisoned if a process died
// there: the producer's next Set mends that.
func (f *FlexReader[F]) Get(dst *F) (seq uint64, err error) {
	if err := f.begin(); err != nil {
		return 0, err
	}
	defer f.busy.Store(false)
	b, g, err := f.lend()
	if err != nil {
		return 0, err
	}
	*dst = *view[F](b)
	return f.seen, f.giveBack(g)
}

// Read calls fn with the zone's value, which is good until fn returns: a private
// copy, or in mode Shared the zone itself, which is read-only and holds the producer
// up meanwhile. The errors are those of Get and of fn.
func (f *FlexReader[F]) Read(fn func(v *F) error) error {
	return f.read(func(b []byte) error { return fn(view[F](b)) })
}

// flexWriter is the part of a FlexWriter that does not depend on the type.
type flexWriter struct {
	w       *slot.FlexWriter
	timeout time.Duration
	busy    atomic.Bool
	err     error // why there is no zone
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
func (f *flexWriter) Seq() uint64 {
	if f.err != nil {
		return 0
	}
	return f.w.Seq()
}

func (f *flexWriter) update(fn func([]byte) error) error {
	if err := f.begin(); err != nil {
		return err
	}
	defer f.busy.Store(false)
	if f.w.Shared() {
		return f.change(fn)
	}
	if err := f.w.Load(); err != nil {
		return err
	}
	if err := fn(f.w.Buffer()); err != nil {
		return err
	}
	return f.w.Publish()
}

// change calls fn with a shared zone.
func (f *flexWriter) change(fn func([]byte) error) error {
	b, g, err := f.w.Lock(f.timeout, false)
	if err != nil {
		return err
	}
	copy(f.w.Buffer(), b)
	done := false
	defer func() {
		if !done {
			copy(b, f.w.Buffer())
			_ = f.w.Unlock(g, false) // it is held, so it cannot fail
		}
	}()
	if err := fn(b); err != nil {
		return err
	}
	done = true
	return f.w.Unlock(g, true)
}

// flexReader is the part of a FlexReader that does not depend on the type.
type flexReader struct {
	r       *slot.FlexReader
	timeout time.Duration
	busy    atomic.Bool
	seen    uint64 // number of the value that was read last
	err     error  // why there is no zone
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
	seq := f.r.Seq()
	return seq != 0 && seq != f.seen
}

// Seq returns the number of the value that was read last, 0 if there is none.
func (f *flexReader) Seq() uint64 { return f.seen }

// lend returns the value until giveBack.
func (f *flexReader) lend() (b []byte, g Guard, err error) {
	var seq uint64
	if f.r.Shared() {
		b, seq, g, err = f.r.Lock(f.timeout)
	} else {
		seq, err = f.r.Load()
		b = f.r.Buffer()
	}
	if err != nil {
		return nil, Guard{}, err
	}
	if seq == 0 {
		_ = f.giveBack(g) // it is held, so it cannot fail
		return nil, Guard{}, errNoFlexValue
	}
	f.seen = seq
	return b, g, nil
}

func (f *flexReader) giveBack(g Guard) error {
	if !f.r.Shared() {
		return nil
	}
	return g.Unlock()
}

func (f *flexReader) read(fn func([]byte) error) (err error) {
	if err := f.begin(); err != nil {
		return err
	}
	defer f.busy.Store(false)
	b, g, err := f.lend()
	if err != nil {
		return err
	}
	defer func() {
		if e := f.giveBack(g); err == nil {
			err = e
		}
	}()
	return fn(b)
}
