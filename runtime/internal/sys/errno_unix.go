//go:build linux || darwin || freebsd

package sys

import (
	"errors"

	"golang.org/x/sys/unix"
)

func is(err error, list ...error) bool {
	for _, e := range list {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// IsNoSpace reports whether err says that there is no room left.
func IsNoSpace(err error) bool { return is(err, unix.ENOSPC, unix.EDQUOT, unix.EFBIG) }

// IsTooManyFiles reports whether err says that no more files can be opened.
func IsTooManyFiles(err error) bool { return is(err, unix.EMFILE, unix.ENFILE) }

// IsNoMemory reports whether err says that nothing more can be mapped.
func IsNoMemory(err error) bool { return is(err, unix.ENOMEM) }

// IsReadOnly reports whether err says that the file system cannot be written.
func IsReadOnly(err error) bool { return is(err, unix.EROFS) }

// IsWrongKind reports whether err says that a name stands for another kind of
// thing than was asked for: a symbolic link, a folder, a socket.
func IsWrongKind(err error) bool {
	return is(err, unix.ELOOP, unix.ENOTDIR, unix.EISDIR, unix.ENXIO, unix.EMLINK)
}

// IsExist reports whether err says that a name is taken.
func IsExist(err error) bool { return is(err, unix.EEXIST, unix.ENOTEMPTY) }
