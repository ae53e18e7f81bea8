package slot

import (
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
)

func flexBlock(t testing.TB, mode hdr.FlexMode, size, consumers uint32) *block {
	c := ring(hdr.SyncSyncReaders, 8, consumers)
	c.FlexSize, c.FlexMode, c.Spinlocks = size, mode, 4
	return heapBlock(t, c, 0)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// update writes the next value of the zone: one that carries its number.
func update(f *FlexWriter) error {
	if f.Shared() {
		b, g, err := f.Lock(-1, true)
		if err != nil {
			return err
		}
		fill(b, f.Seq()+1)
		return f.Unlock(g, true)
	}
	fill(f.Buffer(), f.Seq()+1)
	return f.Publish()
}

// look returns the number of the zone's value, and an error if it is torn.
func look(f *FlexReader) (uint64, error) {
	b, seq, g, err := f.Buffer(), uint64(0), Guard{}, error(nil)
	if f.Shared() {
		b, seq, g, err = f.Lock(-1)
	} else {
		seq, err = f.Load()
	}
	if err != nil {
		return 0, err
	}
	if seq != 0 && !whole(b, seq) {
		err = fmt.Errorf("value %d is torn: %x", seq, b)
	}
	if f.Shared() {
		err = errors.Join(err, g.Unlock())
	}
	return seq, err
}

var flexModes = map[string]hdr.FlexMode{"double-buffered": hdr.FlexModeDoubleBuffered, "shared": hdr.FlexModeShared}

func TestTheFlexibleZoneIsNeverSeenTorn(t *testing.T) {
	updates := uint64(3000)
	if testing.Short() {
		updates = 300
	}
	for name, mode := range flexModes {
		for _, readers := range []int{1, 2, 8} {
			t.Run(fmt.Sprintf("%s, %d readers", name, readers), func(t *testing.T) {
				b := flexBlock(t, mode, 264, uint32(readers))
				w, _ := b.writer()
				fw, err := w.Flex()
				must(t, err)
				var all sync.WaitGroup
				for range readers {
					r, _ := b.reader(StartNewest)
					f, err := r.Flex()
					must(t, err)
					all.Go(func() {
						for last := uint64(0); last < updates; runtime.Gosched() {
							seq, err := look(f)
							switch {
							case errors.Is(err, ErrFlexBusy):
								continue
							case err != nil:
								t.Error(err)
								return
							case seq < last:
								t.Errorf("value %d after %d", seq, last)
								return
							}
							last = seq
						}
						if err := r.Leave(); err != nil {
							t.Error(err)
						}
					})
				}
				for range updates {
					if err := update(fw); err != nil {
						t.Error(err)
					}
				}
				all.Wait()
				if n := w.Counts().FlexUpdates; n != updates {
					t.Errorf("%d updates counted, want %d", n, updates)
				}
			})
		}
	}
}

func TestAnUpdateThatItsWriterDidNotFinishIsNeverSeen(t *testing.T) {
	for _, start := range []uint64{0, 1<<32 - 2, 1<<48 - 2, 1<<62 - 2} {
		b := flexBlock(t, hdr.FlexModeDoubleBuffered, 100, 1)
		r, _ := b.reader(StartNewest)
		fr, err := r.Flex()
		must(t, err)
		w, h := b.writer()
		w.selector.Store(start << 1)
		fw, err := w.Flex()
		must(t, err)
		for range 5 {
			must(t, update(fw))
			seq := fw.Seq()
			// The next update, up to the selector.
			garbage := make([]byte, 104)
			fill(garbage, 4711)
			fw.zone.CopyIn(uintptr(w.selector.Load()&1^1)*fw.stride, garbage)
			h.kill()
			if got, err := look(fr); err != nil || got != seq {
				t.Errorf("after the death of its writer: value %d, %v, want %d", got, err, seq)
			}
			w, h = b.writer()
			fw, err = w.Flex()
			must(t, err)
			must(t, fw.Load())
			if got := fw.Seq(); got != seq || !whole(fw.Buffer(), seq) {
				t.Errorf("the successor starts from value %d: %x", got, fw.Buffer())
			}
		}
		if got, want := fw.Seq(), start+5; got != want {
			t.Errorf("%d values from %d on, want %d", got, start, want)
		}
	}
}

func TestAReaderOfTheZoneGivesUpIfItNeverStaysTheSame(t *testing.T) {
	b := flexBlock(t, hdr.FlexModeDoubleBuffered, 1<<20, 1)
	w, _ := b.writer()
	r, _ := b.reader(StartNewest)
	f, err := r.Flex()
	must(t, err)
	f.tries = 4 // the machine may have something else to do than to move the sequence
	stop := make(chan struct{})
	var done sync.WaitGroup
	done.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				w.selector.Add(2) // the same index again: only the sequence tells
			}
		}
	})
	deadline := time.Now().Add(20 * time.Second)
	for {
		_, err := f.Load()
		if errors.Is(err, ErrFlexBusy) {
			break
		}
		must(t, err)
		if time.Now().After(deadline) {
			t.Fatal("every copy was taken for whole while the sequence moved on")
		}
	}
	close(stop)
	done.Wait()
	if _, err := f.Load(); err != nil {
		t.Errorf("when the writer pauses: %v", err)
	}
	if n := r.Counts().Retries; n < 4 {
		t.Errorf("%d retries counted, want 4 or more", n)
	}
}

func TestAWriterKilledInASharedZoneIsReportedOnceAndTheNextValueMends(t *testing.T) {
	b := flexBlock(t, hdr.FlexModeShared, 64, 2)
	w, h := b.writer()
	fw, err := w.Flex()
	must(t, err)
	must(t, update(fw))
	var rs []*FlexReader
	for range 2 {
		r, _ := b.reader(StartNewest)
		f, err := r.Flex()
		must(t, err)
		rs = append(rs, f)
	}
	zone, _, err := fw.Lock(-1, false)
	must(t, err)
	fill(zone[:32], 4711)
	h.kill()

	died := 0
	for i := range 6 {
		_, err := look(rs[i%2])
		if !errors.Is(err, ErrPoisoned) {
			t.Errorf("look %d: %v, want ErrPoisoned", i, err)
		}
		if errors.Is(err, ErrOwnerDied) {
			died++
		}
	}
	if died != 1 {
		t.Errorf("ErrOwnerDied came %d times, want once", died)
	}
	w, _ = b.writer()
	fw, err = w.Flex()
	must(t, err)
	if _, _, err := fw.Lock(-1, false); !errors.Is(err, ErrPoisoned) || errors.Is(err, ErrOwnerDied) {
		t.Errorf("a change of a part: %v, want ErrPoisoned", err)
	}
	must(t, update(fw))
	for i, r := range rs {
		if seq, err := look(r); err != nil || seq != 2 {
			t.Errorf("reader %d after the next value: %d, %v, want 2", i, seq, err)
		}
	}
}

func TestAReaderKilledInASharedZoneHarmsNobody(t *testing.T) {
	b := flexBlock(t, hdr.FlexModeShared, 64, 2)
	w, _ := b.writer()
	fw, err := w.Flex()
	must(t, err)
	must(t, update(fw))
	for range 20 {
		r, h := b.reader(StartNewest)
		f, err := r.Flex()
		must(t, err)
		_, _, _, err = f.Lock(-1)
		must(t, err)
		h.kill()
		zone, g, err := fw.Lock(-1, false)
		if err != nil || !whole(zone, fw.Seq()) {
			t.Fatalf("the writer after a reader's death: %v", err)
		}
		must(t, fw.Unlock(g, false))
		must(t, update(fw))
	}
}

func TestABlockWithoutAFlexibleZoneSaysSo(t *testing.T) {
	b := heapBlock(t, ring(hdr.SyncSyncReaders, 8, 1), 0)
	w, _ := b.writer()
	if _, err := w.Flex(); !errors.Is(err, ErrNotSupported) {
		t.Errorf("writer: %v", err)
	}
	r, _ := b.reader(StartNewest)
	if _, err := r.Flex(); !errors.Is(err, ErrNotSupported) {
		t.Errorf("reader: %v", err)
	}
	c := ring(hdr.SyncSyncReaders, 8, 1)
	c.FlexSize, c.FlexMode = 8, hdr.FlexModeShared
	var e *ConfigError
	if _, err := NewPlan(c); !errors.As(err, &e) || e.Field != "Spinlocks" {
		t.Errorf("shared without a lock: %v, want a ConfigError for Spinlocks", err)
	}
}

func TestTheZoneOfAClosedHandleIsNotTouched(t *testing.T) {
	for name, mode := range flexModes {
		t.Run(name, func(t *testing.T) {
			b := flexBlock(t, mode, 8, 1)
			w, _ := b.writer()
			r, _ := b.reader(StartNewest)
			fw, err := w.Flex()
			must(t, err)
			fr, err := r.Flex()
			must(t, err)
			must(t, update(fw))
			must(t, r.Leave())
			must(t, w.Close())
			binary.NativeEndian.PutUint64(b.mem.Flex, 4711)
			if err := update(fw); !errors.Is(err, ErrHandleClosed) {
				t.Errorf("update: %v", err)
			}
			if _, err := look(fr); !errors.Is(err, ErrHandleClosed) {
				t.Errorf("look: %v", err)
			}
			if fw.Seq() != 0 || fr.Seq() != 0 {
				t.Errorf("sequences %d and %d after the end, want 0", fw.Seq(), fr.Seq())
			}
		})
	}
}

func TestTheFlexibleZoneDoesNotAllocate(t *testing.T) {
	for name, mode := range flexModes {
		b := flexBlock(t, mode, 4096, 1)
		w, _ := b.writer()
		r, _ := b.reader(StartNewest)
		fw, err := w.Flex()
		must(t, err)
		fr, err := r.Flex()
		must(t, err)
		n := testing.AllocsPerRun(200, func() {
			if update(fw) != nil {
				panic("update")
			}
			if _, err := look(fr); err != nil {
				panic(err)
			}
		})
		if n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}
