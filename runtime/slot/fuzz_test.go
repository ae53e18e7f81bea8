package slot

import (
	"encoding/binary"
	"errors"
	"os"
	"testing"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/internal/word"
)

// FuzzCells lets a consumer store what it likes into all words it can write, between
// the steps of a writer and an honest reader of the same block: those get on, see
// whole values, and do not lose their places.
//
// The first byte of an input is the policy. Then each byte is a step: 0 to 63 writes
// a value, 64 to 127 reads one, 128 to 191 stores the following 8 bytes into a word
// of the cell, and the rest into one of the words that all share.
func FuzzCells(f *testing.F) {
	policies := []hdr.Sync{hdr.SyncSyncReaders, hdr.SyncLatestOnly, hdr.SyncOverwrite, hdr.SyncSingleReader}
	for i := range policies {
		for _, v := range []uint64{^uint64(0), 1 << 63, 0, 3} {
			steps := []byte{byte(i), 0, 64}
			for at := range 8 {
				steps = binary.LittleEndian.AppendUint64(append(steps, byte(128+at)), v)
				steps = binary.LittleEndian.AppendUint64(append(steps, byte(192+at)), v)
				steps = append(steps, 0, 64, 0, 64, 0, 64, 0, 64, 0, 64)
			}
			f.Add(steps)
		}
	}
	f.Fuzz(func(t *testing.T, steps []byte) {
		if len(steps) == 0 {
			return
		}
		conf := ring(policies[int(steps[0])%len(policies)], 4, 2)
		conf.Spinlocks, conf.FlexSize, conf.FlexMode = 2, 16, hdr.FlexModeShared
		single := conf.Sync == hdr.SyncSingleReader
		if single {
			conf.Consumers = 1
		}
		b := heapBlock(t, conf, 1<<40)
		w, _ := b.writer()
		var good *Reader
		if !single { // there the hostile one is alone
			good, _ = b.reader(StartNewest)
		}
		bad, _ := b.reader(StartNewest)
		o, err := Observe(b.ro, b.plan, b.conf, b.host(), ReaderOptions{Start: StartNewest})
		if err != nil {
			t.Fatal(err)
		}
		cell := bad.cell.base
		shared := []struct {
			r  word.Region
			at uint64
		}{
			{bad.control, uint64(hdr.FieldControlWordsSleepers)}, {bad.control, uint64(hdr.FieldControlWordsRoomBell)},
			{bad.control, uint64(hdr.FieldControlWordsMutex)}, {bad.spinlocks, uint64(hdr.FieldSpinlockWord)},
			{bad.spinlocks, uint64(hdr.FieldSpinlockAllocated)}, {bad.spinlocks, uint64(b.plan.SpinlockStride)},
			{bad.counters, uint64(bad.index) * countersSize}, {bad.spinlocks, uint64(hdr.FieldSpinlockName)},
		}
		next := w.Seq()
		for steps = steps[1:]; len(steps) > 0; {
			step := steps[0]
			steps = steps[1:]
			switch {
			case step < 64:
				p, err := w.Claim(bg, 0)
				if errors.Is(err, os.ErrDeadlineExceeded) {
					break // nonsense may look like a reader that is behind
				}
				if err != nil {
					t.Fatalf("claim: %v", err)
				}
				fill(p, w.Seq())
				if err := w.Commit(); err != nil {
					t.Fatalf("commit: %v", err)
				}
			case step < 128:
				glance(t, o, nil)
				if !single {
					glance(t, good, &next)
				}
				// What the hostile one itself gets may be anything but a panic.
				if _, ok, _ := bad.TryAcquire(); ok {
					_ = bad.Release()
				}
			case len(steps) < 8:
				return
			default:
				v := binary.LittleEndian.Uint64(steps)
				steps = steps[8:]
				if step < 192 {
					bad.cells.Poke(cell+uint64(step%16)*8, v)
				} else {
					s := shared[int(step)%len(shared)]
					s.r.Poke(s.at, v)
				}
			}
		}
		book, err := NewBook(b.ro, b.plan, b.conf)
		if err != nil {
			t.Fatal(err)
		}
		at := book.Position()
		for i := range int(b.plan.Consumers) {
			_ = book.Cell(i, at).Owner.String()
		}
		for i := range 2 { // of another's nonsense in a lock it may be had or not
			if g, ok, _ := (Lock{w.locks, i}).TryLock(); ok {
				_ = g.Unlock()
			}
			_ = Lock{w.locks, i}.Name()
		}
		if !single {
			if err := good.Leave(); err != nil {
				t.Errorf("leave: %v", err)
			}
		}
		_ = bad.Leave()
		if err := w.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
}

// glance reads a value if there is one, which must be whole and, of a reader that
// counts in next, the next one that there is.
func glance(t *testing.T, r *Reader, next *uint64) {
	t.Helper()
	s, ok, err := r.TryAcquire()
	if err != nil {
		t.Fatalf("acquire: %v", err)
	}
	if !ok {
		return
	}
	if !whole(s.Payload, s.Seq) {
		t.Fatalf("value %d is torn: %x", s.Seq, s.Payload)
	}
	if next != nil {
		first := r.conf.latest() && r.Counts().Values == 0 // what came before the first is not lost
		if s.Seq != *next+s.Lost && !(first && s.Seq > *next) {
			t.Fatalf("value %d with %d lost, want %d", s.Seq, s.Lost, *next)
		}
		*next = s.Seq + 1
	}
	if err := r.Release(); err != nil {
		t.Fatalf("release: %v", err)
	}
}
