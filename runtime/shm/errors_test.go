//go:build linux

package shm

import (
	"errors"
	"io/fs"
	"syscall"
	"testing"

	"github.com/pylabhub/datahub/runtime/internal/sys"
)

func TestErrorsOfTheSystemHaveAClassAndSayWhatToDo(t *testing.T) {
	for _, c := range []struct {
		err   error
		class error
		text  string
	}{
		{syscall.ENOSPC, ErrNoSpace, "open /x: not enough space: remove blocks that nobody uses, or make the file system larger (no space left on device)"},
		{syscall.EDQUOT, ErrNoSpace, "open /x: not enough space: remove blocks that nobody uses, or make the file system larger (disk quota exceeded)"},
		{syscall.EMFILE, ErrTooManyFiles, "open /x: too many open files: raise the limit (ulimit -n) (too many open files)"},
		{syscall.ENFILE, ErrTooManyFiles, "open /x: too many open files: raise the limit (ulimit -n) (too many open files in system)"},
		{syscall.ENOMEM, ErrNoMemory, "open /x: cannot map more memory: raise the limit (ulimit -v, vm.max_map_count) (cannot allocate memory)"},
		{syscall.EROFS, fs.ErrPermission, "open /x: permission denied (read-only file system)"},
		{syscall.EACCES, fs.ErrPermission, "open /x: permission denied"},
		{syscall.ENOENT, fs.ErrNotExist, "open /x: no such file or directory"},
		{syscall.EEXIST, fs.ErrExist, "open /x: file exists"},
		{syscall.ENOTEMPTY, fs.ErrExist, "open /x: directory not empty"},
		{sys.ErrUnsupported, ErrUnsupported, "open /x: the file system cannot do this: use one in memory (tmpfs), see DATAHUB_DIR"},
		{syscall.EIO, syscall.EIO, "open /x: input/output error"},
	} {
		err := classify("open", "/x", c.err)
		if !errors.Is(err, c.class) || err.Error() != c.text {
			t.Errorf("%v: got %q, want a %v that says %q", c.err, err, c.class, c.text)
		}
	}
	if err := classify("open", "/x", nil); err != nil {
		t.Error(err)
	}
}

func TestWhatCannotBeMappedIsAnErrorAndTheFileStaysOpen(t *testing.T) {
	d := openDir(t, t.TempDir())
	f, err := d.CreateData("data", 4096, Access{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Map(1<<60, false); !errors.Is(err, ErrNoMemory) {
		t.Errorf("got %v", err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}
