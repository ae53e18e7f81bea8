package recovery

import (
	"errors"
	"fmt"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/segment"
	"github.com/pylabhub/datahub/runtime/slot"
)

// act opens a target for one action and logs what became of it.
func act(target string, o Options, fn func(*Block) (Outcome, error)) (Outcome, error) {
	failed := func(err error) (Outcome, error) {
		return Outcome{Result: Failed, Reason: err.Error(), DryRun: o.DryRun}, err
	}
	if segment.IsDump(target) {
		return failed(fmt.Errorf("%s: %w", target, ErrReadOnly))
	}
	out, err := with(target, o, fn)
	if err != nil {
		done := out.Done
		out, err = failed(err)
		out.Done = done
	}
	out.DryRun = o.DryRun
	return out, err
}

// mender is a block opened for writing: the control file, or with the producer's
// lock both files.
type mender struct {
	b    *Block
	seg  *segment.Segment
	book *slot.Book
	host slot.Host
}

// wrapHost lets tests die between the steps of an action.
var wrapHost = func(h slot.Host) slot.Host { return h }

// mend calls fn with the block opened for writing by open.
func (b *Block) mend(open func(string, segment.Options) (*segment.Segment, error), fn func(*mender) error) (err error) {
	seg, err := open(b.target, b.opts.segment())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, seg.Close()) }()
	if seg.Header().Preamble.BlockID != b.seg.Header().Preamble.BlockID {
		return segment.ErrReplaced
	}
	m := &mender{b: b, seg: seg, host: wrapHost(seg.Host())}
	if m.book, err = slot.NewBook(seg.Memory(), seg.Plan(), seg.Config()); err != nil {
		return err
	}
	return seg.Guard(func() error { return fn(m) })
}

// done counts and logs a step that was taken.
func (m *mender) done(out *Outcome, s Step) {
	m.seg.CountRepair()
	out.Done = append(out.Done, s)
	args := []any{"channel", m.b.target, "what", s.What}
	if s.Cell >= 0 {
		args = append(args, "cell", s.Cell)
	}
	if s.Slot >= 0 {
		args = append(args, "slot", s.Slot)
	}
	if s.Who != nil {
		args = append(args, "name", s.Who.Name, "pid", s.Who.PID, "alive", s.Who.Alive)
	}
	m.b.opts.logger().Info("block repaired", args...)
}

// What steps do.
const (
	stepFreed    = "freed the place of a dead consumer"
	stepCleared  = "cleared a cell that nobody uses"
	stepFinished = "finished what a dead producer left"
	stepTook     = "took the place of a live consumer"
)

func (b *Block) releaseReaders() (Outcome, error) {
	return b.freeCells(b.look(), func(_ int, c *sight) bool { return c.dead() })
}

func (b *Block) cleanup() (Outcome, error) {
	return b.freeCells(b.look(), func(_ int, c *sight) bool { return c.dead() || !c.alive && c.Hold != 0 })
}

// freeCells frees the cells that are to be, each under its own lock.
func (b *Block) freeCells(l *look, which func(int, *sight) bool) (out Outcome, err error) {
	var steps []Step
	for i := range l.cells {
		if c := &l.cells[i]; which(i, c) {
			s := Step{What: stepFreed, Cell: i, Slot: b.standsAt(l, i)}
			if !c.Active() {
				s.What = stepCleared
			}
			p := b.participant(l, i)
			s.Who = &p
			steps = append(steps, s)
		}
	}
	if len(steps) == 0 {
		return Outcome{Result: NotStuck, Reason: "no consumer has died here without its place being freed"}, nil
	}
	if b.opts.DryRun {
		return Outcome{Reason: "nothing was done", Done: steps}, nil
	}
	err = b.mend(segment.Open, func(m *mender) error {
		for _, s := range steps {
			// A place that somebody has by now is not freed.
			freed, err := m.book.CleanCell(s.Cell, m.host)
			if err != nil {
				return fmt.Errorf("free cell %d: %w", s.Cell, err)
			}
			if freed {
				m.done(&out, s)
			}
		}
		return nil
	})
	if out.Reason = fmt.Sprintf("%d freed", len(out.Done)); len(out.Done) == 0 {
		out.Result, out.Reason = NotStuck, "somebody else was faster"
	}
	return out, err
}

func (b *Block) releaseWriter() (out Outcome, err error) {
	l := b.look()
	p := b.producerOf(l)
	switch {
	case l.alive:
		return Outcome{Result: Unsafe, Reason: fmt.Sprintf("the producer %s (pid %d) lives: stop it first", p.Name, p.PID)}, nil
	case p.Unfinished == 0 && !l.page.RoomWanted || p.State != "dead":
		_, err := b.book.Unfinished()
		return Outcome{Result: NotStuck, Reason: "the last producer left nothing unfinished"}, err
	}
	s := Step{What: stepFinished, Cell: -1, Slot: -1, Who: &p.Participant}
	if b.opts.DryRun {
		return Outcome{Reason: "nothing was done", Done: []Step{s}}, nil
	}
	err = b.mend(segment.TakeOver, func(m *mender) error {
		n, err := m.book.FinishWriter(m.host)
		if err != nil {
			return err
		}
		m.done(&out, s)
		out.Reason = fmt.Sprintf("%d values were stamped and are counted now", n)
		return nil
	})
	if errors.Is(err, segment.ErrExists) {
		return Outcome{Result: Unsafe, Reason: "a producer has come: " + err.Error()}, nil
	}
	return out, err
}

func (b *Block) forceReset(i int) (Outcome, error) {
	if n := int(b.seg.Plan().Slots); i < 0 || i >= n {
		return Outcome{Result: InvalidSlot, Reason: (&SlotError{i, n}).Error()}, nil
	}
	l := b.watch()
	c := b.crowd(l)
	d := c.slot(i)
	out, err := b.freeCells(l, func(cell int, s *sight) bool { return s.dead() && b.standsAt(l, cell) == i })
	if err == nil && d.Stuck && d.State == SlotCommitted && c.producer.Unfinished > 0 {
		var more Outcome
		more, err = b.releaseWriter()
		out = join(out, more)
	}
	if err != nil {
		return out, err
	}
	for _, p := range d.Holders {
		if p.Alive {
			var more Outcome
			if more, err = b.takePlace(l, c, p); err != nil {
				return out, err
			}
			out = join(out, more)
		}
	}
	if d.State == SlotOpen && c.producer.Alive && (b.opts.Force || c.producer.Stalled) {
		out = join(out, Outcome{Result: Unsafe, Reason: fmt.Sprintf("the producer %s (pid %d) may be writing there: stop it first", c.producer.Name, c.producer.PID)})
	}
	return out, nil
}

// join returns the outcome of two actions together: something done counts most, then
// something that was refused.
func join(a, b Outcome) Outcome {
	rank := func(r Result) int { return map[Result]int{Failed: 3, Success: 2, Unsafe: 1}[r] }
	if rank(b.Result) > rank(a.Result) {
		a, b = b, a
	}
	if rank(b.Result) > 0 {
		a.Reason += "; " + b.Reason
	}
	a.Done = append(a.Done, b.Done...)
	return a
}

// takePlace takes the place of the live consumer p.
func (b *Block) takePlace(l *look, c *crowd, p Participant) (out Outcome, err error) {
	name := fmt.Sprintf("consumer %q (pid %d, cell %d)", p.Name, p.PID, p.Cell)
	waited := c.producer.WaitsFor == p.Cell
	switch {
	case b.seg.Config().Sync == hdr.SyncLatestOnly:
		return Outcome{Result: NotStuck, Reason: name + " uses the value, and nobody waits for it"}, nil
	case !b.opts.Force && !waited && !p.Stalled:
		return Outcome{Result: NotStuck, Reason: name + " is well, and nobody waits for it"}, nil
	case b.seg.Config().Sync == hdr.SyncSingleReader:
		return Outcome{Result: Unsafe, Reason: name + " is the only one: what it has not read would be lost; stop it, and start another"}, nil
	case !b.opts.Force:
		return Outcome{Result: Unsafe, Reason: name + " lives: with force it loses its place"}, nil
	}
	s := Step{What: stepTook, Cell: p.Cell, Slot: b.standsAt(l, p.Cell), Who: &p}
	if b.opts.DryRun {
		return Outcome{Reason: "nothing was done", Done: []Step{s}}, nil
	}
	err = b.mend(segment.Open, func(m *mender) error {
		if m.book.TakePlace(p.Cell, l.cells[p.Cell].Incarnation, m.host) {
			m.done(&out, s)
			out.Reason = name + " has lost its place"
			return nil
		}
		out = Outcome{Result: NotStuck, Reason: name + " has left by itself"}
		return nil
	})
	return out, err
}
