package datablock_test

import (
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/pylabhub/datahub/runtime/datablock"
	"github.com/pylabhub/datahub/runtime/datablock/internal/weather"
)

// eachSum runs fn with a channel of each algorithm and policy.
func eachSum(t *testing.T, sum datablock.Checksum, fn func(t *testing.T, r *rawPair)) {
	for algo, kind := range map[string]datablock.ChecksumType{"crc32c": datablock.CRC32C, "blake3": datablock.BLAKE3} {
		for name, sync := range map[string]datablock.Sync{
			"latest only": datablock.LatestOnly, "single reader": datablock.SingleReader,
			"sync readers": datablock.SyncReaders, "overwrite": datablock.Overwrite,
		} {
			for _, timestamp := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s %s timestamp %t", algo, name, timestamp), func(t *testing.T) {
					spec := rawSpec(sync)
					spec.Checksum, spec.ChecksumType, spec.Timestamp = sum, kind, timestamp
					fn(t, newRawPair(t, spec))
				})
			}
		}
	}
}

// corruptNewest changes the newest value; of latest values, which may be in any
// slot, all that are there.
func corruptNewest(t *testing.T, r *rawPair) {
	t.Helper()
	if r.spec.Sync != datablock.LatestOnly {
		flip(t, r.dir, "raw", r.p.Seq()-1)
		return
	}
	for i := range uint64(r.p.Info().Slots) {
		flip(t, r.dir, "raw", i)
	}
}

func TestFault28ACorruptValueIsCountedReportedOnceAndSkipped(t *testing.T) {
	eachSum(t, datablock.ChecksumEnforced, func(t *testing.T, r *rawPair) {
		o := r.observe()
		r.send(1)
		if s := r.next(); s.Seq != 0 || s.Value[0] != 0 {
			t.Fatalf("a good value: %+v", s)
		}
		must(t, r.c.Release())
		if _, err := o.Next(within(t)); err != nil {
			t.Fatal(err)
		}
		r.send(1)
		corruptNewest(t, r)
		for name, next := range map[string]func() (datablock.RawSample, bool, error){"consumer": r.c.TryNext, "observer": o.TryNext} {
			var sum *datablock.ChecksumError
			if s, ok, err := next(); ok || !errors.As(err, &sum) || !errors.Is(err, datablock.ErrChecksum) || sum.Seq != 1 || !sum.Skipped {
				t.Errorf("%s: got %d, %t, %v; want the checksum error of value 1", name, s.Seq, ok, err)
			}
			if s, ok, err := next(); ok || err != nil {
				t.Errorf("%s, again: got %d, %t, %v; want nothing", name, s.Seq, ok, err)
			}
		}
		if r.spec.Sync == datablock.LatestOnly {
			if _, err := r.c.Latest(); !errors.Is(err, datablock.ErrNoValue) {
				t.Errorf("Latest: %v, want ErrNoValue: it was reported", err)
			}
		}
		r.send(1)
		for name, next := range map[string]func() (datablock.RawSample, bool, error){"consumer": r.c.TryNext, "observer": o.TryNext} {
			if s, ok, err := next(); !ok || err != nil || s.Seq != 2 || s.Value[0] != 2 || s.Lost != 0 {
				t.Errorf("%s: the value behind: %+v, %t, %v", name, s, ok, err)
			}
		}
		must(t, r.c.Release())
		m, err := o.Metrics()
		must(t, err)
		if m.Observer.ChecksumFailures != 1 {
			t.Errorf("the observer counted %d failures, want 1", m.Observer.ChecksumFailures)
		}
		if m := r.metrics(); m.ChecksumFailures != 1 || m.Read != 2 {
			t.Errorf("%d failures and %d read were counted, want 1 and 2", m.ChecksumFailures, m.Read)
		}
	})
}

func TestManualChecksumsAreMadeAndCheckedOnRequest(t *testing.T) {
	eachSum(t, datablock.ChecksumManual, func(t *testing.T, r *rawPair) {
		o := r.observe()
		if err := r.p.Sum(); !errors.Is(err, datablock.ErrNoLoan) {
			t.Errorf("Sum without a value: %v", err)
		}
		verify := func(what string, bad bool) {
			t.Helper()
			own := r.next()
			seen, err := o.Next(within(t))
			must(t, err)
			for name, s := range map[string]datablock.RawSample{"consumer": own, "observer": seen} {
				if err := s.Verify(); errors.Is(err, datablock.ErrChecksum) != bad || err != nil && !bad {
					t.Errorf("%s, %s: %v; want an error: %t", what, name, err, bad)
				}
			}
		}
		write := func(sum bool) {
			t.Helper()
			must(t, r.p.Write(within(t), func(b []byte) (int, error) {
				n := copy(b, "hello")
				if sum {
					return n, r.p.Sum()
				}
				return n, nil
			}))
		}
		write(true)
		verify("with a checksum", false)
		write(false)
		verify("without", true)
		write(true)
		corruptNewest(t, r)
		verify("corrupt, but delivered", true)
		must(t, r.c.Release())
		if m := r.metrics(); m.ChecksumFailures != 2 || m.Read != 3 {
			t.Errorf("%d failures and %d read were counted, want 2 and 3", m.ChecksumFailures, m.Read)
		}
		write(true)
		s := r.next()
		must(t, r.c.Release())
		if err := s.Verify(); !errors.Is(err, datablock.ErrNoLoan) {
			t.Errorf("Verify after Release: %v", err)
		}
		must(t, func() error { // Sum ends with the value it was for
			if _, err := r.p.Begin(within(t)); err != nil {
				return err
			}
			return errors.Join(r.p.Sum(), r.p.Abort())
		}())
		write(false)
		if err := r.next().Verify(); !errors.Is(err, datablock.ErrChecksum) {
			t.Errorf("Verify of a value whose predecessor was aborted: %v", err)
		}
	})
}

func TestABatchIsSummedAndVerifiedOneByOne(t *testing.T) {
	spec := rawSpec(datablock.SyncReaders)
	spec.Checksum, spec.ChecksumType = datablock.ChecksumManual, datablock.CRC32C
	r := newRawPair(t, spec)
	must(t, r.p.BeginN(within(t), 4))
	must(t, r.p.Sum())
	must(t, r.p.CommitN(4))
	flip(t, r.dir, "raw", 2)
	_, err := r.c.NextN(within(t), 4)
	must(t, err)
	for i, s := range r.c.Batch() {
		if err := s.Verify(); errors.Is(err, datablock.ErrChecksum) != (i == 2) {
			t.Errorf("value %d: %v", i, err)
		}
	}
}

func TestAChannelWithoutChecksumsHasNone(t *testing.T) {
	at := root(t)
	p, c := createReading(t, at), attachReading(t, at)
	_, err := p.Begin(within(t))
	must(t, err)
	if err := p.Sum(); !errors.Is(err, datablock.ErrNotSupported) {
		t.Errorf("Sum: %v", err)
	}
	must(t, p.Commit())
	s, err := c.Next(within(t))
	must(t, err)
	if err := s.Verify(); !errors.Is(err, datablock.ErrNotSupported) {
		t.Errorf("Verify: %v", err)
	}
}

func TestDrainWaitsForWhatIsUnread(t *testing.T) {
	for name, sync := range map[string]datablock.Sync{
		"single reader": datablock.SingleReader, "sync readers": datablock.SyncReaders, "overwrite": datablock.Overwrite,
	} {
		t.Run(name, func(t *testing.T) {
			r := newRawPair(t, rawSpec(sync), datablock.ConsumerName("slow"))
			must(t, r.p.Drain(within(t))) // nothing was written
			r.send(5)
			drained := make(chan error, 1)
			go func() { drained <- r.p.Drain(within(t)) }()
			for range 5 {
				select {
				case err := <-drained:
					t.Fatalf("drained before everything was read: %v", err)
				case <-time.After(3 * time.Millisecond):
				}
				r.next()
			}
			select {
			case err := <-drained:
				t.Fatalf("drained while the last value is in use: %v", err)
			case <-time.After(3 * time.Millisecond):
			}
			must(t, r.c.Release())
			must(t, <-drained)
			r.send(1)
			must(t, r.c.Close())
			if sync != datablock.SingleReader {
				must(t, r.p.Drain(within(t))) // nobody is left who could read it
			}
		})
	}
	t.Run("time-out names who has not read", func(t *testing.T) {
		r := newRawPair(t, rawSpec(datablock.SyncReaders), datablock.ConsumerName("slow"), datablock.Timeout(5*time.Millisecond))
		r.send(1)
		var e *datablock.TimeoutError
		if err := r.p.Drain(within(t)); !errors.As(err, &e) || e.Holder.Name != "slow" || e.Holder.PID != uint32(os.Getpid()) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("the dead are not waited for", func(t *testing.T) {
		r := newRawPair(t, rawSpec(datablock.SyncReaders))
		dieAs(t, r.dir, "raw")
		r.send(1)
		r.next()
		must(t, r.c.Release())
		must(t, r.p.Drain(within(t)))
	})
	t.Run("latest values are not waited for", func(t *testing.T) {
		at := root(t)
		p, err := weather.LatestChannel.Create("latest", at)
		must(t, err)
		defer p.Close()
		must(t, p.Send(within(t), new(weather.Latest)))
		must(t, p.Drain(within(t)))
		_, err = p.Begin(within(t))
		must(t, err)
		if err := p.Drain(within(t)); !errors.Is(err, datablock.ErrLoanOpen) {
			t.Errorf("Drain within a loan: %v", err)
		}
		must(t, p.Abort())
		must(t, p.Close())
		if err := p.Drain(within(t)); !errors.Is(err, datablock.ErrClosed) {
			t.Errorf("Drain after Close: %v", err)
		}
	})
}
