package datablock_test

import (
	"context"
	"encoding/binary"
	"errors"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pylabhub/datahub/runtime/datablock"
	"github.com/pylabhub/datahub/runtime/datablock/internal/weather"
)

func (r *rawPair) observe(opts ...datablock.Option) *datablock.RawObserver {
	r.t.Helper()
	o, err := datablock.ObserveRaw(r.spec, "raw", append(opts, r.at)...)
	must(r.t, err)
	r.t.Cleanup(func() { o.Close() })
	return o
}

// stamped fills b with words that follow from n, and checks them.
func stamped(b []byte, n uint64) {
	for i := 0; i+8 <= len(b); i += 8 {
		binary.LittleEndian.PutUint64(b[i:], n^uint64(i))
	}
}

func isStamped(b []byte, n uint64) bool {
	for i := 0; i+8 <= len(b); i += 8 {
		if binary.LittleEndian.Uint64(b[i:]) != n^uint64(i) {
			return false
		}
	}
	return len(b) != 0
}

func TestAnObserverSeesNothingTornAndCountsEachLoss(t *testing.T) {
	for name, change := range map[string]func(*datablock.Spec){
		"sync readers": func(*datablock.Spec) {},
		"overwrite":    func(s *datablock.Spec) { s.Sync = datablock.Overwrite },
		"ring of one":  func(s *datablock.Spec) { s.Capacity = 1 },
		"latest only":  func(s *datablock.Spec) { s.Sync, s.Policy, s.Capacity = datablock.LatestOnly, datablock.Single, 0 },
		"with checksums": func(s *datablock.Spec) {
			s.Checksum, s.ChecksumType, s.Timestamp = datablock.ChecksumEnforced, datablock.CRC32C, true
		},
	} {
		t.Run(name, func(t *testing.T) {
			spec := rawSpec(datablock.SyncReaders)
			spec.RawSize = 4096
			change(spec)
			r := newRawPair(t, spec)
			must(t, r.c.Close())
			var stop atomic.Bool
			done := make(chan error, 1)
			go func() {
				for !stop.Load() {
					err := r.p.Write(context.Background(), func(b []byte) (int, error) {
						stamped(b, r.p.Seq())
						return len(b), nil
					})
					if err != nil {
						done <- err
						return
					}
					if r.p.Seq()%256 == 0 {
						runtime.Gosched()
					}
				}
				done <- nil
			}()
			ordered, newest := r.observe(datablock.StartOldest()), r.observe()
			next, seen, lost := uint64(0), 0, uint64(0) // lost before the last one
			last := uint64(0)
			for end := time.Now().Add(200 * time.Millisecond); time.Now().Before(end); {
				s, err := ordered.Next(within(t))
				if errors.Is(err, datablock.ErrOverrun) {
					continue
				}
				must(t, err)
				if !isStamped(s.Value, s.Seq) {
					t.Fatalf("Next: value %d is torn", s.Seq)
				}
				if seen++; seen > 1 && s.Seq != next+s.Lost {
					t.Fatalf("value %d with %d lost after %d", s.Seq, s.Lost, next-1)
				}
				lost, last, next = lost+last, s.Lost, s.Seq+1
				if s, err = newest.Latest(); err == nil && !isStamped(s.Value, s.Seq) {
					t.Fatalf("Latest: value %d is torn", s.Seq)
				}
				if err != nil && !errors.Is(err, datablock.ErrNoValue) && !errors.Is(err, datablock.ErrOverrun) {
					t.Fatal(err)
				}
			}
			stop.Store(true)
			must(t, <-done)
			m, err := ordered.Metrics()
			must(t, err)
			if m.Observer == nil || m.Observer.Read < uint64(seen)-1 || m.Observer.Lost != lost {
				t.Errorf("saw %d and lost %d; metrics: %+v", seen, lost, m.Observer)
			}
			t.Logf("%d seen, %d lost, %d retries of %d", seen, lost, m.Observer.Retries, m.Written)
		})
	}
}

func TestAnObserverHoldsNobodyUpAndLeavesNoTrace(t *testing.T) {
	r := newRawPair(t, rawSpec(datablock.SingleReader), datablock.Timeout(0))
	r.send(8)
	o := r.observe(datablock.StartOldest())
	for want := range uint64(8) {
		s, ok, err := o.TryNext()
		if err != nil || !ok || s.Seq != want || s.Value[0] != byte(want) || len(s.Value) != 5 {
			t.Fatalf("got %+v, %t, %v; want value %d", s, ok, err, want)
		}
	}
	if _, ok, err := o.TryNext(); ok || err != nil {
		t.Fatalf("something after the end: %v", err)
	}
	_, err := r.p.Begin(within(t))
	timesOut(t, err) // the consumer has read nothing, and only it counts
	for want := range uint64(8) {
		if s := r.next(); s.Seq != want {
			t.Fatalf("the consumer got %d, want %d", s.Seq, want)
		}
	}
	if n := r.p.Consumers(); n != 1 {
		t.Errorf("%d consumers, want 1", n)
	}
	m, err := r.p.Metrics()
	must(t, err)
	if len(m.Consumers) != 1 || m.Observer != nil {
		t.Errorf("the producer knows of the observer: %+v", m)
	}
	// More observers than the channel has room for consumers.
	for range 10 {
		r.observe()
	}
}

func TestLatestOfAnObserverIsTheNewestWholeValue(t *testing.T) {
	r := newRawPair(t, rawSpec(datablock.SyncReaders))
	must(t, r.c.Close())
	o := r.observe()
	if _, err := o.Latest(); !errors.Is(err, datablock.ErrNoValue) {
		t.Errorf("before the first value: %v", err)
	}
	r.send(20)
	for range 2 { // again
		s, err := o.Latest()
		must(t, err)
		if s.Seq != 19 || s.Lost != 0 || s.Lag() != 0 {
			t.Fatalf("got %d, %d lost, lag %d; want 19, none, none", s.Seq, s.Lost, s.Lag())
		}
	}
	r.send(1)
	s, err := o.Next(within(t))
	must(t, err)
	if s.Seq != 20 || s.Lost != 0 {
		t.Errorf("then got %d, %d lost; want 20, none", s.Seq, s.Lost)
	}
	// What is being written is no value yet, and what that overwrites none any more.
	must(t, r.p.BeginN(within(t), 8))
	if s, err := o.Latest(); !errors.Is(err, datablock.ErrNoValue) {
		t.Errorf("while a batch takes the whole ring: got %d, %v", s.Seq, err)
	}
	must(t, r.p.CommitN(8))
	s, err = o.Latest()
	must(t, err)
	if s.Seq != 28 {
		t.Errorf("got %d, want 28", s.Seq)
	}
}

func TestAnObserverSeeks(t *testing.T) {
	r := newRawPair(t, rawSpec(datablock.SyncReaders))
	must(t, r.c.Close())
	r.send(20)
	o := r.observe(datablock.StartAt(15))
	want := func(seq, lost uint64) {
		t.Helper()
		s, ok, err := o.TryNext()
		if err != nil || !ok || s.Seq != seq || s.Lost != lost {
			t.Errorf("got %d, %d lost, %t, %v; want %d, %d lost", s.Seq, s.Lost, ok, err, seq, lost)
		}
	}
	want(15, 0)
	must(t, o.Seek(17))
	want(17, 0)
	must(t, o.SeekOldest())
	want(12, 0)
	must(t, o.Seek(2))
	want(12, 10)
	must(t, o.SeekNewest())
	if _, ok, err := o.TryNext(); ok || err != nil {
		t.Errorf("something newer than the newest: %v", err)
	}
	r.send(1)
	want(20, 0)
}

func TestAnObserverIsToldOfTheEnd(t *testing.T) {
	r := newRawPair(t, rawSpec(datablock.SyncReaders))
	o := r.observe(datablock.StartOldest())
	r.send(2)
	r.next()
	must(t, r.c.Release())
	must(t, r.p.Close())
	n := 0
	for s, err := range o.All(within(t)) {
		must(t, err)
		if s.Seq != uint64(n) {
			t.Errorf("got %d, want %d", s.Seq, n)
		}
		n++
	}
	if n != 2 {
		t.Errorf("%d values before the end, want 2", n)
	}
	if _, err := o.Next(within(t)); !errors.Is(err, datablock.ErrProducerClosed) {
		t.Errorf("got %v, want ErrProducerClosed", err)
	}
	s, err := o.Latest()
	must(t, err)
	must(t, o.Close())
	must(t, o.Close())
	if len(s.Value) != 5 || s.Value[0] != 1 {
		t.Errorf("after Close the copy is %v", s.Value)
	}
	if _, err := o.Next(within(t)); !errors.Is(err, datablock.ErrClosed) {
		t.Errorf("Next after Close: %v", err)
	}
	if _, err := o.Latest(); !errors.Is(err, datablock.ErrClosed) {
		t.Errorf("Latest after Close: %v", err)
	}
	if err := o.SeekOldest(); !errors.Is(err, datablock.ErrClosed) {
		t.Errorf("Seek after Close: %v", err)
	}
	if i := o.Info(); i.Channel != "raw" {
		t.Errorf("Info after Close: %+v", i)
	}
}

func TestCloseEndsAnObserverThatWaits(t *testing.T) {
	r := newRawPair(t, rawSpec(datablock.SyncReaders))
	for _, opt := range []datablock.Option{datablock.Wait(datablock.Block), datablock.Wait(datablock.Busy)} {
		o := r.observe(opt)
		ended := make(chan error)
		go func() { _, err := o.Next(context.Background()); ended <- err }()
		time.Sleep(5 * time.Millisecond)
		must(t, o.Close())
		if err := <-ended; !errors.Is(err, datablock.ErrClosed) {
			t.Errorf("got %v, want ErrClosed", err)
		}
	}
}

func TestAnObserverMayBeClosedInItsLoop(t *testing.T) {
	r := newRawPair(t, rawSpec(datablock.SyncReaders))
	o := r.observe(datablock.StartOldest())
	r.send(3)
	var got []uint64
	for s, err := range o.All(within(t)) {
		if err != nil {
			if !errors.Is(err, datablock.ErrClosed) {
				t.Errorf("got %v, want ErrClosed", err)
			}
			break
		}
		got = append(got, s.Seq)
		must(t, o.Close())
		if s.Value[0] != 0 {
			t.Errorf("after Close the copy is %v", s.Value)
		}
	}
	if len(got) != 1 {
		t.Errorf("got %v, want one value", got)
	}
}

func TestResetOfAnObserverIsItsOwn(t *testing.T) {
	r := newRawPair(t, rawSpec(datablock.SyncReaders))
	o := r.observe(datablock.StartOldest())
	r.send(3)
	_, err := o.Next(within(t))
	must(t, err)
	must(t, o.ResetMetrics())
	r.send(2)
	_, err = o.Next(within(t))
	must(t, err)
	m, err := o.Metrics()
	must(t, err)
	if m.Written != 2 || m.CommitIndex != 5 || m.Observer.Read != 1 || m.Observer.Position != 2 || m.Observer.Lag != 3 {
		t.Errorf("written %d, commit index %d, read %d, position %d, lag %d; want 2, 5, 1, 2, 3",
			m.Written, m.CommitIndex, m.Observer.Read, m.Observer.Position, m.Observer.Lag)
	}
	if m = r.metrics(); m.Written != 5 {
		t.Errorf("the producer has written %d, want 5", m.Written)
	}
}

func TestATypedObserverReadsFieldsAndZone(t *testing.T) {
	at := root(t)
	p, err := weather.ZonedChannel.Create("roof", at)
	must(t, err)
	defer p.Close()
	spec := datablock.Spec{Schema: &weather.ZonedSchema, Flex: &weather.SiteSchema}
	// What the generator makes of a channel insists on its policies, too.
	g, err := weather.ZonedChannel.Observe("roof", at, datablock.StartOldest())
	must(t, err)
	defer g.Close()
	o, err := datablock.Observe[weather.Zoned](&spec, "roof", at, datablock.StartOldest())
	must(t, err)
	defer o.Close()
	must(t, p.Write(within(t), func(*weather.Zoned) error { return nil }))
	must(t, p.Flex().Set(&weather.Site{Number: 7}))
	for _, look := range []func() (datablock.Sample[weather.Zoned], error){
		func() (datablock.Sample[weather.Zoned], error) { return o.Next(within(t)) },
		o.Latest,
		func() (datablock.Sample[weather.Zoned], error) { return g.Next(within(t)) },
		g.Latest,
	} {
		s, err := look()
		must(t, err)
		if s.Value == nil || s.Seq != 0 || !s.Has(0) {
			t.Errorf("sample: %+v", s)
		}
	}
	var site weather.Site
	for _, zone := range []*datablock.FlexReader[weather.Site]{datablock.ObserveFlex[weather.Site](o), g.Flex()} {
		if _, err := zone.Get(&site); err != nil || site.Number != 7 {
			t.Errorf("zone: %+v, %v", site, err)
		}
		site = weather.Site{}
	}
	if _, err := datablock.Observe[weather.Site](&spec, "roof", at); err == nil {
		t.Error("another Go type is accepted")
	}
	if _, err := datablock.ObserveRaw(rawSpec(datablock.SyncReaders), "roof", at); !errors.Is(err, datablock.ErrSchema) {
		t.Errorf("a raw observer of a typed channel: %v", err)
	}
	if _, err := datablock.ObserveRaw(rawSpec(datablock.SyncReaders), "cellar", at); !errors.Is(err, datablock.ErrNotFound) {
		t.Errorf("no such channel: %v", err)
	}
	if _, err := weather.ReadingChannel.Observe("roof", at); !errors.Is(err, datablock.ErrSchema) {
		t.Errorf("an observer of another schema: %v", err)
	}
	if m, err := p.Metrics(); err != nil || m.SchemaMismatches != 0 {
		t.Errorf("%d mismatches were counted, %v", m.SchemaMismatches, err)
	}
}
