package recovery

import (
	"time"

	"github.com/pylabhub/datahub/runtime/slot"
)

// A look is what a block showed at one time.
type look struct {
	at    time.Time
	page  slot.PageState
	cells []sight
	// The producer.
	alive bool
	info  slot.ProducerInfo
}

// A sight is one consumer cell, with its owner's lock.
type sight struct {
	slot.CellWords
	alive bool
}

// dead reports whether the cell's owner has died without leaving.
func (s *sight) dead() bool { return s.Active() && !s.alive }

// looks is how often a cell is looked at again that changes hands meanwhile.
const looks = 8

// look looks at the whole block but its slots, and remembers since when things stand
// as they do.
func (b *Block) look() *look {
	h := b.seg.Host()
	l := &look{at: b.seg.Time(), cells: make([]sight, b.seg.Plan().Consumers)}
	for i := range l.cells {
		for range looks {
			s := sight{CellWords: b.book.Words(i)}
			s.alive = h.CellAlive(i)
			l.cells[i] = s
			if b.book.Words(i).Incarnation == s.Incarnation {
				break
			}
		}
	}
	for range looks {
		l.info = b.book.Producer()
		l.alive = h.ProducerAlive()
		if b.book.Page().Epoch == l.info.Epoch {
			break
		}
	}
	l.page = b.page()
	b.remember(l)
	return l
}

// page loads the producer page so that head and gate are of one moment.
func (b *Block) page() slot.PageState {
	p := b.book.Page()
	for range 64 * looks {
		again := b.book.Page()
		if again.Head == p.Head && again.Latest == p.Latest { // so p's gate is of that head
			break
		}
		p = again
	}
	return p
}

// A track is what was last seen of a participant, and since when it is like that.
type track struct {
	incarnation, cursor, hold uint64
	alive                     bool
	same                      time.Time // since when nothing has changed
	since                     time.Time // since when it is alive, or dead
}

func (t *track) see(now track, at time.Time) {
	now.same, now.since = t.same, t.since
	if t.same.IsZero() || t.incarnation != now.incarnation || t.alive != now.alive {
		now.since = at
	}
	if t.same.IsZero() || t.incarnation != now.incarnation || t.cursor != now.cursor || t.hold != now.hold {
		now.same = at
	}
	*t = now
}

func (b *Block) remember(l *look) {
	if b.tracks == nil {
		b.tracks = make([]track, len(l.cells))
	}
	for i := range l.cells {
		c := &l.cells[i]
		b.tracks[i].see(track{incarnation: c.Incarnation, cursor: c.Cursor, hold: c.Hold, alive: c.alive}, l.at)
	}
	b.producer.see(track{incarnation: l.page.Epoch, cursor: l.page.Head, hold: l.page.Latest, alive: l.alive}, l.at)
}

// watch is look, and one more after Options.Watch.
func (b *Block) watch() *look {
	l := b.look()
	if _, dump := b.seg.DumpInfo(); b.opts.Watch > 0 && !dump {
		<-time.After(b.opts.Watch)
		l = b.look()
	}
	return l
}

// seen returns for how long t was seen unchanged since then.
func seen(l *look, since time.Time) time.Duration { return max(l.at.Sub(since), 0) }

// ago returns how long before the look something was, 0 if it never was.
func ago(l *look, ns int64) time.Duration {
	if ns == 0 {
		return 0
	}
	return max(l.at.Sub(time.Unix(0, ns)), 0)
}
