package shm

import (
	"fmt"
	"os"
	"path/filepath"
)

// What this system offers, see the package comment.
const (
	ExchangesFolders = true // folders change places in one step
	LockScheme       = 2    // LockSchemeFlock of the segment's header
)

func newLockSet(d *Dir, main *File) (lockSet, error) { return newFileLocks(d, main) }

// The temporary folder is the user's own; there is no file system in memory.
func defaultRoot() (string, error) {
	return filepath.Join(os.TempDir(), fmt.Sprintf("datahub-%d", os.Geteuid())), nil
}
