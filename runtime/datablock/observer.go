package datablock

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"

	"github.com/pylabhub/datahub/runtime/segment"
	"github.com/pylabhub/datahub/runtime/slot"
)

// An Observer looks at the values of a channel without taking part: it maps the
// block read-only, takes no consumer's place, holds nobody up, and nobody can tell
// that it is there. There may be any number. What it sees is never torn: it is
// copied to private memory and checked afterwards.
//
// The price: the producer does not wait for it, so it may lose values, and is told
// how many; and nobody wakes it, so while it waits it looks every few milliseconds
// (see [Backoff]).
//
// It is for one goroutine at a time, except Close. The values it returns stay good
// until the next call, also after Close.
type Observer[T any] struct{ c *Consumer[T] }

// Observe makes an observer of a channel that exists. Generated code calls it with
// all of a channel's policies; others may ask for less. Of s only the Schema needs
// to be set, and the policies that the program insists on:
//
//	o, err := datablock.Observe[weather.Reading](&datablock.Spec{Schema: &weather.ReadingSchema}, "roof")
//
// Errors are those of [Attach], except that there is always room for one more.
func Observe[T any](s *Spec, name string, opts ...Option) (*Observer[T], error) {
	if err := s.check(sizeOf[T](), alignOf[T]()); err != nil {
		return nil, fmt.Errorf("observe channel %q: %w", name, err)
	}
	c, err := openObserver(s, name, opts)
	if err != nil {
		return nil, err
	}
	return &Observer[T]{&Consumer[T]{consumer: c}}, nil
}

func openObserver(s *Spec, name string, opts []Option) (*consumer, error) {
	fields, err := s.table()
	if err != nil {
		return nil, fmt.Errorf("observe channel %q: %w", name, err)
	}
	o := newOptions(opts)
	seg, err := segment.Observe(name, s.config(), o.segment)
	if err != nil {
		return nil, err
	}
	c := &consumer{handle: handle{seg: seg, spec: s, opts: o, fields: fields}, observes: true, copies: true}
	err = seg.Guard(func() (err error) {
		c.r, err = slot.Observe(seg.Memory(), seg.Plan(), seg.Config(), seg.Host(), o.reader())
		return err
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("observe channel %q: %w", name, err), seg.Close())
	}
	c.locks = c.r.Locks()
	return c, nil
}

// Latest returns the newest value, also if it was returned before. ErrNoValue:
// there is none, or in a small ring none that is not about to be overwritten.
func (o *Observer[T]) Latest() (Sample[T], error) { return o.c.Latest() }

// Next returns the next value in order, of a channel of latest values the newest if
// it was not seen yet, and waits for it as [Timeout] and ctx allow. The sample
// tells how many were overwritten before they could be seen.
//
// Errors: as [Consumer.Next], without ErrEvicted.
func (o *Observer[T]) Next(ctx context.Context) (Sample[T], error) { return o.c.Next(ctx) }

// TryNext is Next without waiting: ok is false if there is nothing new.
func (o *Observer[T]) TryNext() (s Sample[T], ok bool, err error) { return o.c.TryNext() }

// All is [Consumer.All].
func (o *Observer[T]) All(ctx context.Context) iter.Seq2[Sample[T], error] { return o.c.All(ctx) }

// SeekNewest goes on with the next value that is written, SeekOldest with the
// oldest that is still there, Seek with that of a sequence number; see
// [Consumer.Seek].
func (o *Observer[T]) SeekNewest() error { return o.c.SeekNewest() }

// SeekOldest is described at SeekNewest.
func (o *Observer[T]) SeekOldest() error { return o.c.SeekOldest() }

// Seek is described at SeekNewest.
func (o *Observer[T]) Seek(seq uint64) error { return o.c.Seek(seq) }

// Info returns what is known of the channel, also after Close.
func (o *Observer[T]) Info() Info { return o.c.Info() }

// Metrics returns the channel's metrics, and in Observer what this observer
// counted. ErrClosed after Close.
func (o *Observer[T]) Metrics() (Metrics, error) { return o.c.observed() }

// ResetMetrics makes the counters begin again at 0 for this observer: an observer
// changes nothing for others.
func (o *Observer[T]) ResetMetrics() error { return o.c.resetObserved() }

// Close ends the use of the block. It may be called from another goroutine to end
// a call that waits. A second Close does nothing.
func (o *Observer[T]) Close() error { return o.c.endObserving() }

// ObserveFlex returns the reader of the flexible zone that o observes. A zone of
// mode Shared is read under a lock, which an observer cannot take:
// ErrNotSupported.
func ObserveFlex[F, T any](o *Observer[T]) *FlexReader[F] { return NewFlexReader[F](o.c) }

// A RawObserver is an [Observer] of a channel of bytes, with the same methods.
type RawObserver struct{ c *RawConsumer }

// ObserveRaw makes an observer of a channel of bytes, as [Observe].
func ObserveRaw(s *Spec, name string, opts ...Option) (*RawObserver, error) {
	if err := s.checkRaw(); err != nil {
		return nil, fmt.Errorf("observe channel %q: %w", name, err)
	}
	c, err := openObserver(s, name, opts)
	if err != nil {
		return nil, err
	}
	return &RawObserver{&RawConsumer{c}}, nil
}

// Latest is [Observer.Latest].
func (o *RawObserver) Latest() (RawSample, error) { return o.c.Latest() }

// Next is [Observer.Next].
func (o *RawObserver) Next(ctx context.Context) (RawSample, error) { return o.c.Next(ctx) }

// TryNext is [Observer.TryNext].
func (o *RawObserver) TryNext() (s RawSample, ok bool, err error) { return o.c.TryNext() }

// All is [Consumer.All].
func (o *RawObserver) All(ctx context.Context) iter.Seq2[RawSample, error] { return o.c.All(ctx) }

// SeekNewest is [Observer.SeekNewest].
func (o *RawObserver) SeekNewest() error { return o.c.SeekNewest() }

// SeekOldest is [Observer.SeekOldest].
func (o *RawObserver) SeekOldest() error { return o.c.SeekOldest() }

// Seek is [Observer.Seek].
func (o *RawObserver) Seek(seq uint64) error { return o.c.Seek(seq) }

// Info is [Observer.Info].
func (o *RawObserver) Info() Info { return o.c.Info() }

// Metrics is [Observer.Metrics].
func (o *RawObserver) Metrics() (Metrics, error) { return o.c.observed() }

// ResetMetrics is [Observer.ResetMetrics].
func (o *RawObserver) ResetMetrics() error { return o.c.resetObserved() }

// Close is [Observer.Close].
func (o *RawObserver) Close() error { return o.c.endObserving() }

func (c *consumer) endObserving() error {
	return c.end(func() error { return nil }, func() error {
		err := c.guarded(c.r.Leave)
		if errors.Is(err, ErrLoanOpen) { // a copy: nobody waits for it
			return nil
		}
		return err
	})
}

func (c *consumer) observed() (v Metrics, err error) {
	err = c.metrics(func() {}, func(m *meter) {
		v = m.take()
		n := c.r.Counts()
		n.Since(&c.counted)
		o := m.consumer(&n)
		o.Cell, o.Attached, o.Name, o.PID, o.Position = -1, true, c.opts.name, os.Getpid(), c.r.Seq()+uint64(c.r.Held())
		if v.CommitIndex > o.Position {
			o.Lag = v.CommitIndex - o.Position
		}
		v.Observer = &o
	})
	return v, err
}

func (c *consumer) resetObserved() error {
	return c.metrics(func() {}, func(m *meter) {
		f := m.figures()
		m.reset, c.counted = &f, c.r.Counts()
	})
}
