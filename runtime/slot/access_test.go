package slot

import (
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/internal/word"
)

func TestBatchesOfAReaderAreWholeAndInOrder(t *testing.T) {
	conform(t, func(t *testing.T, rnd *rand.Rand, b *block, consumers int) {
		w, _ := b.writer()
		if b.conf.latest() {
			if err := w.ClaimN(bg, 0, 2); !errors.Is(err, ErrNotSupported) && !errors.Is(err, ErrBatch) {
				t.Errorf("a batch of latest values: %v", err)
			}
			return
		}
		next := w.Seq()
		end := next + values()
		var wg sync.WaitGroup
		for range consumers {
			r, _ := b.reader(StartNewest)
			rnd := rand.New(rand.NewPCG(rnd.Uint64(), 2))
			wg.Go(func() {
				inBatches(t, r, rnd, next, end)
				if err := r.Leave(); err != nil {
					t.Error(err)
				}
			})
		}
		putAll(t, w, rnd, end)
		wg.Wait()
	})
}

// inBatches is follow with batches that are released in parts.
func inBatches(t *testing.T, r *Reader, rnd *rand.Rand, next, end uint64) {
	for next < end {
		n, err := r.AcquireN(bg, 20*time.Second, 1+rnd.IntN(int(r.plan.Capacity)))
		if err != nil {
			t.Errorf("acquire at %d: %v", next, err)
			return
		}
		for n > 0 {
			for i := range n {
				s := r.At(i)
				if s.Seq != next+uint64(i)+s.Lost {
					t.Errorf("value %d of a batch is %d with %d lost, want %d", i, s.Seq, s.Lost, next+uint64(i))
					return
				}
				if i == 0 {
					next += s.Lost
				}
				if len(s.Payload) == 0 || !whole(s.Payload, s.Seq) || (s.Time != 0) != r.conf.Timestamp {
					t.Errorf("value %d is torn: %x", s.Seq, s.Payload)
					return
				}
			}
			k := 1 + rnd.IntN(n)
			if err := r.ReleaseN(k); err != nil {
				t.Errorf("release of %d: %v", k, err)
				return
			}
			next, n = next+uint64(k), n-k
			if r.Held() != n {
				t.Errorf("%d held, want %d", r.Held(), n)
			}
		}
	}
}

func TestObserversSeeWholeValuesAndHoldNobodyUp(t *testing.T) {
	conform(t, func(t *testing.T, rnd *rand.Rand, b *block, consumers int) {
		w, _ := b.writer()
		end := w.Seq() + values()
		var stop atomic.Bool
		var observers, readers sync.WaitGroup
		for range consumers {
			h := b.host()
			rnd := rand.New(rand.NewPCG(rnd.Uint64(), 2))
			o, err := Observe(b.ro, b.plan, b.conf, h, ReaderOptions{Start: Start(rnd.IntN(3)), Backoff: Backoff{ConstantBackoff, 20 * time.Microsecond}})
			if err != nil {
				t.Fatal(err)
			}
			observers.Go(func() { watch(t, o, rnd, &stop) })
		}
		if w.single { // nobody else makes room
			r, _ := b.reader(StartOldest)
			next := w.Seq()
			readers.Go(func() { follow(t, r, next, end) })
		}
		putAll(t, w, rnd, end)
		readers.Wait()
		stop.Store(true)
		observers.Wait()
	})
}

// watch looks at what there is in all ways until it is to stop.
func watch(t *testing.T, o *Reader, rnd *rand.Rand, stop *atomic.Bool) {
	next, known := uint64(0), false
	for !stop.Load() {
		if !o.conf.latest() && rnd.IntN(8) == 0 {
			known = false
			if err := o.Seek(Start(1+rnd.IntN(3)), o.Seq()-min(o.Seq(), rnd.Uint64N(10))); err != nil {
				t.Error(err)
			}
		}
		var s Slot
		var err error
		n, ok := 1, true
		switch how := rnd.IntN(3); {
		case how == 0 && o.conf.latest():
			known = false
			s, ok, err = o.Latest()
		case how == 0:
			known = false
			s, ok, err = o.Newest()
		case how == 1 && !o.conf.latest():
			if n, err = o.AcquireN(bg, time.Millisecond, 1+rnd.IntN(int(o.plan.Capacity))); err == nil {
				s = o.At(0)
			}
		default:
			s, err = o.Acquire(bg, time.Millisecond)
		}
		var late *TimeoutError
		if errors.Is(err, ErrOverrun) || errors.As(err, &late) || !ok && err == nil {
			continue
		}
		if err != nil {
			t.Errorf("observe: %v", err)
			return
		}
		if known && s.Seq != next+s.Lost {
			t.Errorf("got value %d with %d lost, want %d", s.Seq, s.Lost, next)
			return
		}
		for i := range n {
			if v := o.At(i); v.Seq != s.Seq+uint64(i) || !whole(v.Payload, v.Seq) {
				t.Errorf("value %d of a batch from %d: %d, %x", i, s.Seq, v.Seq, v.Payload)
				return
			}
		}
		next, known = s.Seq+uint64(n), true
		if err := o.Release(); err != nil {
			t.Errorf("release: %v", err)
			return
		}
	}
	if err := o.Leave(); err != nil {
		t.Error(err)
	}
}

func TestPositionOfABlockIsWholeBeyondEveryBorder(t *testing.T) {
	for name, sync := range syncs {
		for at, start := range starts {
			b := heapBlock(t, ring(sync, 4, 1), start)
			w, _ := b.writer()
			book, err := NewBook(b.ro, b.plan, b.conf)
			if err != nil {
				t.Fatal(err)
			}
			r, _ := b.reader(StartNewest)
			for i := range uint64(120) {
				if got := book.Position(); got != start+i {
					t.Fatalf("%s from %s: position %d, want %d", name, at, got, start+i)
				}
				write(t, w)
				read(t, r)
			}
			if c := book.Cell(0, book.Position()); !c.Attached || c.Lag != 0 || c.Owner.Name != "reader" {
				t.Errorf("%s from %s: cell %+v", name, at, c)
			}
			// The first baseline of a block is where it began.
			f, base := book.Figures(), book.Baseline()
			if f.Since(&base); f.Position != 120 {
				t.Errorf("%s from %s: %d written, want 120", name, at, f.Position)
			}
		}
	}
}

func TestNonsenseInBaselinesAndCellsIsBounded(t *testing.T) {
	for name, sync := range syncs {
		b := heapBlock(t, ring(sync, 4, 1), 0)
		w, _ := b.writer()
		r, _ := b.reader(StartNewest)
		write(t, w)
		read(t, r)
		w.Show()
		r.Show()
		for i := range b.mem.Baselines {
			b.mem.Baselines[i] = 0xff
		}
		for i := range b.mem.Cells {
			b.mem.Cells[i] = 0xff
		}
		b.mem.Producer[hdr.FieldProducerPageLatest] = 0xff
		book, err := NewBook(b.ro, b.plan, b.conf)
		if err != nil {
			t.Fatal(err)
		}
		f, base := book.Figures(), book.Baseline()
		f.Since(&base)
		if f.Position != 0 || f.Writer != (WriterCounts{}) || f.Readers[0] != (ReaderCounts{}) {
			t.Errorf("%s: a baseline above the counters leaves %+v", name, f)
		}
		c := book.Cell(0, 1)
		if c.Lag > 1 || !c.Evicted {
			t.Errorf("%s: cell %+v", name, c)
		}
	}
}

func TestBooksAreNotMadeOfShortMemory(t *testing.T) {
	b := heapBlock(t, ring(hdr.SyncSyncReaders, 4, 1), 0)
	m := b.mem
	m.Baselines = m.Baselines[:len(m.Baselines)-1]
	if _, err := NewBook(m, b.plan, b.conf); err == nil {
		t.Error("short baselines are accepted")
	}
	m = b.mem
	m.Cells = nil
	if _, err := NewBook(m, b.plan, b.conf); err == nil {
		t.Error("missing cells are accepted")
	}
}

func TestABadLatestValueIsReportedOnce(t *testing.T) {
	c := ring(hdr.SyncLatestOnly, 1, 1)
	c.Checksum, c.ChecksumType = hdr.ChecksumEnforced, hdr.ChecksumTypeCrc32c
	if word.Staged {
		t.Skip("the slot cannot be changed behind the writer's back")
	}
	b := heapBlock(t, c, 0)
	w, _ := b.writer()
	r, _ := b.reader(StartNewest)
	write(t, w)
	b.mem.Slots[latestSlot(w.latest.Load())*uint64(b.plan.Stride)+uint64(b.plan.PayloadOff)] ^= 1
	for i := range 3 {
		_, ok, err := r.Latest()
		if ok || errors.Is(err, ErrChecksum) != (i == 0) {
			t.Errorf("try %d: %t, %v", i, ok, err)
		}
	}
	write(t, w)
	if s, ok, err := r.Latest(); !ok || err != nil || s.Seq != 1 || s.Lost != 0 {
		t.Errorf("the next: %+v, %t, %v", s, ok, err)
	}
}
