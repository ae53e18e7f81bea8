package slot

import (
	"math/rand/v2"
	"sync"
	"testing"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
)

// A record is one value as its writer wrote it, or a reader got it. Who wrote is part
// of it: a successor may not write again what was committed.
type record struct{ seq, producer, nonce uint64 }

// TestHistoriesOfLosslessReadersAreThatOfTheWriters lets producers die and go on
// and readers join and leave, records what each wrote and got, and compares
// afterwards: there is one history of values, each reader has a piece of it without
// a gap, and a single reader and its successors together all of it.
func TestHistoriesOfLosslessReadersAreThatOfTheWriters(t *testing.T) {
	for name, arena := range arenas {
		for kind, sync := range syncs {
			if sync != hdr.SyncSingleReader && sync != hdr.SyncSyncReaders {
				continue
			}
			t.Run(name+"/"+kind, func(t *testing.T) {
				rnd := seed(t)
				b := arena(t, ring(sync, 8, map[bool]uint32{true: 1, false: 3}[sync == hdr.SyncSingleReader]), 1<<32-500)
				historiesOf(t, b, sync, rnd)
			})
		}
	}
}

func historiesOf(t *testing.T, b *block, sync_ hdr.Sync, rnd *rand.Rand) {
	var written []record
	first, w, h := uint64(0), (*Writer)(nil), (*host)(nil)
	open := func() {
		w, h = b.writer()
		if written == nil {
			first = w.Seq()
		}
	}
	open()
	end := first + values()

	var mu sync.Mutex
	var pieces [][]record
	var wg sync.WaitGroup
	for i := range int(b.plan.Consumers) {
		rnd := rand.New(rand.NewPCG(rnd.Uint64(), 3))
		wg.Go(func() {
			for done := false; !done; {
				h := b.host()
				start := []Start{StartNewest, StartOldest, StartDefault}[rnd.IntN(3)]
				if sync_ == hdr.SyncSingleReader {
					start = StartDefault
				}
				r, err := JoinReader(b.ro, b.plan, b.conf, h, ReaderOptions{Start: start, Lazy: i == 0})
				if err != nil {
					t.Errorf("join: %v", err)
					return
				}
				var piece []record
				piece, done = pieceOf(t, r, rnd, end)
				mu.Lock()
				pieces = append(pieces, piece)
				mu.Unlock()
				if err := r.Leave(); err != nil {
					t.Error(err)
				}
				h.kill()
			}
		})
	}
	producer := uint64(1)
	for w.Seq() < end {
		n := int(min(1+rnd.Uint64N(4), end-w.Seq()))
		if err := w.ClaimN(bg, -1, n); err != nil {
			t.Fatal(err)
		}
		var batch []record
		for i := range n {
			v := record{w.Seq() + uint64(i), producer, rnd.Uint64()}
			batch = append(batch, v)
			p := w.Slot(i)
			fill(p[24:], v.nonce)
			fill(p[:8], v.producer)
			fill(p[8:16], v.nonce>>1)
			fill(p[16:24], v.seq)
		}
		if rnd.IntN(100) == 0 && w.Seq()+uint64(n) < end { // dies with a claimed batch
			w.wait.close()
			h.kill()
			open()
			producer++
			continue
		}
		if err := w.CommitN(n); err != nil {
			t.Fatal(err)
		}
		written = append(written, batch...)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	compare(t, written, pieces, first, sync_ == hdr.SyncSingleReader)
}

// pieceOf reads some values. done says that the last one was among them.
func pieceOf(t *testing.T, r *Reader, rnd *rand.Rand, end uint64) (piece []record, done bool) {
	for range 1 + rnd.IntN(400) {
		s, err := r.Acquire(bg, -1)
		switch err {
		case nil:
		case ErrProducerDied:
			continue
		case ErrProducerClosed:
			return piece, true
		default:
			t.Errorf("acquire: %v", err)
			return piece, true
		}
		v := record{seq: s.Seq}
		v.producer, v.nonce = number(s.Payload), number(s.Payload[24:])
		if !whole(s.Payload[24:], v.nonce) || !whole(s.Payload[8:16], v.nonce>>1) || !whole(s.Payload[16:24], v.seq) {
			t.Errorf("value %d is torn: %x", s.Seq, s.Payload)
		}
		piece = append(piece, v)
		if err := r.Release(); err != nil {
			t.Errorf("release: %v", err)
			return piece, true
		}
		if v.seq+1 == end {
			return piece, true
		}
	}
	return piece, false
}

func compare(t *testing.T, written []record, pieces [][]record, first uint64, single bool) {
	got := 0
	next := first
	for i, piece := range pieces {
		for j, v := range piece {
			if v.seq < first || v.seq-first >= uint64(len(written)) || written[v.seq-first] != v {
				t.Fatalf("piece %d: got %+v, which nobody committed", i, v)
			}
			if j > 0 && v.seq != piece[j-1].seq+1 {
				t.Fatalf("piece %d: value %d after %d", i, v.seq, piece[j-1].seq)
			}
			if single && v.seq != next {
				t.Fatalf("piece %d: a single reader got value %d, want %d", i, v.seq, next)
			}
			next = v.seq + 1
		}
		got += len(piece)
	}
	if single && next != first+uint64(len(written)) {
		t.Errorf("single readers got %d of %d values", next-first, len(written))
	}
	t.Logf("%d values, %d reads in %d pieces", len(written), got, len(pieces))
}
