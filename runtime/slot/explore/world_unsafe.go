//go:build datahub_explore

package explore

import (
	"fmt"
	"iter"
	"slices"
	"time"
	"unsafe"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/internal/word"
)

const cellSize = unsafe.Sizeof(hdr.ConsumerCell{})

// A status is what a process is doing.
type status uint8

const (
	ready    status = iota // can take a step
	waiting                // for a lock: can once it is free
	sleeping               // on a word, until woken
	done
	killed
)

// A Proc is a process: the code of a participant, stopped before each step.
type Proc struct {
	Name  string
	World *World
	id    int
	kills bool        // may be killed
	while func() bool // may be killed while this holds, nil: always
	stays bool        // waits for others to be done
	upto  uint64      // has read, and perhaps given back, what is before
	reads bool        // is attached as a consumer
	// writes says that it is a producer, of whom it matters whether one was killed.
	writes bool

	next   func() (string, bool)
	stop   func()
	yield  func(string) bool
	status status
	waits  func() bool    // status waiting: can it go on
	on     unsafe.Pointer // status sleeping: the word
	onAny  []*uint32      // or the words
	woken  bool           // by time
	hash   uint64         // of what it has seen since its last checkpoint
	local  func()         // a checkpoint of what it remembers in a sleep
}

// A violation is a property that does not hold.
type violation struct{ text string }

// death unwinds a process that was killed.
type death struct{}

// A World is one block and those who use it.
type World struct {
	model  *Model
	procs  []*Proc
	cur    *Proc
	owners []*Proc // of the lock bytes, 0 the producer's
	kills  int     // that are left
	dead   int
	seated int    // readers that have a desk
	memory uint64 // hash of the words that were changed
	base   uintptr
	bad    *violation
	steps  int
	trace  func(p *Proc, off uintptr, old, new uint64)
	Facts
}

// mix is splitmix64's step.
func mix(h, v uint64) uint64 {
	h ^= v + 0x9e3779b97f4a7c15 + h<<6 + h>>2
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}

// listen makes the words report to w.
func (w *World) listen() {
	size := uintptr(len(w.model.arena))
	word.Before = func(addr unsafe.Pointer, loads bool) {
		off := uintptr(addr) - w.base
		if p := w.cur; p != nil && off < size && !(loads && p.owns(off)) {
			p.step("")
		}
	}
	word.After = func(addr unsafe.Pointer, old, new uint64, loads bool) {
		off := uint64(uintptr(addr) - w.base)
		if off >= uint64(size) {
			return // a word of its own
		}
		if w.model.isLock(uintptr(off)) && new&uint64(hdr.SpinlockLocked) == 0 {
			w.inside = nil // out the moment the lock is free
		}
		if p := w.cur; p != nil {
			if loads {
				p.hash = mix(p.hash, old)
			} else {
				p.hash = mix(p.hash, ^off)
			}
			if w.trace != nil {
				w.trace(p, uintptr(off), old, new)
			}
		}
		if old != new {
			w.memory ^= mix(off+1, old) ^ mix(off+1, new)
		}
	}
}

// Go adds a process. If kills, it may die at any step.
func (w *World) Go(name string, kills bool, body func(p *Proc)) *Proc {
	p := &Proc{Name: name, World: w, id: len(w.procs), kills: kills}
	p.next, p.stop = iter.Pull(func(yield func(string) bool) {
		p.yield = yield
		defer func() {
			switch v := recover().(type) {
			case nil, death:
			case violation:
				v.text = p.Name + ": " + v.text
				w.bad = &v
			default:
				w.bad = &violation{fmt.Sprintf("%s: panic: %v", p.Name, v)}
			}
		}()
		p.step("begin")
		body(p)
	})
	w.procs = append(w.procs, p)
	w.run(p) // to its first step
	return p
}

// owns reports whether only p can write the word at off now. Loading it is no step:
// it makes no difference to anybody when it happens.
func (p *Proc) owns(off uintptr) bool {
	m := p.World.model
	switch {
	case off < m.control || m.slots <= off && off < m.slotsEnd:
		return p.World.owners[0] == p
	case m.cells <= off && off < m.slots:
		i, at := (off-m.cells)/cellSize, (off-m.cells)%cellSize
		return p.World.owners[1+i] == p && at != uintptr(hdr.FieldConsumerCellEvicted)
	}
	return false
}

// step lets the explorer choose who goes on.
func (p *Proc) step(what string) {
	if p.status == killed || !p.yield(what) {
		panic(death{})
	}
	p.hash = mix(p.hash, 1) // a step that shows nothing is one, too
}

// run lets p take one step.
func (w *World) run(p *Proc) {
	w.cur = p
	if _, more := p.next(); !more && p.status != killed {
		p.status = done
	}
	w.cur = nil
	w.steps++
}

// kill ends p and frees its locks.
func (w *World) kill(p *Proc) {
	p.status = killed
	p.stop()
	for i, o := range w.owners {
		if o == p {
			w.owners[i] = nil
		}
	}
	w.kills--
	w.dead++
}

// end stops what still runs.
func (w *World) end() {
	for _, p := range w.procs {
		if p.status != done && p.status != killed {
			p.status = killed
			p.stop()
		}
	}
}

// Fail ends the exploration: what p saw must not be.
func (p *Proc) Fail(format string, a ...any) { panic(violation{fmt.Sprintf(format, a...)}) }

// Checkpoint forgets how p came here: all that matters is what put is given.
func (p *Proc) Checkpoint(state ...uint64) {
	p.hash = 0
	for _, v := range state {
		p.hash = mix(p.hash, v)
	}
}

// state returns a hash of all that decides what can happen from here.
func (w *World) state() uint64 {
	h := mix(w.memory, uint64(w.kills)<<8|uint64(w.dead))
	for _, p := range w.procs {
		s := uint64(p.status)
		if p.woken {
			s |= 1 << 8
		}
		if p.status == sleeping {
			s |= uint64(uintptr(p.on)-w.base) << 16
		}
		h = mix(h, s)
		if p.status != killed && p.status != done {
			h = mix(h, p.hash)
		}
	}
	for _, o := range w.owners {
		if o == nil {
			h = mix(h, 0)
		} else {
			h = mix(h, uint64(o.id)+1)
		}
	}
	return mix(h, w.Facts.hash^w.hutHash())
}

// Lock waits for a lock byte and takes it.
func (p *Proc) Lock(i int) {
	w := p.World
	p.status, p.waits = waiting, func() bool { return w.owners[i] == nil }
	p.step("lock")
	p.status = ready
	w.owners[i] = p
}

// A host is a process's slot.Host.
type host struct{ p *Proc }

func (h *host) Wait(addr *uint32, val uint32, _ time.Duration) {
	p := h.p
	if p.World.cur == nil {
		panic("a wait outside of the exploration")
	}
	p.step("futex wait")
	if *addr != val {
		p.local()
		return
	}
	p.status, p.on = sleeping, unsafe.Pointer(addr)
	p.step("asleep")
	p.status, p.on, p.woken = ready, nil, false
	p.local() // whoever has slept looks at everything again
}

func (h *host) Wake(addr *uint32) {
	if h.p.World.cur != nil {
		h.p.step("futex wake")
	}
	for _, p := range h.p.World.procs {
		if p.status == sleeping && (p.on == unsafe.Pointer(addr) || slices.Contains(p.onAny, addr)) {
			p.status = ready
		}
	}
}

// held reports whether another process holds lock byte i.
func (h *host) held(i int) bool {
	if h.p.World.cur != nil {
		h.p.step("probe")
	}
	o := h.p.World.owners[i]
	b := o != nil && o != h.p
	if b {
		h.p.hash = mix(h.p.hash, 5)
	} else {
		h.p.hash = mix(h.p.hash, 4)
	}
	return b
}

func (h *host) ProducerAlive() bool  { return h.held(0) }
func (h *host) CellAlive(i int) bool { return h.held(1 + i) }

func (h *host) TryLockCell(i int) (bool, error) {
	if h.held(1 + i) {
		return false, nil
	}
	h.p.World.owners[1+i] = h.p
	return true, nil
}

func (h *host) UnlockCell(i int) {
	if h.p.World.cur != nil {
		h.p.step("unlock")
	}
	h.p.World.owners[1+i] = nil
}
