package datablock

import (
	"context"
	"iter"
	"runtime/debug"

	"github.com/pylabhub/datahub/runtime/slot"
)

// NextN releases what was lent and lends the next values in order: it waits for
// the first of them, as Next, takes what is there behind it, at most n in all, and
// returns how many that are. At and Batch return them. n is 1 to the channel's
// capacity; a channel of latest values has no batches.
//
// A value that does not match its checksum ends a batch, and the next call
// reports it.
func (c *consumer) NextN(ctx context.Context, n int) (got int, err error) {
	done, old := false, debug.SetPanicOnFault(true)
	defer func() {
		if !done {
			got, err = 0, c.rescue(old, recover())
		}
	}()
	if err = c.ready(); err == nil {
		err = c.r.CheckBatch(n)
	}
	if err == nil {
		_, err = c.next(ctx)
	}
	if err == nil {
		got = c.r.Extend(n)
	}
	done = true
	debug.SetPanicOnFault(old)
	return got, err
}

// Held returns how many values are in use.
func (c *consumer) Held() int { return c.r.Held() }

// ReleaseN ends the use of the first n values that NextN lent: their memory may be
// overwritten from now on. At counts from the first of those that stay in use.
// Release ends the use of all. Errors are those of Release, and ErrBatch if there
// are fewer.
func (c *consumer) ReleaseN(n int) (err error) {
	if c.inside {
		return ErrLoanOpen
	}
	done, old := false, debug.SetPanicOnFault(true)
	defer func() {
		if !done {
			err = c.rescue(old, recover())
		}
	}()
	err = c.r.ReleaseN(n)
	c.lent = c.r.Held() != 0
	done = true
	debug.SetPanicOnFault(old)
	return err
}

// SeekNewest releases what was lent and goes on with the next value that is
// written, SeekOldest with the oldest that is still there. Seek goes on with the
// value of a sequence number: if that is gone the next sample tells how many were
// lost, if it is yet to come Seek is SeekNewest. For a consumer that was evicted
// each of them is the way to join again.
//
// Each of them leaves and joins: values that were kept for this consumer may be gone
// for it then, the oldest of a full ring for one, and all where the producer waits for
// room for a whole ring. To go on with the newest without that is what Latest does.
//
// Under SingleReader the oldest value is the first that nobody has read. A channel
// of latest values has nothing to seek: ErrNotSupported. A handle that holds a
// lock cannot: ErrLockHeld.
func (c *consumer) SeekNewest() error { return c.seek(slot.StartNewest, 0) }

// SeekOldest is described at SeekNewest.
func (c *consumer) SeekOldest() error { return c.seek(slot.StartOldest, 0) }

// Seek is described at SeekNewest.
func (c *consumer) Seek(seq uint64) error { return c.seek(slot.StartAt, seq) }

func (c *consumer) seek(start slot.Start, seq uint64) (err error) {
	if c.inside {
		return ErrLoanOpen
	}
	done, old := false, debug.SetPanicOnFault(true)
	defer func() {
		if !done {
			err = c.rescue(old, recover())
		}
	}()
	if c.lent {
		c.lent = false
		_ = c.r.Release() // ErrEvicted is what Seek is for
	}
	err = c.r.Seek(start, seq)
	done = true
	debug.SetPanicOnFault(old)
	return err
}

// At returns the i-th of the values in use, without a value if there are fewer.
func (c *Consumer[T]) At(i int) Sample[T] {
	if c.r.Plain() {
		b, ok := c.r.PlainAt(i)
		if !ok {
			return Sample[T]{c: c.consumer}
		}
		v := Sample[T]{Seq: c.r.Seq() + uint64(i), Value: view[T](b), c: c.consumer}
		if i == 0 {
			v.Lost = c.r.Lost()
		}
		return v
	}
	s := c.r.At(i)
	return sample[T](c.consumer, s, s.Payload != nil)
}

// Batch returns the values in use, numbered from 0. Release and ReleaseN are not
// for the body of its loop.
func (c *Consumer[T]) Batch() iter.Seq2[int, Sample[T]] {
	return func(yield func(int, Sample[T]) bool) {
		for i := 0; i < c.r.Held() && yield(i, c.At(i)); i++ {
		}
	}
}

// At is [Consumer.At].
func (c *RawConsumer) At(i int) RawSample { return rawSample(c.consumer, c.r.At(i)) }

// Batch is [Consumer.Batch].
func (c *RawConsumer) Batch() iter.Seq2[int, RawSample] {
	return func(yield func(int, RawSample) bool) {
		for i := 0; i < c.r.Held() && yield(i, c.At(i)); i++ {
		}
	}
}

// BeginN is [Producer.BeginN].
func (p *RawProducer) BeginN(ctx context.Context, n int) error { return p.beginN(ctx, n) }

// At returns the memory of the i-th of the values that BeginN lent, RawSize bytes,
// nil if there are fewer.
func (p *RawProducer) At(i int) []byte { return p.w.Slot(i) }

// SetLen says that only the first n bytes of the i-th value in hand are written.
// Without it a value has RawSize bytes.
func (p *RawProducer) SetLen(i, n int) error { return p.w.SetLen(i, n) }
