package datablock

import (
	"context"
	"fmt"
	"iter"
	"runtime/debug"

	"github.com/pylabhub/datahub/runtime/slot"
)

// A RawProducer writes values that are bytes without a type, each as long as it
// likes up to the channel's RawSize. A typed consumer cannot attach to them.
type RawProducer struct{ *producer }

// CreateRaw is Create for a channel of bytes: s.RawSize is the size of the largest
// value, s.Schema is nil.
func CreateRaw(s *Spec, name string, opts ...Option) (*RawProducer, error) {
	if err := s.checkRaw(); err != nil {
		return nil, fmt.Errorf("create channel %q: %w", name, err)
	}
	p, err := openProducer(s, name, opts)
	if err != nil {
		return nil, err
	}
	return &RawProducer{p}, nil
}

func (s *Spec) checkRaw() error {
	switch {
	case s == nil:
		return &ConfigError{Field: "Spec", Reason: "is nil"}
	case s.Schema != nil:
		return &ConfigError{Field: "Schema", Reason: "given in a raw channel: leave it out"}
	case s.RawSize == 0:
		return &ConfigError{Field: "RawSize", Reason: "not set: say how many bytes a value has at most"}
	}
	return nil
}

// Write calls fn with the memory of the next value, RawSize bytes that hold what an
// earlier value left there, and publishes the first n of them. If fn returns an
// error, panics or ends its goroutine, nothing is published.
func (p *RawProducer) Write(ctx context.Context, fn func(b []byte) (n int, err error)) (err error) {
	done, old := false, debug.SetPanicOnFault(true)
	defer func() {
		if !done {
			err = p.rescue(old, recover())
		}
	}()
	b, err := p.begin(ctx)
	if err == nil {
		n := 0
		p.inside = true
		if n, err = fn(b); err == nil {
			err = p.w.SetLen(0, n)
		}
		err = p.finish(err)
	}
	done = true
	debug.SetPanicOnFault(old)
	return err
}

// Begin lends the memory of the next value, RawSize bytes, until Commit or Abort.
func (p *RawProducer) Begin(ctx context.Context) ([]byte, error) { return p.begin(ctx) }

// Commit publishes the first n bytes of what Begin lent. If n is not possible the
// value stays in hand.
func (p *RawProducer) Commit(n int) error {
	if p.inside {
		return ErrLoanOpen
	}
	if err := p.w.SetLen(0, n); err != nil {
		return err
	}
	return p.w.Commit()
}

// Send publishes a copy of b, which has at most RawSize bytes.
func (p *RawProducer) Send(ctx context.Context, b []byte) (err error) {
	done, old := false, debug.SetPanicOnFault(true)
	defer func() {
		if !done {
			err = p.rescue(old, recover())
		}
	}()
	dst, err := p.claim(ctx)
	if err == nil {
		if err = p.w.SetLen(0, len(b)); err == nil {
			copy(dst, b)
		}
		err = p.finish(err)
	}
	done = true
	debug.SetPanicOnFault(old)
	return err
}

// A RawSample is a value in use.
type RawSample struct {
	Seq   uint64 // how many values the channel had before this one
	Value []byte // in shared memory, read-only; good until Release or the next value
	Lost  uint64 // values between the last sample and this one that were not seen
	Time  int64  // of the commit, nanoseconds since the Unix epoch; 0 if the channel has no timestamps

	c *consumer
}

// Lag returns how many values have been committed since this one, as
// [Sample.Lag].
func (s RawSample) Lag() uint64 { return s.c.lag(s.Seq) }

// A RawConsumer reads the values of a raw channel. Its methods are those of
// [Consumer].
type RawConsumer struct{ *consumer }

// AttachRaw is Attach for a channel of bytes. Of s only the policies that the
// program insists on need to be set.
func AttachRaw(s *Spec, name string, opts ...Option) (*RawConsumer, error) {
	if err := s.checkRaw(); err != nil {
		return nil, fmt.Errorf("attach to channel %q: %w", name, err)
	}
	c, err := openConsumer(s, name, opts)
	if err != nil {
		return nil, err
	}
	return &RawConsumer{c}, nil
}

// Next is [Consumer.Next].
func (c *RawConsumer) Next(ctx context.Context) (RawSample, error) {
	if c.copies {
		s, err := c.nextCopy(ctx)
		return rawSample(c.consumer, s), err
	}
	s, err := c.next(ctx)
	return rawSample(c.consumer, s), err
}

// TryNext is [Consumer.TryNext].
func (c *RawConsumer) TryNext() (v RawSample, ok bool, err error) {
	if c.copies {
		s, ok, err := c.tryCopy()
		return rawSample(c.consumer, s), ok, err
	}
	s, ok, err := c.tryNext()
	return rawSample(c.consumer, s), ok, err
}

// Latest is [Consumer.Latest].
func (c *RawConsumer) Latest() (RawSample, error) {
	s, err := c.newest()
	return rawSample(c.consumer, s), err
}

// Read is [Consumer.Read].
func (c *RawConsumer) Read(ctx context.Context, fn func(RawSample) error) (err error) {
	done, old := false, debug.SetPanicOnFault(true)
	defer func() {
		if !done {
			err = c.rescue(old, recover())
		}
	}()
	s, err := c.next(ctx)
	if err == nil {
		c.inside = true
		err = c.used(fn(rawSample(c.consumer, s)))
	}
	done = true
	debug.SetPanicOnFault(old)
	return err
}

// All is [Consumer.All].
func (c *RawConsumer) All(ctx context.Context) iter.Seq2[RawSample, error] {
	return func(yield func(RawSample, error) bool) {
		take := func(ctx context.Context) (RawSample, error) {
			s, err := c.next(ctx)
			return rawSample(c.consumer, s), err
		}
		loop(ctx, c.consumer, take, RawSample{c: c.consumer}, yield)
	}
}

func rawSample(c *consumer, s slot.Slot) RawSample {
	return RawSample{Seq: s.Seq, Value: s.Payload, Lost: s.Lost, Time: s.Time, c: c}
}
