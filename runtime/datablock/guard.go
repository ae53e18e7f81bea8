package datablock

import (
	"runtime/debug"

	"github.com/pylabhub/datahub/runtime/segment"
)

// A guarded call sets debug.SetPanicOnFault and looks at the panic if it does not
// come to its end. Where nanoseconds count that is written out, in this shape, in
// which the deferred function has nothing to do on the usual way:
//
//	done, old := false, debug.SetPanicOnFault(true)
//	defer func() {
//		if !done {
//			err = h.rescue(old, recover())
//		}
//	}()
//	...
//	done = true
//	debug.SetPanicOnFault(old)

// A bodyFault is the panic of a loop whose body met a fault: an iterator may not end
// the panic of its body, but it can say what happened.
type bodyFault struct {
	error
	seg *segment.Segment
}

func (f *bodyFault) Unwrap() error { return f.error }

// fault returns an ErrTruncated if the recovered r is a fault of this block's
// memory, nil if it is not.
func (h *handle) fault(r any) error {
	if f, ok := r.(*bodyFault); ok && f.seg == h.seg {
		return f.error
	}
	return h.seg.Truncated(r)
}

// rescue ends a guarded call that was left with the panic r, or, if r is nil, by
// runtime.Goexit.
func (h *handle) rescue(old bool, r any) error {
	debug.SetPanicOnFault(old)
	err := h.fault(r)
	if err == nil && r != nil {
		panic(r)
	}
	return err
}

// guarded calls fn, for where nanoseconds do not count.
func (h *handle) guarded(fn func() error) (err error) {
	done, old := false, debug.SetPanicOnFault(true)
	defer func() {
		if !done {
			err = h.rescue(old, recover())
		}
	}()
	err = fn()
	done = true
	debug.SetPanicOnFault(old)
	return err
}

// rescue is that of the handle, and gives back what is claimed.
func (p *producer) rescue(old bool, r any) error {
	err := p.fault(r)
	if err != nil {
		p.w.Fail(err)
	}
	p.inside = false
	if p.w.Claimed() != 0 {
		_ = p.w.Abort() // the claim is open, so it cannot fail
	}
	return p.handle.rescue(old, r)
}

// rescue is that of the handle, and ends the use of the sample.
func (c *consumer) rescue(old bool, r any) error {
	err := c.fault(r)
	if err != nil {
		c.fail(err)
	}
	if c.inside {
		c.inside = false
		_ = c.guarded(c.Release) // after a fault it touches nothing
	}
	c.lent = false
	return c.handle.rescue(old, r)
}

// Guard calls fn. If a file of the channel has been cut short and fn touches what is
// missing, through what Begin lent or otherwise, Guard returns an [ErrTruncated];
// any other fault goes on as a panic, as do other panics. It costs a few nanoseconds,
// so a whole loop belongs in it. fn must not leave the work to other goroutines.
//
// After an ErrTruncated all calls return that. What is lent stays so until Abort.
func (p *producer) Guard(fn func() error) error {
	return p.guarded(func() error { return failing(&p.handle, fn, p.w.Fail) })
}

// fail is what a fault of the handle's own goroutine does.
func (c *consumer) fail(err error) {
	c.r.Fail(err)
	if c.looks {
		c.looks = false
		c.slow.Unlock()
	}
}

// Guard calls fn. If a file of the channel has been cut short and fn touches what is
// missing, through a sample or otherwise, Guard returns an [ErrTruncated]; any other
// fault goes on as a panic, as do other panics. It costs a few nanoseconds, so a
// whole loop belongs in it. fn must not leave the work to other goroutines.
//
// After an ErrTruncated all calls return that. What is lent stays so until Release.
func (c *consumer) Guard(fn func() error) error {
	return c.guarded(func() error { return failing(&c.handle, fn, c.fail) })
}

// failing calls fn and fail with the fault that fn meets.
func failing(h *handle, fn func() error, fail func(error)) (err error) {
	defer func() {
		r := recover()
		if err := h.fault(r); err != nil {
			fail(err)
		}
		if r != nil {
			panic(r)
		}
	}()
	return fn()
}
