package slot

import (
	"testing"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
)

// TestWhoSkipsToTheNewestGivesTheWriterTheRoomOfAllBeforeIt across 2^32, with a
// capacity that is no power of two.
func TestWhoSkipsToTheNewestGivesTheWriterTheRoomOfAllBeforeIt(t *testing.T) {
	const start = 1<<32 - 3
	b := heapBlock(t, ring(hdr.SyncSyncReaders, 5, 1), start)
	w, _ := b.writer()
	r, _ := b.reader(StartNewest, func(o *ReaderOptions) { o.Lazy = true })
	write := func(n int) {
		t.Helper()
		for range n {
			p, err := w.Claim(bg, 0)
			if err != nil {
				t.Fatal(err)
			}
			fill(p, w.Seq())
			if err := w.Commit(); err != nil {
				t.Fatal(err)
			}
		}
	}
	write(5)
	if s, ok, err := r.TryAcquire(); !ok || err != nil || s.Seq != start {
		t.Fatalf("got value %d (%v, %v), want %d", s.Seq, ok, err, uint64(start))
	}
	r.SkipToNewest() // not while a value is in use
	if lag := r.Lag(); r.Held() != 1 || r.Seq() != start || lag != 4 {
		t.Errorf("%d values in use from %d, %d behind", r.Held(), r.Seq(), lag)
	}
	if err := r.Release(); err != nil {
		t.Fatal(err)
	}
	r.SkipToNewest()
	r.SkipToNewest() // once there it stays
	write(4)
	if _, ok := w.TryClaim(); ok {
		t.Error("the newest value was given up, too")
	}
	s, ok, err := r.TryAcquire()
	if !ok || err != nil || s.Seq != start+4 || s.Lost != 0 || !whole(s.Payload, s.Seq) {
		t.Fatalf("got value %d, %d lost (%v, %v), want %d", s.Seq, s.Lost, ok, err, uint64(start+4))
	}
	if err := r.Release(); err != nil {
		t.Fatal(err)
	}
	if n := r.Counts(); n.Values != 2 || n.Lost != 0 || n.Joins != 1 {
		t.Errorf("counted %+v, want 2 values", n)
	}
}
