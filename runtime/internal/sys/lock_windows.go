package sys

import "golang.org/x/sys/windows"

// LockByte takes the exclusive lock on one byte of f for f's handle, or reports
// false if another handle has it. The byte need not exist.
func (f File) LockByte(off int64) (bool, error) {
	return f.lock(off, 1, windows.LOCKFILE_EXCLUSIVE_LOCK)
}

// UnlockByte frees what LockByte took.
func (f File) UnlockByte(off int64) error { return f.unlock(off, 1) }

// ByteLocked reports whether a handle holds any of n bytes from off; with n 0,
// of all bytes from off. Windows does not tell without trying, so the bytes are
// taken, shared, for a moment.
func (f File) ByteLocked(off, n int64) (bool, error) {
	if n == 0 {
		n = 1<<62 - off
	}
	got, err := f.lock(off, n, 0)
	if err != nil || !got {
		return !got, err
	}
	return false, f.unlock(off, n)
}

func (f File) lock(off, n int64, flags uint32) (bool, error) {
	ol := at(off)
	err := windows.LockFileEx(windows.Handle(f.f.Fd()), flags|windows.LOCKFILE_FAIL_IMMEDIATELY,
		0, uint32(n), uint32(n>>32), &ol)
	if err == windows.ERROR_LOCK_VIOLATION || err == windows.ERROR_IO_PENDING {
		return false, nil
	}
	return err == nil, err
}

func (f File) unlock(off, n int64) error {
	ol := at(off)
	return windows.UnlockFileEx(windows.Handle(f.f.Fd()), 0, uint32(n), uint32(n>>32), &ol)
}

func at(off int64) windows.Overlapped {
	return windows.Overlapped{Offset: uint32(off), OffsetHigh: uint32(off >> 32)}
}
