//go:build darwin

package sys

import (
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The calls under os_sync_wait_on_address, for words shared between processes.
const (
	sysUlockWait = 515
	sysUlockWake = 516

	ulCompareAndWaitShared = 3
	ulfWakeAll             = 0x100
)

// WaitWord sleeps while *word is val, at most d (for ever if d < 0). It returns
// early at will: the caller looks again.
func WaitWord(word *uint32, val uint32, d time.Duration) error {
	us := uint64(0) // for ever
	if d >= 0 {
		us = min(max(uint64(d/time.Microsecond), 1), 1<<32-1)
	}
	_, _, err := unix.Syscall6(sysUlockWait, ulCompareAndWaitShared, uintptr(unsafe.Pointer(word)),
		uintptr(val), uintptr(us), 0, 0)
	switch err {
	case 0, unix.EINTR, unix.ETIMEDOUT:
		return nil
	}
	return err
}

// WakeWord wakes all who sleep in WaitWord on word, in any process.
func WakeWord(word *uint32) (int, error) {
	_, _, err := unix.Syscall6(sysUlockWake, ulCompareAndWaitShared|ulfWakeAll,
		uintptr(unsafe.Pointer(word)), 0, 0, 0, 0)
	if err != 0 && err != unix.ENOENT { // nobody slept
		return 0, err
	}
	return -1, nil
}
