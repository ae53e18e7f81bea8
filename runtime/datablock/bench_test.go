package datablock_test

import (
	"context"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/pylabhub/datahub/runtime/datablock"
	"github.com/pylabhub/datahub/runtime/datablock/internal/weather"
)

// BenchmarkWriteRead is the way of one small value within a goroutine: what the
// library costs without any waiting or cache misses. The ways that are guarded
// against faults stand beside those that are not.
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
	b.Run("Send Next", func(b *testing.B) {
		var v weather.Reading
		for b.Loop() {
			check(p.Send(ctx, &v))
			_, err := c.Next(ctx)
			check(err)
		}
		_ = c.Release()
	})
	look := func(s datablock.Sample[weather.Reading]) error { sink = s.Value.Number; return nil }
	b.Run("Begin Commit Read", func(b *testing.B) {
		for b.Loop() {
			_, err := p.Begin(ctx)
			check(err)
			check(p.Commit())
			check(c.Read(ctx, look))
		}
	})
	b.Run("Begin Commit All", func(b *testing.B) {
		write := func() {
			_, err := p.Begin(ctx)
			check(err)
			check(p.Commit())
		}
		write()
		for s, err := range c.All(ctx) {
			check(err)
			if sink = s.Value.Number; !b.Loop() {
				break
			}
			write()
		}
	})
	b.Run("batches of 8", func(b *testing.B) {
		for b.Loop() {
			check(p.BeginN(ctx, 8))
			check(p.CommitN(8))
			_, err := c.NextN(ctx, 8)
			check(err)
			check(c.Release())
		}
	})
	o, err := datablock.Observe[weather.Reading](&datablock.Spec{Schema: &weather.ReadingSchema}, "roof", at)
	check(err)
	defer o.Close()
	b.Run("Begin Commit TryNext and an observer's TryNext", func(b *testing.B) {
		for b.Loop() {
			_, err := p.Begin(ctx)
			check(err)
			check(p.Commit())
			_, _, err = c.TryNext()
			check(err)
			_, _, err = o.TryNext()
			check(err)
		}
		_ = c.Release()
	})
}

var sink uint64

// BenchmarkAttachLarge is how long it takes to attach to a channel of 4 MiB values,
// place in the ring included.
func BenchmarkAttachLarge(b *testing.B) {
	at := root(b)
	s := &datablock.Spec{RawSize: 4 << 20, Policy: datablock.Ring, Sync: datablock.SyncReaders,
		Capacity: 4, Consumers: 2, PageSize: 4096}
	p, err := datablock.CreateRaw(s, "frames", at)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = p.Close() })
	h := hdrhistogram.New(1, int64(time.Minute), 3)
	for b.Loop() {
		start := time.Now()
		c, err := datablock.AttachRaw(s, "frames", at)
		if err != nil {
			b.Fatal(err)
		}
		_ = h.RecordValue(int64(time.Since(start))) // less than a minute
		if err := c.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(h.ValueAtQuantile(50))/1e3, "p50-us")
	b.ReportMetric(float64(h.ValueAtQuantile(99))/1e3, "p99-us")
}
