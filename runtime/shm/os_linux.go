package shm

import (
	"fmt"
	"os"
)

// What this system offers, see the package comment.
const (
	ExchangesFolders = true // folders change places in one step
	LockScheme       = 1    // LockSchemeOfd of the segment's header
)

func newLockSet(_ *Dir, main *File) (lockSet, error) { return byteLocks{main}, nil }

func defaultRoot() (string, error) { return fmt.Sprintf("/dev/shm/datahub-%d", os.Geteuid()), nil }
