package sys

import "golang.org/x/sys/unix"

// LockByte takes the write lock on one byte of f for f's open file description,
// or reports false if another description has it. Process-wide record locks are
// of no use: any close of the file would free them.
func (f File) LockByte(off int64) (bool, error) {
	err := f.ofd(unix.F_OFD_SETLK, &unix.Flock_t{Type: unix.F_WRLCK, Start: off, Len: 1})
	if err == unix.EAGAIN || err == unix.EACCES {
		return false, nil
	}
	return err == nil, err
}

// UnlockByte frees what LockByte took.
func (f File) UnlockByte(off int64) error {
	return f.ofd(unix.F_OFD_SETLK, &unix.Flock_t{Type: unix.F_UNLCK, Start: off, Len: 1})
}

// ByteLocked reports whether another description holds any of n bytes from off;
// with n 0, of all bytes from off.
func (f File) ByteLocked(off, n int64) (bool, error) {
	lk := unix.Flock_t{Type: unix.F_WRLCK, Start: off, Len: n}
	err := f.ofd(unix.F_OFD_GETLK, &lk)
	return lk.Type != unix.F_UNLCK, err
}

func (f File) ofd(cmd int, lk *unix.Flock_t) error {
	return again(func() error { return unix.FcntlFlock(uintptr(f.fd), cmd, lk) })
}
