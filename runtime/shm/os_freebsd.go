package shm

import (
	"fmt"
	"os"
)

// What this system offers, see the package comment.
const (
	ExchangesFolders = false // a file named current tells which folder is meant
	LockScheme       = 2     // LockSchemeFlock of the segment's header
)

func newLockSet(d *Dir, main *File) (lockSet, error) { return newFileLocks(d, main) }

func defaultRoot() (string, error) { return fmt.Sprintf("/tmp/datahub-%d", os.Geteuid()), nil }
