package slot

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/internal/word"
)

// A block is one block in memory with the locks of those who use it.
type block struct {
	t    testing.TB
	mem  Memory // as a producer sees it
	ro   Memory // as a consumer sees it
	plan Plan
	conf Config

	mu     sync.Mutex
	owners map[int]*host // lock byte -> who holds it; -1 the producer's
	asleep map[*uint32][]chan struct{}
	probes atomic.Int64
}

// A host is one process as the locks see it.
type host struct {
	b    *block
	dead atomic.Bool
	full bool // TryLockCell always fails
}

func (b *block) host() *host { return &host{b: b} }

// kill frees all that h holds, as the kernel does.
func (h *host) kill() {
	h.dead.Store(true)
	h.b.mu.Lock()
	defer h.b.mu.Unlock()
	for i, o := range h.b.owners {
		if o == h {
			delete(h.b.owners, i)
		}
	}
}

func (h *host) lockProducer() bool { ok, _ := h.TryLockCell(-1); return ok }

func (h *host) Wait(w *uint32, val uint32, d time.Duration) {
	woken := make(chan struct{})
	h.b.mu.Lock()
	if atomic.LoadUint32(w) != val {
		h.b.mu.Unlock()
		return
	}
	h.b.asleep[w] = append(h.b.asleep[w], woken)
	h.b.mu.Unlock()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-woken:
	case <-timer.C:
	}
}

func (h *host) Wake(w *uint32) {
	h.b.mu.Lock()
	defer h.b.mu.Unlock()
	for _, c := range h.b.asleep[w] {
		close(c)
	}
	delete(h.b.asleep, w)
}

func (h *host) holds(i int) bool {
	h.b.probes.Add(1)
	h.b.mu.Lock()
	defer h.b.mu.Unlock()
	o := h.b.owners[i]
	return o != nil && o != h // a handle sees its own lock as free
}

func (h *host) ProducerAlive() bool  { return h.holds(-1) }
func (h *host) CellAlive(i int) bool { return h.holds(i) }

func (h *host) TryLockCell(i int) (bool, error) {
	h.b.mu.Lock()
	defer h.b.mu.Unlock()
	if o := h.b.owners[i]; h.full || o != nil && o != h {
		return false, nil
	}
	h.b.owners[i] = h
	return true, nil
}

func (h *host) UnlockCell(i int) {
	h.b.mu.Lock()
	defer h.b.mu.Unlock()
	if h.b.owners[i] == h {
		delete(h.b.owners, i)
	}
}

// heapBlock makes a block on the Go heap, whose first position is start.
func heapBlock(t testing.TB, c Config, start uint64) *block {
	t.Helper()
	p, err := NewPlan(c)
	if err != nil {
		t.Fatalf("plan: %v", err)
	}
	region := func(n uint64) []byte { return word.Alloc(n, 4096) }
	m := Memory{
		Producer: region(p.ProducerSize), Flex: region(p.FlexSize), Slots: region(p.SlotsSize),
		Control: region(p.ControlSize), Cells: region(p.CellsSize), Spinlocks: region(p.SpinlocksSize),
		Counters: region(p.CountersSize), Baselines: region(p.BaselinesSize),
	}
	return formatted(t, &block{t: t, mem: m, ro: m, plan: p, conf: c}, start)
}

func formatted(t testing.TB, b *block, start uint64) *block {
	t.Helper()
	b.owners, b.asleep = map[int]*host{}, map[*uint32][]chan struct{}{}
	if err := FormatAt(b.mem, b.plan, b.conf, process("creator"), start); err != nil {
		t.Fatalf("format: %v", err)
	}
	return b
}

func process(name string) hdr.Process {
	p := hdr.Process{PID: 4711, Start: 99}
	copy(p.Program[:], name)
	return p
}

// writer opens the block's producer in a process of its own.
func (b *block) writer(opts ...func(*WriterOptions)) (*Writer, *host) {
	b.t.Helper()
	h := b.host()
	if !h.lockProducer() {
		b.t.Fatal("producer's lock is taken")
	}
	o := WriterOptions{Process: process("producer")}
	for _, f := range opts {
		f(&o)
	}
	w, err := OpenWriter(b.mem, b.plan, b.conf, h, o)
	if err != nil {
		b.t.Fatalf("open writer: %v", err)
	}
	return w, h
}

// reader joins in a process of its own.
func (b *block) reader(start Start, opts ...func(*ReaderOptions)) (*Reader, *host) {
	b.t.Helper()
	h := b.host()
	o := ReaderOptions{Process: process("consumer"), Name: "reader", Start: start}
	for _, f := range opts {
		f(&o)
	}
	r, err := JoinReader(b.ro, b.plan, b.conf, h, o)
	if err != nil {
		b.t.Fatalf("join: %v", err)
	}
	return r, h
}
