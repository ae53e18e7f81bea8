package datablock

import (
	"errors"
	"fmt"
	"time"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/segment"
	"github.com/pylabhub/datahub/runtime/slot"
)

// Metrics are what a channel's participants counted since the block was made or
// the figures were last reset. Participants count for themselves and show it now
// and then: when they sleep, when they leave, when they are asked for their own
// Metrics, every 1024 values (consumers), and after 10 ms (a producer that looks
// for room or wakes somebody). So of the others some may be missing yet. Positions
// and lags are those of this moment.
type Metrics struct {
	Channel    string
	Generation uint64
	Time       time.Time // when the figures were taken
	Since      time.Time // when they were last reset, or the block was made

	CommitIndex  uint64 // values committed since the block was made: the sequence number of the next
	Written      uint64 // values committed
	BytesWritten uint64

	// Of all consumers together, also those that have left.
	Read, BytesRead  uint64
	Lost             uint64 // values that were overwritten or skipped before a consumer read them
	ChecksumFailures uint64

	RoomWaits  Waits  // of the producer: the ring was full
	LockWaits  Waits  // of the producer, for a spinlock
	DrainWaits Waits  // of the producer, in Drain
	Timeouts   uint64 // of the producer
	Rescans    uint64 // times the producer looked at the consumers' cells

	Wakes        uint64 // times the producer woke consumers that slept
	WakesSkipped uint64 // values that were committed without: nobody slept

	Evictions        uint64 // consumers that lost their place because they stalled
	Detached         uint64 // consumers that lost it because their cell held what no consumer writes
	Reclaimed        uint64 // places of dead consumers that were made free
	Takeovers        uint64 // producers that went on where another one died or stopped
	FlexUpdates      uint64 // of the flexible zone
	Repairs          uint64 // by recovery tools
	SchemaMismatches uint64 // programs that were refused because they were compiled for another schema

	Producer  ProducerMetrics
	Consumers []ConsumerMetrics // by cell: who is attached, and who was
	// Observer is what the observer counted that was asked: nobody else knows of it.
	// nil of anybody else.
	Observer *ConsumerMetrics
}

// Recoveries returns how often the death of a participant was dealt with.
func (m *Metrics) Recoveries() uint64 { return m.Reclaimed + m.Takeovers + m.Repairs }

// Waits are how often somebody waited, and how long in all.
type Waits struct {
	Count uint64
	Time  time.Duration
}

// A ProducerState is what has become of a channel's producer.
type ProducerState uint8

// The states of a producer.
const (
	ProducerLive   ProducerState = iota // it holds its lock
	ProducerDead                        // it died without a word, or left the block to the next
	ProducerClosed                      // it has closed the channel
	ProducerGone                        // another block has taken the name
)

func (s ProducerState) String() string {
	switch s {
	case ProducerLive:
		return "live"
	case ProducerDead:
		return "dead"
	case ProducerClosed:
		return "closed"
	case ProducerGone:
		return "replaced"
	}
	return fmt.Sprintf("ProducerState(%d)", uint8(s))
}

// ProducerMetrics describe the present producer, or the last one.
type ProducerMetrics struct {
	State        ProducerState
	Process      Process
	Uptime       time.Duration // since it created or took over the block; 0 if it is not live
	HeartbeatAge time.Duration // since it last showed its counters
}

// ConsumerMetrics are those of the consumers that one cell has had, one after the
// other; who they are is said of the last.
type ConsumerMetrics struct {
	Cell         int
	Attached     bool // it is there, alive or not found dead yet
	Evicted      bool // it has lost its place and not joined again
	Name         string
	PID          int
	HeartbeatAge time.Duration // since it last showed its counters
	Position     uint64        // sequence number of what it reads next
	Lag          uint64        // values committed that it has not released; of LatestOnly, how many are newer than the one in use

	Read, BytesRead  uint64
	Lost             uint64
	Retries          uint64 // times a value moved on while it was being taken
	Waits, LockWaits Waits  // for values; for a spinlock
	Timeouts         uint64
	Wakes            uint64 // times it told the producer of room
	ChecksumFailures uint64
	Evictions        uint64
	Joins            uint64
}

// A meter takes the metrics of one block.
type meter struct {
	seg   *segment.Segment
	book  *slot.Book
	conf  slot.Config
	mine  bool          // the producer asks
	reset *slot.Figures // of an observer, who cannot store one
}

func newMeter(seg *segment.Segment) (m *meter, err error) {
	m = &meter{seg: seg, conf: seg.Config()}
	m.book, err = slot.NewBook(seg.Memory(), seg.Plan(), seg.Config())
	return m, err
}

// figures returns what the counters show since the block was made.
func (m *meter) figures() slot.Figures {
	f := m.book.Figures()
	f.Mismatches, f.Repairs = m.seg.SchemaMismatches(), m.seg.Repairs()
	f.ResetNS = Now()
	return f
}

func (m *meter) take() Metrics {
	now := m.seg.Time()
	f, base := m.figures(), m.reset
	if base == nil {
		stored := m.book.Baseline()
		base = &stored
	}
	head := m.seg.Header()
	at := f.Position
	since := base.ResetNS
	if since == 0 {
		since = head.CreatedNS
	}
	f.Since(base)
	w := &f.Writer
	v := Metrics{
		Channel: m.seg.Channel(), Generation: m.seg.Generation(), Time: now, Since: time.Unix(0, since),
		CommitIndex: at, Written: f.Position, BytesWritten: m.bytes(f.Position, w.Bytes),
		RoomWaits: waits(w.RoomWaits, w.RoomWaitNS), LockWaits: waits(w.LockWaits, w.LockWaitNS),
		DrainWaits: waits(w.DrainWaits, w.DrainWaitNS), Timeouts: w.Timeouts, Rescans: w.Rescans,
		Wakes: w.Wakes, WakesSkipped: f.Position - min(w.Wakes, f.Position),
		Evictions: w.Evictions, Detached: w.Detached, Reclaimed: w.Reclaimed, Takeovers: w.Takeovers,
		FlexUpdates: w.FlexUpdates, SchemaMismatches: f.Mismatches, Repairs: f.Repairs,
		Producer: m.producer(now),
	}
	for i := range f.Readers {
		s := m.book.Cell(i, at)
		c := m.consumer(&f.Readers[i])
		c.Cell, c.Attached, c.Evicted = i, s.Attached, s.Evicted
		c.Name, c.PID, c.Position, c.Lag = s.Owner.Name, int(s.Owner.PID), s.Cursor, s.Lag
		c.HeartbeatAge = age(now, s.HeartbeatNS)
		v.Read += c.Read
		v.BytesRead += c.BytesRead
		v.Lost += c.Lost
		v.ChecksumFailures += c.ChecksumFailures
		if s.Attached || f.Readers[i] != (slot.ReaderCounts{}) {
			v.Consumers = append(v.Consumers, c)
		}
	}
	return v
}

// bytes returns how many bytes n values are: counted if they have lengths of their
// own.
func (m *meter) bytes(n, counted uint64) uint64 {
	if m.conf.Length {
		return counted
	}
	return n * uint64(m.conf.PayloadSize)
}

func (m *meter) producer(now time.Time) ProducerMetrics {
	info := m.book.Producer()
	since, beat := m.book.Times()
	p := ProducerMetrics{State: ProducerDead, Process: segment.NewProcess(&info.Who), HeartbeatAge: age(now, beat)}
	switch {
	case info.State == hdr.ProducerPageStateClosing:
		p.State = ProducerClosed
	case info.State == hdr.ProducerPageStateSuperseded:
		p.State = ProducerGone
	case m.mine || m.seg.Host().ProducerAlive():
		p.State, p.Uptime = ProducerLive, age(now, since)
	}
	return p
}

func (m *meter) consumer(c *slot.ReaderCounts) ConsumerMetrics {
	return ConsumerMetrics{
		Read: c.Values, BytesRead: m.bytes(c.Values, c.Bytes), Lost: c.Lost, Retries: c.Retries,
		Waits: waits(c.Waits, c.WaitNS), LockWaits: waits(c.LockWaits, c.LockWaitNS),
		Timeouts: c.Timeouts, Wakes: c.Wakes, ChecksumFailures: c.ChecksumFailures,
		Evictions: c.Evictions, Joins: c.Joins,
	}
}

func waits(n, ns uint64) Waits { return Waits{n, time.Duration(ns)} }

// age returns how long before now something was, 0 if it never was.
func age(now time.Time, ns int64) time.Duration {
	if ns == 0 {
		return 0
	}
	return max(now.Sub(time.Unix(0, ns)), 0)
}

// MetricsOf returns the metrics of a channel. It looks at the block for a moment,
// reads only, and works whether there is a producer or not. Errors are those of
// [Attach], except that any schema will do. Of the options only those count that
// say where blocks are and whose.
func MetricsOf(name string, opts ...Option) (v Metrics, err error) {
	seg, err := segment.Observe(name, segment.Config{}, newOptions(opts).segment)
	if err != nil {
		return Metrics{}, err
	}
	defer func() { err = errors.Join(err, seg.Close()) }()
	return MetricsOfSegment(seg)
}

// MetricsOfSegment is [MetricsOf] for a block that is open already, in whatever
// way, or for a dump of one: then the times are those when it was taken. It reads
// only. It must not be called while seg is closed.
func MetricsOfSegment(seg *segment.Segment) (v Metrics, err error) {
	err = seg.Guard(func() error {
		m, err := newMeter(seg)
		if err == nil {
			m.mine = seg.Producer()
			v = m.take()
		}
		return err
	})
	return v, err
}

// ResetMetricsOf makes the counters of a channel begin again at 0 for everybody.
// CommitIndex, positions and times stay.
func ResetMetricsOf(name string, opts ...Option) (err error) {
	seg, err := segment.Open(name, newOptions(opts).segment)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, seg.Close()) }()
	return seg.Guard(func() error {
		m, err := newMeter(seg)
		if err == nil {
			f := m.figures()
			m.book.SetBaseline(&f)
		}
		return err
	})
}

// metrics calls fn with the handle's meter.
func (h *handle) metrics(show func(), fn func(m *meter)) error {
	if h.closed.Load() {
		return ErrClosed
	}
	return h.seg.Guard(func() (err error) {
		if h.meter == nil {
			if h.meter, err = newMeter(h.seg); err != nil {
				return err
			}
		}
		show()
		fn(h.meter)
		return nil
	})
}

// Metrics returns the channel's metrics; what this producer counted is all there.
// ErrClosed after Close.
func (p *producer) Metrics() (v Metrics, err error) {
	err = p.metrics(p.w.Show, func(m *meter) { m.mine = true; v = m.take() })
	return v, err
}

// ResetMetrics makes the channel's counters begin again at 0 for everybody, see
// [ResetMetricsOf].
func (p *producer) ResetMetrics() error {
	return p.metrics(p.w.Show, func(m *meter) { f := m.figures(); m.book.SetBaseline(&f) })
}

// Metrics returns the channel's metrics; what this consumer counted is all there.
// ErrClosed after Close.
func (c *consumer) Metrics() (v Metrics, err error) {
	err = c.metrics(c.r.Show, func(m *meter) { v = m.take() })
	return v, err
}

// ResetMetrics makes the channel's counters begin again at 0 for everybody, see
// [ResetMetricsOf].
func (c *consumer) ResetMetrics() error {
	return c.metrics(c.r.Show, func(m *meter) { f := m.figures(); m.book.SetBaseline(&f) })
}
