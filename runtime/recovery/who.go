package recovery

import (
	"fmt"
	"math"
	"time"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/segment"
)

// ListConsumers returns who is attached to a target, the dead among them, by cell.
// Who is slow, and by how much, is in Lag, HeartbeatAge and Stalled.
func ListConsumers(target string, o Options) ([]ConsumerDiagnosis, error) {
	return with(target, o, (*Block).Consumers)
}

// DiagnoseProducer returns what is known of a target's producer.
func DiagnoseProducer(target string, o Options) (ProducerDiagnosis, error) {
	return with(target, o, (*Block).Producer)
}

// Consumers is the method of [ListConsumers]. A Block remembers: each call tells how
// long somebody has stood still since the first.
func (b *Block) Consumers() (all []ConsumerDiagnosis, err error) {
	err = b.seg.Guard(func() error { all = b.consumers(b.watch()); return nil })
	return all, err
}

// Producer is the method of [DiagnoseProducer].
func (b *Block) Producer() (p ProducerDiagnosis, err error) {
	err = b.seg.Guard(func() error { p = b.producerOf(b.watch()); return nil })
	return p, err
}

func (b *Block) consumers(l *look) []ConsumerDiagnosis {
	all := []ConsumerDiagnosis{}
	position := b.book.Position()
	for i := range l.cells {
		if l.cells[i].Active() {
			all = append(all, b.consumer(l, i, position))
		}
	}
	return all
}

// consumer describes the owner of cell i, where position is where the block stands.
func (b *Block) consumer(l *look, i int, position uint64) ConsumerDiagnosis {
	c, t := &l.cells[i], &b.tracks[i]
	d := ConsumerDiagnosis{
		Participant: b.participant(l, i), Incarnation: c.Incarnation, Evicted: c.IsEvicted(),
		Position: c.Cursor, Slot: b.standsAt(l, i),
	}
	s := b.book.Cell(i, position)
	if s.Attached {
		d.Position, d.Lag = s.Cursor, s.Lag
	}
	switch {
	case !c.Active() || !c.alive:
	case d.Stalled: // its process is stopped
	case d.Lag > 0 && l.at.Sub(t.same) > 0 && l.at.Sub(t.same) >= b.opts.Watch && b.opts.Watch > 0:
		d.Stalled = true
		d.For = Span{AtLeast: seen(l, t.same), How: "two looks: its cell did not change in between"}
		d.Reason = fmt.Sprintf("has not moved for %v or more, with %d values to read", round(d.For.AtLeast), d.Lag)
	case d.Evicted:
		d.Reason = "has lost its place and not joined again"
	}
	return d
}

// participant describes the owner of cell i as one of all.
func (b *Block) participant(l *look, i int) Participant {
	c, t := &l.cells[i], &b.tracks[i]
	p := Participant{
		Role: Consumer, Cell: i, Name: c.Owner.Name, PID: int(c.Owner.PID), Start: c.Owner.Start,
		Alive: c.alive, HeartbeatAge: ago(l, c.HeartbeatNS),
	}
	b.judge(l, &p, t, 0)
	return p
}

// judge says what the lock and the process of p show.
func (b *Block) judge(l *look, p *Participant, t *track, began int64) {
	if _, dump := b.seg.DumpInfo(); !dump {
		p.Process = StateOf(p.PID, p.Start)
	}
	if !p.Alive {
		p.For = Span{AtLeast: seen(l, t.since), How: "at least: since this was first looked at"}
		if bound := max(p.HeartbeatAge, ago(l, began)); p.HeartbeatAge != 0 || began != 0 {
			if p.HeartbeatAge != 0 {
				bound = p.HeartbeatAge
			}
			p.For.AtMost = bound
			p.For.How += "; at most: it last showed its counters then, by the system's clock"
		}
		p.Reason = "has died: its lock is free"
		return
	}
	if p.Process == ProcessStopped {
		p.Stalled = true
		p.For = Span{AtLeast: seen(l, t.same), How: "its process is stopped; at least: its words did not change since this was first looked at"}
		p.Reason = "its process is stopped, by a signal or a debugger"
	}
}

// standsAt returns the slot that the owner of cell i keeps the producer from writing,
// -1 if none.
func (b *Block) standsAt(l *look, i int) int {
	c, conf, plan := &l.cells[i], b.seg.Config(), b.seg.Plan()
	switch conf.Sync {
	case hdr.SyncLatestOnly:
		if c.Hold != 0 && c.Hold <= uint64(plan.Slots) {
			return int(c.Hold - 1)
		}
	case hdr.SyncSyncReaders, hdr.SyncSingleReader:
		// A place that was taken away holds nobody up.
		if c.Active() && !c.IsEvicted() && l.page.Head-c.Cursor-1 < uint64(plan.Capacity) {
			return int(c.Cursor % uint64(plan.Capacity))
		}
	}
	return -1
}

// producerOf describes the producer.
func (b *Block) producerOf(l *look) ProducerDiagnosis {
	who := segment.NewProcess(&l.info.Who)
	since, beat := b.book.Times()
	d := ProducerDiagnosis{
		Participant: Participant{
			Role: Producer, Cell: -1, Name: who.Program, PID: who.PID, Start: who.Start,
			Alive: l.alive, HeartbeatAge: ago(l, beat),
		},
		State: "dead", Epoch: l.info.Epoch, Head: b.book.Position(), Waiting: l.page.RoomWanted, WaitsFor: b.inTheWay(l),
	}
	if since != 0 {
		d.Since = time.Unix(0, since)
	}
	b.judge(l, &d.Participant, &b.producer, since)
	switch {
	case l.page.State == hdr.ProducerPageStateClosing:
		d.State, d.Reason, d.For = "closed", "has closed the channel", Span{}
	case l.page.State == hdr.ProducerPageStateSuperseded:
		d.State, d.Reason, d.For = "replaced", "another block has taken the name", Span{}
	case l.alive:
		d.State = "live"
	}
	if !l.alive {
		d.Unfinished, _ = b.book.Unfinished() // a page that is corrupt is ValidateIntegrity's
	}
	if l.alive && !d.Stalled && d.Waiting && d.WaitsFor >= 0 {
		d.Reason = fmt.Sprintf("waits until the consumer of cell %d has read a value", d.WaitsFor)
		if still := seen(l, b.producer.same); b.opts.Watch > 0 && still >= b.opts.Watch {
			d.Stalled = true
			d.For = Span{AtLeast: still, How: "two looks: it committed nothing in between"}
		}
	}
	return d
}

// inTheWay returns the cell whose cursor keeps the producer from writing the next
// position, -1 if there is none.
func (b *Block) inTheWay(l *look) int {
	sync, c := b.seg.Config().Sync, uint64(b.seg.Plan().Capacity)
	cell, least := -1, uint64(math.MaxUint64)
	for i := range l.cells {
		w := &l.cells[i]
		counts := sync == hdr.SyncSyncReaders && w.Active() && !w.IsEvicted() || sync == hdr.SyncSingleReader
		if counts && w.Cursor < least && l.page.Head-w.Cursor <= c {
			cell, least = i, w.Cursor
		}
	}
	if cell < 0 || l.page.Head-least < c {
		return -1
	}
	return cell
}

func round(d time.Duration) time.Duration { return d.Round(time.Millisecond) }
