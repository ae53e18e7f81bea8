package datablock

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
)

// A Producer writes the values of one channel. There is one per channel: the
// kernel sees to it.
//
// Write is the safe form. Begin and Commit are the same without a function, for
// where each nanosecond counts.
type Producer[T any] struct {
	*producer
	tx WriteTx[T]
}

// Create makes a channel, or takes over one whose producer is gone: what was
// committed stays and the sequence goes on. Generated code calls it.
//
// Errors, besides those listed at [ErrName]: a [ConfigError] for each field of
// the Spec that is missing or contradicts another, joined; [ExistsError] names
// the producer there is. Nothing is left behind after an error.
func Create[T any](s *Spec, name string, opts ...Option) (*Producer[T], error) {
	if err := s.check(sizeOf[T](), alignOf[T]()); err != nil {
		return nil, fmt.Errorf("create channel %q: %w", name, err)
	}
	p, err := openProducer(s, name, opts)
	if err != nil {
		return nil, err
	}
	return &Producer[T]{producer: p}, nil
}

// Write calls fn with the next value, in place, and publishes it. If fn returns an
// error, panics or ends its goroutine, nothing is published. The value holds what
// an earlier one left there (see [ClearSlots]), its optional fields are absent.
// fn must not keep v.
//
// Write waits for room as [Timeout] and ctx allow.
func (p *Producer[T]) Write(ctx context.Context, fn func(v *T) error) (err error) {
	done, old := false, debug.SetPanicOnFault(true)
	defer func() {
		if !done {
			err = p.rescue(old, recover())
		}
	}()
	b, err := p.begin(ctx)
	if err == nil {
		p.inside = true
		err = fn(view[T](b))
		err = p.finish(err)
	}
	done = true
	debug.SetPanicOnFault(old)
	return err
}

// finish publishes the value that the function of a Write has made, unless that
// has failed.
func (p *producer) finish(err error) error {
	p.inside = false
	if err != nil {
		_ = p.w.Abort() // the claim is open, so it cannot fail
		return err
	}
	return p.w.Commit()
}

// Begin lends the next value for writing, until Commit or Abort. See Write for
// what it holds and how long Begin waits. Its pointer is of no use after that.
func (p *Producer[T]) Begin(ctx context.Context) (*T, error) {
	b, err := p.begin(ctx)
	if err != nil {
		return nil, err
	}
	return view[T](b), nil
}

// Send publishes a copy of *v.
func (p *Producer[T]) Send(ctx context.Context, v *T) (err error) {
	if v == nil {
		return errNil
	}
	done, old := false, debug.SetPanicOnFault(true)
	defer func() {
		if !done {
			err = p.rescue(old, recover())
		}
	}()
	b, err := p.claim(ctx)
	if err == nil {
		*view[T](b) = *v
		err = p.w.Commit()
	}
	done = true
	debug.SetPanicOnFault(old)
	return err
}

// BeginN lends the next n values, 1 to the channel's capacity; At returns them.
// A channel of latest values has no batches.
func (p *Producer[T]) BeginN(ctx context.Context, n int) error { return p.beginN(ctx, n) }

// At returns the i-th of the values that BeginN lent, nil if there are fewer.
func (p *Producer[T]) At(i int) *T {
	b := p.w.Slot(i)
	if b == nil {
		return nil
	}
	return view[T](b)
}

// CommitN publishes the first n of the values that BeginN lent and gives the others
// back. Consumers may see them one by one, and only some if the process dies
// meanwhile.
func (p *producer) CommitN(n int) (err error) {
	if p.inside {
		return ErrLoanOpen
	}
	done, old := false, debug.SetPanicOnFault(true)
	defer func() {
		if !done {
			err = p.rescue(old, recover())
		}
	}()
	err = p.w.CommitN(n)
	done = true
	debug.SetPanicOnFault(old)
	return err
}

// Commit publishes the value that Begin lent. If the process dies before Commit
// returns, consumers see either all of the value or nothing.
func (p *producer) Commit() error {
	if p.inside {
		return ErrLoanOpen
	}
	return p.w.Commit()
}

// Abort gives back what Begin or BeginN lent. Nothing of it is published.
func (p *producer) Abort() error {
	if p.inside {
		return ErrLoanOpen
	}
	return p.w.Abort()
}

// Seq returns the sequence number of the value in hand, or of the next one.
func (p *producer) Seq() uint64 { return p.w.Seq() }

// Consumers returns how many consumers are attached now, 0 after Close. It makes a
// system call for each.
func (p *producer) Consumers() (n int) {
	_ = p.guarded(func() error { n = p.w.Readers(); return nil })
	return n
}

// Close ends the channel: consumers read what they have not read yet and are told
// then. The block is removed (see [Keep] for when not). While a value is in hand
// Close does nothing and returns ErrLoanOpen, while it holds a lock ErrLockHeld; a
// second Close does nothing.
//
// Close may be called from another goroutine while a call waits, which then returns
// ErrClosed. A goroutine that writes without waiting must be stopped first.
func (p *producer) Close() error {
	if !p.closed.Load() && p.locks.Held() != 0 {
		return ErrLockHeld // before a call that waits is ended for it
	}
	return p.end(func() error {
		if p.w.Claimed() != 0 {
			return ErrLoanOpen
		}
		if !p.locks.Shut() {
			return ErrLockHeld
		}
		return nil
	}, func() error {
		p.tender.stop()
		unread := uint64(0)
		err := p.guarded(func() error { unread = p.w.Unread(); return nil })
		if e := p.guarded(p.w.Close); err == nil {
			err = e
		}
		if err != nil && !errors.Is(err, ErrTruncated) || (p.opts.keep || unread != 0) && !p.seg.Secure() {
			return err
		}
		return errors.Join(err, p.seg.Remove())
	})
}

// begin lends the payload of the next value, with its optional fields absent.
func (p *producer) begin(ctx context.Context) ([]byte, error) {
	b, err := p.claim(ctx)
	if err == nil {
		p.prepare(b)
	}
	return b, err
}

func (p *producer) prepare(b []byte) {
	if p.opts.clear {
		clear(b)
	} else if p.fields != nil && len(p.fields.words) != 0 {
		p.fields.clear(b)
	}
}

// claim lends the payload of the next value as it is.
func (p *producer) claim(ctx context.Context) ([]byte, error) {
	if p.closed.Load() {
		return nil, ErrClosed
	}
	if b, ok := p.w.TryClaim(); ok {
		return b, nil
	}
	if p.inside {
		return nil, ErrLoanOpen
	}
	return p.await(ctx)
}

// await is the slow way of claim.
func (p *producer) await(ctx context.Context) (b []byte, err error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.slow.Unlock()
	done, old := false, debug.SetPanicOnFault(true)
	defer func() {
		if !done {
			b, err = nil, p.rescue(old, recover())
		}
	}()
	if ctx, err = p.linked(ctx); err == nil {
		b, err = p.w.Claim(ctx, p.opts.timeout)
	}
	if err == nil && p.closed.Load() { // Close waits for us, and unmaps
		b, err = nil, errors.Join(ErrClosed, p.w.Abort())
	}
	done = true
	debug.SetPanicOnFault(old)
	return b, err
}

func (p *producer) beginN(ctx context.Context, n int) (err error) {
	if p.inside {
		return ErrLoanOpen
	}
	if err := p.enter(); err != nil {
		return err
	}
	defer p.slow.Unlock()
	done, old := false, debug.SetPanicOnFault(true)
	defer func() {
		if !done {
			err = p.rescue(old, recover())
		}
	}()
	err = p.claimN(ctx, n)
	done = true
	debug.SetPanicOnFault(old)
	return err
}

func (p *producer) claimN(ctx context.Context, n int) error {
	ctx, err := p.linked(ctx)
	if err != nil {
		return err
	}
	if err := p.w.ClaimN(ctx, p.opts.timeout, n); err != nil {
		return err
	}
	if p.closed.Load() { // as in claim
		return errors.Join(ErrClosed, p.w.Abort())
	}
	for i := range n {
		p.prepare(p.w.Slot(i))
	}
	return nil
}
