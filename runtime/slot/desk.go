package slot

import (
	"fmt"
	"sync/atomic"
	"time"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/internal/word"
)

// Desks are for consumers that are not trusted. Each has a control memory of its
// own, with its cell and with the words that it and the producer wake each other
// by, and nobody but the producer sees what it writes there. So it can harm itself
// only: it cannot touch another's cell, nor wake, nor keep asleep, anybody else.
//
// The protocol is the same. The producer, who has one sleepers and one room_bell
// word per consumer now, looks at all of them where it would have looked at one.

// A Desk is the control memory of one consumer. It has room for the cells of all,
// of which only the consumer's own counts. Behind the same addresses there may be
// another consumer's memory at any time, which is in no use then, or nobody's.
type Desk struct {
	Control, Cells, Counters []byte
	Seat                     *Seat
}

// A Seat is what the producer's side knows of who has a desk, out of his reach.
type Seat struct {
	// Turn changes after the desk got another memory and before somebody uses that.
	Turn atomic.Uint32
	// Kept is the highest cursor that a single reader had and the writer has seen: what
	// is not below it is whole.
	Kept atomic.Uint64
}

// A DeskHost is the [Host] of a writer whose consumers have desks.
type DeskHost interface {
	Host
	// WaitAny blocks while each word has its value, as Wait does for one.
	WaitAny(words []*uint32, vals []uint32, d time.Duration)
	// WakeFew wakes who waits on a word of a desk: not more than one consumer can need.
	WakeFew(word *uint32)
	// Expel takes desk i from a consumer that writes what no consumer writes, for good.
	Expel(i int)
	// Freed returns how many desks of consumers that died were cleared since it was
	// asked last.
	Freed() uint64
}

// A desk is a Desk with its words.
type desk struct {
	sleepers, bell, roomBell *word.U32
	cells, counters          word.Region
	seat                     *Seat

	since int64 // when the consumer was first woken of so many times
	wakes int
}

// What a consumer can make the producer do for it.
const (
	// wakeWindow and maxWakes bound how often it is woken. Who sleeps after each value
	// and is woken for the next needs some microseconds for it.
	wakeWindow = int64(time.Millisecond)
	maxWakes   = 512
	// maxVain is how often in a row a writer that waits for room wakes and finds none;
	// then it does not listen to bells for vainPause.
	maxVain   = 64
	vainPause = time.Millisecond
)

func (v *view) setDesks(list []Desk) error {
	if list == nil {
		return nil
	}
	if len(list) != int(v.plan.Consumers) {
		return fmt.Errorf("%d desks for %d consumers", len(list), v.plan.Consumers)
	}
	v.desks = make([]desk, len(list))
	for i := range list {
		d := &v.desks[i]
		var err error
		if d.seat = list[i].Seat; d.seat == nil {
			return fmt.Errorf("desk %d has no seat", i)
		}
		if d.cells, err = word.NewRegion(list[i].Cells, v.plan.CellsSize, regionAlign); err != nil {
			return fmt.Errorf("desk %d: cells: %w", i, err)
		}
		if d.counters, err = word.NewRegion(list[i].Counters, v.plan.CountersSize, regionAlign); err != nil {
			return fmt.Errorf("desk %d: counters: %w", i, err)
		}
		if err = d.setWords(list[i].Control); err != nil {
			return fmt.Errorf("desk %d: control: %w", i, err)
		}
	}
	return nil
}

func (d *desk) setWords(control []byte) error {
	r, err := word.NewRegion(control, controlSize, regionAlign)
	if err != nil {
		return err
	}
	d.sleepers = r.U32(uint64(hdr.FieldControlWordsSleepers))
	d.bell = r.U32(uint64(hdr.FieldControlWordsBell))
	d.roomBell = r.U32(uint64(hdr.FieldControlWordsRoomBell))
	return nil
}

// sitDown makes w the writer of a block with desks.
func (w *Writer) sitDown() error {
	if w.desks == nil {
		return nil
	}
	h, ok := w.host.(DeskHost)
	if !ok {
		return fmt.Errorf("%w: the host of a writer with desks is no DeskHost", ErrNotSupported)
	}
	w.deskHost = h
	w.wait.bells = newBells(h, w.roomBell, w.desks)
	// A commit always looks who sleeps: the only word it looks at is the writer's own.
	w.sleepers.Store(1)
	return nil
}

// wakeDesks wakes the consumers that sleep.
func (w *Writer) wakeDesks() {
	woken := false
	for i := range w.desks {
		d := &w.desks[i]
		if d.sleepers.Load() == 0 { // pairs with the sleepers store in Reader.await
			continue
		}
		now := w.clock.mono()
		if now-d.since >= wakeWindow {
			d.since, d.wakes = now, 0
		}
		if d.wakes++; d.wakes > maxWakes {
			continue // no consumer sleeps that often: it stays asleep for the rest of the window
		}
		w.count.Wakes++
		d.ring(w.deskHost) // clears sleepers before the bell changes, as Writer.wake
		woken = true
	}
	if woken {
		w.flushSometimes()
	}
}

// ring wakes the consumer of d.
func (d *desk) ring(h DeskHost) {
	d.sleepers.Store(0)
	d.bell.Add(1)
	h.WakeFew(word.Addr(d.bell))
}

// ringDesks wakes all consumers without looking whether any sleeps.
func ringDesks(desks []desk, h Host) {
	dh, ok := h.(DeskHost)
	for i := range desks {
		if ok {
			desks[i].ring(dh)
		}
	}
}

// sight returns what was seen of cell i: nothing if its desk has changed hands. Who
// calls it has loaded the incarnation before: if that is the newcomer's, his turn
// has come.
func (w *Writer) sight(i int) *sighting {
	s := &w.seen[i]
	if w.desks != nil {
		if turn := w.desks[i].seat.Turn.Load(); turn != s.turn {
			*s = sighting{turn: turn}
		}
	}
	return s
}

// isOut reports whether incarnation inc of cell i has lost its place. The owner of a
// desk can clear the word that tells him, but not what the writer remembers.
func (w *Writer) isOut(i int, inc uint64) bool {
	return w.cells[i].evicted.Load() == inc || active(inc) && w.sight(i).out == inc
}

// stalledDesk returns since when the consumer of desk i has been in the way of the
// position that is next. Only progress makes it anew: the writer's, or that of a
// cursor to where it never was. A consumer may join again as often as it likes.
func (w *Writer) stalledDesk(i int, now int64) int64 {
	s := w.sight(i)
	if s.at != w.pos+1 || w.heldAt > s.high {
		s.at, s.since = w.pos+1, now
	}
	s.high = max(s.high, w.heldAt)
	return s.since
}

// bells are the words a writer with desks waits on for room: one that its own side
// rings, and one of each consumer.
type bells struct {
	host  DeskHost
	own   *word.U32
	desks []desk
	words []*uint32
	vals  []uint32
	vain  int // waits in a row that were over early and brought no room
}

func newBells(h DeskHost, own *word.U32, desks []desk) *bells {
	b := &bells{host: h, own: own, desks: desks, words: []*uint32{word.Addr(own)}, vals: make([]uint32, 1+len(desks))}
	for i := range desks {
		b.words = append(b.words, word.Addr(desks[i].roomBell))
	}
	return b
}

// load notes what all bells show, before the last look for room.
func (b *bells) load() uint32 {
	b.vals[0] = b.own.Load()
	for i := range b.desks {
		b.vals[1+i] = b.desks[i].roomBell.Load() // pairs with the room_bell add in Reader.tellRoom
	}
	return b.vals[0]
}

// wait sleeps until a bell is rung. A consumer can ring, or wake the writer without,
// as often as it likes: in vain that helps it for a while only.
func (b *bells) wait(d time.Duration) {
	if b.vain++; b.vain > maxVain {
		b.vain = maxVain / 2
		b.host.WaitAny(b.words[:1], b.vals[:1], min(d, vainPause))
		return
	}
	b.host.WaitAny(b.words, b.vals, d)
}

// ticket returns what the bell shows that a writer is to wait on for room.
func (w *Writer) ticket() uint32 {
	if w.wait.bells != nil {
		return w.wait.bells.load()
	}
	return w.roomBell.Load()
}
