package shm

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/pylabhub/datahub/runtime/internal/sys"
)

// Classes of failures that the standard library has no sentinel for. What does
// not exist is fs.ErrNotExist, what may not be touched fs.ErrPermission, what is
// taken fs.ErrExist.
var (
	ErrNoSpace      = errors.New("not enough space: remove blocks that nobody uses, or make the file system larger")
	ErrTooManyFiles = errors.New("too many open files: raise the limit (ulimit -n)")
	ErrNoMemory     = errors.New("cannot map more memory: raise the limit (ulimit -v, vm.max_map_count)")
	ErrTruncated    = errors.New("file is shorter than it must be")
	ErrInTheWay     = errors.New("something else stands in the way")
	ErrHugePages    = errors.New("no pages of 2 MiB: they need Linux 6.1 with transparent huge pages, a file system in memory and enough free memory in one piece; choose a page size of 4096")
	ErrUnsupported  = errors.New("the file system cannot do this: use one in memory (tmpfs), see DATAHUB_DIR")
)

// An InTheWayError reports a name that should stand for a plain file or folder
// and does not. It is an [ErrInTheWay].
type InTheWayError struct {
	Path string
	Want string // "regular file", "folder"
	Got  string // "symbolic link", "hard link", "special file", ...
}

func (e *InTheWayError) Error() string {
	return fmt.Sprintf("%s is a %s, expected a %s: move it away", e.Path, e.Got, e.Want)
}

func (e *InTheWayError) Unwrap() error { return ErrInTheWay }

// classify gives an error of the system its class and its path.
func classify(op, path string, err error) error {
	var class error
	switch {
	case err == nil:
		return nil
	case sys.IsNoSpace(err):
		class = ErrNoSpace
	case sys.IsTooManyFiles(err):
		class = ErrTooManyFiles
	case sys.IsNoMemory(err):
		class = ErrNoMemory
	case sys.IsReadOnly(err):
		class = fs.ErrPermission
	case sys.IsExist(err):
		class = fs.ErrExist
	case errors.Is(err, sys.ErrUnsupported):
		return fmt.Errorf("%s %s: %w", op, path, ErrUnsupported)
	}
	if class == nil || errors.Is(err, class) {
		return fmt.Errorf("%s %s: %w", op, path, err)
	}
	return fmt.Errorf("%s %s: %w (%w)", op, path, class, err)
}
