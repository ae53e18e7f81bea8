package cli

import (
	"errors"
	"math"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/datablock"
	"github.com/pylabhub/datahub/runtime/segment"
	"github.com/pylabhub/datahub/runtime/slot"
)

const (
	pollEvery  = time.Millisecond      // without timestamps
	readEvery  = 5 * time.Millisecond  // with
	lagEvery   = 10 * time.Millisecond // looks at the cells
	maxPerLook = 2048                  // values, so that a fast producer does not keep it busy
	longestGap = int64(time.Hour)      // that is told from longer ones
)

// A meter measures one block for hz.
type meter struct {
	seg    *segment.Segment
	book   *slot.Book
	reader *slot.Reader // nil: the values have no timestamps
	hist   *hdrhistogram.Histogram

	at        uint64 // position at the last report
	seen      uint64 // position at the last look
	changed   time.Time
	last      slot.Slot // the last value read, of which Seq and Time count
	any       bool      // there was one
	lagLooked time.Time
	lags      []uint64 // the largest of each cell since the last report
}

func newMeter(seg *segment.Segment) (*meter, error) {
	m := &meter{seg: seg, hist: hdrhistogram.New(1, longestGap, 3), changed: time.Now()}
	var err error
	if m.book, err = slot.NewBook(seg.Memory(), seg.Plan(), seg.Config()); err != nil {
		return nil, err
	}
	m.at = m.book.Position()
	m.seen = m.at
	m.lags = make([]uint64, seg.Plan().Consumers)
	if seg.Config().Timestamp {
		p, c := narrow(seg)
		m.reader, err = slot.Observe(seg.Memory(), p, c, seg.Host(), slot.ReaderOptions{Process: segment.Identity(), Start: slot.StartNewest})
	}
	return m, err
}

// period is how often look wants to be called.
func (m *meter) period() time.Duration {
	if m.reader != nil {
		return readEvery
	}
	return pollEvery
}

// look takes note of what is new.
func (m *meter) look() error {
	now := time.Now()
	at := m.book.Position()
	if at != m.seen {
		if m.reader == nil {
			m.gap(int64(now.Sub(m.changed)))
		}
		m.seen, m.changed = at, now
	}
	if now.Sub(m.lagLooked) >= lagEvery {
		m.lagLooked = now
		for i := range m.lags {
			m.lags[i] = max(m.lags[i], m.book.Cell(i, at).Lag)
		}
	}
	if m.reader == nil {
		return nil
	}
	for range maxPerLook {
		s, ok, err := m.reader.TryAcquire()
		switch {
		case errors.Is(err, slot.ErrOverrun):
			continue
		case err != nil:
			return err
		case !ok:
			return nil
		}
		if m.any && s.Seq == m.last.Seq+1 {
			m.gap(s.Time - m.last.Time)
		}
		m.last, m.any = slot.Slot{Seq: s.Seq, Time: s.Time}, true
		if err := m.reader.Release(); err != nil {
			return err
		}
	}
	if m.seg.Config().Sync == hdr.SyncLatestOnly {
		return nil
	}
	return m.reader.Seek(slot.StartNewest, 0) // it is too fast for all of them
}

// gap records one; what a clock that was set backwards shows counts as the least.
func (m *meter) gap(ns int64) { _ = m.hist.RecordValue(min(max(ns, 1), longestGap)) } // in its range

// report returns what happened since the last one.
func (m *meter) report(elapsed time.Duration) hzJSON {
	now := time.Now()
	at := m.book.Position()
	v := hzJSON{
		Channel: m.seg.Channel(), Time: now.UTC().Format(time.RFC3339Nano), Interval: int64(elapsed),
		Committed: at - min(m.at, at), CommitIndex: at, Silent: int64(now.Sub(m.changed)), Lag: []lag{},
	}
	v.Rate = float64(v.Committed) / elapsed.Seconds()
	m.at = at
	v.State = m.state().String()
	for i := range m.lags {
		if c := m.book.Cell(i, at); c.Attached {
			v.Lag = append(v.Lag, lag{i, c.Owner.Name, int(c.Owner.PID), c.Lag, max(m.lags[i], c.Lag)})
		}
		m.lags[i] = 0
	}
	if n := m.hist.TotalCount(); n > 0 {
		g := &gaps{
			Source: "polled", Count: uint64(n), Min: m.hist.Min(), Mean: m.hist.Mean(), StdDev: m.hist.StdDev(),
			P50: m.hist.ValueAtQuantile(50), P99: m.hist.ValueAtQuantile(99), Max: m.hist.Max(),
		}
		if m.reader != nil {
			g.Source = "timestamps"
		}
		g.Mean, g.StdDev = math.Round(g.Mean), math.Round(g.StdDev)
		v.Gap = g
		m.hist.Reset()
	}
	return v
}

func (m *meter) state() datablock.ProducerState {
	switch info := m.book.Producer(); {
	case info.State == hdr.ProducerPageStateClosing:
		return datablock.ProducerClosed
	case info.State == hdr.ProducerPageStateSuperseded:
		return datablock.ProducerGone
	case m.seg.Host().ProducerAlive():
		return datablock.ProducerLive
	}
	return datablock.ProducerDead
}
