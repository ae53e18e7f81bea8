package slot

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"testing"
	"time"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
)

var bg = context.Background()

func ring(sync hdr.Sync, capacity, consumers uint32) Config {
	return Config{Policy: hdr.PolicyRing, Sync: sync, Capacity: capacity, Consumers: consumers, PayloadSize: 64}
}

// fill writes a value that carries its number in each word.
func fill(b []byte, n uint64) {
	for i := 0; i+8 <= len(b); i += 8 {
		binary.LittleEndian.PutUint64(b[i:], n*0x9e3779b97f4a7c15+uint64(i))
	}
}

// number returns the number of a value that fill made.
func number(b []byte) uint64 {
	const inverse = 0xf1de83e19937733d // of fill's factor, modulo 2^64
	return binary.LittleEndian.Uint64(b) * inverse
}

// torn returns an error if b is not a whole value with number n.
func whole(b []byte, n uint64) bool {
	for i := 0; i+8 <= len(b); i += 8 {
		if binary.LittleEndian.Uint64(b[i:]) != n*0x9e3779b97f4a7c15+uint64(i) {
			return false
		}
	}
	return true
}

func write(t testing.TB, w *Writer) uint64 {
	t.Helper()
	b, err := w.Claim(bg, 0)
	if err != nil {
		t.Fatalf("claim: %v", err)
	}
	n := w.Seq()
	fill(b, n)
	if err := w.Commit(); err != nil {
		t.Fatalf("commit: %v", err)
	}
	return n
}

func read(t testing.TB, r *Reader) Slot {
	t.Helper()
	s, ok, err := r.TryAcquire()
	if err != nil || !ok {
		t.Fatalf("acquire: ok=%t err=%v", ok, err)
	}
	if !whole(s.Payload, s.Seq) {
		t.Fatalf("value %d is torn: %x", s.Seq, s.Payload)
	}
	if err := r.Release(); err != nil {
		t.Fatalf("release: %v", err)
	}
	return s
}

func nothing(t testing.TB, r *Reader) {
	t.Helper()
	if s, ok, err := r.TryAcquire(); ok || err != nil {
		t.Fatalf("got value %d, err %v; want nothing", s.Seq, err)
	}
}

func full(t testing.TB, w *Writer) *TimeoutError {
	t.Helper()
	_, err := w.Claim(bg, 0)
	var te *TimeoutError
	if !errors.As(err, &te) || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("claim: got %v, want a time-out", err)
	}
	return te
}

func TestReaderSeesEveryValueInOrder(t *testing.T) {
	for _, capacity := range []uint32{1, 2, 3, 8, 100} {
		b := heapBlock(t, ring(hdr.SyncSyncReaders, capacity, 2), 0)
		w, _ := b.writer()
		r, _ := b.reader(StartNewest)
		for i := range uint64(5 * capacity) {
			if got := write(t, w); got != i {
				t.Fatalf("wrote at %d, want %d", got, i)
			}
			if s := read(t, r); s.Seq != i || s.Lost != 0 {
				t.Fatalf("read %d, %d lost; want %d, none", s.Seq, s.Lost, i)
			}
			nothing(t, r)
		}
	}
}

func TestSlowestReaderHoldsTheWriterAndIsNamed(t *testing.T) {
	b := heapBlock(t, ring(hdr.SyncSyncReaders, 4, 2), 0)
	w, _ := b.writer()
	fast, _ := b.reader(StartNewest)
	slow, _ := b.reader(StartNewest, func(o *ReaderOptions) { o.Name = "slow one" })
	for range 4 {
		write(t, w)
		read(t, fast)
	}
	te := full(t, w)
	if te.Holder.Name != "slow one" || te.Holder.PID != 4711 || te.Holder.Cell != slow.Cell() {
		t.Errorf("holder is %+v, want the slow one in cell %d", te.Holder, slow.Cell())
	}
	if again := full(t, w); again != te {
		t.Errorf("a second try made another error")
	}
	read(t, slow)
	write(t, w)
	full(t, w)
	if err := slow.Leave(); err != nil {
		t.Fatal(err)
	}
	write(t, w)
}

func TestWriterRunsFreeWithoutReaders(t *testing.T) {
	b := heapBlock(t, ring(hdr.SyncSyncReaders, 4, 2), 0)
	w, _ := b.writer()
	for range 100 {
		write(t, w)
	}
	r, _ := b.reader(StartOldest)
	if s := read(t, r); s.Seq < 96 || s.Seq > 97 {
		t.Errorf("oldest is %d, want 96 or 97", s.Seq)
	}
}

func TestSingleReaderResumesWhereTheLastOneStopped(t *testing.T) {
	b := heapBlock(t, ring(hdr.SyncSingleReader, 4, 1), 0)
	w, _ := b.writer()
	for range 4 {
		write(t, w)
	}
	if te := full(t, w); te.Holder.Cell != HolderNobody {
		t.Errorf("holder is %v, want nobody", te.Holder)
	}
	r, h := b.reader(StartDefault)
	for i := range uint64(2) {
		if s := read(t, r); s.Seq != i {
			t.Fatalf("read %d, want %d", s.Seq, i)
		}
	}
	if _, ok, _ := r.TryAcquire(); !ok { // in use at death: comes again
		t.Fatal("no value")
	}
	h.kill()
	write(t, w)
	write(t, w)
	full(t, w)
	r, _ = b.reader(StartDefault)
	for i := uint64(2); i < 6; i++ {
		if s := read(t, r); s.Seq != i {
			t.Fatalf("read %d, want %d", s.Seq, i)
		}
	}
	if _, err := JoinReader(b.ro, b.plan, b.conf, b.host(), ReaderOptions{}); !errors.Is(err, ErrFull) {
		t.Errorf("second reader: got %v, want %v", err, ErrFull)
	}
}

func TestLatestReaderSkipsToTheNewest(t *testing.T) {
	for _, c := range []Config{
		{Policy: hdr.PolicySingle, Sync: hdr.SyncLatestOnly, Consumers: 2, PayloadSize: 64},
		{Policy: hdr.PolicyDouble, Sync: hdr.SyncLatestOnly, Consumers: 2, PayloadSize: 64, Spare: NoSpare},
		ring(hdr.SyncLatestOnly, 100, 2),
	} {
		b := heapBlock(t, c, 0)
		w, _ := b.writer()
		r, _ := b.reader(StartNewest)
		nothing(t, r)
		if _, ok, err := r.Latest(); ok || err != nil {
			t.Fatalf("latest of an empty block: %t %v", ok, err)
		}
		write(t, w)
		if s := read(t, r); s.Seq != 0 || s.Lost != 0 {
			t.Fatalf("got %+v, want value 0", s)
		}
		nothing(t, r)
		for range 50 {
			write(t, w)
		}
		if lag := r.Lag(); lag != 50 {
			t.Errorf("lag is %d, want 50", lag)
		}
		if s := read(t, r); s.Seq != 50 || s.Lost != 49 {
			t.Fatalf("got value %d, %d lost; want 50, 49", s.Seq, s.Lost)
		}
		nothing(t, r)
		if s, ok, err := r.Latest(); !ok || err != nil || s.Seq != 50 {
			t.Fatalf("latest again: %d %t %v", s.Seq, ok, err)
		}
		for range 50 { // nothing waits for the value in use
			write(t, w)
		}
		if err := r.Release(); err != nil {
			t.Fatal(err)
		}
		if s := read(t, r); s.Seq != 100 || s.Lost != 49 {
			t.Fatalf("got value %d, %d lost; want 100, 49", s.Seq, s.Lost)
		}
	}
}

func TestOverwriteTellsExactlyHowManyWereLost(t *testing.T) {
	b := heapBlock(t, ring(hdr.SyncOverwrite, 16, 1), 0)
	w, _ := b.writer()
	r, _ := b.reader(StartNewest)
	var got, lost uint64
	for i := range uint64(1000) {
		write(t, w)
		if i%37 == 0 {
			for {
				s, ok, err := r.TryAcquire()
				if err != nil {
					t.Fatal(err)
				}
				if !ok {
					break
				}
				if !whole(s.Payload, s.Seq) {
					t.Fatalf("value %d is torn", s.Seq)
				}
				if s.Seq != got+lost+s.Lost {
					t.Fatalf("value %d after %d read and %d+%d lost", s.Seq, got, lost, s.Lost)
				}
				got, lost = got+1, lost+s.Lost
				if err := r.Release(); err != nil {
					t.Fatal(err)
				}
			}
			if got+lost != i+1 {
				t.Fatalf("%d read and %d lost of %d", got, lost, i+1)
			}
		}
	}
	if lost == 0 {
		t.Error("nothing was lost")
	}
}

func TestDeadReaderIsReclaimedWhenTheWriterNeedsIt(t *testing.T) {
	b := heapBlock(t, ring(hdr.SyncSyncReaders, 4, 3), 0)
	w, _ := b.writer()
	_, dead := b.reader(StartNewest)
	live, _ := b.reader(StartNewest)
	for range 3 {
		write(t, w)
		read(t, live)
	}
	dead.kill()
	write(t, w)
	read(t, live)
	start := time.Now()
	p, err := w.Claim(bg, time.Second)
	if err != nil {
		t.Fatalf("claim: %v", err)
	}
	if d := time.Since(start); d > 100*time.Millisecond {
		t.Errorf("took %v", d)
	}
	fill(p, w.Seq())
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	if n := w.Counts().Reclaimed; n != 1 {
		t.Errorf("reclaimed %d cells, want 1", n)
	}
	read(t, live)
}

func TestJoinerTakesADeadReadersCell(t *testing.T) {
	for _, sync := range []hdr.Sync{hdr.SyncLatestOnly, hdr.SyncSyncReaders, hdr.SyncOverwrite} {
		b := heapBlock(t, ring(sync, 4, 2), 0)
		w, _ := b.writer()
		_, h := b.reader(StartNewest)
		b.reader(StartNewest)
		write(t, w)
		if _, err := JoinReader(b.ro, b.plan, b.conf, b.host(), ReaderOptions{}); !errors.Is(err, ErrFull) {
			t.Fatalf("third of two: got %v, want %v", err, ErrFull)
		}
		h.kill()
		r, _ := b.reader(StartNewest)
		n := write(t, w)
		if s := read(t, r); s.Seq != n {
			t.Errorf("read %d, want %d", s.Seq, n)
		}
	}
}

func TestTakeoverGoesOn(t *testing.T) {
	for _, sync := range []hdr.Sync{hdr.SyncLatestOnly, hdr.SyncSingleReader, hdr.SyncSyncReaders, hdr.SyncOverwrite} {
		for _, at := range []uint64{0, 1<<32 - 2, 1<<44 - 2, 1<<48 - 2, 1<<63 - 2} {
			b := heapBlock(t, ring(sync, 4, 1), at)
			r, _ := b.reader(StartNewest)
			next := at
			for range 6 {
				w, h := b.writer()
				for range 3 {
					if n := write(t, w); n != next {
						t.Fatalf("%d: wrote at %d, want %d", sync, n, next)
					}
					if s := read(t, r); s.Seq != next || s.Lost != 0 {
						t.Fatalf("%d: got %d, %d lost; want %d", sync, s.Seq, s.Lost, next)
					}
					next++
				}
				p, err := w.Claim(bg, 0)
				if err != nil {
					t.Fatal(err)
				}
				fill(p, 12345) // half written at death
				h.kill()
				nothing(t, r)
			}
			if i := ReadProducer(b.mem.Producer); !i.OK || i.Epoch != 7 || text(i.Who.Program[:]) != "producer" {
				t.Errorf("producer info is %+v", i)
			}
		}
	}
}

func TestTakeoverCommitsWhatWasStamped(t *testing.T) {
	b := heapBlock(t, ring(hdr.SyncSyncReaders, 4, 1), 0)
	w, h := b.writer()
	r, _ := b.reader(StartNewest)
	write(t, w)
	read(t, r)
	// Killed between stamp and head, in a batch.
	if err := w.ClaimN(bg, 0, 2); err != nil {
		t.Fatal(err)
	}
	for i := range 2 {
		fill(w.Slot(i), 1+uint64(i))
		if w.buf != w.slots {
			w.finish(w.offset(uint64(i)), 2+uint64(i), 0)
		}
		w.stamp(1 + uint64(i)).Store(2 + uint64(i))
	}
	h.kill()
	if s := read(t, r); s.Seq != 1 {
		t.Fatalf("read %d, want 1", s.Seq)
	}
	w, _ = b.writer()
	if w.Seq() != 3 || w.head.Load() != 3 {
		t.Fatalf("goes on at %d, head %d; want 3", w.Seq(), w.head.Load())
	}
	read(t, r)
	write(t, w)
	if s := read(t, r); s.Seq != 3 {
		t.Fatalf("read %d, want 3", s.Seq)
	}
}

func TestSleepersWakeWhenTheProducerClosesOrDies(t *testing.T) {
	for _, sync := range []hdr.Sync{hdr.SyncLatestOnly, hdr.SyncSingleReader, hdr.SyncSyncReaders, hdr.SyncOverwrite} {
		b := heapBlock(t, ring(sync, 4, 1), 0)
		w, h := b.writer()
		r, _ := b.reader(StartNewest)
		end := func(f func()) (time.Duration, error) {
			done := make(chan time.Time)
			time.AfterFunc(30*time.Millisecond, func() { at := time.Now(); f(); done <- at })
			_, err := r.Acquire(bg, time.Minute)
			now := time.Now()
			return now.Sub(<-done), err
		}
		d, err := end(h.kill)
		if !errors.Is(err, ErrProducerDied) || d > 10*time.Second {
			t.Errorf("death: %v after %v", err, d)
		}
		// Told once; then it waits for the next producer.
		d, err = end(func() {
			w, h = b.writer()
			p, err := w.Claim(bg, 0)
			if err != nil {
				t.Error(err)
			}
			fill(p, w.Seq())
			if err := w.Commit(); err != nil {
				t.Error(err)
			}
		})
		if err != nil || d > 10*time.Second {
			t.Errorf("takeover: %v after %v", err, d)
		}
		if err := r.Release(); err != nil {
			t.Fatal(err)
		}
		d, err = end(func() {
			if err := w.Close(); err != nil {
				t.Error(err)
			}
			h.kill()
		})
		if !errors.Is(err, ErrProducerClosed) || d > 10*time.Second {
			t.Errorf("close: %v after %v", err, d)
		}
	}
}

func TestContextWins(t *testing.T) {
	b := heapBlock(t, ring(hdr.SyncSyncReaders, 2, 1), 0)
	w, _ := b.writer()
	r, _ := b.reader(StartNewest)
	why := errors.New("why")
	for range 2 {
		ctx, cancel := context.WithCancelCause(bg)
		time.AfterFunc(20*time.Millisecond, func() { cancel(why) })
		if _, err := r.Acquire(ctx, -1); err != why {
			t.Errorf("acquire: got %v, want %v", err, why)
		}
	}
	write(t, w)
	write(t, w)
	for range 2 {
		ctx, cancel := context.WithCancelCause(bg)
		time.AfterFunc(20*time.Millisecond, func() { cancel(why) })
		if _, err := w.Claim(ctx, -1); err != why {
			t.Errorf("claim: got %v, want %v", err, why)
		}
	}
	start := time.Now()
	_, err := w.Claim(bg, 30*time.Millisecond)
	if d := time.Since(start); !errors.Is(err, os.ErrDeadlineExceeded) || d < 30*time.Millisecond || d > 90*time.Millisecond {
		t.Errorf("claim: %v after %v", err, d)
	}
	read(t, r)
	read(t, r)
	start = time.Now()
	_, err = r.Acquire(bg, 30*time.Millisecond)
	if d := time.Since(start); !errors.Is(err, os.ErrDeadlineExceeded) || d < 30*time.Millisecond || d > 90*time.Millisecond {
		t.Errorf("acquire: %v after %v", err, d)
	}
	var te *TimeoutError
	if !errors.As(err, &te) || te.Holder.Cell != HolderProducer || te.Holder.Name != "producer" || te.Holder.PID != 4711 {
		t.Errorf("acquire: holder of %v", err)
	}
}

func TestTakeoverKeepsWhatTheSingleReaderHasNotRead(t *testing.T) {
	b := heapBlock(t, ring(hdr.SyncSingleReader, 1, 1), 0)
	w, h := b.writer()
	write(t, w)
	full(t, w) // raises the gate
	h.kill()
	w, _ = b.writer()
	full(t, w)
	r, _ := b.reader(StartDefault)
	if s := read(t, r); s.Seq != 0 {
		t.Errorf("read %d, want 0", s.Seq)
	}
	write(t, w)
}
