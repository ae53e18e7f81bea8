package slot

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/internal/word"
)

var seedFlag = flag.Uint64("seed", 0, "seed of random tests, 0 for a new one")

func seed(t testing.TB) *rand.Rand {
	s := *seedFlag
	if s == 0 {
		s = uint64(time.Now().UnixNano())
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("again with -seed=%d", s)
		}
	})
	return rand.New(rand.NewPCG(s, 1))
}

// arenas make blocks in one kind of memory each. Everything that must hold does so
// in all of them.
var arenas = map[string]func(t testing.TB, c Config, start uint64) *block{"heap": heapBlock, "mapped": mappedBlock}

var syncs = map[string]hdr.Sync{
	"latest only": hdr.SyncLatestOnly, "single reader": hdr.SyncSingleReader,
	"sync readers": hdr.SyncSyncReaders, "overwrite": hdr.SyncOverwrite,
}

var starts = map[string]uint64{
	"0": 0, "2^32": 1<<32 - 100, "2^44": 1<<44 - 100, "2^48": 1<<48 - 100, "2^63": 1<<63 - 100,
}

// conform runs f for every kind of memory, policy and number of consumers.
func conform(t *testing.T, f func(t *testing.T, rnd *rand.Rand, b *block, consumers int)) {
	for arena, make := range arenas {
		for name, sync := range syncs {
			for _, n := range []int{1, 2, 8} {
				if sync == hdr.SyncSingleReader && n > 1 {
					continue
				}
				for at, start := range starts {
					if n != 2 && start != 0 && sync != hdr.SyncSingleReader {
						continue
					}
					for _, policy := range []hdr.Policy{hdr.PolicyRing, hdr.PolicySingle, hdr.PolicyDouble} {
						if policy != hdr.PolicyRing && (sync != hdr.SyncLatestOnly || start != 0) {
							continue
						}
						t.Run(fmt.Sprintf("%s/%s/policy %d/%d consumers/from %s", arena, name, policy, n, at), func(t *testing.T) {
							rnd := seed(t)
							c := ring(sync, []uint32{1, 2, 3, 8, 64}[rnd.IntN(5)], uint32(n))
							if c.Policy = policy; policy != hdr.PolicyRing {
								c.Capacity = 0
							}
							c.Timestamp, c.Length = rnd.IntN(2) == 0, rnd.IntN(2) == 0
							if rnd.IntN(3) == 0 {
								c.Checksum, c.ChecksumType = hdr.ChecksumEnforced, hdr.ChecksumType(1+rnd.IntN(2))
							}
							if sync == hdr.SyncLatestOnly && rnd.IntN(2) == 0 {
								c.Spare = NoSpare
							}
							t.Logf("%+v", c)
							f(t, rnd, make(t, c, start), n)
						})
					}
				}
			}
		}
	}
}

func values() uint64 {
	if testing.Short() || word.Explored {
		return 2_000
	}
	return 10_000
}

// putAll writes until position end, in batches where there are any.
func putAll(t *testing.T, w *Writer, rnd *rand.Rand, end uint64) {
	for w.Seq() < end {
		n := 1
		if !w.conf.latest() && rnd.IntN(4) == 0 {
			n = int(min(1+rnd.Uint64N(uint64(w.plan.Capacity)), end-w.Seq()))
		}
		if err := w.ClaimN(bg, 10*time.Second, n); err != nil {
			t.Errorf("claim %d at %d: %v", n, w.Seq(), err)
			return
		}
		for i := range n {
			b := w.Slot(i)
			fill(b, w.Seq()+uint64(i))
			if w.conf.Length {
				if err := w.SetLen(i, len(b)-8); err != nil {
					t.Error(err)
				}
			}
		}
		switch rnd.IntN(16) {
		case 0:
			if err := w.Abort(); err != nil {
				t.Error(err)
			}
			continue
		case 1:
			n = 1 + rnd.IntN(n)
		}
		if err := w.CommitN(n); err != nil {
			t.Error(err)
		}
	}
}

// check looks at a value that was lent and releases it.
func check(t *testing.T, r *Reader, s Slot) bool {
	want := int(r.plan.PayloadSize)
	if r.conf.Length {
		want -= 8
	}
	ok := len(s.Payload) == want && whole(s.Payload, s.Seq)
	if !ok {
		t.Errorf("value %d is torn: %x", s.Seq, s.Payload)
	}
	if (s.Time != 0) != r.conf.Timestamp {
		t.Errorf("value %d: time %d", s.Seq, s.Time)
	}
	if err := r.Release(); err != nil {
		t.Errorf("release %d: %v", s.Seq, err)
		return false
	}
	return ok
}

// follow reads until position end and checks that nothing is missing, comes twice
// or is torn. next is the position expected first.
func follow(t *testing.T, r *Reader, next, end uint64) {
	lossless := r.conf.Sync == hdr.SyncSyncReaders || r.conf.Sync == hdr.SyncSingleReader
	for next < end {
		s, err := r.Acquire(bg, 20*time.Second)
		if err != nil {
			t.Errorf("acquire at %d: %v", next, err)
			return
		}
		if s.Seq != next+s.Lost || lossless && s.Lost != 0 {
			t.Errorf("got value %d with %d lost, want %d", s.Seq, s.Lost, next)
			return
		}
		if !check(t, r, s) {
			return
		}
		next = s.Seq + 1
	}
}

func TestEveryReaderGetsWholeValuesInOrder(t *testing.T) {
	conform(t, func(t *testing.T, rnd *rand.Rand, b *block, consumers int) {
		w, _ := b.writer()
		first := w.Seq()
		end := first + values()
		var wg sync.WaitGroup
		for i := range consumers {
			r, _ := b.reader(StartNewest, func(o *ReaderOptions) { o.Lazy = i%2 == 1 })
			wg.Go(func() {
				// A latest reader may not see the first; it tells so in Lost from the second on.
				next := first
				if r.conf.latest() {
					s, err := r.Acquire(bg, 20*time.Second)
					if err != nil || !check(t, r, s) {
						t.Errorf("first: %v", err)
						return
					}
					next = s.Seq + 1
				}
				follow(t, r, next, end)
				if err := r.Leave(); err != nil {
					t.Error(err)
				}
			})
		}
		putAll(t, w, rnd, end)
		wg.Wait()
	})
}

func TestReadersJoinLeaveAndDieUnderLoad(t *testing.T) {
	conform(t, func(t *testing.T, rnd *rand.Rand, b *block, consumers int) {
		w, _ := b.writer()
		end := w.Seq() + values()
		var wg sync.WaitGroup
		var stop atomic.Bool
		var joins atomic.Int64
		for range consumers {
			rnd := rand.New(rand.NewPCG(rnd.Uint64(), 2))
			wg.Go(func() {
				for !stop.Load() {
					h := b.host()
					o := ReaderOptions{Start: Start(rnd.IntN(4)), Position: end - rnd.Uint64N(values()), Name: "r"}
					r, err := JoinReader(b.ro, b.plan, b.conf, h, o)
					if errors.Is(err, ErrFull) {
						continue
					}
					if err != nil {
						t.Errorf("join: %v", err)
						return
					}
					joins.Add(1)
					live(t, r, rnd)
					if rnd.IntN(2) == 0 {
						h.kill()
						r.wait.close()
					} else if err := r.Leave(); err != nil && !errors.Is(err, ErrLoanOpen) {
						t.Error(err)
					}
					h.kill() // also where it left: its locks' description is closed
				}
			})
		}
		putAll(t, w, rnd, end)
		stop.Store(true)
		if err := w.Close(); err != nil {
			t.Error(err)
		}
		wg.Wait()
		t.Logf("%d joins, %+v", joins.Load(), w.Counts())
		// Nothing leaked: every cell can be had.
		for range consumers {
			b.reader(StartNewest)
		}
	})
}

// live reads a few values and perhaps stops in the middle of one.
func live(t *testing.T, r *Reader, rnd *rand.Rand) {
	lossless := r.conf.Sync == hdr.SyncSyncReaders || r.conf.Sync == hdr.SyncSingleReader
	next, known := uint64(0), false
	for range rnd.IntN(50) {
		s, err := r.Acquire(bg, time.Second)
		if err != nil {
			if !errors.Is(err, ErrProducerClosed) {
				t.Errorf("acquire: %v", err)
			}
			return
		}
		if known && (s.Seq != next+s.Lost || lossless && s.Lost != 0) {
			t.Errorf("got value %d with %d lost, want %d", s.Seq, s.Lost, next)
		}
		if rnd.IntN(50) == 0 {
			return
		}
		if !check(t, r, s) {
			return
		}
		next, known = s.Seq+1, true
	}
}

func TestProducersDieAndOthersGoOn(t *testing.T) {
	conform(t, func(t *testing.T, rnd *rand.Rand, b *block, consumers int) {
		first := b.headOrLatest()
		end := first + values()
		var wg sync.WaitGroup
		for range consumers {
			r, _ := b.reader(StartNewest)
			wg.Go(func() {
				for next := first; next < end; {
					s, err := r.Acquire(bg, 20*time.Second)
					if errors.Is(err, ErrProducerDied) {
						continue
					}
					if err != nil {
						t.Errorf("acquire at %d: %v", next, err)
						return
					}
					if s.Seq != next+s.Lost && next != first {
						t.Errorf("got value %d with %d lost, want %d", s.Seq, s.Lost, next)
						return
					}
					if !check(t, r, s) {
						return
					}
					next = s.Seq + 1
				}
			})
		}
		for at := first; at < end; {
			w, h := b.writer()
			if w.Seq() != at {
				t.Fatalf("takeover at %d, want %d", w.Seq(), at)
			}
			at = min(at+1+rnd.Uint64N(values()/4), end)
			putAll(t, w, rnd, at)
			if t.Failed() {
				break
			}
			// Never to be seen; but in a block that is overwritten it costs the oldest value,
			// which somebody may wait for at the end.
			if at < end {
				if p, err := w.Claim(bg, 10*time.Second); err == nil {
					fill(p, rnd.Uint64())
				}
			}
			w.wait.close()
			h.kill()
		}
		wg.Wait()
	})
}

// headOrLatest returns the position a new producer begins at.
func (b *block) headOrLatest() uint64 {
	w, h := b.writer()
	defer h.kill()
	w.Detach()
	return w.Seq()
}
