package datablock_test

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/datablock"
	"github.com/pylabhub/datahub/runtime/datablock/internal/weather"
	"github.com/pylabhub/datahub/runtime/segment"
	"github.com/pylabhub/datahub/runtime/slot"
)

// A rawPair is a raw channel "raw" of at most 64 bytes with a producer and a
// consumer.
type rawPair struct {
	t    testing.TB
	dir  string
	at   datablock.Option
	spec *datablock.Spec
	p    *datablock.RawProducer
	c    *datablock.RawConsumer
}

func rawSpec(sync datablock.Sync) *datablock.Spec {
	s := &datablock.Spec{RawSize: 64, Policy: datablock.Ring, Sync: sync, Capacity: 8, Consumers: 2, PageSize: 4096, Spinlocks: 1}
	if sync == datablock.SingleReader {
		s.Consumers = 1
	}
	return s
}

func newRawPair(t testing.TB, spec *datablock.Spec, opts ...datablock.Option) *rawPair {
	t.Helper()
	r := &rawPair{t: t, dir: t.TempDir(), spec: spec}
	r.at = datablock.Root(r.dir)
	opts = append(opts, r.at)
	var err error
	r.p, err = datablock.CreateRaw(spec, "raw", opts...)
	must(t, err)
	t.Cleanup(func() { r.p.Close() })
	r.c = r.attach(opts...)
	return r
}

func (r *rawPair) attach(opts ...datablock.Option) *datablock.RawConsumer {
	r.t.Helper()
	c, err := datablock.AttachRaw(r.spec, "raw", append(opts, r.at)...)
	must(r.t, err)
	r.t.Cleanup(func() { _ = c.Release(); c.Close() })
	return c
}

// send sends n values of 5 bytes, whose first is the low byte of their number.
func (r *rawPair) send(n int) {
	r.t.Helper()
	for range n {
		must(r.t, r.p.Send(within(r.t), []byte{byte(r.p.Seq()), 1, 2, 3, 4}))
	}
}

func (r *rawPair) next() datablock.RawSample {
	r.t.Helper()
	s, err := r.c.Next(within(r.t))
	must(r.t, err)
	return s
}

func (r *rawPair) metrics() datablock.Metrics {
	r.t.Helper()
	// Both sides show what they have counted.
	_, err := r.c.Metrics()
	must(r.t, err)
	v, err := r.p.Metrics()
	must(r.t, err)
	return v
}

// flip changes one bit of the value number seq of a ring, in the file.
func flip(t testing.TB, dir, name string, seq uint64) {
	t.Helper()
	s, err := segment.Observe(name, segment.Config{}, segment.Options{Root: dir})
	must(t, err)
	defer s.Close()
	h, plan := s.Header(), s.Plan()
	i := seq % uint64(plan.Slots)
	for k := range h.Regions[:h.RegionCount] {
		if r := &h.Regions[k]; r.Kind == hdr.RegionKindSlots {
			off := int64(r.Offset + i*uint64(plan.Stride) + uint64(plan.PayloadOff))
			flipAt(t, filepath.Join(s.Path(), "data"), off)
		}
	}
}

func flipAt(t testing.TB, path string, off int64) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	must(t, err)
	defer f.Close()
	var b [1]byte
	_, err = f.ReadAt(b[:], off)
	must(t, err)
	b[0] ^= 4
	_, err = f.WriteAt(b[:], off)
	must(t, err)
}

// dieAs joins the channel and leaves it as the dead do: the lock is gone, the cell
// is not clean.
func dieAs(t testing.TB, dir, name string) {
	t.Helper()
	s, err := segment.Attach(name, segment.Config{Schema: segment.RawSchema()}, segment.Options{Root: dir})
	must(t, err)
	_, err = slot.JoinReader(s.Memory(), s.Plan(), s.Config(), s.Host(), slot.ReaderOptions{Name: "victim"})
	must(t, err)
	must(t, s.Close())
}

// timesOut fails the test if err is no time-out.
func timesOut(t testing.TB, err error) {
	t.Helper()
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("got %v, want a time-out", err)
	}
}

// TestEachMetricMoves makes happen what each metric counts, and nothing else that
// could have moved it.
func TestEachMetricMoves(t *testing.T) {
	short := datablock.Timeout(5 * time.Millisecond)
	type check struct {
		name string
		got  func(m *datablock.Metrics) uint64
		want uint64
	}
	first := func(m *datablock.Metrics) *datablock.ConsumerMetrics { return &m.Consumers[0] }
	for _, c := range []struct {
		name   string
		sync   datablock.Sync
		change func(s *datablock.Spec)
		opts   []datablock.Option
		act    func(r *rawPair)
		checks []check
	}{
		{name: "values", sync: datablock.SyncReaders, act: func(r *rawPair) {
			r.send(3)
			r.next()
			r.next() // releases the first
		}, checks: []check{
			{"CommitIndex", func(m *datablock.Metrics) uint64 { return m.CommitIndex }, 3},
			{"Written", func(m *datablock.Metrics) uint64 { return m.Written }, 3},
			{"BytesWritten", func(m *datablock.Metrics) uint64 { return m.BytesWritten }, 15},
			{"Read", func(m *datablock.Metrics) uint64 { return m.Read }, 1},
			{"BytesRead", func(m *datablock.Metrics) uint64 { return m.BytesRead }, 10}, // when lent
			{"Position", func(m *datablock.Metrics) uint64 { return first(m).Position }, 1},
			{"Lag", func(m *datablock.Metrics) uint64 { return first(m).Lag }, 2},
			{"Joins", func(m *datablock.Metrics) uint64 { return first(m).Joins }, 1},
			{"WakesSkipped", func(m *datablock.Metrics) uint64 { return m.WakesSkipped }, 3},
			{"Consumers", func(m *datablock.Metrics) uint64 { return uint64(len(m.Consumers)) }, 1},
			{"Timeouts", func(m *datablock.Metrics) uint64 { return m.Timeouts }, 0},
			{"Lost", func(m *datablock.Metrics) uint64 { return m.Lost }, 0},
		}},
		{name: "latest values", sync: datablock.LatestOnly, change: func(s *datablock.Spec) { s.Policy, s.Capacity = datablock.Single, 0 },
			act: func(r *rawPair) {
				r.send(2)
				r.next()
				r.send(4)
			}, checks: []check{
				{"CommitIndex", func(m *datablock.Metrics) uint64 { return m.CommitIndex }, 6},
				{"Lag", func(m *datablock.Metrics) uint64 { return first(m).Lag }, 4},
			}},
		{name: "losses", sync: datablock.Overwrite, act: func(r *rawPair) {
			r.send(20)
			s := r.next() // the oldest: a step of 1 is kept free
			if s.Lost != s.Seq {
				r.t.Errorf("value %d: %d lost", s.Seq, s.Lost)
			}
			must(r.t, r.c.Release())
		}, checks: []check{
			{"Lost + Seq", func(m *datablock.Metrics) uint64 { return m.Lost - (first(m).Position - 1) }, 0},
			{"Retries", func(m *datablock.Metrics) uint64 { return first(m).Retries }, 1},
		}},
		{name: "full ring", sync: datablock.SyncReaders, opts: []datablock.Option{short}, act: func(r *rawPair) {
			r.send(8)
			_, err := r.p.Begin(within(r.t))
			timesOut(r.t, err)
		}, checks: []check{
			{"RoomWaits.Count", func(m *datablock.Metrics) uint64 { return m.RoomWaits.Count }, 1},
			{"RoomWaits.Time > 4 ms", func(m *datablock.Metrics) uint64 { return uint64(m.RoomWaits.Time / (4 * time.Millisecond)) }, atLeast1},
			{"Timeouts", func(m *datablock.Metrics) uint64 { return m.Timeouts }, 1},
			{"Rescans", func(m *datablock.Metrics) uint64 { return m.Rescans }, atLeast1},
			{"DrainWaits", func(m *datablock.Metrics) uint64 { return m.DrainWaits.Count }, 0},
		}},
		{name: "drain", sync: datablock.SyncReaders, opts: []datablock.Option{short}, act: func(r *rawPair) {
			r.send(2)
			timesOut(r.t, r.p.Drain(within(r.t)))
		}, checks: []check{
			{"DrainWaits.Count", func(m *datablock.Metrics) uint64 { return m.DrainWaits.Count }, 1},
			{"DrainWaits.Time > 4 ms", func(m *datablock.Metrics) uint64 { return uint64(m.DrainWaits.Time / (4 * time.Millisecond)) }, atLeast1},
			{"RoomWaits", func(m *datablock.Metrics) uint64 { return m.RoomWaits.Count }, 0},
		}},
		{name: "lock", sync: datablock.SyncReaders, opts: []datablock.Option{short}, act: func(r *rawPair) {
			mine, err := r.c.GetSpinlock(0)
			must(r.t, err)
			theirs, err := r.p.GetSpinlock(0)
			must(r.t, err)
			g, err := mine.Lock(within(r.t))
			must(r.t, err)
			_, err = theirs.Lock(within(r.t))
			timesOut(r.t, err)
			must(r.t, g.Unlock())
			g, err = theirs.Lock(within(r.t))
			must(r.t, err)
			_, err = mine.Lock(within(r.t))
			timesOut(r.t, err)
			must(r.t, g.Unlock())
		}, checks: []check{
			{"LockWaits.Count", func(m *datablock.Metrics) uint64 { return m.LockWaits.Count }, 1},
			{"LockWaits.Time > 4 ms", func(m *datablock.Metrics) uint64 { return uint64(m.LockWaits.Time / (4 * time.Millisecond)) }, atLeast1},
			{"consumer's LockWaits", func(m *datablock.Metrics) uint64 { return first(m).LockWaits.Count }, 1},
		}},
		{name: "waiting consumer", sync: datablock.SyncReaders, opts: []datablock.Option{short, datablock.Wait(datablock.Block)}, act: func(r *rawPair) {
			_, err := r.c.Next(within(r.t))
			timesOut(r.t, err)
			r.send(2) // the flag of the sleeper that gave up is still set
		}, checks: []check{
			{"consumer's Waits", func(m *datablock.Metrics) uint64 { return first(m).Waits.Count }, 1},
			{"consumer's Waits.Time > 4 ms", func(m *datablock.Metrics) uint64 { return uint64(first(m).Waits.Time / (4 * time.Millisecond)) }, atLeast1},
			{"consumer's Timeouts", func(m *datablock.Metrics) uint64 { return first(m).Timeouts }, 1},
			{"Wakes", func(m *datablock.Metrics) uint64 { return m.Wakes }, 1},
			{"WakesSkipped", func(m *datablock.Metrics) uint64 { return m.WakesSkipped }, 1},
		}},
		{name: "waiting producer", sync: datablock.SyncReaders, opts: []datablock.Option{datablock.Wait(datablock.Block)}, act: func(r *rawPair) {
			r.send(8)
			sent := make(chan error)
			go func() { sent <- r.p.Send(within(r.t), nil) }()
			for {
				select {
				case err := <-sent:
					must(r.t, err)
					return
				case <-time.After(5 * time.Millisecond): // asleep by now, or in the next round
					r.next()
				}
			}
		}, checks: []check{
			{"consumer's Wakes", func(m *datablock.Metrics) uint64 { return first(m).Wakes }, atLeast1},
		}},
		{name: "eviction", sync: datablock.SyncReaders, opts: []datablock.Option{datablock.EvictAfter(time.Millisecond)}, act: func(r *rawPair) {
			r.send(9)
			if _, err := r.c.Next(within(r.t)); !errors.Is(err, datablock.ErrEvicted) {
				r.t.Errorf("got %v, want ErrEvicted", err)
			}
		}, checks: []check{
			{"Evictions", func(m *datablock.Metrics) uint64 { return m.Evictions }, 1},
			{"consumer's Evictions", func(m *datablock.Metrics) uint64 { return first(m).Evictions }, 1},
			{"Evicted", func(m *datablock.Metrics) uint64 { return map[bool]uint64{true: 1}[first(m).Evicted] }, 1},
			{"Detached", func(m *datablock.Metrics) uint64 { return m.Detached }, 0},
		}},
		{name: "nonsense in a cell", sync: datablock.SyncReaders, act: func(r *rawPair) {
			s, err := segment.Open("raw", segment.Options{Root: r.dir})
			must(r.t, err)
			defer s.Close()
			binary.LittleEndian.PutUint64(s.Memory().Cells[hdr.FieldConsumerCellCursor:], 1<<40)
			r.send(1)
		}, checks: []check{
			{"Detached", func(m *datablock.Metrics) uint64 { return m.Detached }, 1},
			{"Evictions", func(m *datablock.Metrics) uint64 { return m.Evictions }, 0},
		}},
		{name: "dead consumer", sync: datablock.SyncReaders, act: func(r *rawPair) {
			dieAs(r.t, r.dir, "raw")
			for range 9 {
				r.send(1)
				r.next()
			}
		}, checks: []check{
			{"Reclaimed", func(m *datablock.Metrics) uint64 { return m.Reclaimed }, 1},
			{"Recoveries", func(m *datablock.Metrics) uint64 { return m.Recoveries() }, 1},
			{"consumers seen", func(m *datablock.Metrics) uint64 { return uint64(len(m.Consumers)) }, 2},
		}},
		{name: "takeover", sync: datablock.SyncReaders, opts: []datablock.Option{datablock.Keep()}, act: func(r *rawPair) {
			must(r.t, r.p.Close())
			var err error
			r.p, err = datablock.CreateRaw(r.spec, "raw", r.at)
			must(r.t, err)
			r.t.Cleanup(func() { r.p.Close() })
		}, checks: []check{
			{"Takeovers", func(m *datablock.Metrics) uint64 { return m.Takeovers }, 1},
			{"Recoveries", func(m *datablock.Metrics) uint64 { return m.Recoveries() }, 1},
		}},
		{name: "wrong schema", sync: datablock.SyncReaders, act: func(r *rawPair) {
			if _, err := weather.ReadingChannel.Attach("raw", r.at); !errors.Is(err, datablock.ErrSchema) {
				r.t.Errorf("got %v, want ErrSchema", err)
			}
		}, checks: []check{
			{"SchemaMismatches", func(m *datablock.Metrics) uint64 { return m.SchemaMismatches }, 1},
		}},
		{name: "corrupt value", sync: datablock.SyncReaders,
			change: func(s *datablock.Spec) { s.Checksum, s.ChecksumType = datablock.ChecksumEnforced, datablock.CRC32C },
			act: func(r *rawPair) {
				r.send(2)
				flip(r.t, r.dir, "raw", 0)
				if _, err := r.c.Next(within(r.t)); !errors.Is(err, datablock.ErrChecksum) {
					r.t.Errorf("got %v, want ErrChecksum", err)
				}
				r.next()
				must(r.t, r.c.Release())
			}, checks: []check{
				{"ChecksumFailures", func(m *datablock.Metrics) uint64 { return m.ChecksumFailures }, 1},
				{"consumer's", func(m *datablock.Metrics) uint64 { return first(m).ChecksumFailures }, 1},
				{"Read", func(m *datablock.Metrics) uint64 { return m.Read }, 1}, // the bad one was not
			}},
	} {
		t.Run(c.name, func(t *testing.T) {
			spec := rawSpec(c.sync)
			if c.change != nil {
				c.change(spec)
			}
			r := newRawPair(t, spec, c.opts...)
			c.act(r)
			m := r.metrics()
			for _, k := range c.checks {
				got := k.got(&m)
				if got != k.want && !(k.want == atLeast1 && got > 0) {
					t.Errorf("%s: got %d, want %d", k.name, got, k.want)
				}
			}
			// Everybody sees the same, and nothing after a reset.
			other, err := datablock.MetricsOf("raw", r.at)
			must(t, err)
			for _, k := range c.checks {
				if a, b := k.got(&m), k.got(&other); a != b {
					t.Errorf("%s: %d by name, %d by the producer", k.name, b, a)
				}
			}
			must(t, datablock.ResetMetricsOf("raw", r.at))
			m = r.metrics()
			if n := m.Written + m.BytesWritten + m.Read + m.BytesRead + m.Lost + m.ChecksumFailures + m.Timeouts + m.Rescans + m.Wakes +
				m.WakesSkipped + m.Evictions + m.Detached + m.Recoveries() + m.SchemaMismatches + m.RoomWaits.Count + m.LockWaits.Count +
				m.DrainWaits.Count + m.FlexUpdates; n != 0 {
				t.Errorf("after a reset: %+v", m)
			}
			if time.Since(m.Since) > time.Minute || m.CommitIndex != other.CommitIndex {
				t.Errorf("after a reset: since %v, commit index %d, want now and %d", m.Since, m.CommitIndex, other.CommitIndex)
			}
		})
	}
}

const atLeast1 = ^uint64(0)

func TestMetricsTellTheStateOfTheProducer(t *testing.T) {
	r := newRawPair(t, rawSpec(datablock.SyncReaders), datablock.Keep(), datablock.ConsumerName("plotter"))
	r.send(1)
	look := func(want datablock.ProducerState) datablock.Metrics {
		t.Helper()
		m, err := datablock.MetricsOf("raw", r.at)
		must(t, err)
		if m.Producer.State != want {
			t.Errorf("producer is %v, want %v", m.Producer.State, want)
		}
		return m
	}
	time.Sleep(2 * time.Millisecond)
	m := look(datablock.ProducerLive)
	if p := m.Producer; p.Uptime < 2*time.Millisecond || p.Uptime > time.Minute || p.HeartbeatAge <= 0 || p.HeartbeatAge > time.Minute || p.Process.PID != os.Getpid() {
		t.Errorf("producer: %+v", p)
	}
	if c := m.Consumers[0]; c.Name != "plotter" || c.PID != os.Getpid() || !c.Attached || c.HeartbeatAge < 0 || c.HeartbeatAge > time.Minute {
		t.Errorf("consumer: %+v", c)
	}
	if m.Since.IsZero() || m.Time.Before(m.Since) || m.Generation != 1 || m.Channel != "raw" {
		t.Errorf("metrics: %+v", m)
	}
	must(t, r.p.Close())
	if m = look(datablock.ProducerClosed); m.Producer.Uptime != 0 {
		t.Errorf("uptime of a closed producer is %v", m.Producer.Uptime)
	}
	must(t, r.c.Close())
	if m = look(datablock.ProducerClosed); len(m.Consumers) != 1 || m.Consumers[0].Attached {
		t.Errorf("a consumer that has left: %+v", m.Consumers)
	}
	// One that dies takes nothing back.
	s, err := segment.Create("raw", segment.Config{Schema: segment.RawSchema(), PageSize: 4096, Config: slot.Config{
		Policy: hdr.PolicyRing, Sync: hdr.SyncSyncReaders, Capacity: 8, Consumers: 2, PayloadSize: 64, Spinlocks: 1,
	}}, segment.Options{Root: r.dir})
	must(t, err)
	_, err = slot.OpenWriter(s.Memory(), s.Plan(), s.Config(), s.Host(), slot.WriterOptions{Process: segment.Identity()})
	must(t, err)
	look(datablock.ProducerLive)
	must(t, s.Close())
	look(datablock.ProducerDead)
	for s, want := range map[datablock.ProducerState]string{datablock.ProducerDead: "dead", datablock.ProducerGone: "replaced", 9: "ProducerState(9)"} {
		if s.String() != want {
			t.Errorf("%d prints %q", s, s)
		}
	}
}

func TestMetricsOfAHandleThatIsClosedAreAnError(t *testing.T) {
	r := newRawPair(t, rawSpec(datablock.SyncReaders))
	o, err := datablock.ObserveRaw(r.spec, "raw", r.at)
	must(t, err)
	must(t, o.Close())
	must(t, r.c.Close())
	must(t, r.p.Close())
	for name, fn := range map[string]func() (datablock.Metrics, error){
		"producer": r.p.Metrics, "consumer": r.c.Metrics, "observer": o.Metrics,
	} {
		if _, err := fn(); !errors.Is(err, datablock.ErrClosed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, fn := range map[string]func() error{
		"producer": r.p.ResetMetrics, "consumer": r.c.ResetMetrics, "observer": o.ResetMetrics,
	} {
		if err := fn(); !errors.Is(err, datablock.ErrClosed) {
			t.Errorf("%s: reset: %v", name, err)
		}
	}
	if _, err := datablock.MetricsOf("raw", r.at); !errors.Is(err, datablock.ErrNotFound) {
		t.Errorf("by name: %v", err)
	}
	if err := datablock.ResetMetricsOf("raw", r.at); !errors.Is(err, datablock.ErrNotFound) {
		t.Errorf("reset by name: %v", err)
	}
}

func TestAResetOnAnyHandleIsSeenByAll(t *testing.T) {
	r := newRawPair(t, rawSpec(datablock.SyncReaders))
	for name, reset := range map[string]func() error{"producer": r.p.ResetMetrics, "consumer": r.c.ResetMetrics} {
		r.send(1)
		r.next()
		must(t, r.c.Release())
		if m := r.metrics(); m.Written != 1 || m.Read != 1 {
			t.Fatalf("%s: written %d, read %d, want 1 and 1", name, m.Written, m.Read)
		}
		must(t, reset())
		if m := r.metrics(); m.Written != 0 || m.Read != 0 {
			t.Errorf("reset by the %s: written %d, read %d, want none", name, m.Written, m.Read)
		}
	}
}

func TestUpdatesOfTheFlexibleZoneAreCounted(t *testing.T) {
	p, _ := zoned(t)
	must(t, p.Flex().Set(&weather.Site{Number: 1}))
	m, err := p.Metrics()
	must(t, err)
	if m.FlexUpdates != 1 {
		t.Errorf("%d updates, want 1", m.FlexUpdates)
	}
}

func TestCountersOfABusyPairShowWithoutBeingAsked(t *testing.T) {
	r := newRawPair(t, rawSpec(datablock.SyncReaders))
	for end := time.Now().Add(50 * time.Millisecond); time.Now().Before(end); {
		r.send(1)
		r.next()
	}
	m, err := datablock.MetricsOf("raw", r.at)
	must(t, err)
	if m.Rescans == 0 || m.Read == 0 || m.Producer.HeartbeatAge > time.Second {
		t.Errorf("rescans %d, read %d, heartbeat %v ago", m.Rescans, m.Read, m.Producer.HeartbeatAge)
	}
}

func TestMetricsOfASegmentAreThoseByName(t *testing.T) {
	r := newRawPair(t, rawSpec(datablock.SyncReaders))
	r.send(1)
	seg, err := segment.Observe("raw", segment.Config{}, segment.Options{Root: r.dir})
	must(t, err)
	m, err := datablock.MetricsOfSegment(seg)
	must(t, err)
	if m.Channel != "raw" || m.CommitIndex != 1 || m.Producer.State != datablock.ProducerLive || len(m.Consumers) != 1 {
		t.Errorf("got %+v", m)
	}
	must(t, seg.Close())
}

func TestLatestOfAnOrderedChannelCountsOnlyWhatItReturnsAsRead(t *testing.T) {
	for _, sync := range []datablock.Sync{datablock.SingleReader, datablock.SyncReaders, datablock.Overwrite} {
		r := newRawPair(t, rawSpec(sync))
		r.send(5)
		s, err := r.c.Latest()
		must(t, err)
		if s.Seq != 4 {
			t.Errorf("%v: value %d is the latest of 5", sync, s.Seq)
		}
		must(t, r.c.Release())
		m, err := r.c.Metrics()
		if must(t, err); m.Read != 1 || m.BytesRead != 5 || m.Lost != 0 {
			t.Errorf("%v: after Latest %d values with %d bytes are read, %d lost", sync, m.Read, m.BytesRead, m.Lost)
		}
	}
}
