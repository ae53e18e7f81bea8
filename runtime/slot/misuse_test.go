package slot

import (
	"errors"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/internal/word"
)

func wantErr(t *testing.T, what string, err error, want ...error) {
	t.Helper()
	for _, w := range want {
		if !errors.Is(err, w) {
			t.Errorf("%s: got %v, want %v", what, err, w)
		}
	}
}

func TestMisuseIsAnError(t *testing.T) {
	for name, sync := range syncs {
		t.Run(name, func(t *testing.T) {
			b := heapBlock(t, ring(sync, 4, 1), 0)
			w, _ := b.writer()
			r, _ := b.reader(StartNewest)
			wantErr(t, "commit of nothing", w.Commit(), ErrMisuse, ErrNoLoan)
			wantErr(t, "abort of nothing", w.Abort(), ErrNoLoan)
			wantErr(t, "release of nothing", r.Release(), ErrMisuse, ErrNoLoan)
			wantErr(t, "batch of none", w.ClaimN(bg, 0, 0), ErrBatch)
			wantErr(t, "batch of five", w.ClaimN(bg, 0, 5), ErrBatch)
			if sync == hdr.SyncLatestOnly {
				wantErr(t, "batch of latest", w.ClaimN(bg, 0, 2), ErrNotSupported)
			}
			p, err := w.Claim(bg, 0)
			if err != nil {
				t.Fatal(err)
			}
			_, err = w.Claim(bg, 0)
			wantErr(t, "second claim", err, ErrLoanOpen)
			wantErr(t, "length without lengths", w.SetLen(0, 8), ErrNotSupported)
			wantErr(t, "length of another", w.SetLen(1, 8), ErrNoLoan)
			wantErr(t, "commit of two", w.CommitN(2), ErrBatch)
			wantErr(t, "commit of none", w.CommitN(0), ErrBatch)
			if w.Slot(1) != nil || w.Slot(-1) != nil {
				t.Error("a slot that is not claimed")
			}
			fill(p, 0)
			if err := w.Commit(); err != nil {
				t.Fatal(err)
			}
			if _, ok, err := r.TryAcquire(); !ok {
				t.Fatal(err)
			}
			_, _, err = r.TryAcquire()
			wantErr(t, "second acquire", err, ErrLoanOpen)
			_, err = r.Acquire(bg, 0)
			wantErr(t, "second acquire", err, ErrLoanOpen)
			wantErr(t, "leave in use", r.Leave(), ErrLoanOpen)
			if err := r.Leave(); err != nil {
				t.Errorf("second leave: %v", err)
			}
			_, _, err = r.TryAcquire()
			wantErr(t, "acquire after leaving", err, ErrHandleClosed, os.ErrClosed)
			wantErr(t, "release after leaving", r.Release(), ErrHandleClosed)
			if _, err := w.Claim(bg, 0); err != nil {
				t.Fatal(err)
			}
			wantErr(t, "close in use", w.Close(), ErrLoanOpen)
			if err := w.Close(); err != nil {
				t.Errorf("second close: %v", err)
			}
			_, err = w.Claim(bg, 0)
			wantErr(t, "claim after closing", err, ErrHandleClosed, os.ErrClosed)
			wantErr(t, "commit after closing", w.Commit(), ErrNoLoan)
			b.reader(StartNewest) // the cell is free
		})
	}
}

func TestNothingIsAllocatedOnTheWayOfAValue(t *testing.T) {
	for name, sync := range syncs {
		for _, sum := range []hdr.ChecksumType{0, hdr.ChecksumTypeCrc32c, hdr.ChecksumTypeBlake3} {
			c := ring(sync, 4, 1)
			if sum != 0 {
				c.Timestamp, c.Length = true, true
				c.Checksum, c.ChecksumType = hdr.ChecksumEnforced, sum
			}
			b := heapBlock(t, c, 0)
			w, _ := b.writer()
			r, _ := b.reader(StartNewest)
			if n := testing.AllocsPerRun(1000, func() {
				write(t, w)
				read(t, r)
				nothing(t, r)
				if _, err := r.Acquire(bg, 0); err == nil {
					t.Error("a value from nowhere")
				}
			}); n != 0 {
				t.Errorf("%s: %v allocations per value", name, n)
			}
			if sync == hdr.SyncLatestOnly || sync == hdr.SyncOverwrite {
				continue
			}
			for range 4 {
				write(t, w)
			}
			if n := testing.AllocsPerRun(1000, func() {
				if _, err := w.Claim(bg, 0); err == nil {
					t.Error("a slot from nowhere")
				}
			}); n != 0 {
				t.Errorf("%s: %v allocations per try", name, n)
			}
		}
	}
}

// A cell may hold anything: only its owner suffers.
func TestHostileCellIsDetachedAndNobodyElseNotices(t *testing.T) {
	for _, c := range []struct {
		name string
		harm func(b *block, c cell)
	}{
		{"cursor ahead", func(_ *block, c cell) { c.cursor.Store(1 << 63) }},
		{"cursor a bit ahead", func(b *block, c cell) { c.cursor.Store(b.head() + 1) }},
		{"cursor back", func(_ *block, c cell) { c.cursor.Store(c.cursor.Load() - 3) }},
		{"cursor far back", func(_ *block, c cell) { c.cursor.Store(0) }},
		{"cursor all ones", func(_ *block, c cell) { c.cursor.Store(^uint64(0)) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := heapBlock(t, ring(hdr.SyncSyncReaders, 4, 2), 1000)
			w, _ := b.writer()
			good, _ := b.reader(StartNewest)
			bad, _ := b.reader(StartNewest)
			for range 7 {
				write(t, w)
				read(t, good)
				read(t, bad)
			}
			c.harm(b, bad.cell)
			for range 20 {
				write(t, w)
				read(t, good)
			}
			if n := w.Counts().Detached; n != 1 {
				t.Errorf("%d detached, want 1", n)
			}
			if _, err := bad.Acquire(bg, 0); !errors.Is(err, ErrEvicted) {
				t.Errorf("the bad one got %v, want %v", err, ErrEvicted)
			}
			// A writer that takes over honours it, and the reader can come back.
			w.Detach()
			w.host.(*host).kill()
			w, _ = b.writer()
			for range 20 {
				write(t, w)
				read(t, good)
			}
			if err := bad.Seek(StartNewest, 0); err != nil {
				t.Fatal(err)
			}
			n := write(t, w)
			if s := read(t, bad); s.Seq != n {
				t.Errorf("read %d, want %d", s.Seq, n)
			}
		})
	}
}

func (b *block) head() uint64 {
	r, err := word.NewRegion(b.mem.Producer, producerSize, 8)
	if err != nil {
		b.t.Fatal(err)
	}
	return r.U64(uint64(hdr.FieldProducerPageHead)).Load()
}

func TestHostileHoldCostsOnlyItsOwner(t *testing.T) {
	c := ring(hdr.SyncLatestOnly, 1, 2)
	c.Spare = NoSpare
	b := heapBlock(t, c, 0)
	w, _ := b.writer()
	good, _ := b.reader(StartNewest)
	bad, _ := b.reader(StartNewest)
	write(t, w)
	for _, h := range []uint64{^uint64(0), 1 << 63, uint64(b.plan.Slots) + 1, uint64(b.plan.Slots), 1, 2, 3} {
		bad.cell.hold.Store(h)
		for range 20 {
			write(t, w)
			read(t, good)
		}
	}
	if n := w.Counts().Detached; n != 1 {
		t.Errorf("%d detached, want 1", n)
	}
	if _, ok, err := bad.TryAcquire(); !ok {
		t.Fatalf("acquire: %v", err)
	}
	if err := bad.Release(); !errors.Is(err, ErrEvicted) {
		t.Errorf("the bad one got %v, want %v", err, ErrEvicted)
	}
}

func TestSingleReaderNonsenseStopsNobodyForEver(t *testing.T) {
	b := heapBlock(t, ring(hdr.SyncSingleReader, 4, 1), 100)
	w, _ := b.writer()
	r, h := b.reader(StartDefault)
	write(t, w)
	write(t, w)
	read(t, r)
	write(t, w) // sees the cursor
	r.cell.cursor.Store(1 << 40)
	write(t, w)
	write(t, w)
	full(t, w) // what was not read is kept
	if _, err := r.Acquire(bg, 0); err != nil && !errors.Is(err, ErrEvicted) {
		t.Error(err)
	}
	h.kill()
	next, _ := b.reader(StartDefault)
	for range 3 { // all but one: the writer asked for its room
		read(t, next)
	}
	nothing(t, next)
	for range 10 {
		n := write(t, w)
		if s := read(t, next); s.Seq != n {
			t.Fatalf("read %d, want %d", s.Seq, n)
		}
	}
}

func TestRandomWritesIntoACellAtFullRate(t *testing.T) {
	if raceEnabled {
		t.Skip("takes long under the race detector")
	}
	for name, sync := range syncs {
		if sync == hdr.SyncSingleReader {
			continue // has no other reader to notice
		}
		t.Run(name, func(t *testing.T) {
			b := heapBlock(t, ring(sync, 8, 2), 1<<40)
			w, _ := b.writer()
			good, _ := b.reader(StartNewest)
			bad, _ := b.reader(StartNewest)
			var stop atomic.Bool
			var wg group
			wg.Go(func() {
				rnd := rand.New(rand.NewPCG(seed(t).Uint64(), 2))
				words := []*word.U64{bad.cell.incarnation, bad.cell.hold, bad.cell.cursor, bad.cell.evicted}
				for !stop.Load() {
					v := rnd.Uint64()
					if rnd.IntN(2) == 0 {
						v = b.head() - uint64(rnd.IntN(20)) + 10
					}
					words[rnd.IntN(len(words))].Store(v)
				}
			})
			start := time.Now()
			for time.Since(start) < 200*time.Millisecond {
				// Nonsense may look like a reader that is far behind or joining; then the
				// writer waits until the cell says otherwise, which it does soon.
				p, err := w.Claim(bg, 20*time.Second)
				if err != nil {
					t.Fatalf("claim: %v", err)
				}
				fill(p, w.Seq())
				if err := w.Commit(); err != nil {
					t.Fatal(err)
				}
				read(t, good)
			}
			stop.Store(true)
			wg.Wait()
			t.Logf("%+v", w.Counts())
		})
	}
}

type group = sync.WaitGroup // the loop variable shadows the package
