package slot

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/internal/word"
	"github.com/pylabhub/datahub/runtime/shm"
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

	// In mapped memory the same word has more than one address, and the system does
	// the waiting and the locking.
	waiter *shm.Waiter
	dir    *shm.Dir
}

// A host is one process as the locks see it.
type host struct {
	b    *block
	dead atomic.Bool
	full bool // TryLockCell always fails
	lock *shm.Locks
}

func (b *block) host() *host {
	h := &host{b: b}
	if b.dir != nil {
		var err error
		if h.lock, err = shm.OpenLocks(b.dir); err != nil {
			b.t.Errorf("open locks: %v", err)
		}
		b.t.Cleanup(h.kill)
	}
	return h
}

// kill frees all that h holds, as the kernel does.
func (h *host) kill() {
	if h.dead.Swap(true) {
		return
	}
	if h.lock != nil {
		if err := h.lock.Close(); err != nil {
			h.b.t.Errorf("close locks: %v", err)
		}
		return
	}
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
	if h.b.waiter != nil {
		h.b.waiter.Wait(w, val, d)
		return
	}
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
	if h.b.waiter != nil {
		h.b.waiter.Wake(w)
		return
	}
	h.b.mu.Lock()
	defer h.b.mu.Unlock()
	for _, c := range h.b.asleep[w] {
		close(c)
	}
	delete(h.b.asleep, w)
}

func (h *host) holds(i int) bool {
	h.b.probes.Add(1)
	if h.lock != nil {
		held, err := h.lock.Held(1 + i)
		if err != nil {
			h.b.t.Errorf("probe lock: %v", err)
		}
		return held
	}
	h.b.mu.Lock()
	defer h.b.mu.Unlock()
	o := h.b.owners[i]
	return o != nil && o != h // a handle sees its own lock as free
}

func (h *host) ProducerAlive() bool  { return h.holds(-1) }
func (h *host) CellAlive(i int) bool { return h.holds(i) }

func (h *host) TryLockCell(i int) (bool, error) {
	if h.lock != nil {
		return h.lock.Try(1 + i)
	}
	h.b.mu.Lock()
	defer h.b.mu.Unlock()
	if o := h.b.owners[i]; h.full || o != nil && o != h {
		return false, nil
	}
	h.b.owners[i] = h
	return true, nil
}

func (h *host) UnlockCell(i int) {
	if h.lock != nil {
		if err := h.lock.Release(1 + i); err != nil {
			h.b.t.Errorf("release lock: %v", err)
		}
		return
	}
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

// mappedBlock makes a block in two files, mapped twice: as its producer sees them,
// and as its consumers do, for whom the data is read-only.
func mappedBlock(t testing.TB, c Config, start uint64) *block {
	t.Helper()
	p, err := NewPlan(c)
	if err != nil {
		t.Fatalf("plan: %v", err)
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	dir, err := shm.OpenDir(t.TempDir())
	must(err)
	t.Cleanup(func() { must(dir.Close()) })
	locks, err := shm.CreateLocks(dir, int(c.Consumers), shm.Access{})
	must(err)
	must(locks.Close())

	var maps []*shm.Mapping
	open := func(f *shm.File, size uint64, write bool) *shm.Mapping {
		t.Helper()
		m, err := f.Map(int64(size), write)
		must(err)
		maps = append(maps, m)
		t.Cleanup(func() { must(m.Close()) })
		return m
	}
	reopen := func(name string, write bool) *shm.File {
		f, _, err := dir.OpenFile(name, write)
		must(err)
		return f
	}
	data := []uint64{p.ProducerSize, p.SlotsSize, p.FlexSize}
	control := []uint64{p.ControlSize, p.CellsSize, p.SpinlocksSize, p.CountersSize, p.BaselinesSize}
	f, err := dir.CreateData("data", int64(total(data)), shm.Access{})
	must(err)
	d := open(f, total(data), true)
	f, err = dir.CreateControl("control", int64(total(control)), shm.Access{})
	must(err)
	ctl := open(f, total(control), true)
	view := func(d, ctl *shm.Mapping) Memory {
		a, b := cut(d.Bytes(), data), cut(ctl.Bytes(), control)
		return Memory{Producer: a[0], Slots: a[1], Flex: a[2],
			Control: b[0], Cells: b[1], Spinlocks: b[2], Counters: b[3], Baselines: b[4]}
	}
	blk := &block{t: t, plan: p, conf: c, dir: dir, mem: view(d, ctl)}
	blk.ro = view(open(reopen("data", false), total(data), false), open(reopen("control", true), total(control), true))
	blk.waiter = shm.NewWaiter([16]byte{1}, maps...)
	t.Cleanup(func() { must(blk.waiter.Close()) })
	return formatted(t, blk, start)
}

// total returns the size of regions that each begin at a page.
func total(sizes []uint64) (n uint64) {
	for _, s := range sizes {
		n += (s + 4095) &^ 4095
	}
	return n
}

func cut(b []byte, sizes []uint64) (parts [][]byte) {
	for _, s := range sizes {
		parts = append(parts, b[:s:s])
		b = b[(s+4095)&^4095:]
	}
	return parts
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
