//go:build windows

package shm

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/pylabhub/datahub/runtime/internal/sys"
)

// A Waiter sleeps on words of shared memory and wakes those who do, in this and
// in other processes. Its methods may be called concurrently, except Close.
//
// Windows can sleep on a word within a process only, so each word has a named
// event. It lets one sleeper through at a time: one that finds its word changed
// passes the signal on. The last leaves the event signalled, which costs the
// next sleeper one look.
type Waiter struct {
	id     [16]byte
	maps   []*Mapping
	mu     sync.Mutex
	events map[*uint32]sys.Event
}

// NewWaiter returns a Waiter for words in maps, which belong to the block with
// this id. It uses maps, but does not close them.
func NewWaiter(id [16]byte, maps ...*Mapping) *Waiter {
	return &Waiter{id: id, maps: maps, events: map[*uint32]sys.Event{}}
}

// Wait sleeps while *word is val, at most d, for ever if d < 0, on the monotonic
// clock. It returns early at will: the caller looks at the word and at its own
// clock again. The word may lie in a read-only mapping.
func (w *Waiter) Wait(word *uint32, val uint32, d time.Duration) {
	ev, err := w.event(word)
	if err != nil {
		poll(word, val, d)
		return
	}
	if atomic.LoadUint32(word) != val {
		return
	}
	set, err := ev.Wait(d)
	switch {
	case err != nil:
		poll(word, val, d)
	case set && atomic.LoadUint32(word) != val:
		_ = ev.Set() // pass it on to the next sleeper
	}
}

// Wake wakes all who sleep on word. Change the word before.
func (w *Waiter) Wake(word *uint32) {
	if ev, err := w.event(word); err == nil {
		_ = ev.Set()
	}
}

func (w *Waiter) event(word *uint32) (sys.Event, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if ev, ok := w.events[word]; ok {
		return ev, nil
	}
	for i, m := range w.maps {
		if off, ok := m.offset(uintptr(unsafe.Pointer(word))); ok {
			ev, err := sys.OpenEvent(fmt.Sprintf("datahub-%x-%d-%x", w.id, i, off))
			if err == nil {
				w.events[word] = ev
			}
			return ev, err
		}
	}
	return sys.Event{}, errors.ErrUnsupported
}

// Close frees what the Waiter keeps.
func (w *Waiter) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	var err error
	for word, ev := range w.events {
		err = errors.Join(err, ev.Close())
		delete(w.events, word)
	}
	return err
}
