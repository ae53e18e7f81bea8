//go:build linux || darwin || freebsd

package sys

import "golang.org/x/sys/unix"

// Flock takes the lock on the whole of f for f's open file description, or
// reports false if another description has it.
func (f File) Flock(exclusive bool) (bool, error) {
	how := unix.LOCK_SH | unix.LOCK_NB
	if exclusive {
		how = unix.LOCK_EX | unix.LOCK_NB
	}
	err := again(func() error { return unix.Flock(f.fd, how) })
	if err == unix.EWOULDBLOCK {
		return false, nil
	}
	return err == nil, err
}

// Funlock frees what Flock took.
func (f File) Funlock() error {
	return again(func() error { return unix.Flock(f.fd, unix.LOCK_UN) })
}
