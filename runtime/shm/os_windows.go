package shm

import (
	"os"
	"path/filepath"
)

// What this system offers, see the package comment.
const (
	ExchangesFolders = false // a file named current tells which folder is meant
	LockScheme       = 3     // LockSchemeLockFileEx of the segment's header
)

func newLockSet(_ *Dir, main *File) (lockSet, error) { return byteLocks{main}, nil }

// The user's own folder for data that stays on this machine.
func defaultRoot() (string, error) {
	dir, err := os.UserCacheDir()
	return filepath.Join(dir, "datahub"), err
}
