package datablock

import (
	"context"
	"runtime/debug"
)

// A WriteTx is a value that is being written, with what a function may want to know
// or do beside it. It is good until the function it was given to returns.
type WriteTx[T any] struct {
	Value *T // in shared memory; nil when the transaction is over

	p *Producer[T]
}

// WriteTx calls fn with the next value, as Write, and publishes it. If fn returns
// an error, panics or ends its goroutine, nothing is published, except what it
// changed in the flexible zone.
func (p *Producer[T]) WriteTx(ctx context.Context, fn func(tx *WriteTx[T]) error) (err error) {
	done, old := false, debug.SetPanicOnFault(true)
	defer func() {
		if !done {
			p.tx.Value = nil
			err = p.rescue(old, recover())
		}
	}()
	b, err := p.begin(ctx)
	if err == nil {
		p.tx = WriteTx[T]{Value: view[T](b), p: p}
		p.inside = true
		err = fn(&p.tx)
		p.tx.Value = nil
		err = p.finish(err)
	}
	done = true
	debug.SetPanicOnFault(old)
	return err
}

// Seq returns the sequence number that the value will have.
func (tx *WriteTx[T]) Seq() uint64 { return tx.p.Seq() }

// Info is that of the producer.
func (tx *WriteTx[T]) Info() Info { return tx.p.Info() }

// Config returns the policies of the channel.
func (tx *WriteTx[T]) Config() Spec { return tx.p.Config() }

// Metrics is that of the producer.
func (tx *WriteTx[T]) Metrics() (Metrics, error) { return tx.p.Metrics() }

// Sum is that of the producer.
func (tx *WriteTx[T]) Sum() error { return tx.p.Sum() }

// Validate reports whether all fields of the value that are there hold what their
// types allow: a [ValueError] if not. Readers check nothing of that. ErrNoLoan when
// the transaction is over.
func (tx *WriteTx[T]) Validate() error {
	if tx.Value == nil {
		return ErrNoLoan
	}
	return tx.p.fields.validate(bytesOf(tx.Value))
}

// WriteTxFlex returns the writer of the flexible zone, as [NewFlexWriter].
func WriteTxFlex[F, T any](tx *WriteTx[T]) *FlexWriter[F] { return NewFlexWriter[F](tx.p) }

// A ReadTx is a value that is being read, with what a function may want to know
// beside it. It is good until the function it was given to returns.
type ReadTx[T any] struct {
	Sample[T] // Value is nil when the transaction is over

	c *Consumer[T]
}

// ReadTx calls fn with the next sample and releases it, as Read.
func (c *Consumer[T]) ReadTx(ctx context.Context, fn func(tx *ReadTx[T]) error) (err error) {
	done, old := false, debug.SetPanicOnFault(true)
	defer func() {
		if !done {
			c.tx.Value = nil
			err = c.rescue(old, recover())
		}
	}()
	s, err := c.next(ctx)
	if err == nil {
		c.tx = ReadTx[T]{Sample: sample[T](c.consumer, s, true), c: c}
		c.inside = true
		err = fn(&c.tx)
		c.tx.Value = nil
		err = c.used(err)
	}
	done = true
	debug.SetPanicOnFault(old)
	return err
}

// Info is that of the consumer.
func (tx *ReadTx[T]) Info() Info { return tx.c.Info() }

// Config returns the policies of the channel.
func (tx *ReadTx[T]) Config() Spec { return tx.c.Config() }

// Metrics is that of the consumer.
func (tx *ReadTx[T]) Metrics() (Metrics, error) { return tx.c.Metrics() }

// Validate reports whether what was read of the value can be believed: ErrEvicted
// if the consumer has lost its place meanwhile, a [ChecksumError] if checksums are
// enforced and it does not match any more, a [ValueError] if a field holds what its
// type does not allow. ErrNoLoan when the transaction is over.
func (tx *ReadTx[T]) Validate() error {
	if tx.Value == nil {
		return ErrNoLoan
	}
	if err := tx.c.r.Whole(); err != nil {
		return err
	}
	if tx.Config().Checksum == ChecksumEnforced {
		if err := tx.Verify(); err != nil {
			return err
		}
	}
	return tx.c.fields.validate(bytesOf(tx.Value))
}

// ReadTxFlex returns the reader of the flexible zone, as [NewFlexReader].
func ReadTxFlex[F, T any](tx *ReadTx[T]) *FlexReader[F] { return NewFlexReader[F](tx.c) }
