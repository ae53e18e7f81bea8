package datablock

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pylabhub/datahub/runtime/shm"
	"github.com/pylabhub/datahub/runtime/slot"
)

// ErrNoMembers: there is no consumer in the wait set, so nothing to wait for.
var ErrNoMembers = errors.New("the wait set is empty")

// A Waitable is what a [WaitSet] waits for: a [Consumer] of any type, a
// [RawConsumer], or what generated code makes of them.
type Waitable interface{ waitable() *consumer }

func (c *consumer) waitable() *consumer { return c }

// An Event is a consumer that has something.
type Event struct {
	Consumer Waitable // what was given to Add
	// Err is nil if there is a value: TryNext returns it, or the error that stands in
	// its place. Otherwise it says why there may be no more. ErrProducerDied comes once
	// per death, and the consumer stays in the set for a producer that takes over.
	// After ErrProducerClosed, ErrSuperseded, ErrTruncated and ErrClosed it is not in
	// the set any more.
	Err error
}

// A WaitSet waits for many consumers at once, of any types. However many there
// are, they cost one thread per 127 channels of the whole process, and none at all
// where the system cannot sleep on many words (older than Linux 5.16, other
// systems): there one goroutine looks at all of them, at most a millisecond apart.
//
// The price is latency: a value goes through that thread to the goroutine that
// waits, so a single consumer is better off with Next. And while Wait runs, each
// producer's process is looked at every 100 ms, whether it lives, and each consumer
// every second: with 1,000 idle consumers that takes one or two hundredths of a
// processor.
//
// Add, Remove and Close may be called at any time from anywhere, Wait by one
// goroutine at a time. While Wait runs, the consumers in the set are in its hands,
// except that they may be closed.
type WaitSet struct {
	watchers *shm.Watchers
	waiting  atomic.Bool
	wake     chan struct{} // something was queued; of capacity 1

	mu      sync.Mutex
	members map[*consumer]*member
	queue   []*member // those to look at, nobody watches them
	spare   []*member // memory for the next queue
	events  []Event
	closed  bool
	looked  time.Time                // when all members were looked at
	alive   map[slot.ProducerID]bool // producers that were found alive in this pass
	every   time.Duration
	timer   *time.Timer
	spins   int
}

// A member is a consumer in a set. It is in the queue, or watched.
type member struct {
	set    *WaitSet
	c      *consumer
	as     Waitable
	watch  *shm.Watch
	queued bool
	gone   bool
	armed  bool // the watch is
	misses int  // looks in vain since it had something
}

const (
	// lookEvery is how often a set looks at members that nobody has rung for: their
	// producers may be dead.
	lookEvery = 100 * time.Millisecond
	// busyAgain is when a set looks again at a consumer that another goroutine uses.
	busyAgain = time.Millisecond
	// patience is how many looks in vain it takes until a member is watched while
	// others have something.
	patience = 16
	// Looks per spin, as in package slot.
	minLooks = 64
	maxLooks = 1024
)

// NewWaitSet returns a set without members.
func NewWaitSet() *WaitSet { return newWaitSet(shm.SharedWatchers()) }

func newWaitSet(ws *shm.Watchers) *WaitSet {
	return &WaitSet{watchers: ws, wake: make(chan struct{}, 1), members: map[*consumer]*member{}, alive: map[slot.ProducerID]bool{}, spins: minLooks, every: lookEvery}
}

// Add puts a consumer in the set. It can be in one set at a time.
//
// Errors: ErrClosed; ErrMisuse if it is in a set already, ErrConcurrent if another
// goroutine waits in a call on it.
func (s *WaitSet) Add(w Waitable) error {
	c := w.waitable()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	if err := c.enter(); err != nil {
		return err
	}
	defer c.slow.Unlock()
	if c.closed.Load() {
		return ErrClosed
	}
	m := &member{set: s, c: c, as: w}
	// Close waits for the lock that enter took and then finds it.
	if !c.member.CompareAndSwap(nil, m) {
		return fmt.Errorf("%w: the consumer is in a wait set already", ErrMisuse)
	}
	m.watch = s.watchers.Add(c.r.Bell(), func() { s.changed(m) })
	s.members[c] = m
	s.enqueue(m)
	return nil
}

// Remove takes a consumer out of the set. Without it in the set Remove does
// nothing. When it returns, Wait does not use the consumer any more.
func (s *WaitSet) Remove(w Waitable) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m := s.members[w.waitable()]; m != nil {
		s.drop(m)
		s.signal() // who waits may have nothing left to wait for
	}
}

// Len returns how many consumers are in the set.
func (s *WaitSet) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.members)
}

// Close takes all consumers out of the set, which it does not close. A Wait that
// is under way returns ErrClosed. A second Close does nothing.
func (s *WaitSet) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.members {
		s.drop(m)
	}
	s.closed = true
	s.signal()
	return nil
}

// drop takes m out of the set. s.mu is held.
func (s *WaitSet) drop(m *member) {
	m.watch.Stop()
	m.gone = true
	delete(s.members, m.c)
	m.c.member.CompareAndSwap(m, nil)
}

// changed is called when the bell of m has been rung.
func (s *WaitSet) changed(m *member) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m.armed = false
	s.enqueue(m)
}

// left is called when the consumer of m is being closed, before its memory goes.
func (m *member) left() {
	m.watch.Stop()
	m.set.changed(m)
}

// enqueue makes Wait look at m. s.mu is held.
func (s *WaitSet) enqueue(m *member) {
	if !m.queued && !m.gone {
		m.queued = true
		s.queue = append(s.queue, m)
	}
	s.signal()
}

func (s *WaitSet) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Wait returns the consumers that have something, all of them, and waits until
// there is one. A consumer comes again as long as it has something, each time in
// another place, so who serves only the first serves all in turn. What it returns
// is good until the next Wait.
//
// Errors: the cause of ctx, if there is nothing; ErrNoMembers; ErrClosed;
// ErrConcurrent.
func (s *WaitSet) Wait(ctx context.Context) ([]Event, error) {
	if !s.waiting.CompareAndSwap(false, true) {
		return nil, ErrConcurrent
	}
	defer s.waiting.Store(false)
	for {
		busy, err := s.look()
		if err != nil || len(s.events) > 0 {
			return s.events, err
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		d := s.every
		if busy {
			d = busyAgain
		}
		if s.timer == nil {
			s.timer = time.NewTimer(d)
		} else {
			s.timer.Reset(d)
		}
		select {
		case <-s.wake:
		case <-s.timer.C:
		case <-ctx.Done():
		}
		s.timer.Stop()
	}
}

// All returns one event after the other, for ever. It ends when no consumer is left
// in the set; any other error of Wait comes as the last element, with an empty
// event.
func (s *WaitSet) All(ctx context.Context) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		var round []Event
		for {
			events, err := s.Wait(ctx)
			if errors.Is(err, ErrNoMembers) {
				return
			}
			if err != nil {
				yield(Event{}, err)
				return
			}
			round = append(round[:0], events...) // the body may call Wait
			for _, e := range round {
				if e.Err == nil && !s.has(e.Consumer) {
					continue // removed meanwhile
				}
				if !yield(e, nil) {
					return
				}
			}
		}
	}
}

func (s *WaitSet) has(w Waitable) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.members[w.waitable()] != nil
}

// look collects events. Without any, every member is watched afterwards, except,
// if busy, those that another goroutine uses.
func (s *WaitSet) look() (busy bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = s.events[:0]
	switch {
	case s.closed:
		return false, ErrClosed
	case len(s.members) == 0:
		return false, ErrNoMembers
	}
	now := time.Now()
	all := now.Sub(s.looked) >= s.every
	if all {
		s.looked = now
		for _, m := range s.members {
			s.enqueue(m)
		}
	}
	if busy = s.pass(all); len(s.events) == 0 && !all {
		if len(s.queue) > 0 && s.spin() {
			s.pass(false)
		}
		if len(s.events) == 0 {
			busy = s.pass(true)
		}
	}
	return busy, nil
}

// pass looks at all members in the queue once. Those without anything stay in it,
// or are watched.
func (s *WaitSet) pass(watch bool) (busy bool) {
	clear(s.alive)
	queue := s.queue
	s.queue = s.spare[:0]
	for i := range queue {
		m := queue[(i+1)%len(queue)] // each time another is the first
		if m.gone {
			continue
		}
		pending, err := m.look(watch || m.misses >= patience)
		switch {
		case err == ErrConcurrent:
			busy = true
		case err != nil:
			s.events = append(s.events, Event{m.as, err})
			if err != ErrProducerDied {
				s.drop(m)
				continue
			}
		case pending:
			m.misses = 0
			s.events = append(s.events, Event{m.as, nil})
		case watch || m.misses >= patience:
			m.queued = false
			continue
		default:
			m.misses++
		}
		s.queue = append(s.queue, m)
	}
	clear(queue)
	s.spare = queue
	return busy
}

// look reports whether the consumer has something, and if not makes it watched if
// that is asked for.
func (m *member) look(watch bool) (pending bool, err error) {
	if err := m.c.enter(); err != nil {
		return false, err
	}
	defer m.c.slow.Unlock()
	if m.c.closed.Load() {
		return false, ErrClosed
	}
	done, old := false, debug.SetPanicOnFault(true)
	defer func() {
		if done {
			return
		}
		r := recover()
		if fault := m.c.fault(r); fault != nil {
			m.c.r.Fail(fault) // a sample stays in use
		}
		pending, err = false, m.c.handle.rescue(old, r)
	}()
	switch {
	case !watch:
		pending = m.c.r.Pending()
	case m.armed && m.quiet():
	default:
		var bell uint32
		m.armed = false // if there is a fault
		bell, pending, err = m.c.r.Arm()
		if m.armed = !pending && err == nil; m.armed {
			m.watch.Arm(bell)
		}
	}
	done = true
	debug.SetPanicOnFault(old)
	return pending, err
}

// quiet reports that m, which is armed, is to be left alone: its producer lives.
// Many channels are often those of few processes. Of those it asks for one: a
// process that lives has its locks, or has rung before it gave them back.
func (m *member) quiet() bool {
	id := m.c.r.Producer()
	known := m.set.alive[id]
	if !m.c.r.Quiet(known) {
		return false
	}
	if !known && id != (slot.ProducerID{}) {
		m.set.alive[id] = true
	}
	return true
}

// spin looks at the queue for a while, as long as that has been worth it lately.
func (s *WaitSet) spin() bool {
	for i := 0; i < s.spins; {
		for _, m := range s.queue {
			i++
			if m.gone {
				continue
			}
			if pending, err := m.look(false); pending || err != nil && err != ErrConcurrent {
				s.spins = min(max(s.spins, 2*i+minLooks), maxLooks)
				return true
			}
		}
	}
	s.spins = max(s.spins/2, minLooks)
	return false
}
