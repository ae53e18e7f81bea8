//go:build linux

package sys

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

func TestAReadOnlyMappingCannotBeWidened(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "data"), make([]byte, 4096), 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	f, err := d.Open("data", false)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Map(4096, true); !errors.Is(err, unix.EACCES) {
		t.Errorf("mapping for writing what was opened for reading: %v", err)
	}
	b, err := f.Map(4096, false)
	if err != nil {
		t.Fatal(err)
	}
	defer Unmap(b)
	if err := unix.Mprotect(b, unix.PROT_READ|unix.PROT_WRITE); !errors.Is(err, unix.EACCES) {
		t.Errorf("mprotect: %v", err)
	}
}

func TestAllocatingInPiecesGivesTheWholeFile(t *testing.T) {
	d, err := OpenDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for _, size := range []int64{0, 1, 4096, zeroChunk, zeroChunk + 1} {
		for name, allocate := range map[string]func(File) error{
			"fallocate":     func(f File) error { return f.Allocate(size) },
			"writing zeros": func(f File) error { return zeroFill(f, size) },
		} {
			f, err := d.Create("data")
			if err != nil {
				t.Fatal(err)
			}
			if err := allocate(f); err != nil {
				t.Errorf("%s, %d bytes: %v", name, size, err)
			}
			if st, err := f.Stat(); err != nil || st.Size != size {
				t.Errorf("%s: %d bytes, %v, want %d", name, st.Size, err, size)
			}
			if err := errors.Join(f.Close(), d.Remove("data")); err != nil {
				t.Fatal(err)
			}
		}
	}
}
