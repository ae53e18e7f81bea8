package shm

import (
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pylabhub/datahub/runtime/internal/sys"
)

// watchFor is the longest sleep of a watching thread while it has words to watch:
// who changes a word may die before he wakes the sleepers. Those who care look for
// the dead themselves, and sooner; going to sleep on 127 words takes 20 µs.
const watchFor = time.Second

// Watchers look at many words for others: one thread sleeps on 127 of them at
// once, where the system can do that (futex_waitv, Linux 5.16). Where it cannot,
// one goroutine looks at all words again and again, with pauses that double from
// 20 µs to 1 ms.
//
// Threads come with the words and go with them. Methods may be called
// concurrently.
type Watchers struct {
	polls  bool
	limit  time.Duration // of a sleep
	mu     sync.Mutex
	groups []*watchGroup // those with a thread
}

// NewWatchers returns Watchers of their own. They poll if that is asked for, or if
// the system has nothing better.
func NewWatchers(poll bool) *Watchers {
	// Without words the call is an error, but not that one.
	return &Watchers{polls: poll || sys.WaitWords(nil, 0) == sys.ErrUnsupported, limit: watchFor}
}

// SharedWatchers returns the Watchers of the whole process.
var SharedWatchers = sync.OnceValue(func() *Watchers { return NewWatchers(false) })

// Polls reports whether these Watchers look again and again.
func (ws *Watchers) Polls() bool { return ws.polls }

// A Watch is one word that is watched while it is armed.
type Watch struct {
	g       *watchGroup
	word    *uint32
	changed func()

	// Guarded by g.mu.
	val     uint32
	armed   bool
	stopped bool
}

// Add returns a Watch of word, not armed. When the word has changed, changed is
// called from another goroutine; it must not block.
func (ws *Watchers) Add(word *uint32, changed func()) *Watch {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	w := &Watch{word: word, changed: changed}
	for _, g := range ws.groups {
		if g.add(w) {
			return w
		}
	}
	g := &watchGroup{ws: ws, polls: ws.polls, kick: make(chan struct{}, 1)}
	g.add(w)
	ws.groups = append(ws.groups, g)
	go g.run()
	return w
}

// Arm makes the Watch call changed once, as soon as the word is not val any more.
// After that call it is to be armed again. It never calls before that.
func (w *Watch) Arm(val uint32) {
	w.g.mu.Lock()
	defer w.g.mu.Unlock()
	if w.stopped || w.armed && w.val == val {
		return
	}
	w.val, w.armed = val, true
	w.g.ring()
}

// Stop ends the Watch: once it returns, nobody looks at the word. A call of
// changed may still be under way. A second Stop does nothing.
func (w *Watch) Stop() {
	g := w.g
	g.ws.mu.Lock() // before g.mu, as in Add
	defer g.ws.mu.Unlock()
	g.mu.Lock()
	defer g.mu.Unlock()
	if w.stopped {
		return
	}
	last := len(g.watches) - 1
	g.watches[slices.Index(g.watches, w)] = g.watches[last]
	g.watches[last] = nil
	g.watches = g.watches[:last]
	if w.stopped = true; w.armed || last == 0 {
		g.ring()
	}
	if last == 0 {
		g.ws.groups = slices.DeleteFunc(g.ws.groups, func(o *watchGroup) bool { return o == g })
	}
}

// differs reports whether the word is not what it was. A word that is not there
// any more, because its file was cut short, differs: its owner meets the fault where
// it can be told about it.
func (w *Watch) differs() (yes bool) {
	defer func() {
		if recover() != nil {
			yes = true
		}
	}()
	return atomic.LoadUint32(w.word) != w.val
}

// A watchGroup is the words of one thread.
type watchGroup struct {
	ws    *Watchers
	polls bool
	kick  chan struct{} // if it polls: somebody was armed, or none is left

	// door is the word that all but the thread change to make it look at the list
	// again. It is slept on beside the others.
	door atomic.Uint32

	mu      sync.Mutex
	watches []*Watch
	asleep  bool // the thread does not know of what has changed since
}

// add takes w in if there is room.
func (g *watchGroup) add(w *Watch) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.polls && len(g.watches) == sys.MaxWords-1 {
		return false
	}
	w.g = g
	g.watches = append(g.watches, w)
	return true
}

// ring makes the thread look at the list again, if it sleeps or is about to. g.mu
// is held.
func (g *watchGroup) ring() {
	if !g.asleep {
		return
	}
	g.asleep = false
	// The door first: a thread on its way to sleep finds it changed.
	g.door.Add(1)
	if !g.polls {
		sys.WakePrivate(doorWord(&g.door))
		return
	}
	select {
	case g.kick <- struct{}{}:
	default:
	}
}

// run watches until no Watch is left. Nothing is added after that, because the
// group is on the list no more.
func (g *watchGroup) run() {
	debug.SetPanicOnFault(true) // for differs
	var (
		list    = make([]sys.WordWait, 0, sys.MaxWords)
		changed []*Watch
		pause   = pollMin
		timer   = time.NewTimer(time.Hour)
	)
	defer timer.Stop()
	g.mu.Lock()
	defer g.mu.Unlock()
	for len(g.watches) > 0 {
		list, changed = append(list[:0], sys.NewWordWait(doorWord(&g.door), g.door.Load(), true)), changed[:0]
		armed := 0
		for _, w := range g.watches {
			if !w.armed {
				continue
			}
			if armed++; !g.polls {
				list = append(list, sys.NewWordWait(w.word, w.val, false))
			}
		}
		g.asleep = true
		g.mu.Unlock()
		if g.polls {
			pause = g.rest(armed, pause, timer)
		} else {
			d := time.Duration(-1)
			if armed > 0 {
				d = g.ws.limit
			}
			if sys.WaitWords(list, d) != nil {
				time.Sleep(pollMax) // a word that is not mapped: it is found below
			}
		}
		g.mu.Lock()
		g.asleep = false
		for _, w := range g.watches {
			if w.armed && w.differs() {
				w.armed = false
				changed = append(changed, w)
			}
		}
		if len(changed) == 0 {
			continue
		}
		pause = pollMin
		g.mu.Unlock()
		for _, w := range changed {
			w.changed()
		}
		clear(changed)
		g.mu.Lock()
	}
}

// rest sleeps between two looks, until there is something to look at, and returns
// how long to sleep the next time.
func (g *watchGroup) rest(armed int, pause time.Duration, timer *time.Timer) time.Duration {
	if armed == 0 {
		<-g.kick
		return pollMin
	}
	timer.Reset(pause)
	select {
	case <-g.kick:
		return pollMin
	case <-timer.C:
		return min(2*pause, pollMax)
	}
}
