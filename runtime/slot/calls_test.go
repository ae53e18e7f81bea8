package slot

import (
	"sync/atomic"
	"testing"
	"time"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/internal/word"
)

// A countingHost counts what the protocol asks the system for. It is the only way
// from this package to a system call: archtest sees to that.
type countingHost struct {
	*host
	sleeps, wakes, probes, locks, yields atomic.Int64
}

func (h *countingHost) Wait(w *uint32, val uint32, d time.Duration) {
	h.sleeps.Add(1)
	h.host.Wait(w, val, d)
}

func (h *countingHost) Wake(w *uint32)                  { h.wakes.Add(1); h.host.Wake(w) }
func (h *countingHost) ProducerAlive() bool             { h.probes.Add(1); return h.host.ProducerAlive() }
func (h *countingHost) CellAlive(i int) bool            { h.probes.Add(1); return h.host.CellAlive(i) }
func (h *countingHost) TryLockCell(i int) (bool, error) { h.locks.Add(1); return h.host.TryLockCell(i) }
func (h *countingHost) Yield() bool                     { h.yields.Add(1); return true }

func (h *countingHost) calls() int64 {
	return h.sleeps.Load() + h.wakes.Load() + h.probes.Load() + h.locks.Load() + h.yields.Load()
}

// counted returns a writer and a reader whose hosts count.
func counted(t *testing.T, c Config, s Strategy) (*Writer, *countingHost, *Reader, *countingHost) {
	t.Helper()
	b := heapBlock(t, c, 0)
	wh, rh := &countingHost{host: b.host()}, &countingHost{host: b.host()}
	if !wh.lockProducer() {
		t.Fatal("producer's lock is taken")
	}
	w, err := OpenWriter(b.mem, b.plan, b.conf, wh, WriterOptions{Fresh: true, Wait: s})
	if err != nil {
		t.Fatal(err)
	}
	r, err := JoinReader(b.ro, b.plan, b.conf, rh, ReaderOptions{Wait: s})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Leave(); _ = w.Close() })
	return w, wh, r, rh
}

func TestTheWayOfAValueAsksTheSystemForNothing(t *testing.T) {
	for name, sync := range syncs {
		for _, full := range []bool{false, true} {
			for _, s := range []Strategy{Adaptive, Busy, Block} {
				c := ring(sync, 16, 1)
				if full {
					c.Timestamp, c.Length = true, true
					c.Checksum, c.ChecksumType = hdr.ChecksumEnforced, hdr.ChecksumTypeCrc32c
				}
				w, wh, r, rh := counted(t, c, s)
				before := wh.calls() + rh.calls()
				for range 2000 {
					write(t, w)
					read(t, r)
					nothing(t, r)
				}
				if sync != hdr.SyncLatestOnly {
					for range 200 {
						if err := w.ClaimN(bg, 0, 8); err != nil {
							t.Fatal(err)
						}
						for i := range 8 {
							fill(w.Slot(i), w.Seq()+uint64(i))
						}
						if err := w.CommitN(8); err != nil {
							t.Fatal(err)
						}
						if n, err := r.AcquireN(bg, 0, 8); n != 8 || err != nil {
							t.Fatal(n, err)
						}
						if err := r.ReleaseN(8); err != nil {
							t.Fatal(err)
						}
					}
				}
				if n := wh.calls() + rh.calls() - before; n != 0 {
					t.Errorf("%s, extras %t, strategy %d: %d calls of the system", name, full, s, n)
				}
			}
		}
	}
}

// A busy waiter neither sleeps nor makes anybody wake it. It lets other threads run
// now and then, and asks whether the other side lives every 10 ms.
func TestABusyWaiterNeverSleepsAndIsNeverWoken(t *testing.T) {
	if word.Explored {
		t.Skip("no time passes where every order of steps is tried")
	}
	w, wh, r, rh := counted(t, ring(hdr.SyncSyncReaders, 4, 1), Busy)
	const pause = 60 * time.Millisecond
	wakes := wh.wakes.Load()
	done := make(chan bool)
	time.AfterFunc(pause, func() { write(t, w); done <- true })
	start := time.Now()
	if _, err := r.Acquire(bg, time.Minute); err != nil {
		t.Fatal(err)
	}
	limit := int64(time.Since(start)/probeEvery) + 1
	<-done
	if n := rh.probes.Load(); rh.sleeps.Load() != 0 || wh.wakes.Load() != wakes || n > limit {
		t.Errorf("%d sleeps, %d wakes, %d probes, want at most %d", rh.sleeps.Load(), wh.wakes.Load()-wakes, n, limit)
	}
	for range 3 {
		write(t, w)
	}
	time.AfterFunc(pause, func() {
		if err := r.Release(); err != nil {
			t.Error(err)
		}
		done <- true
	})
	start = time.Now()
	probes, wakes := wh.probes.Load(), rh.wakes.Load()
	if _, err := w.Claim(bg, time.Minute); err != nil {
		t.Fatal(err)
	}
	limit = int64(time.Since(start)/probeEvery) + 1
	<-done
	if n := wh.probes.Load() - probes; wh.sleeps.Load() != 0 || rh.wakes.Load() != wakes || n > limit {
		t.Errorf("%d sleeps, %d wakes, %d probes, want at most %d", wh.sleeps.Load(), rh.wakes.Load()-wakes, n, limit)
	}
}
