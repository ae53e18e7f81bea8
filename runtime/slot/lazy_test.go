package slot

import (
	"testing"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
)

// TestALazySingleReaderSeeksToWhatItHasNotRead: what it released is not lent again,
// though the writer has not been shown yet.
func TestALazySingleReaderSeeksToWhatItHasNotRead(t *testing.T) {
	b := heapBlock(t, ring(hdr.SyncSingleReader, 64, 1), 0)
	w, _ := b.writer()
	r, _ := b.reader(StartDefault, func(o *ReaderOptions) { o.Lazy = true })
	for range 20 {
		p, err := w.Claim(bg, 0)
		if err != nil {
			t.Fatal(err)
		}
		fill(p, w.Seq())
		if err := w.Commit(); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 {
		if _, ok, err := r.TryAcquire(); !ok || err != nil {
			t.Fatal(ok, err)
		}
		if err := r.Release(); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Seek(StartOldest, 0); err != nil {
		t.Fatal(err)
	}
	if s, ok, err := r.TryAcquire(); !ok || err != nil || s.Seq != 3 {
		t.Errorf("got value %d (%v, %v), want 3", s.Seq, ok, err)
	}
}
