package datablock_test

import (
	"context"
	"testing"
	"time"

	"github.com/pylabhub/datahub/runtime/datablock"
	"github.com/pylabhub/datahub/runtime/datablock/internal/weather"
)

// root returns an option that keeps the blocks of one test by themselves.
func root(t testing.TB) datablock.Option { return datablock.Root(t.TempDir()) }

// within is a context for what must not take long; a test that hangs fails.
func within(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func createReading(t testing.TB, opts ...datablock.Option) *weather.ReadingProducer {
	t.Helper()
	p, err := weather.ReadingChannel.Create("roof", opts...)
	must(t, err)
	t.Cleanup(func() { p.Close() })
	return p
}

func attachReading(t testing.TB, opts ...datablock.Option) *weather.ReadingConsumer {
	t.Helper()
	c, err := weather.ReadingChannel.Attach("roof", opts...)
	must(t, err)
	t.Cleanup(func() { c.Close() })
	return c
}

// put writes one reading.
func put(t testing.TB, p *weather.ReadingProducer, number uint64) {
	t.Helper()
	must(t, p.Write(within(t), func(r *weather.Reading) error {
		r.Number, r.Check = number, ^number
		return nil
	}))
}
