// Package datablocktest helps to test programs that use channels. Its channels are
// real ones, in a folder that goes away with the test: what works here works
// between processes, and nothing needs to be faked.
package datablocktest

import (
	"context"
	"testing"
	"time"

	"github.com/pylabhub/datahub/runtime/datablock"
)

// patience is how long Feed and Collect wait for one value before the test fails.
const patience = 10 * time.Second

// Root returns an option that keeps the blocks of one test by themselves. Producer
// and consumers must be given the same one.
func Root(t testing.TB) datablock.Option { return datablock.Root(t.TempDir()) }

// Pair makes a channel of s and a producer and a consumer of it, which are closed
// when the test ends. To have the generated types, wrap them:
//
//	p, c := datablocktest.Pair[weather.Reading](t, spec)
//	record(&weather.ReadingProducer{Producer: p})
//	plot(&weather.ReadingConsumer{Consumer: c})
func Pair[T any](t testing.TB, s *datablock.Spec, opts ...datablock.Option) (*datablock.Producer[T], *datablock.Consumer[T]) {
	t.Helper()
	opts = append([]datablock.Option{Root(t)}, opts...)
	p, err := datablock.Create[T](s, "test", opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closed(t, "producer", p.Close()) })
	c, err := datablock.Attach[T](s, "test", opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Release(); closed(t, "consumer", c.Close()) }) // there may be no sample
	return p, c
}

func closed(t testing.TB, what string, err error) {
	if err != nil {
		t.Errorf("close %s: %v", what, err)
	}
}

// A Sender is what Feed needs of a producer.
type Sender[T any] interface {
	Send(ctx context.Context, v *T) error
}

// Feed sends values, one after the other.
func Feed[T any](t testing.TB, p Sender[T], values ...T) {
	t.Helper()
	for i := range values {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		err := p.Send(ctx, &values[i])
		cancel()
		if err != nil {
			t.Fatalf("value %d of %d: %v", i, len(values), err)
		}
	}
}

// A Receiver is what Collect needs of a consumer.
type Receiver[T any] interface {
	Next(ctx context.Context) (datablock.Sample[T], error)
	Release() error
}

// Collect returns copies of the next n values.
func Collect[T any](t testing.TB, c Receiver[T], n int) []T {
	t.Helper()
	values := make([]T, 0, n)
	for i := range n {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		s, err := c.Next(ctx)
		cancel()
		if err != nil {
			t.Fatalf("value %d of %d: %v", i, n, err)
		}
		values = append(values, *s.Value)
		if err := c.Release(); err != nil {
			t.Fatalf("value %d of %d: %v", i, n, err)
		}
	}
	return values
}
