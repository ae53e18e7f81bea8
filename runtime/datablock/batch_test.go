package datablock_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/pylabhub/datahub/runtime/datablock"
	"github.com/pylabhub/datahub/runtime/datablock/internal/weather"
)

// eachOrdered runs fn with a pair of each policy that keeps order.
func eachOrdered(t *testing.T, fn func(t *testing.T, r *rawPair)) {
	for name, c := range map[string]struct {
		sync datablock.Sync
		opts []datablock.Option
	}{
		"single reader":      {sync: datablock.SingleReader},
		"sync readers":       {sync: datablock.SyncReaders},
		"sync readers evict": {datablock.SyncReaders, []datablock.Option{datablock.EvictAfter(time.Hour)}},
		"overwrite":          {sync: datablock.Overwrite},
	} {
		for _, sum := range []datablock.Checksum{datablock.ChecksumNone, datablock.ChecksumEnforced} {
			t.Run(fmt.Sprintf("%s checksum %d", name, sum), func(t *testing.T) {
				spec := rawSpec(c.sync)
				if spec.Checksum = sum; sum != datablock.ChecksumNone {
					spec.ChecksumType = datablock.CRC32C
				}
				fn(t, newRawPair(t, spec, c.opts...))
			})
		}
	}
}

func TestBatchesAreInOrderAndReleasedInParts(t *testing.T) {
	eachOrdered(t, func(t *testing.T, r *rawPair) {
		for round := range uint64(20) { // across the end of the ring at each place
			r.send(6)
			n, err := r.c.NextN(within(t), 4)
			must(t, err)
			if n != 4 || r.c.Held() != 4 {
				t.Fatalf("got %d values, %d held, want 4", n, r.c.Held())
			}
			check := func(from uint64, n int) {
				t.Helper()
				got := 0
				for i, s := range r.c.Batch() {
					if want := from + uint64(i); s.Seq != want || len(s.Value) != 5 || s.Value[0] != byte(want) || s.Lost != 0 {
						t.Fatalf("value %d of the batch: %+v, want number %d", i, s, want)
					}
					if want := 6*round + 5 - s.Seq; s.Lag() != want {
						t.Fatalf("lag of value %d is %d, want %d", s.Seq, s.Lag(), want)
					}
					got++
				}
				if got != n {
					t.Fatalf("%d values, want %d", got, n)
				}
			}
			check(6*round, 4)
			must(t, r.c.ReleaseN(1))
			check(6*round+1, 3)
			must(t, r.c.ReleaseN(2))
			check(6*round+3, 1)
			if s := r.c.At(1); s.Value != nil || s.Seq != 0 {
				t.Fatalf("value 1 of 1: %+v", s)
			}
			// What is left is released with the next.
			n, err = r.c.NextN(within(t), 8)
			must(t, err)
			if n != 2 {
				t.Fatalf("got %d values, want the 2 that are there", n)
			}
			check(6*round+4, 2)
			must(t, r.c.Release())
			if r.c.Held() != 0 {
				t.Fatalf("%d held after Release", r.c.Held())
			}
		}
	})
}

func TestAReleasedPartOfABatchIsRoomForTheProducer(t *testing.T) {
	r := newRawPair(t, rawSpec(datablock.SyncReaders), datablock.Timeout(0))
	r.send(8)
	_, err := r.c.NextN(within(t), 8)
	must(t, err)
	for range 8 {
		timesOut(t, r.p.Send(within(t), nil))
		must(t, r.c.ReleaseN(1))
		r.send(1)
	}
}

func TestMisuseOfABatchIsAnError(t *testing.T) {
	r := newRawPair(t, rawSpec(datablock.SyncReaders), datablock.Timeout(0))
	ctx := within(t)
	is := func(what string, err, want error) {
		t.Helper()
		if !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", what, err, want)
		}
	}
	nextN := func(n int) error { _, err := r.c.NextN(ctx, n); return err }
	is("batch of 0", nextN(0), datablock.ErrBatch)
	is("batch of -1", nextN(-1), datablock.ErrBatch)
	is("batch of more than the capacity", nextN(9), datablock.ErrBatch)
	is("nothing to read", nextN(2), os.ErrDeadlineExceeded)
	is("ReleaseN of nothing", r.c.ReleaseN(1), datablock.ErrNoLoan)
	r.send(3)
	must(t, nextN(3))
	is("ReleaseN of 0", r.c.ReleaseN(0), datablock.ErrBatch)
	is("ReleaseN of more than there are", r.c.ReleaseN(4), datablock.ErrBatch)
	is("Close within a batch", r.c.Close(), datablock.ErrLoanOpen)
	must(t, r.c.ReleaseN(3))
	is("Release after all", r.c.Release(), datablock.ErrNoLoan)
	r.send(2)
	must(t, r.c.Read(ctx, func(datablock.RawSample) error {
		is("NextN within Read", nextN(1), datablock.ErrLoanOpen)
		is("ReleaseN within Read", r.c.ReleaseN(1), datablock.ErrLoanOpen)
		is("Seek within Read", r.c.Seek(0), datablock.ErrLoanOpen)
		return nil
	}))
	must(t, r.c.Close())
	is("NextN after Close", nextN(1), datablock.ErrClosed)
	is("Seek after Close", r.c.SeekOldest(), datablock.ErrClosed)
	if r.c.At(0).Value != nil {
		t.Error("a value after Close")
	}

	lp, err := weather.LatestChannel.Create("latest", r.at)
	must(t, err)
	defer lp.Close()
	lc, err := weather.LatestChannel.Attach("latest", r.at)
	must(t, err)
	defer lc.Close()
	_, err = lc.NextN(ctx, 2)
	is("batch of latest values", err, datablock.ErrNotSupported)
	is("Seek of latest values", lc.SeekOldest(), datablock.ErrNotSupported)
	must(t, lp.Send(ctx, &weather.Latest{Number: 3}))
	n, err := lc.NextN(ctx, 1)
	must(t, err)
	if n != 1 || lc.At(0).Value.Number != 3 {
		t.Errorf("a batch of one latest value: %d, %+v", n, lc.At(0).Value)
	}
	must(t, lc.ReleaseN(1))
}

func TestATypedBatchGivesTheValues(t *testing.T) {
	at := root(t)
	p, c := createReading(t, at), attachReading(t, at)
	for n := range uint64(5) {
		put(t, p, n)
	}
	n, err := c.NextN(within(t), 5)
	must(t, err)
	for i, s := range c.Batch() {
		if s.Value.Number != uint64(i) || s.Value.Check != ^uint64(i) {
			t.Errorf("value %d: %+v", i, *s.Value)
		}
		if i == 3 {
			break
		}
	}
	if s := c.At(5); n != 5 || s.Value != nil || s.Has(weather.FieldReadingNumber) {
		t.Errorf("%d values; the sixth is %+v", n, s)
	}
	must(t, c.Release())
}

func TestABadValueEndsABatchAndIsReportedOnce(t *testing.T) {
	for name, opts := range map[string][]datablock.Option{"in place": nil, "copied": {datablock.EvictAfter(time.Hour)}} {
		t.Run(name, func(t *testing.T) {
			spec := rawSpec(datablock.SyncReaders)
			spec.Checksum, spec.ChecksumType = datablock.ChecksumEnforced, datablock.BLAKE3
			r := newRawPair(t, spec, opts...)
			r.send(5)
			flip(t, r.dir, "raw", 2)
			n, err := r.c.NextN(within(t), 5)
			must(t, err)
			if n != 2 {
				t.Fatalf("%d values before the bad one, want 2", n)
			}
			var sum *datablock.ChecksumError
			if _, err := r.c.NextN(within(t), 5); !errors.As(err, &sum) || sum.Seq != 2 || !sum.Skipped {
				t.Fatalf("got %v, want the checksum error of value 2", err)
			}
			n, err = r.c.NextN(within(t), 5)
			must(t, err)
			if n != 2 || r.c.At(0).Seq != 3 {
				t.Fatalf("%d values from %d, want 2 from 3", n, r.c.At(0).Seq)
			}
			if m := r.metrics(); m.ChecksumFailures != 1 {
				t.Errorf("%d failures were counted, want 1", m.ChecksumFailures)
			}
		})
	}
}

func TestAConsumerBeginsAndSeeksWhereItIsTold(t *testing.T) {
	// The ring holds 8 values of 20; one or two of them may be about to be overwritten.
	for _, c := range []struct {
		name        string
		sync        datablock.Sync
		opts        []datablock.Option
		oldest      uint64
		at5, at5Out uint64 // where a consumer that wants number 5 begins, and how many it lost
	}{
		{name: "sync readers", sync: datablock.SyncReaders, oldest: 12, at5: 12, at5Out: 7},
		{name: "sync readers evict", sync: datablock.SyncReaders, opts: []datablock.Option{datablock.EvictAfter(time.Hour)}, oldest: 12, at5: 12, at5Out: 7},
		{name: "overwrite", sync: datablock.Overwrite, oldest: 12, at5: 12, at5Out: 7},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRawPair(t, rawSpec(c.sync), c.opts...)
			must(t, r.c.Close())
			r.send(20)
			for _, want := range []struct {
				name      string
				start     datablock.Option
				seek      func(*datablock.RawConsumer) error
				seq, lost uint64
				nothing   bool
			}{
				{"newest", datablock.StartNewest(), (*datablock.RawConsumer).SeekNewest, 0, 0, true},
				{"oldest", datablock.StartOldest(), (*datablock.RawConsumer).SeekOldest, c.oldest, 0, false},
				{"15", datablock.StartAt(15), func(c *datablock.RawConsumer) error { return c.Seek(15) }, 15, 0, false},
				{"5", datablock.StartAt(5), func(c *datablock.RawConsumer) error { return c.Seek(5) }, c.at5, c.at5Out, false},
				{"25", datablock.StartAt(25), func(c *datablock.RawConsumer) error { return c.Seek(25) }, 0, 0, true},
			} {
				check := func(how string, k *datablock.RawConsumer) {
					t.Helper()
					s, ok, err := k.TryNext()
					must(t, err)
					if ok == want.nothing || s.Seq != want.seq || s.Lost != want.lost {
						t.Errorf("%s %s: got %d, %d lost, there %t; want %d, %d lost", how, want.name, s.Seq, s.Lost, ok, want.seq, want.lost)
					}
				}
				k := r.attach(want.start)
				check("start at", k)
				must(t, k.SeekOldest()) // with a sample in use
				must(t, want.seek(k))
				check("seek to", k)
				_ = k.Release()
				must(t, k.Close())
			}
		})
	}
	t.Run("single reader", func(t *testing.T) {
		r := newRawPair(t, rawSpec(datablock.SingleReader))
		r.send(8)
		for range 3 {
			r.next()
		}
		must(t, r.c.Release())
		want := func(what string, seq uint64) {
			t.Helper()
			s, ok, err := r.c.TryNext()
			if err != nil || !ok || s.Seq != seq {
				t.Errorf("%s: got %d, %t, %v; want %d", what, s.Seq, ok, err, seq)
			}
		}
		must(t, r.c.SeekOldest())
		want("oldest: nobody has read it", 3)
		must(t, r.c.Seek(6))
		want("6", 6)
		must(t, r.c.Release())
		must(t, r.c.Close())
		r.c = r.attach()
		want("where the last one stopped", 7)
		_ = r.c.Release()
		must(t, r.c.Close())
		r.c = r.attach(datablock.StartNewest())
		r.send(1)
		want("newest", 8)
	})
}

func TestOverwriteNeverWaitsAndCountsEachLoss(t *testing.T) {
	r := newRawPair(t, rawSpec(datablock.Overwrite), datablock.Timeout(0))
	slow := r.attach(datablock.StartOldest())
	next, read, lost := uint64(0), uint64(0), uint64(0)
	for round := range 200 {
		r.send(round % 23) // never waits
		s, ok, err := slow.TryNext()
		must(t, err)
		if !ok {
			continue
		}
		if s.Seq != next+s.Lost || s.Value[0] != byte(s.Seq) {
			t.Fatalf("round %d: value %d, %d lost, holds %d; the last was %d", round, s.Seq, s.Lost, s.Value[0], next-1)
		}
		next, read, lost = s.Seq+1, read+1, lost+s.Lost
		if s.Lag() >= 8 {
			t.Fatalf("round %d: value %d is %d behind: the ring does not hold that many", round, s.Seq, s.Lag())
		}
	}
	must(t, slow.Release())
	m, err := slow.Metrics()
	must(t, err)
	var c *datablock.ConsumerMetrics
	for i := range m.Consumers {
		if m.Consumers[i].Read != 0 {
			c = &m.Consumers[i]
		}
	}
	if c == nil || c.Read != read || c.Lost != lost || read+lost != next {
		t.Errorf("read %d and lost %d of %d; metrics say %+v", read, lost, next, c)
	}
	if lost == 0 {
		t.Error("nothing was lost")
	}
}

func TestAStalledConsumerIsEvictedAndJoinsAgain(t *testing.T) {
	r := newRawPair(t, rawSpec(datablock.SyncReaders), datablock.EvictAfter(20*time.Millisecond))
	r.send(1)
	s := r.next()
	start := time.Now()
	r.send(12) // waits for the consumer, and then no longer
	if d := time.Since(start); d < 15*time.Millisecond || d > 10*time.Second {
		t.Errorf("the producer went on after %v, want 20 ms", d)
	}
	if s.Value[0] != 0 {
		t.Error("the sample in use was overwritten")
	}
	if err := r.c.Release(); !errors.Is(err, datablock.ErrEvicted) {
		t.Errorf("Release: %v, want ErrEvicted", err)
	}
	for range 2 {
		if _, err := r.c.Next(within(t)); !errors.Is(err, datablock.ErrEvicted) {
			t.Errorf("Next: %v, want ErrEvicted", err)
		}
	}
	must(t, r.c.SeekOldest())
	if s := r.next(); s.Value[0] != byte(s.Seq) || s.Seq < 5 {
		t.Errorf("after joining again: %d holds %d", s.Seq, s.Value[0])
	}
	must(t, r.c.SeekNewest())
	r.send(1)
	if s := r.next(); s.Seq != 13 {
		t.Errorf("got %d, want 13", s.Seq)
	}

	// One that waits is told, too, and one that reads is left alone.
	r.c.Release()
	for n := range 50 {
		r.send(1)
		if s := r.next(); s.Seq != uint64(14+n) {
			t.Fatalf("got %d, want %d", s.Seq, 14+n)
		}
	}
}

func TestEvictionIsAPropertyOfTheBlock(t *testing.T) {
	at := root(t)
	bad := func(spec *datablock.Spec, d time.Duration) {
		t.Helper()
		_, err := datablock.CreateRaw(spec, "raw", at, datablock.EvictAfter(d))
		var e *datablock.ConfigError
		if !errors.As(err, &e) {
			t.Errorf("sync %v, %v: got %v, want a ConfigError", spec.Sync, d, err)
		}
	}
	bad(rawSpec(datablock.SyncReaders), 0)
	bad(rawSpec(datablock.SyncReaders), -1)
	bad(rawSpec(datablock.Overwrite), 1)
	bad(rawSpec(datablock.SingleReader), 1)
	spec := rawSpec(datablock.SyncReaders)
	p, err := datablock.CreateRaw(spec, "raw", at, datablock.Keep())
	must(t, err)
	must(t, p.Close())
	if _, err := datablock.CreateRaw(spec, "raw", at, datablock.EvictAfter(1)); !errors.Is(err, datablock.ErrPolicy) {
		t.Errorf("takeover by a producer that evicts: %v, want ErrPolicy", err)
	}
}

func TestBatchesDoNotAllocate(t *testing.T) {
	for name, opts := range map[string][]datablock.Option{"in place": nil, "copied": {datablock.EvictAfter(time.Hour)}} {
		spec := rawSpec(datablock.SyncReaders)
		spec.Checksum, spec.ChecksumType = datablock.ChecksumEnforced, datablock.CRC32C
		r := newRawPair(t, spec, opts...)
		o := r.observe()
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		b := []byte("hello")
		check := func(err error) {
			if err != nil {
				panic(err)
			}
		}
		if n := testing.AllocsPerRun(500, func() {
			check(r.p.BeginN(ctx, 4))
			for i := range 4 {
				copy(r.p.At(i), b)
				check(r.p.SetLen(i, len(b)))
			}
			check(r.p.CommitN(4))
			_, err := r.c.NextN(ctx, 4)
			check(err)
			for i := range r.c.Held() {
				_ = r.c.At(i).Value
			}
			check(r.c.ReleaseN(3))
			check(r.c.Release())
			for range 4 {
				_, err = o.Next(ctx)
				check(err)
			}
			_, err = o.Latest()
			check(err)
			must(t, r.c.SeekNewest())
		}); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}
