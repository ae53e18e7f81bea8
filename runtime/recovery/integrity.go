package recovery

import (
	"errors"
	"fmt"
	"io/fs"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/segment"
	"github.com/pylabhub/datahub/runtime/slot"
)

// Where findings are.
const (
	inHeader   = "header"
	inProducer = "producer"
	inCell     = "cell"
	inSlot     = "slot"
	inLock     = "lock"
)

func validate(target string, repair bool, o Options) (Report, error) {
	r := Report{Target: target, Findings: []Finding{}}
	if repair && segment.IsDump(target) {
		return r, fmt.Errorf("repair %s: %w", target, ErrReadOnly)
	}
	b, err := Open(target, o)
	if err != nil {
		var header *segment.HeaderError
		var region *segment.RegionError
		switch {
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission):
			return r, err
		case errors.As(err, &header), errors.As(err, &region), errors.Is(err, segment.ErrIncomplete), errors.Is(err, segment.ErrStale):
			r.add(Damage, inHeader, -1, "%v", err)
			return r, nil
		}
		return r, err
	}
	err = b.seg.Guard(func() error { b.validate(&r); return nil })
	if errors.Is(err, segment.ErrTruncated) {
		r.add(Damage, inHeader, -1, "%v", err)
		err = nil
	}
	if err == nil && repair {
		err = b.repair(&r)
	}
	return r, errors.Join(err, b.Close())
}

func (r *Report) add(s Severity, where string, index int, format string, a ...any) {
	r.Findings = append(r.Findings, Finding{Severity: s, Where: where, Index: index, Text: fmt.Sprintf(format, a...)})
}

func (b *Block) validate(r *Report) {
	l := b.look()
	r.Time = l.at
	c := b.crowd(l)
	b.checkProducer(r, l, &c.producer)
	for i := range l.cells {
		b.checkCell(r, l, i)
	}
	for i := -1; i < int(b.seg.Config().Spinlocks); i++ {
		b.checkLock(r, i)
	}
	for i := range int(b.seg.Plan().Slots) {
		b.checkSlot(r, c, i)
	}
}

func (b *Block) checkProducer(r *Report, l *look, p *ProducerDiagnosis) {
	page, conf := &l.page, b.seg.Config()
	n := uint64(b.seg.Plan().Capacity)
	if conf.Sync != hdr.SyncLatestOnly && page.Gate-page.Head > n { // also if gate < head
		r.add(Damage, inProducer, -1, "head %d and gate %d do not belong together: gate is from head to head + %d", page.Head, page.Gate, n)
	}
	if conf.Sync == hdr.SyncLatestOnly && page.Latest != 0 {
		b.checkLatest(r)
	}
	if page.State < hdr.ProducerPageStateLive || page.State > hdr.ProducerPageStateSuperseded {
		r.add(Damage, inProducer, -1, "its state is %d, which is none", page.State)
	}
	if !l.info.OK {
		r.add(Damage, inProducer, -1, "the block does not say who its producer is")
	}
	if l.alive || p.State != "dead" {
		return
	}
	if p.Unfinished > 0 {
		r.add(Leftover, inProducer, -1, "it died after it stamped %d values and before it counted them", p.Unfinished)
	} else if page.RoomWanted {
		r.add(Leftover, inProducer, -1, "it died while it waited for room, and is still to be woken")
	} else {
		r.add(Note, inProducer, -1, "it has died, or left the block to the next")
	}
}

// checkLatest checks that the word latest names a slot that holds its value.
func (b *Block) checkLatest(r *Report) {
	for range looks {
		w := b.book.Page().Latest
		s, ok := b.book.LatestSlot(w)
		if ok && slot.LatestFits(w, b.book.Stamp(s)) {
			return
		}
		if again := b.book.Page().Latest; again == w {
			r.add(Damage, inProducer, -1, "latest is %#x, which names no value that is there", w)
			return
		}
	}
}

func (b *Block) checkCell(r *Report, l *look, i int) {
	c := &l.cells[i]
	slots := uint64(b.seg.Plan().Slots)
	switch {
	case c.dead():
		r.add(Leftover, inCell, i, "consumer %q (pid %d) died and its place is not free yet", c.Owner.Name, c.Owner.PID)
	case !c.Active() && c.Hold != 0 && !c.alive:
		r.add(Leftover, inCell, i, "nobody uses it, and it holds slot %d", c.Hold-1)
	case c.Active() && c.IsEvicted():
		r.add(Note, inCell, i, "consumer %q (pid %d) has lost its place and not joined again", c.Owner.Name, c.Owner.PID)
	}
	if c.Hold > slots {
		r.add(Damage, inCell, i, "it holds slot %d, of %d", c.Hold-1, slots)
	}
	// Stamps may be ahead of head by a batch, and a reader at head by one.
	head := b.book.Page().Head
	if b.seg.Config().Sync != hdr.SyncLatestOnly && c.Active() && !c.IsEvicted() && c.Cursor > head && c.Cursor-head > uint64(b.seg.Plan().Capacity) {
		r.add(Damage, inCell, i, "its cursor is %d, and the next value is %d", c.Cursor, head)
	}
}

func (b *Block) checkLock(r *Report, i int) {
	w := b.book.LockWords(i, b.seg.Host())
	name := fmt.Sprintf("lock %d", i)
	if i < 0 {
		name = "the control lock"
	}
	switch {
	case w.Locked && w.Owner >= int(b.seg.Plan().Consumers):
		r.add(Damage, inLock, i, "%s belongs to cell %d, which the block does not have", name, w.Owner)
	case w.OwnerDead:
		r.add(Leftover, inLock, i, "the owner of %s (cell %d, -1 the producer) died: who locks it next is told", name, w.Owner)
	case w.Poisoned:
		r.add(Note, inLock, i, "%s is poisoned: its owner died, and nobody has said since that what it guards is whole", name)
	}
}

func (b *Block) checkSlot(r *Report, c *crowd, i int) {
	r.Slots++
	d, sum := c.examine(i)
	switch d.State {
	case SlotCommitted, SlotLatest:
		r.Values++
		if sum != slot.SumNone {
			r.Checksums++
		}
	case SlotTorn:
		r.Moved++
	case SlotCorrupt:
		r.add(Damage, inSlot, i, "%s", d.Reason)
	}
	if d.ChecksumBad {
		r.add(Damage, inSlot, i, "value %d does not match its checksum", d.Stamp-1)
	}
}

// repair mends what death left, and marks the findings.
func (b *Block) repair(r *Report) error {
	w, err := b.releaseWriter()
	if err != nil {
		return err
	}
	if w.Result == Success {
		r.mended(inProducer, -1)
	}
	c, err := b.cleanup()
	for _, s := range c.Done {
		r.mended(inCell, s.Cell)
	}
	return err
}

func (r *Report) mended(where string, index int) {
	for i := range r.Findings {
		if f := &r.Findings[i]; f.Severity == Leftover && f.Where == where && f.Index == index {
			f.Mended = true
		}
	}
}
