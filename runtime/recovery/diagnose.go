package recovery

import (
	"fmt"
	"slices"
	"sort"
	"time"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/slot"
)

// A Diagnosis is everybody and everything of a target at one time.
type Diagnosis struct {
	Producer  ProducerDiagnosis
	Consumers []ConsumerDiagnosis // by cell, see [ListConsumers]
	Slots     []SlotDiagnosis     // in order
}

// Diagnose looks at all of a target at once: what [DiagnoseProducer], [ListConsumers]
// and [DiagnoseAllSlots] return one after the other, of a block that moves on between.
func Diagnose(target string, o Options) (Diagnosis, error) {
	return with(target, o, (*Block).Diagnose)
}

// Diagnose is the method of [Diagnose].
func (b *Block) Diagnose() (d Diagnosis, err error) {
	err = b.seg.Guard(func() error {
		l := b.watch()
		d.Consumers = b.consumers(l) // before the producer: none of them is ahead of it
		c := b.crowd(l)
		d.Producer, d.Slots = c.producer, c.slots()
		return nil
	})
	return d, err
}

// DiagnoseSlot is the method of [DiagnoseSlot].
func (b *Block) DiagnoseSlot(i int) (d SlotDiagnosis, err error) {
	if n := int(b.seg.Plan().Slots); i < 0 || i >= n {
		return d, &SlotError{i, n}
	}
	err = b.seg.Guard(func() error { d = b.crowd(b.watch()).slot(i); return nil })
	return d, err
}

// DiagnoseAllSlots is the method of [DiagnoseAllSlots].
func (b *Block) DiagnoseAllSlots() (all []SlotDiagnosis, err error) {
	err = b.seg.Guard(func() error {
		all = b.crowd(b.watch()).slots()
		return nil
	})
	return all, err
}

// A crowd is who stands where, at one look.
type crowd struct {
	b        *Block
	l        *look
	before   slot.PageState // of what was copied: whole is what it says and the page says later
	producer ProducerDiagnosis
	position uint64
	at       map[int][]int // cells that stand at a slot
	cursors  []uint64      // of all consumers that read in order, ascending
}

func (b *Block) crowd(l *look) *crowd {
	c := &crowd{b: b, l: l, before: l.page, producer: b.producerOf(l), position: b.book.Position(), at: map[int][]int{}}
	if d, ok := b.seg.DumpInfo(); ok {
		c.before = d.Before
	}
	ordered := b.seg.Config().Sync != hdr.SyncLatestOnly
	for i := range l.cells {
		if s := b.standsAt(l, i); s >= 0 {
			c.at[s] = append(c.at[s], i)
		}
		if w := &l.cells[i]; ordered && w.Active() && !w.IsEvicted() {
			c.cursors = append(c.cursors, w.Cursor)
		}
	}
	slices.Sort(c.cursors)
	return c
}

// slots describes all slots.
func (c *crowd) slots() []SlotDiagnosis {
	all := make([]SlotDiagnosis, c.b.seg.Plan().Slots)
	for i := range all {
		all[i] = c.slot(i)
	}
	return all
}

// slot describes one slot.
func (c *crowd) slot(i int) SlotDiagnosis {
	d, _ := c.examine(i)
	return d
}

// examine is slot, and says what became of the checksum.
func (c *crowd) examine(i int) (SlotDiagnosis, slot.SumState) {
	seen := c.b.book.Slot(i)
	d := SlotDiagnosis{Slot: i, Stamp: seen.Stamp}
	if c.b.seg.Config().Sync == hdr.SyncLatestOnly {
		c.latest(&d, &seen)
	} else {
		c.ordered(&d, &seen)
	}
	whole := d.State == SlotCommitted || d.State == SlotLatest
	switch {
	case whole && seen.BadLength:
		d.State, d.Reason = SlotCorrupt, "its value claims more bytes than there is room for"
	case whole && seen.TimeNS != 0:
		d.Written = time.Unix(0, seen.TimeNS)
	}
	if d.ChecksumBad = whole && seen.Sum == slot.SumBad; d.ChecksumBad {
		d.Reason = "its value does not match its checksum: consumers are told and skip it"
	}
	if d.State == SlotOpen {
		p := c.producer.Participant
		d.Owner = &p
		if !p.Alive && d.Reason == "" {
			d.Reason = "its producer died while it was its to write: what it wrote was never visible, and the next producer writes here"
		}
	}
	c.holders(&d)
	return d, seen.Sum
}

// latest finds the state of a slot of latest values.
func (c *crowd) latest(d *SlotDiagnosis, seen *slot.SlotCopy) {
	now := c.b.book.Page()
	named, ok := c.b.book.LatestSlot(now.Latest)
	switch {
	case ok && named == d.Slot && slot.LatestFits(now.Latest, seen.Stamp) && seen.Stamp == seen.After:
		d.State = SlotLatest
	case ok && named == d.Slot && now.Latest == c.l.page.Latest && seen.Stamp == seen.After:
		d.State, d.Reason = SlotCorrupt, fmt.Sprintf("it is named as the latest, but its stamp is %d", seen.Stamp)
	case seen.Stamp != seen.After || ok && named == d.Slot:
		d.State = SlotTorn
	case seen.Stamp == 0 && seen.Blank:
		d.State = SlotBlank
	case seen.Stamp == 0:
		d.State = SlotOpen
	case seen.Stamp > c.b.book.Position():
		d.State, d.Reason = SlotOpen, "it is stamped, but was not published: it was never visible"
	default:
		d.State = SlotRetired
	}
}

// ordered finds the state of a slot of values in order.
func (c *crowd) ordered(d *SlotDiagnosis, seen *slot.SlotCopy) {
	now, n := c.b.book.Page(), uint64(c.b.seg.Plan().Capacity)
	i := uint64(d.Slot)
	// last is the newest position of this slot that was committed before the copy.
	written := c.before.Head > i
	last := uint64(0)
	if written {
		last = c.before.Head - 1 - (c.before.Head-1-i)%n
	}
	if seen.Stamp == 0 {
		d.State = SlotBlank
		if written {
			d.State, d.Reason = SlotCorrupt, fmt.Sprintf("value %d was committed here, and the slot has no stamp", last)
		}
		return
	}
	q := seen.Stamp - 1
	switch {
	case q%n != i || written && q < last || q > now.Head && q-now.Head >= n:
		d.State, d.Reason = SlotCorrupt, fmt.Sprintf("its stamp says value %d, which does not belong here", q)
	case seen.Stamp != seen.After:
		d.State = SlotTorn
	case q+n >= now.Gate:
		d.State = SlotCommitted
		if q >= now.Head && !c.l.alive && q-now.Head < c.producer.Unfinished {
			d.Stuck = true
			d.For = c.producer.For
			d.Reason = "its producer died after it stamped the value and before it counted it: ReleaseZombieWriter, or the next producer, does"
		}
	case q+n >= c.before.Gate:
		d.State = SlotTorn
	default:
		d.State = SlotOpen
	}
	if c.b.seg.Config().Sync != hdr.SyncOverwrite {
		d.Unread = sort.Search(len(c.cursors), func(k int) bool { return c.cursors[k] > q })
	}
}

// holders says who stands at the slot, and whether somebody is stuck there.
func (c *crowd) holders(d *SlotDiagnosis) {
	for _, i := range c.at[d.Slot] {
		p := c.b.consumer(c.l, i, c.position).Participant
		d.Holders = append(d.Holders, p)
		dead := !p.Alive
		if !dead && !p.Stalled || d.Stuck {
			continue
		}
		if dead || c.producer.WaitsFor == i {
			d.Stuck, d.For = true, p.For
			d.Reason = fmt.Sprintf("consumer %q (pid %d, cell %d) stands here and %s", p.Name, p.PID, i, p.Reason)
		}
	}
}
