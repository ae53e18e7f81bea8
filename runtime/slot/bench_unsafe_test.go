package slot

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"unsafe"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
)

// A plainRing is the yardstick: one atomic head, one atomic tail, nothing that
// survives anybody.
type plainRing struct {
	head  atomic.Uint64
	_     [120]byte
	tail  atomic.Uint64
	_     [120]byte
	slots [256][64]byte
}

func (q *plainRing) put(n uint64, limit *uint64) {
	for n >= *limit {
		*limit = q.tail.Load() + uint64(len(q.slots))
	}
	stampValue(q.slots[n%uint64(len(q.slots))][:], n)
	q.head.Store(n + 1)
}

func (q *plainRing) get(n uint64, seen *uint64) uint64 {
	for n >= *seen {
		*seen = q.head.Load()
	}
	v := touch(q.slots[n%uint64(len(q.slots))][:])
	q.tail.Store(n + 1)
	return v
}

var template [64]byte

// stampValue writes all of a value, as the peer benchmark does.
func stampValue(b []byte, n uint64) {
	copy(b, template[:])
	*(*uint64)(unsafe.Pointer(&b[0])) = n
	*(*uint64)(unsafe.Pointer(&b[len(b)-8])) = n
}

// touch reads a word of every line.
func touch(b []byte) (sum uint64) {
	for i := 0; i+8 <= len(b); i += 64 {
		sum += *(*uint64)(unsafe.Pointer(&b[i]))
	}
	return sum
}

func BenchmarkOneThread(b *testing.B) {
	b.Run("plain ring", func(b *testing.B) {
		var q plainRing
		var n, limit, seen, sum uint64
		for b.Loop() {
			q.put(n, &limit)
			sum += q.get(n, &seen)
			n++
		}
		runtime.KeepAlive(sum)
	})
	for _, c := range []struct {
		name string
		conf Config
	}{
		{"sync readers", ring(hdr.SyncSyncReaders, 256, 1)},
		{"latest only", ring(hdr.SyncLatestOnly, 1, 1)},
		{"overwrite", ring(hdr.SyncOverwrite, 256, 1)},
		{"sync readers with time", func() Config { c := ring(hdr.SyncSyncReaders, 256, 1); c.Timestamp = true; return c }()},
		{"sync readers with crc32c", func() Config {
			c := ring(hdr.SyncSyncReaders, 256, 1)
			c.Checksum, c.ChecksumType = hdr.ChecksumEnforced, hdr.ChecksumTypeCrc32c
			return c
		}()},
	} {
		b.Run(c.name, func(b *testing.B) {
			blk := heapBlock(b, c.conf, 0)
			w, _ := blk.writer()
			r, _ := blk.reader(StartNewest)
			var n, sum uint64
			b.ReportAllocs()
			for b.Loop() {
				p, err := w.Claim(bg, 0)
				if err != nil {
					b.Fatal(err)
				}
				stampValue(p, n)
				n++
				if err := w.Commit(); err != nil {
					b.Fatal(err)
				}
				s, ok, err := r.TryAcquire()
				if !ok {
					b.Fatal(err)
				}
				sum += touch(s.Payload)
				if err := r.Release(); err != nil {
					b.Fatal(err)
				}
			}
			runtime.KeepAlive(sum)
		})
	}
}

func BenchmarkTwoThreads(b *testing.B) {
	b.Run("plain ring", func(b *testing.B) {
		var q plainRing
		var wg sync.WaitGroup
		count := uint64(b.N)
		wg.Go(func() {
			var seen, sum uint64
			for n := range count {
				sum += q.get(n, &seen)
			}
			runtime.KeepAlive(sum)
		})
		var limit uint64
		for n := range count {
			q.put(n, &limit)
		}
		wg.Wait()
	})
	for _, s := range []Strategy{Busy, Adaptive} {
		for _, lazy := range []bool{false, true} {
			for _, batch := range []int{1, 16} {
				name := map[Strategy]string{Busy: "busy", Adaptive: "adaptive"}[s]
				if lazy {
					name += " lazy"
				}
				if batch > 1 {
					name += " batches"
				}
				b.Run(name, func(b *testing.B) { twoThreads(b, s, lazy, batch) })
			}
		}
	}
}

func twoThreads(b *testing.B, s Strategy, lazy bool, batch int) {
	blk := heapBlock(b, ring(hdr.SyncSyncReaders, 256, 1), 0)
	w, _ := blk.writer(func(o *WriterOptions) { o.Wait = s })
	r, _ := blk.reader(StartNewest, func(o *ReaderOptions) { o.Wait, o.Lazy = s, lazy })
	var wg sync.WaitGroup
	count := uint64(b.N)
	b.ResetTimer()
	wg.Go(func() {
		var sum uint64
		for range count {
			s, err := r.Acquire(bg, -1)
			if err != nil {
				b.Error(err)
				return
			}
			sum += touch(s.Payload)
			if err := r.Release(); err != nil {
				b.Error(err)
				return
			}
		}
		runtime.KeepAlive(sum)
	})
	for n := uint64(0); n < count; {
		k := min(uint64(batch), count-n)
		if batch == 1 {
			p, err := w.Claim(bg, -1)
			if err != nil {
				b.Fatal(err)
			}
			stampValue(p, n)
			if err := w.Commit(); err != nil {
				b.Fatal(err)
			}
		} else {
			if err := w.ClaimN(bg, -1, int(k)); err != nil {
				b.Fatal(err)
			}
			for i := range int(k) {
				stampValue(w.Slot(i), n+uint64(i))
			}
			if err := w.CommitN(int(k)); err != nil {
				b.Fatal(err)
			}
		}
		n += k
	}
	wg.Wait()
	b.ReportMetric(float64(w.Counts().Rescans)/float64(b.N), "rescans/op")
}
