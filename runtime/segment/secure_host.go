package segment

import (
	"fmt"
	"sync/atomic"
	"time"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/shm"
	"github.com/pylabhub/datahub/runtime/slot"
)

// A deskHost is the Host of the producer of a secure channel: its consumers are
// there as long as their connections are.
type deskHost struct {
	host
	v *server
}

// CellAlive reports whether the consumer of cell i is there.
func (h deskHost) CellAlive(i int) bool {
	h.v.mu.Lock()
	defer h.v.mu.Unlock()
	return h.v.places[i].conn != nil
}

// TryLockCell keeps cell i from being given to anybody until UnlockCell.
func (h deskHost) TryLockCell(i int) (bool, error) {
	h.v.mu.Lock()
	defer h.v.mu.Unlock()
	if h.v.places[i].state != placeFree {
		return false, nil
	}
	h.v.places[i].state = placeCleaning
	return true, nil
}

// UnlockCell ends what TryLockCell began.
func (h deskHost) UnlockCell(i int) {
	h.v.mu.Lock()
	defer h.v.mu.Unlock()
	h.v.places[i].state = placeFree
}

// WaitAny, WakeFew, Expel and Freed make this a slot.DeskHost.
func (h deskHost) WaitAny(words []*uint32, vals []uint32, d time.Duration) {
	shm.WaitAny(words, vals, d)
}

func (h deskHost) WakeFew(word *uint32) { shm.WakeFew(word) }

func (h deskHost) Expel(i int) { h.v.expel(i) }

func (h deskHost) Freed() (n uint64) {
	h.v.mu.Lock()
	defer h.v.mu.Unlock()
	n, h.v.freed = h.v.freed, 0
	return n
}

// A linkHost is the Host of a consumer or observer of a secure channel: the producer
// is there as long as the connection is.
type linkHost struct {
	host
	l *link
}

func (h linkHost) ProducerAlive() bool { return !h.l.gone.Load() }

// CellAlive and TryLockCell say that this handle has the cell it was given, and others
// the others. An observer sees as attached only who is.
func (h linkHost) CellAlive(i int) bool { return i != h.l.cell || h.s.access == observing }

func (h linkHost) TryLockCell(i int) (bool, error) { return i == h.l.cell, nil }

func (h linkHost) UnlockCell(int) {}

// A link is the connection of a consumer or observer with the producer.
type link struct {
	conn     *shm.Socket
	path     string        // of the channel
	pid      int           // of the producer
	patience time.Duration // for each thing it has to say

	cell int // the one that counts
	gone atomic.Bool
	done chan struct{}
}

// watch notes when the producer is gone, and then wakes who sleeps on bell, which may
// be nil.
func (l *link) watch(bell *atomic.Uint32, w *shm.Waiter) {
	defer close(l.done)
	linger(l.conn)
	l.gone.Store(true)
	if bell != nil {
		bell.Add(1)
		w.Wake(addrOf(bell))
	}
}

// start begins to watch, for the handle s.
func (l *link) start(s *Segment) {
	var bell *atomic.Uint32
	if s.access == consuming {
		bell = wordAt(s.Region(hdr.RegionKindControlWords)[hdr.FieldControlWordsBell:])
	}
	l.done = make(chan struct{})
	go l.watch(bell, s.waiter)
}

// close hangs up. After it nobody touches the bell.
func (l *link) close() error {
	err := l.conn.Close()
	if l.done != nil {
		<-l.done
	}
	return err
}

// refusal explains why a producer refused.
func refusal(why uint32) error {
	switch why {
	case refusedUser:
		return ErrNotAllowed
	case refusedFull:
		return slot.ErrFull
	case refusedMany:
		return fmt.Errorf("%w: this user has as many consumers as one may have", slot.ErrFull)
	case refusedBusy:
		return fmt.Errorf("%w: too many look on: try again later", ErrHandshake)
	case refusedVersion:
		return errVersion
	}
	return fmt.Errorf("%w: it is out of memory or files (reason %d)", ErrHandshake, why)
}
