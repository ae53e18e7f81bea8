package shm

import (
	"errors"
	"fmt"
	"strings"
)

// Locks are the locks of one block as one handle sees them. Number 0 is the
// producer's, 1+i that of consumer cell i. The kernel frees them when the
// handle's process dies, and only then: also that of a zombie, whatever pid
// namespace it was in, and not that of one that is merely stopped.
//
// Each handle has a description of its own, so two handles of one process keep
// each other out like two processes. Whether Held says true of a lock that this
// handle has itself differs between systems: ask yourself first.
//
// Methods may be called concurrently, except Close.
type Locks struct {
	main *File // the file named lock: it has no bytes
	set  lockSet
}

// lockSet is how a system locks.
type lockSet interface {
	try(i int) (bool, error)
	release(i int) error
	held(i int) (bool, error)
	heldFrom(i int) (bool, error)
	close() error
}

// LockName is the file that every block has for its locks. Some systems need
// more, see [IsLockName].
const LockName = "lock"

// IsLockName reports whether name is that of a file made by [CreateLocks].
func IsLockName(name string) bool {
	rest, ok := strings.CutPrefix(name, LockName)
	return ok && (rest == "" || rest[0] == '.')
}

// CreateLocks makes what the locks of a producer and n consumers need in the
// folder of a block.
func CreateLocks(d *Dir, n int, a Access) (*Locks, error) {
	main, err := d.CreateControl(LockName, 0, a)
	if err != nil {
		return nil, err
	}
	set, err := newLockSet(d, main)
	if err != nil {
		return nil, errors.Join(err, main.Close(), d.Remove(LockName))
	}
	l := &Locks{main: main, set: set}
	if m, ok := set.(interface{ make(n int, a Access) error }); ok {
		if err := m.make(n, a); err != nil {
			return nil, errors.Join(err, l.Close())
		}
	}
	return l, nil
}

// OpenLocks opens the locks of the block in d.
func OpenLocks(d *Dir) (*Locks, error) { return openLocks(d, true) }

// ProbeLocks opens the locks of the block in d to be asked about, with Held and
// HeldFrom: the file is opened for reading only, so Try fails.
func ProbeLocks(d *Dir) (*Locks, error) { return openLocks(d, false) }

func openLocks(d *Dir, write bool) (*Locks, error) {
	main, _, err := d.OpenFile(LockName, write)
	if err != nil {
		return nil, err
	}
	set, err := newLockSet(d, main)
	if err != nil {
		return nil, errors.Join(err, main.Close())
	}
	return &Locks{main: main, set: set}, nil
}

// Try takes lock i, or reports false if another handle has it.
func (l *Locks) Try(i int) (bool, error) {
	ok, err := l.set.try(i)
	return ok, classify(fmt.Sprintf("lock %d of", i), l.main.path, err)
}

// Release frees lock i.
func (l *Locks) Release(i int) error {
	return classify(fmt.Sprintf("unlock %d of", i), l.main.path, l.set.release(i))
}

// Held reports whether another handle has lock i.
func (l *Locks) Held(i int) (bool, error) {
	ok, err := l.set.held(i)
	return ok, classify(fmt.Sprintf("probe lock %d of", i), l.main.path, err)
}

// HeldFrom reports whether another handle has lock i or any above it.
func (l *Locks) HeldFrom(i int) (bool, error) {
	ok, err := l.set.heldFrom(i)
	return ok, classify(fmt.Sprintf("probe locks from %d of", i), l.main.path, err)
}

// Stat describes the file that names the block: while the handle has it open, no
// other file has its numbers.
func (l *Locks) Stat() (Stat, error) { return l.main.Stat() }

// StatLocks describes the file that names the block in d.
func StatLocks(d *Dir) (Stat, error) { return d.Stat(LockName) }

// Close frees all locks of the handle.
func (l *Locks) Close() error { return errors.Join(l.set.close(), l.main.Close()) }
