package segment

import (
	"errors"
	"time"

	"github.com/pylabhub/datahub/runtime/internal/sys"
	"github.com/pylabhub/datahub/runtime/slot"
)

// Numbers of locks: 0 is the producer's, the cells' follow.
const (
	producerLock  = 0
	firstCellLock = 1
)

// Host returns what the slot protocol asks of the system.
func (s *Segment) Host() slot.Host {
	switch {
	case s.dump != nil:
		return dumpHost{s.dump}
	case s.server != nil:
		return deskHost{host{s}, s.server}
	case s.link != nil:
		return linkHost{host{s}, s.link}
	}
	return host{s}
}

type host struct{ s *Segment }

func (h host) Wait(word *uint32, val uint32, d time.Duration) { h.s.waiter.Wait(word, val, d) }
func (h host) Wake(word *uint32)                              { h.s.waiter.Wake(word) }

// Yield makes this a host that lets others have the processor.
func (h host) Yield() bool { return sys.Yield() }

// ProducerAlive and CellAlive call alive what cannot be asked about: nobody is
// declared dead by an error.
func (h host) ProducerAlive() bool { return h.alive(producerLock) }

func (h host) CellAlive(i int) bool { return h.alive(firstCellLock + i) }

func (h host) alive(lock int) bool {
	held, err := h.s.locks.Held(lock)
	return held || err != nil
}

// TryLockCell takes the lock of cell i. For a consumer that is a place in the block:
// if the block has lost its name in the meantime the error is [ErrReplaced]. A
// producer cleans a cell of the block it has, and has to do so even where the name
// cannot be looked up: without descriptors, or when somebody removed the folder.
func (h host) TryLockCell(i int) (bool, error) {
	won, err := h.s.locks.Try(firstCellLock + i)
	if err != nil || !won || h.s.Producer() {
		return won && err == nil, err
	}
	current, err := h.s.isCurrent()
	if err == nil && !current {
		err = ErrReplaced
	}
	if err != nil {
		return false, errors.Join(err, h.s.locks.Release(firstCellLock+i))
	}
	return true, nil
}

// UnlockCell frees the lock of cell i. That cannot fail while the file is open.
func (h host) UnlockCell(i int) { _ = h.s.locks.Release(firstCellLock + i) }

// isCurrent reports whether the block still has the channel's name.
func (s *Segment) isCurrent() (bool, error) {
	p, err := openPlace(s.channel, &s.options, false)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	current, err := p.isCurrent(s.locks)
	return current, errors.Join(err, p.close())
}
