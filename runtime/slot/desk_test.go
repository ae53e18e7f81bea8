package slot

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/internal/word"
)

// A deskBlock is a block whose consumers have desks, in the memory of this process.
type deskBlock struct {
	*block
	writer Memory
	desks  []Desk

	mu       sync.Mutex
	expelled []int
	wakes    int
	waits    [][]uint32 // values of words that were waited on
	pauses   []time.Duration
}

func newDeskBlock(t *testing.T, c Config) *deskBlock {
	b := &deskBlock{block: heapBlock(t, c, 0)}
	b.writer = b.mem
	for range c.Consumers {
		b.desks = append(b.desks, Desk{
			Control: word.Alloc(b.plan.ControlSize, 128), Cells: word.Alloc(b.plan.CellsSize, 128),
			Counters: word.Alloc(b.plan.CountersSize, 128), Seat: new(Seat),
		})
	}
	b.writer.Desks = b.desks
	return b
}

// A deskHost is the host of the writer.
type deskHost struct {
	*host
	d *deskBlock
}

func (h deskHost) WaitAny(words []*uint32, vals []uint32, d time.Duration) {
	h.d.mu.Lock()
	h.d.waits, h.d.pauses = append(h.d.waits, slices.Clone(vals)), append(h.d.pauses, d)
	h.d.mu.Unlock()
	for i := range words {
		if atomic.LoadUint32(words[i]) != vals[i] {
			return
		}
	}
	time.Sleep(min(d, time.Millisecond))
}

func (h deskHost) WakeFew(w *uint32) {
	h.d.mu.Lock()
	h.d.wakes++
	h.d.mu.Unlock()
	h.Wake(w)
}

func (h deskHost) Expel(i int) {
	h.d.mu.Lock()
	defer h.d.mu.Unlock()
	h.d.expelled = append(h.d.expelled, i)
}

func (h deskHost) Freed() uint64 { return 0 }

func (h deskHost) CellAlive(int) bool { return true }

func (b *deskBlock) openWriter(opts WriterOptions) *Writer {
	b.t.Helper()
	h := b.host()
	h.lockProducer()
	opts.Fresh = true
	w, err := OpenWriter(b.writer, b.plan, b.conf, deskHost{h, b}, opts)
	if err != nil {
		b.t.Fatal(err)
	}
	return w
}

// cell returns the words of the cell at desk i, as its owner has them.
func (b *deskBlock) cell(i int) cell {
	v, err := newView(Memory{Producer: b.mem.Producer, Flex: b.mem.Flex, Slots: b.mem.Slots, Spinlocks: b.mem.Spinlocks,
		Control: b.desks[i].Control, Cells: b.desks[i].Cells, Counters: b.desks[i].Counters, OwnBell: true}, b.plan, b.conf)
	if err != nil {
		b.t.Fatal(err)
	}
	return v.cell(i)
}

func deskRing(capacity, consumers uint32) Config {
	return Config{Policy: hdr.PolicyRing, Sync: hdr.SyncSyncReaders, Capacity: capacity, Consumers: consumers, PayloadSize: 64}
}

func (b *deskBlock) write(w *Writer) error {
	if _, err := w.Claim(context.Background(), 0); err != nil {
		return err
	}
	return w.Commit()
}

func TestAConsumerWithADeskIsWokenSoOftenAndNoMore(t *testing.T) {
	b := newDeskBlock(t, deskRing(8, 2))
	w := b.openWriter(WriterOptions{})
	defer w.Close()
	var d desk
	if err := d.setWords(b.desks[1].Control); err != nil {
		t.Fatal(err)
	}
	b.wakes = 0
	begin := time.Now()
	const values = 100_000
	for range values {
		d.sleepers.Store(1)
		if err := b.write(w); err != nil {
			t.Fatal(err)
		}
	}
	windows := int(time.Since(begin)/time.Duration(wakeWindow)) + 2
	if b.wakes < maxWakes || b.wakes > windows*maxWakes {
		t.Errorf("woken %d times in %d ms, want %d to %d times", b.wakes, windows, maxWakes, windows*maxWakes)
	}
	d.sleepers.Store(1)
	time.Sleep(2 * time.Duration(wakeWindow))
	if err := b.write(w); err != nil || d.sleepers.Load() != 0 {
		t.Errorf("it is not woken in the next window: sleepers %d, %v", d.sleepers.Load(), err)
	}
}

func TestAWriterThatIsWokenInVainStopsListeningForAMoment(t *testing.T) {
	b := newDeskBlock(t, deskRing(8, 3))
	w := b.openWriter(WriterOptions{})
	defer w.Close()
	for range 3 * maxVain {
		w.wait.bells.load()
		w.wait.bells.wait(time.Hour)
	}
	deaf := 0
	for i, vals := range b.waits {
		switch {
		case len(vals) == 1 && b.pauses[i] <= vainPause:
			deaf++
		case len(vals) != 4 || b.pauses[i] != time.Hour:
			t.Fatalf("wait %d: on %d words for %v", i, len(vals), b.pauses[i])
		}
	}
	if deaf < 3 || len(b.waits[0]) != 4 || len(b.waits[maxVain-1]) != 4 {
		t.Errorf("%d of %d waits in vain were without the consumers' bells, want 3 or more, none of the first %d", deaf, len(b.waits), maxVain)
	}
	w.endWait(0, nil) // there was room
	if w.wait.bells.vain != 0 {
		t.Error("a wait that was not in vain does not count")
	}
}

func TestNonsenseAtADeskExpelsWhoeverSitsThere(t *testing.T) {
	b := newDeskBlock(t, deskRing(4, 3))
	w := b.openWriter(WriterOptions{})
	defer w.Close()
	honest, hostile := b.cell(0), b.cell(2)
	honest.cursor.Store(0)
	honest.incarnation.Store(1)
	hostile.cursor.Store(1 << 60)
	hostile.incarnation.Store(7)
	for range 4 {
		if err := b.write(w); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.write(w); err == nil {
		t.Error("a fifth value was written over one that the honest consumer has not read")
	}
	if !slices.Equal(b.expelled, []int{2}) {
		t.Errorf("expelled %v, want 2 once", b.expelled)
	}
}

func TestANewcomerIsNotTakenForWhoSatAtTheDeskBefore(t *testing.T) {
	for _, told := range []bool{true, false} {
		b := newDeskBlock(t, deskRing(4, 1))
		w := b.openWriter(WriterOptions{})
		c := b.cell(0)
		c.cursor.Store(0)
		c.incarnation.Store(1)
		for i := range uint64(3) {
			if err := b.write(w); err != nil {
				t.Fatal(err)
			}
			c.cursor.Store(i + 1)
		}
		w.rescan(1) // has seen it at 3
		if told {
			b.desks[0].Seat.Turn.Add(1)
		}
		c.cursor.Store(1) // somebody else, who began at the oldest value
		w.rescan(1)
		if expelled := len(b.expelled) != 0; expelled == told {
			t.Errorf("with another turn %t: expelled %t", told, expelled)
		}
		w.Close()
	}
}

func TestAnEvictedConsumerCannotTakeItsPlaceBack(t *testing.T) {
	c := deskRing(2, 1)
	c.Evict = true
	b := newDeskBlock(t, c)
	w := b.openWriter(WriterOptions{EvictAfter: -1})
	defer w.Close()
	cell := b.cell(0)
	cell.cursor.Store(0)
	cell.incarnation.Store(1)
	for i := range 20 {
		if _, err := w.Claim(context.Background(), time.Second); err != nil {
			t.Fatalf("value %d: %v", i, err)
		}
		if err := w.Commit(); err != nil {
			t.Fatal(err)
		}
		cell.evicted.Store(0) // as if nothing had been
	}
	if n := w.Counts().Evictions; n != 1 {
		t.Errorf("evicted %d times, want once", n)
	}
}

func TestJoiningAgainAndAgainBuysNoTime(t *testing.T) {
	c := deskRing(2, 1)
	c.Evict = true
	b := newDeskBlock(t, c)
	const after = 50 * time.Millisecond
	w := b.openWriter(WriterOptions{EvictAfter: after})
	defer w.Close()
	cell := b.cell(0)
	cell.cursor.Store(0)
	cell.incarnation.Store(1)
	for range 2 {
		if err := b.write(w); err != nil {
			t.Fatal(err)
		}
	}
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for inc := uint64(3); ; inc += 2 {
			select {
			case <-stop:
				return
			case <-time.After(after / 50):
				cell.incarnation.Store(inc)
			}
		}
	}()
	begin := time.Now()
	_, err := w.Claim(context.Background(), 20*time.Second)
	close(stop)
	<-done
	if err != nil {
		t.Fatalf("after %v: %v", time.Since(begin), err)
	}
	t.Logf("there was room after %v, want %v", time.Since(begin), after)
	if d := time.Since(begin); d > 10*time.Second {
		t.Errorf("there was room after %v", d)
	}
}

func TestAWriterWithDesksNeedsAHostThatKnowsThem(t *testing.T) {
	b := newDeskBlock(t, deskRing(2, 1))
	if _, err := OpenWriter(b.writer, b.plan, b.conf, b.host(), WriterOptions{Fresh: true}); err == nil {
		t.Error("opened with a host that cannot wait for several")
	}
	b.writer.Desks = b.writer.Desks[:0]
	if _, err := OpenWriter(b.writer, b.plan, b.conf, deskHost{b.host(), b}, WriterOptions{Fresh: true}); err == nil {
		t.Error("opened with fewer desks than consumers")
	}
}
