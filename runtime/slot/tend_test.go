//go:build !datahub_explore

package slot

import (
	"context"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
)

// A slowHost is slow between taking a lock and telling so.
type slowHost struct{ *host }

func (h slowHost) TryLockCell(i int) (bool, error) {
	ok, err := h.host.TryLockCell(i)
	time.Sleep(time.Duration(rand.IntN(100)) * time.Microsecond)
	return ok, err
}

// TestTendingWhileTheWriterReclaimsNeverTakesALivingReadersCell lets readers come,
// die and leave all the time, while one goroutine of the producer reclaims and
// another tends: both use the locks of one handle, which do not keep them apart.
func TestTendingWhileTheWriterReclaimsNeverTakesALivingReadersCell(t *testing.T) {
	b := heapBlock(t, Config{Policy: hdr.PolicyRing, Sync: hdr.SyncSyncReaders, Capacity: 2, Consumers: 2, PayloadSize: 16}, 0)
	h := b.host()
	if !h.lockProducer() {
		t.Fatal("producer's lock is taken")
	}
	w, err := OpenWriter(b.mem, b.plan, b.conf, slowHost{h}, WriterOptions{Process: process("producer")})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	var wg sync.WaitGroup
	var done atomic.Bool
	for range 2 { // so that they meet more often than a reclaim and a tender do
		wg.Go(func() {
			for !done.Load() {
				w.Tend()
			}
		})
	}
	seed := rand.Uint64()
	deaths := atomic.Int64{}
	for k := range b.conf.Consumers {
		random := rand.New(rand.NewPCG(seed, uint64(k)))
		wg.Go(func() {
			for !done.Load() {
				h := b.host()
				r, err := JoinReader(b.ro, b.plan, b.conf, h, ReaderOptions{Process: process("consumer"), Start: StartOldest})
				if errors.Is(err, ErrFull) {
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				for n := random.IntN(4); n > 0; n-- {
					s, err := r.Acquire(ctx, time.Second)
					if inc := r.cell.incarnation.Load(); inc != r.inc {
						t.Errorf("a living reader's cell was cleaned: incarnation %d, was %d; seed %d", inc, r.inc, seed)
						done.Store(true)
					}
					if err != nil {
						break // the writer is done
					}
					if got := binary.NativeEndian.Uint64(s.Payload); got != s.Seq {
						t.Errorf("value %d is %d; seed %d", s.Seq, got, seed)
					}
					if err := r.Release(); err != nil {
						t.Errorf("release: %v; seed %d", err, seed)
					}
				}
				if random.IntN(4) > 0 {
					deaths.Add(1)
					h.kill()
					time.Sleep(time.Duration(random.IntN(400)) * time.Microsecond) // for others to clean up
				} else if err := r.Leave(); err != nil {
					t.Errorf("leave: %v; seed %d", err, seed)
				}
			}
		})
	}
	for began := time.Now(); time.Since(began) < 2*time.Second && !done.Load() && !t.Failed(); {
		p, err := w.Claim(ctx, -1)
		if err != nil {
			t.Errorf("claim: %v; seed %d", err, seed)
			break
		}
		binary.NativeEndian.PutUint64(p, w.Seq())
		if err := w.Commit(); err != nil {
			t.Fatal(err)
		}
	}
	done.Store(true)
	if err := w.Close(); err != nil { // readers that wait are told
		t.Error(err)
	}
	wg.Wait()
	if w.gather(); deaths.Load() == 0 {
		t.Error("nobody died")
	}
	t.Logf("seed %d: %d values, %d deaths, %d cells reclaimed", seed, w.Seq(), deaths.Load(), w.count.Reclaimed)
}
