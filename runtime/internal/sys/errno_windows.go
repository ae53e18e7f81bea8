package sys

import (
	"errors"

	"golang.org/x/sys/windows"
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
func IsNoSpace(err error) bool {
	return is(err, windows.ERROR_DISK_FULL, windows.ERROR_HANDLE_DISK_FULL, windows.ERROR_DISK_QUOTA_EXCEEDED)
}

// IsTooManyFiles reports whether err says that no more files can be opened.
func IsTooManyFiles(err error) bool { return is(err, windows.ERROR_TOO_MANY_OPEN_FILES) }

// IsNoMemory reports whether err says that nothing more can be mapped.
func IsNoMemory(err error) bool {
	return is(err, windows.ERROR_NOT_ENOUGH_MEMORY, windows.ERROR_COMMITMENT_LIMIT)
}

// IsReadOnly reports whether err says that the file system cannot be written.
func IsReadOnly(err error) bool { return is(err, windows.ERROR_WRITE_PROTECT) }

// IsWrongKind reports whether err says that a name stands for another kind of
// thing than was asked for: a reparse point, a folder.
func IsWrongKind(err error) bool {
	return is(err, windows.ERROR_DIRECTORY, windows.ERROR_CANT_RESOLVE_FILENAME)
}

// IsExist reports whether err says that a name is taken.
func IsExist(err error) bool {
	return is(err, windows.ERROR_FILE_EXISTS, windows.ERROR_ALREADY_EXISTS, windows.ERROR_DIR_NOT_EMPTY)
}
