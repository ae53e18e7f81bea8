package datablock

import (
	"context"
	"fmt"
)

// Sum makes the commit of the value in hand, or of all of BeginN's, store its
// checksum. It is for channels whose checksums are Manual, may be called in the
// function of a Write, and comes before the commit. Where they are Enforced that is
// done anyway. ErrNotSupported: the channel has no checksums; ErrNoLoan: no value is
// in hand.
func (p *producer) Sum() error { return p.w.Sum() }

// Drain waits until every consumer that is attached has released all values, as
// [Timeout] and ctx allow: before Close, so that nobody is told of the end before
// the last value. A [TimeoutError] names one that has not. Under SingleReader it
// waits for the next consumer if there is none; under LatestOnly it never waits.
func (p *producer) Drain(ctx context.Context) error {
	if p.inside {
		return ErrLoanOpen
	}
	if err := p.enter(); err != nil {
		return err
	}
	defer p.slow.Unlock()
	ctx, err := p.linked(ctx)
	if err != nil {
		return err
	}
	return p.guarded(func() error { return p.w.Drain(ctx, p.opts.timeout) })
}

// verify checks the value in use with that sequence number.
func (c *consumer) verify(seq uint64) error {
	if c == nil || !c.lent {
		return ErrNoLoan
	}
	i := seq - c.r.Seq()
	if i >= uint64(c.r.Held()) {
		return fmt.Errorf("value %d: %w", seq, ErrNoLoan)
	}
	return c.guarded(func() error { return c.r.Verify(int(i)) })
}

// Verify checks the value against its checksum: a [ChecksumError] if it does not
// match, or if its producer has not called Sum. The value stays in use.
// ErrNotSupported: the channel has no checksums; ErrNoLoan: the sample was released.
func (s Sample[T]) Verify() error { return s.c.verify(s.Seq) }

// Verify is [Sample.Verify].
func (s RawSample) Verify() error { return s.c.verify(s.Seq) }
