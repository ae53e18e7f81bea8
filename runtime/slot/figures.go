package slot

import (
	"fmt"
	"sync/atomic"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/internal/word"
)

// Figures are what the counters of a block show. They are loaded one by one while
// the block is used, so they need not fit each other to the last value.
type Figures struct {
	Position   uint64 // of the next value: how many were committed
	Mismatches uint64 // of schemas; they are counted in the header of the control file
	Repairs    uint64 // by tools; counted there, too
	ResetNS    int64  // of a baseline: when it was stored, 0 if never
	Writer     WriterCounts
	Readers    []ReaderCounts // by cell
}

// A Book gives access to the figures of a block. Everybody who has the block's
// memory may have one; it is not for concurrent use.
type Book struct {
	*view
	baselines word.Region

	scratch []byte // of Slot
	private atomic.Uint64
	summer  summer
}

// NewBook makes a Book. To Show, m may be mapped read-only.
func NewBook(m Memory, p Plan, c Config) (*Book, error) {
	v, err := newView(m, p, c)
	if err != nil {
		return nil, err
	}
	b := &Book{view: v}
	if b.baselines, err = word.NewRegion(m.Baselines, p.BaselinesSize, regionAlign); err != nil {
		return nil, fmt.Errorf("baselines: %w", err)
	}
	return b, nil
}

// Figures returns what the counters show now, since the block was made. What a
// participant has not shown yet is missing: some milliseconds, or values. Of
// mismatches and repairs it knows nothing.
func (b *Book) Figures() Figures {
	f := Figures{Position: b.Position(), Readers: make([]ReaderCounts, b.plan.Consumers)}
	f.Writer.each(func(off uint64, n *uint64) { *n = b.producer.Peek(off) })
	for i := range f.Readers {
		base, counters := uint64(i)*countersSize, b.counters
		if b.desks != nil {
			counters = b.desks[i].counters
		}
		f.Readers[i].each(func(off uint64, n *uint64) { *n = counters.Peek(base + off) })
	}
	return f
}

// Position returns how many values were committed: the position of the next one.
func (b *Book) Position() uint64 {
	if !b.conf.latest() {
		return b.head.Load()
	}
	for range maxObserve {
		l := b.latest.Load()
		if l == 0 {
			return b.head.Load() // where the block began
		}
		s := latestSlot(l)
		if s >= uint64(b.plan.Slots) {
			break
		}
		// The slot of the latest value is not written: if it is that still, the stamp is
		// the whole number.
		if stamp := b.stamp(s).Load(); latestFits(l, stamp) {
			return stamp
		}
	}
	return 0
}

// Baseline returns the figures that Reset stored last.
func (b *Book) Baseline() Figures {
	f := Figures{
		Position:   b.baselines.Peek(uint64(hdr.FieldProducerBaselinePosition)),
		Mismatches: b.baselines.Peek(uint64(hdr.FieldProducerBaselineSchemaMismatches)),
		Repairs:    b.baselines.Peek(uint64(hdr.FieldProducerBaselineRepairs)),
		ResetNS:    int64(b.baselines.Peek(uint64(hdr.FieldProducerBaselineResetNS))),
		Readers:    make([]ReaderCounts, b.plan.Consumers),
	}
	f.Writer.each(func(off uint64, n *uint64) { *n = b.baselines.Peek(writerBaseline(off)) })
	for i := range f.Readers {
		f.Readers[i].each(func(off uint64, n *uint64) { *n = b.baselines.Peek(readerBaseline(i, off)) })
	}
	return f
}

// SetBaseline stores f. The control file must be mapped for writing.
func (b *Book) SetBaseline(f *Figures) {
	b.baselines.Poke(uint64(hdr.FieldProducerBaselinePosition), f.Position)
	b.baselines.Poke(uint64(hdr.FieldProducerBaselineSchemaMismatches), f.Mismatches)
	b.baselines.Poke(uint64(hdr.FieldProducerBaselineRepairs), f.Repairs)
	b.baselines.Poke(uint64(hdr.FieldProducerBaselineResetNS), uint64(f.ResetNS))
	f.Writer.each(func(off uint64, n *uint64) { b.baselines.Poke(writerBaseline(off), *n) })
	for i := range min(len(f.Readers), int(b.plan.Consumers)) {
		f.Readers[i].each(func(off uint64, n *uint64) { b.baselines.Poke(readerBaseline(i, off), *n) })
	}
}

// writerBaseline and readerBaseline return where the baseline of the counter at
// off stands.
func writerBaseline(off uint64) uint64 {
	return off - uint64(hdr.FieldProducerPageCounters) + uint64(hdr.FieldProducerBaselineCounters)
}

func readerBaseline(cell int, off uint64) uint64 {
	return baselineSize + uint64(cell)*countersSize + off
}

// Since subtracts what an earlier baseline shows. Everybody can write baselines:
// one that is above a counter makes it 0.
func (f *Figures) Since(base *Figures) {
	less := func(n *uint64, b uint64) { *n -= min(b, *n) }
	less(&f.Position, base.Position)
	less(&f.Mismatches, base.Mismatches)
	less(&f.Repairs, base.Repairs)
	var all []uint64
	base.Writer.each(func(_ uint64, n *uint64) { all = append(all, *n) })
	f.Writer.each(func(_ uint64, n *uint64) { less(n, all[0]); all = all[1:] })
	for i := range min(len(f.Readers), len(base.Readers)) {
		f.Readers[i].Since(&base.Readers[i])
	}
}

// Since subtracts what base shows.
func (c *ReaderCounts) Since(base *ReaderCounts) {
	var all []uint64
	base.each(func(_ uint64, n *uint64) { all = append(all, *n) })
	c.each(func(_ uint64, n *uint64) { *n -= min(all[0], *n); all = all[1:] })
}

// A CellState is what a consumer cell shows: its owner may have written anything.
type CellState struct {
	Attached    bool // alive or dead, its owner has not left
	Evicted     bool // it has lost its place
	Owner       Holder
	HeartbeatNS int64
	// Cursor is the position its owner reads next, and Lag how many values are
	// committed behind that. Of latest values only what is in use counts: Lag is how
	// many are newer.
	Cursor, Lag uint64
}

// Cell returns the state of cell i. position is where the block stands, see
// Position.
func (b *Book) Cell(i int, position uint64) CellState {
	c := b.cell(i)
	inc := c.incarnation.Load()
	s := CellState{
		Attached:    active(inc),
		Evicted:     active(inc) && c.evicted.Load() == inc,
		Owner:       b.cellOwner(i),
		HeartbeatNS: int64(c.region.Peek(c.base + uint64(hdr.FieldConsumerCellHeartbeatNS))),
		Cursor:      c.cursor.Load(),
	}
	if b.conf.latest() {
		s.Cursor = position
		if h := c.hold.Load(); h != 0 && h <= uint64(b.plan.Slots) {
			if stamp := b.stamp(h - 1).Load(); stamp != 0 && stamp < position {
				s.Cursor = stamp
			}
		}
	}
	if s.Attached && !s.Evicted && s.Cursor < position {
		s.Lag = position - s.Cursor
	}
	return s
}

// Times returns when the present producer began and when it last showed its
// counters, in nanoseconds since the Unix epoch.
func (b *Book) Times() (since, heartbeat int64) {
	return int64(b.producer.Peek(uint64(hdr.FieldProducerPageSinceNS))), int64(b.producer.Peek(uint64(hdr.FieldProducerPageHeartbeatNS)))
}

// Producer returns what the block says about its producer.
func (b *Book) Producer() ProducerInfo { return readProducer(b.producer) }

// Show makes the counters of this writer visible to others now. They are anyway
// after some milliseconds, or values.
func (w *Writer) Show() {
	if !w.closed {
		w.flush()
	}
}

// Show is as that of a Writer.
func (r *Reader) Show() {
	if r.err != ErrHandleClosed {
		r.flush()
	}
}
