package shm

import (
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"
)

func init() {
	// Waits on word 0 of the file, which it maps read-only, and says when it changed.
	children["waiter"] = func(args []string) error {
		m, err := mapWords(args[0], false)
		if err != nil {
			return err
		}
		w := NewWaiter([16]byte{1}, m)
		fmt.Println("waiting")
		for wordAt(m, 0).Load() == 0 {
			w.Wait((*uint32)(unsafe.Pointer(wordAt(m, 0))), 0, 10*time.Second)
		}
		fmt.Println("woken")
		return nil
	}
}

func wordAt(m *Mapping, i int) *atomic.Uint32 {
	return (*atomic.Uint32)(unsafe.Pointer(&m.Bytes()[4*i]))
}

func mapWords(path string, write bool) (*Mapping, error) {
	d, err := OpenDir(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	defer d.Close()
	f, st, err := d.OpenFile(filepath.Base(path), write)
	if err != nil {
		return nil, err
	}
	return f.Map(st.Size, write)
}

// newWords makes a file of one page and maps it.
func newWords(t *testing.T) (*Mapping, *Waiter) {
	t.Helper()
	d := openDir(t, t.TempDir())
	f, err := d.CreateControl("words", 4096, Access{})
	if err != nil {
		t.Fatal(err)
	}
	m, err := f.Map(4096, true)
	if err != nil {
		t.Fatal(err)
	}
	w := NewWaiter([16]byte{1}, m)
	t.Cleanup(func() { w.Close(); m.Close() })
	return m, w
}

func TestAWaiterInAnotherProcessWakes(t *testing.T) {
	m, w := newWords(t)
	var ps []*child
	for range 3 {
		p := start(t, "waiter", m.File().Path())
		p.expect("waiting")
		ps = append(ps, p)
	}
	time.Sleep(50 * time.Millisecond) // they sleep by now; if not, they see the word
	began := time.Now()
	wordAt(m, 0).Store(1)
	w.Wake((*uint32)(unsafe.Pointer(wordAt(m, 0))))
	for _, p := range ps {
		p.expect("woken")
	}
	if d := time.Since(began); d > 2*time.Second {
		t.Errorf("woken after %v: by the time-out, not by the wake", d)
	}
}

func TestAWaitEndsInTimeAndAtOnceIfTheWordDiffers(t *testing.T) {
	m, w := newWords(t)
	word := (*uint32)(unsafe.Pointer(wordAt(m, 0)))
	for _, d := range []time.Duration{0, time.Millisecond, 30 * time.Millisecond} {
		began := time.Now()
		w.Wait(word, 0, d)
		if got := time.Since(began); got < d || got > d+time.Second {
			t.Errorf("Wait(%v) took %v", d, got)
		}
		began = time.Now()
		poll(word, 0, d)
		if got := time.Since(began); got < d || got > d+time.Second {
			t.Errorf("poll(%v) took %v", d, got)
		}
	}
	began := time.Now()
	w.Wait(word, 7, -1)
	poll(word, 7, -1)
	if got := time.Since(began); got > time.Second {
		t.Errorf("waiting for a word that differs took %v", got)
	}
}

func TestPollSeesTheWordChange(t *testing.T) {
	m, _ := newWords(t)
	done := make(chan struct{})
	go func() {
		defer close(done)
		time.Sleep(20 * time.Millisecond)
		wordAt(m, 0).Store(1)
	}()
	began := time.Now()
	poll((*uint32)(unsafe.Pointer(wordAt(m, 0))), 0, -1)
	<-done // the race detector sees nothing of what goes through mapped memory
	if got := time.Since(began); got > time.Second {
		t.Errorf("poll took %v", got)
	}
}

func TestWaitingAllocatesNothing(t *testing.T) {
	m, w := newWords(t)
	word := (*uint32)(unsafe.Pointer(wordAt(m, 0)))
	n := testing.AllocsPerRun(100, func() {
		w.Wait(word, 0, time.Microsecond)
		w.Wait(word, 1, time.Second)
		w.Wake(word)
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestATruncatedFileIsAnErrorAndAnyOtherFaultPanics(t *testing.T) {
	d := openDir(t, t.TempDir())
	f, err := d.CreateData("data", 3*4096, Access{})
	if err != nil {
		t.Fatal(err)
	}
	m, err := f.Map(3*4096, true)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	touch := func(i int) func() error {
		return func() error { m.Bytes()[i] = 1; return nil }
	}
	if err := Guard(touch(2*4096), m); err != nil {
		t.Fatalf("whole file: %v", err)
	}
	if err := f.sys.Truncate(4096 + 1); err != nil {
		t.Fatal(err)
	}
	if err := Guard(touch(4096+4095), m); err != nil {
		t.Errorf("the last page: %v", err)
	}
	err = Guard(touch(2*4096), m)
	if want := f.Path() + " has 4097 bytes, 12288 are mapped: file is shorter than it must be"; err == nil || err.Error() != want {
		t.Errorf("beyond the end: %v, want %s", err, want)
	}
	ro, err := mapWords(f.Path(), false)
	if err != nil {
		t.Fatal(err)
	}
	defer ro.Close()
	for _, c := range []struct {
		name string
		fn   func() error
		maps []*Mapping
	}{
		{"a store into a read-only mapping", func() error { ro.Bytes()[0] = 1; return nil }, []*Mapping{m, ro}},
		{"a fault in somebody else's mapping", touch(2 * 4096), []*Mapping{ro}},
		{"a panic", func() error { panic("mine") }, []*Mapping{m}},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s did not panic", c.name)
				}
			}()
			t.Errorf("%s: returned %v", c.name, Guard(c.fn, c.maps...))
		}()
	}
}
