package datablock

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime/debug"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/slot"
)

// A Sample is a value in use.
type Sample[T any] struct {
	Seq   uint64 // how many values the channel had before this one
	Value *T     // in shared memory, read-only; good until Release or the next value
	Lost  uint64 // values between the last sample and this one that were not seen
	Time  int64  // of the commit, nanoseconds since the Unix epoch; 0 if the channel has no timestamps

	c *consumer
}

// Has reports whether the value holds the field: always, unless the field is
// optional and the producer left it out. No after Close.
func (s Sample[T]) Has(f Field) bool {
	return s.Value != nil && (!s.c.closed.Load() || s.c.observes) && s.c.fields.has(bytesOf(s.Value), f)
}

// Lag returns how many values have been committed since this one. It looks at the
// producer's words now, so it costs more than the fields. 0 once the sample is
// released.
func (s Sample[T]) Lag() uint64 { return s.c.lag(s.Seq) }

// A Consumer reads the values of one channel, as one of several.
type Consumer[T any] struct {
	*consumer
	tx ReadTx[T]
}

// Attach makes a consumer of a channel that exists. Generated code calls it.
//
// Errors, besides those listed at [ErrName]: [NotFoundError]; ErrFull if there
// are as many consumers as the channel has room for; [SchemaMismatchError] if
// the program was compiled for another schema than the block has.
func Attach[T any](s *Spec, name string, opts ...Option) (*Consumer[T], error) {
	if err := s.check(sizeOf[T](), alignOf[T]()); err != nil {
		return nil, fmt.Errorf("attach to channel %q: %w", name, err)
	}
	c, err := openConsumer(s, name, opts)
	if err != nil {
		return nil, err
	}
	return &Consumer[T]{consumer: c}, nil
}

// Next releases the last sample and returns the next one: the next value in order,
// or under LatestOnly the newest one if it was not seen yet. It waits as [Timeout]
// and ctx allow.
//
// Errors: ErrProducerClosed, ErrProducerDied, ErrSuperseded, ErrEvicted,
// ErrChecksum (that value is skipped), ErrClosed, [TimeoutError], the cause of
// ctx. After a [TimeoutError], ErrProducerDied and ErrChecksum the consumer is as
// good as before.
func (c *Consumer[T]) Next(ctx context.Context) (Sample[T], error) {
	if b, ok := c.quick(true); ok {
		return Sample[T]{Seq: c.r.Seq(), Value: view[T](b), Lost: c.r.Lost(), c: c.consumer}, nil
	}
	if c.copies {
		s, err := c.nextCopy(ctx)
		return sample[T](c.consumer, s, err == nil), err
	}
	s, err := c.next(ctx)
	return sample[T](c.consumer, s, err == nil), err
}

// take is Next for those who are guarded.
func (c *Consumer[T]) take(ctx context.Context) (Sample[T], error) {
	if b, ok := c.quick(true); ok {
		return Sample[T]{Seq: c.r.Seq(), Value: view[T](b), Lost: c.r.Lost(), c: c.consumer}, nil
	}
	s, err := c.next(ctx)
	return sample[T](c.consumer, s, err == nil), err
}

// TryNext is Next without waiting: ok is false if there is nothing new.
func (c *Consumer[T]) TryNext() (v Sample[T], ok bool, err error) {
	if b, ok := c.quick(false); ok {
		return Sample[T]{Seq: c.r.Seq(), Value: view[T](b), Lost: c.r.Lost(), c: c.consumer}, true, nil
	}
	if c.copies {
		s, ok, err := c.tryCopy()
		return sample[T](c.consumer, s, ok), ok, err
	}
	s, ok, err := c.tryNext()
	return sample[T](c.consumer, s, ok), ok, err
}

// Latest releases the last sample and returns the newest value, without waiting.
// Under LatestOnly that may be the same value again. Under the ordered policies it
// skips what is older, and ErrNoValue says that there is nothing unread; there
// skipped values count neither as lost nor as read.
func (c *Consumer[T]) Latest() (Sample[T], error) {
	s, err := c.newest()
	return sample[T](c.consumer, s, err == nil), err
}

// Read calls fn with the next sample and releases it, whatever fn does. Of the
// errors of fn and of the release it returns both: ErrEvicted means that what fn
// saw may have changed under its eyes.
func (c *Consumer[T]) Read(ctx context.Context, fn func(Sample[T]) error) (err error) {
	done, old := false, debug.SetPanicOnFault(true)
	defer func() {
		if !done {
			err = c.rescue(old, recover())
		}
	}()
	s, err := c.take(ctx)
	if err == nil {
		c.inside = true
		err = c.used(fn(s))
	}
	done = true
	debug.SetPanicOnFault(old)
	return err
}

// All returns the samples one after the other. The loop ends without an error
// when the producer has closed the channel; any other error comes with an empty
// sample as the last element (an ErrChecksum in between: the loop goes on). A
// sample is good for one round of the loop.
//
// A fault in the body of the loop is a panic with an [ErrTruncated]: put the loop in
// [Consumer.Guard] to have it as an error.
func (c *Consumer[T]) All(ctx context.Context) iter.Seq2[Sample[T], error] {
	return func(yield func(Sample[T], error) bool) {
		loop(ctx, c.consumer, c.take, Sample[T]{c: c.consumer}, yield)
	}
}

func sample[T any](c *consumer, s slot.Slot, ok bool) Sample[T] {
	if !ok {
		return Sample[T]{c: c}
	}
	return Sample[T]{Seq: s.Seq, Value: view[T](s.Payload), Lost: s.Lost, Time: s.Time, c: c}
}

// Release ends the use of the sample: its memory may be overwritten from now on.
// ErrEvicted says that it may have been before. Without a sample: ErrNoLoan.
func (c *consumer) Release() error {
	if c.inside {
		return ErrLoanOpen
	}
	err := c.r.Release()
	c.lent = false // last, as in slot.Writer.Commit
	return err
}

// Close gives the consumer's place to others. While a sample is in use Close does
// nothing and returns ErrLoanOpen, while it holds a lock ErrLockHeld; a second
// Close does nothing.
//
// Close may be called from another goroutine while a call waits, which then returns
// ErrClosed. A goroutine that reads without waiting must be stopped first.
func (c *consumer) Close() error {
	if !c.closed.Load() && c.locks.Held() != 0 {
		return ErrLockHeld // before a call that waits is ended for it
	}
	return c.end(func() error {
		if c.lent {
			return ErrLoanOpen
		}
		if !c.locks.Shut() {
			return ErrLockHeld
		}
		return nil
	}, func() error { return c.guarded(c.r.Leave) })
}

// ready releases the last sample.
func (c *consumer) ready() error {
	if c.closed.Load() {
		return ErrClosed
	}
	if !c.lent {
		return nil
	}
	return c.Release()
}

// quick lends the next value where that needs little: it is plain, and there, or it
// comes soon if there is time to wait for it. It says false if it has to be asked for
// in the long way, which also tells what is wrong.
func (c *consumer) quick(wait bool) (payload []byte, ok bool) {
	if c.closed.Load() || c.inside || !c.r.Plain() {
		return nil, false
	}
	payload, ok = c.r.Advance()
	if c.lent = ok; ok || !wait || c.opts.timeout == 0 || c.enter() != nil {
		return payload, ok
	}
	// Nobody unmaps what is looked at from here on. That costs less than being able to
	// sleep.
	if !c.closed.Load() && c.r.Plain() {
		c.looks = true
		payload, ok = c.r.PollPlain()
		c.looks = false
	}
	if ok && c.closed.Load() {
		c.r.PutBack()
		ok = false
	}
	c.lent = ok
	c.slow.Unlock()
	return payload, ok
}

// next is for those who are guarded, or need not be: where values are copied,
// nextCopy is.
func (c *consumer) next(ctx context.Context) (slot.Slot, error) {
	if err := c.ready(); err != nil {
		return slot.Slot{}, err
	}
	s, ok, err := c.r.TryAcquire()
	if !ok && err == nil {
		return c.await(ctx)
	}
	c.lent = ok
	return s, err
}

func (c *consumer) nextCopy(ctx context.Context) (s slot.Slot, err error) {
	done, old := false, debug.SetPanicOnFault(true)
	defer func() {
		if !done {
			s, err = slot.Slot{}, c.rescue(old, recover())
		}
	}()
	s, err = c.next(ctx)
	done = true
	debug.SetPanicOnFault(old)
	return s, err
}

// await waits for the next value. What comes soon, as most do, comes without the
// cost of being able to sleep. For plain values quick does that, and Acquire looks
// again: a third look in vain would count against looking at all.
func (c *consumer) await(ctx context.Context) (slot.Slot, error) {
	if err := c.enter(); err != nil {
		return slot.Slot{}, err
	}
	if c.opts.timeout != 0 && !c.closed.Load() && !c.r.Plain() {
		c.looks = true
		s, ok, err := c.r.Poll()
		c.looks = false
		if err != nil || ok && !c.closed.Load() {
			c.lent = ok
			c.slow.Unlock()
			return s, err
		} else if ok {
			c.r.PutBack()
		}
	}
	return c.sleep(ctx)
}

// sleep is the rest of await; it leaves what await has entered.
func (c *consumer) sleep(ctx context.Context) (s slot.Slot, err error) {
	defer c.slow.Unlock()
	done, old := false, debug.SetPanicOnFault(true)
	defer func() {
		if !done {
			s, err = slot.Slot{}, c.rescue(old, recover())
		}
	}()
	if ctx, err = c.linked(ctx); err == nil {
		s, err = c.r.Acquire(ctx, c.opts.timeout)
	}
	if err == nil && c.closed.Load() { // Close waits for us, and unmaps
		c.r.PutBack()
		s, err = slot.Slot{}, ErrClosed
	}
	c.lent = err == nil
	done = true
	debug.SetPanicOnFault(old)
	return s, err
}

// tryNext is like next; where values are copied, tryCopy is guarded.
func (c *consumer) tryNext() (slot.Slot, bool, error) {
	if err := c.ready(); err != nil {
		return slot.Slot{}, false, err
	}
	s, ok, err := c.r.TryAcquire()
	c.lent = ok
	return s, ok, err
}

func (c *consumer) tryCopy() (s slot.Slot, ok bool, err error) {
	done, old := false, debug.SetPanicOnFault(true)
	defer func() {
		if !done {
			s, ok, err = slot.Slot{}, false, c.rescue(old, recover())
		}
	}()
	s, ok, err = c.tryNext()
	done = true
	debug.SetPanicOnFault(old)
	return s, ok, err
}

func (c *consumer) newest() (s slot.Slot, err error) {
	done, old := false, debug.SetPanicOnFault(true)
	defer func() {
		if !done {
			s, err = slot.Slot{}, c.rescue(old, recover())
		}
	}()
	if err = c.ready(); err == nil {
		s, err = c.takeNewest()
	}
	done = true
	debug.SetPanicOnFault(old)
	return s, err
}

func (c *consumer) takeNewest() (s slot.Slot, err error) {
	ok := false
	if c.seg.Config().Sync == hdr.SyncLatestOnly {
		s, ok, err = c.r.Latest()
	} else if c.observes {
		s, ok, err = c.r.Newest()
	} else {
		c.r.SkipToNewest()
		s, ok, err = c.r.TryAcquire()
	}
	c.lent = ok
	if err == nil && !ok {
		err = ErrNoValue
	}
	return s, err
}

// used releases the sample in hand, which could not be replaced until now. err is
// what was said by those who used it.
func (c *consumer) used(err error) error {
	c.inside = false
	if e := c.Release(); e != nil {
		return errors.Join(err, e)
	}
	return err
}

// loop yields what take lends until yield returns false or there is no more. none is
// what comes with an error.
func loop[S any](ctx context.Context, c *consumer, take func(context.Context) (S, error), none S, yield func(S, error) bool) {
	if err := each(ctx, c, take, none, yield); err != nil {
		yield(none, err)
	}
}

// each is the loop, and returns the fault that ended it. One in the body cannot end
// here: it goes on with its name.
func each[S any](ctx context.Context, c *consumer, take func(context.Context) (S, error), none S, yield func(S, error) bool) (fault error) {
	body, done, old := false, false, debug.SetPanicOnFault(true)
	defer func() {
		if done {
			return
		}
		if fault = c.rescue(old, recover()); fault != nil && body {
			panic(&bodyFault{fault, c.seg})
		}
	}()
	for more := true; more; {
		s, err := take(ctx)
		if errors.Is(err, ErrProducerClosed) {
			break
		}
		if err == nil {
			body, c.inside = true, true
			more = yield(s, nil)
			body = false
			if err = c.used(nil); err == nil || !more {
				continue
			}
		}
		body = true
		more = yield(none, err) && errors.Is(err, ErrChecksum)
		body = false
	}
	done = true
	debug.SetPanicOnFault(old)
	return nil
}

func (c *consumer) lag(seq uint64) (n uint64) {
	if c == nil {
		return 0 // of an empty sample
	}
	i, held := seq-c.r.Seq(), uint64(c.r.Held())
	if !c.lent || i >= held {
		return 0
	}
	_ = c.guarded(func() error { n = c.r.Lag() + held - 1 - i; return nil })
	return n
}
