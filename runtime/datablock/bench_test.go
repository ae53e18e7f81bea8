package datablock_test

import (
	"context"
	"testing"

	"github.com/pylabhub/datahub/runtime/datablock/internal/weather"
)

// BenchmarkWriteRead is the way of one small value within a goroutine: what the
// library costs without any waiting or cache misses.
func BenchmarkWriteRead(b *testing.B) {
	at := root(b)
	p, c := createReading(b, at), attachReading(b, at)
	ctx := context.Background()
	check := func(err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	b.Run("Begin Commit Next Release", func(b *testing.B) {
		for b.Loop() {
			v, err := p.Begin(ctx)
			check(err)
			v.Number++
			check(p.Commit())
			_, err = c.Next(ctx)
			check(err)
			check(c.Release())
		}
	})
	b.Run("Begin Commit TryNext", func(b *testing.B) {
		for b.Loop() {
			v, err := p.Begin(ctx)
			check(err)
			v.Number++
			check(p.Commit())
			_, _, err = c.TryNext()
			check(err)
		}
		_ = c.Release()
	})
	fill := func(v *weather.Reading) error { v.Number++; return nil }
	b.Run("Write Next", func(b *testing.B) {
		for b.Loop() {
			check(p.Write(ctx, fill))
			_, err := c.Next(ctx)
			check(err)
		}
		_ = c.Release()
	})
}
