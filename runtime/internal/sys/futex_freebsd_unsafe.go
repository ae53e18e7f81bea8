//go:build freebsd

package sys

import (
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	umtxWake     = 3
	umtxWaitUint = 11 // not the private form: the word is shared between processes
)

// umtxTime is struct _umtx_time: a relative time on a clock.
type umtxTime struct {
	timeout unix.Timespec
	flags   uint32
	clock   uint32
}

// WaitWord sleeps while *word is val, at most d (for ever if d < 0), measured on
// the monotonic clock. It returns early at will: the caller looks again. The
// kernel wants the mapping writable; on a read-only one the call fails with
// EFAULT.
func WaitWord(word *uint32, val uint32, d time.Duration) error {
	var size uintptr
	var t *umtxTime
	if d >= 0 {
		t = &umtxTime{timeout: unix.NsecToTimespec(int64(d)), clock: unix.CLOCK_MONOTONIC}
		size = unsafe.Sizeof(*t)
	}
	_, _, err := unix.Syscall6(unix.SYS__UMTX_OP, uintptr(unsafe.Pointer(word)), umtxWaitUint,
		uintptr(val), size, uintptr(unsafe.Pointer(t)), 0)
	switch err {
	case 0, unix.EINTR, unix.ETIMEDOUT:
		return nil
	}
	return err
}

// WakeWord wakes all who sleep in WaitWord on word, in any process.
func WakeWord(word *uint32) (int, error) {
	_, _, err := unix.Syscall6(unix.SYS__UMTX_OP, uintptr(unsafe.Pointer(word)), umtxWake, 1<<31-1, 0, 0, 0)
	if err != 0 {
		return 0, err
	}
	return -1, nil
}
