package slot

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
)

// An event is one call: when it began and ended, by a clock that all share, and
// the number of the value it wrote or read.
type event struct{ began, ended, seq uint64 }

// TestLatestIsLinearizable records who wrote and read what when, and looks for an
// order of all calls, each somewhere between its beginning and its end, in which
// every read gets the value that was written last. With values that are numbered
// there is one if and only if no read is older than a write or read that ended
// before it began, nor newer than a write that began after it ended.
func TestLatestIsLinearizable(t *testing.T) {
	for name, arena := range arenas {
		t.Run(name, func(t *testing.T) {
			const readers = 3
			n := values() / 2
			b := arena(t, ring(hdr.SyncLatestOnly, 1, readers), 1<<44-500)
			w, _ := b.writer()
			var clock atomic.Uint64
			var done atomic.Bool
			first := w.Seq()
			write(t, w)
			writes := []event{{0, 0, first}}
			histories := make([][]event, readers)
			var wg sync.WaitGroup
			for i := range readers {
				r, _ := b.reader(StartNewest)
				wg.Go(func() {
					for len(histories[i]) < 10*int(n) && !done.Load() {
						e := event{began: clock.Add(1)}
						s, ok, err := r.Latest()
						e.ended, e.seq = clock.Add(1), s.Seq
						if !ok || !check(t, r, s) {
							t.Errorf("latest: ok=%t err=%v", ok, err)
							return
						}
						histories[i] = append(histories[i], e)
						runtime.Gosched()
					}
				})
			}
			for i := range n {
				p, err := w.Claim(bg, 0)
				if err != nil {
					t.Fatal(err)
				}
				fill(p, w.Seq())
				e := event{began: clock.Add(1), seq: w.Seq()}
				if err := w.Commit(); err != nil {
					t.Fatal(err)
				}
				e.ended = clock.Add(1)
				writes = append(writes, e)
				if i%16 == 0 {
					runtime.Gosched() // let somebody read in the middle, on one processor too
				}
			}
			done.Store(true)
			wg.Wait()
			reads := slices.Concat(histories...)
			t.Logf("%d writes, %d reads", len(writes), len(reads))
			linear(t, writes, reads)
		})
	}
}

func linear(t *testing.T, writes, reads []event) {
	// The newest value that anybody had written or read by the end of a call.
	all := slices.Concat(writes, reads)
	slices.SortFunc(all, func(a, b event) int { return int(int64(a.ended - b.ended)) })
	newest := make([]uint64, len(all))
	for i, e := range all {
		if newest[i] = e.seq; i > 0 {
			newest[i] = max(e.seq, newest[i-1])
		}
	}
	for _, r := range reads {
		i, _ := slices.BinarySearchFunc(all, r.began, func(e event, at uint64) int { return int(int64(e.ended - at)) })
		if i > 0 && newest[i-1] > r.seq {
			t.Fatalf("read %d from %d to %d, but %d was there before", r.seq, r.began, r.ended, newest[i-1])
		}
		if w := writes[r.seq-writes[0].seq]; w.began > r.ended {
			t.Fatalf("read %d from %d to %d, but it was written from %d on", r.seq, r.began, r.ended, w.began)
		}
	}
}
