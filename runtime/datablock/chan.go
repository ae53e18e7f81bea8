package datablock

import (
	"bytes"
	"context"
	"errors"
	"runtime/debug"

	"github.com/pylabhub/datahub/runtime/slot"
)

// A Copy is a value that was copied out of the channel.
type Copy[T any] struct {
	Seq   uint64 // how many values the channel had before this one
	Value *T     // the receiver's own
	Lost  uint64 // values between the last copy and this one that were not seen
	Time  int64  // of the commit, nanoseconds since the Unix epoch; 0 if the channel has no timestamps
	Err   error  // if not nil there is no value, for this reason

	fields *fieldTable
}

// Has is [Sample.Has].
func (v Copy[T]) Has(f Field) bool {
	return v.Value != nil && v.fields.has(bytesOf(v.Value), f)
}

// Chan returns a Go channel with the values that come from now on, for programs
// that want to select on it. It has room for buffer copies, for one at least.
//
// It ends, by being closed, when the producer has closed the channel and all
// values are read, when ctx ends, and when c is closed. Any other error comes as
// the last element (an ErrChecksum in between: that value is skipped). So if
// nobody receives any more, ctx must end or c be closed for the goroutine behind
// it to end.
//
// Until then c belongs to that goroutine: only Close may be called. Then it is as
// good as before, but what was under way when ctx ended is lost: the copies in the
// channel and one more.
//
// The price of convenience: each value is allocated, copied, and handed from
// goroutine to goroutine, which is many times slower than [Consumer.Next]. It costs
// a goroutine, but no thread; see [WaitSet].
func (c *Consumer[T]) Chan(ctx context.Context, buffer int) <-chan Copy[T] {
	return stream(ctx, c.consumer, c, buffer, func(s slot.Slot, err error) Copy[T] {
		if err != nil {
			return Copy[T]{Err: err}
		}
		v := *view[T](s.Payload)
		return Copy[T]{Seq: s.Seq, Value: &v, Lost: s.Lost, Time: s.Time, fields: c.fields}
	})
}

// A RawCopy is a value that was copied out of a raw channel.
type RawCopy struct {
	Seq   uint64 // how many values the channel had before this one
	Value []byte
	Lost  uint64 // values between the last copy and this one that were not seen
	Time  int64  // of the commit, nanoseconds since the Unix epoch; 0 if the channel has no timestamps
	Err   error  // if not nil there is no value, for this reason
}

// Chan is [Consumer.Chan]. Each value is allocated.
func (c *RawConsumer) Chan(ctx context.Context, buffer int) <-chan RawCopy {
	return stream(ctx, c.consumer, c, buffer, func(s slot.Slot, err error) RawCopy {
		if err != nil {
			return RawCopy{Err: err}
		}
		return RawCopy{Seq: s.Seq, Value: bytes.Clone(s.Payload), Lost: s.Lost, Time: s.Time}
	})
}

// stream sends what copied makes of values and errors.
func stream[V any](ctx context.Context, c *consumer, w Waitable, buffer int, copied func(slot.Slot, error) V) <-chan V {
	out := make(chan V, max(buffer, 1)) // room for an error that comes before anybody receives
	set := NewWaitSet()
	ctx, err := c.linked(ctx)
	if err == nil {
		err = errors.Join(c.guarded(c.ready), set.Add(w))
	}
	if err != nil {
		set.Close()
		if !errors.Is(err, ErrClosed) {
			out <- copied(slot.Slot{}, err)
		}
		close(out)
		return out
	}
	send := func(v V) bool {
		select {
		case out <- v:
			return true
		case <-ctx.Done():
			return false
		}
	}
	go func() {
		defer close(out)
		defer set.Close()
		for {
			v, ok, err := takeCopy(c, copied)
			if err != nil && !errors.Is(err, ErrClosed) {
				v, ok = copied(slot.Slot{}, err), true
			}
			if ok && !send(v) || err != nil && !errors.Is(err, ErrChecksum) {
				return
			}
			if ok {
				continue
			}
			events, err := set.Wait(ctx)
			if err != nil {
				return // of ctx, which ends with the consumer
			}
			switch err := events[0].Err; {
			case err == nil:
			case errors.Is(err, ErrProducerClosed) || errors.Is(err, ErrClosed):
				return
			default:
				send(copied(slot.Slot{}, err))
				return
			}
		}
	}()
	return out
}

// takeCopy copies the next value if there is one. It keeps Close away meanwhile.
func takeCopy[V any](c *consumer, copied func(slot.Slot, error) V) (v V, ok bool, err error) {
	c.slow.Lock()
	defer c.slow.Unlock()
	if c.closed.Load() {
		return v, false, ErrClosed
	}
	done, old := false, debug.SetPanicOnFault(true)
	defer func() {
		if !done {
			ok, err = false, c.rescue(old, recover())
		}
	}()
	s, ok, err := c.r.TryAcquire()
	if ok && err == nil {
		v = copied(s, nil)
		if err = c.r.Release(); err != nil { // evicted: the copy is not to be believed
			ok = false
		}
	}
	done = true
	debug.SetPanicOnFault(old)
	return v, ok, err
}
