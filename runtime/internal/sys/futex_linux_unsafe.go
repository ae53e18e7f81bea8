//go:build linux

package sys

import (
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	futexWait = 0 // without the private flag: the word is shared between processes
	futexWake = 1
)

// WaitWord sleeps while *word is val, at most d (for ever if d < 0), measured on
// the monotonic clock. It returns early at will: the caller looks again. The
// word may lie in a read-only mapping. The call goes through the scheduler: the
// raw form would hold up the garbage collector.
func WaitWord(word *uint32, val uint32, d time.Duration) error {
	var ts *unix.Timespec
	if d >= 0 {
		t := unix.NsecToTimespec(int64(d))
		ts = &t
	}
	_, _, err := unix.Syscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(word)), futexWait,
		uintptr(val), uintptr(unsafe.Pointer(ts)), 0, 0)
	switch err {
	case 0, unix.EAGAIN, unix.EINTR, unix.ETIMEDOUT:
		return nil
	}
	return err
}

// WakeWord wakes all who sleep in WaitWord on word, in any process, and returns
// how many there were, -1 if the system does not tell.
func WakeWord(word *uint32) (int, error) {
	n, _, err := unix.Syscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(word)), futexWake, 1<<31-1, 0, 0, 0)
	if err != 0 {
		return 0, err
	}
	return int(n), nil
}
