//go:build linux

package sys

import (
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// MaxWords is how many words WaitWords sleeps on at once.
const MaxWords = 128

const (
	futex32      = 2 // a word of 32 bits
	futexPrivate = 128
)

// A WordWait is a word to sleep on while it holds a value: struct futex_waitv.
type WordWait struct {
	val   uint64
	word  *uint32 // 64 bits, as the kernel wants it
	flags uint32
	_     uint32
}

// NewWordWait returns a wait for word while it is val. A private word is of this
// process alone.
func NewWordWait(word *uint32, val uint32, private bool) WordWait {
	w := WordWait{val: uint64(val), word: word, flags: futex32}
	if private {
		w.flags |= futexPrivate
	}
	return w
}

// WaitWords sleeps while each of the words has its value, at most d (for ever if
// d < 0), on the monotonic clock. It returns early at will: the caller looks again.
// ErrUnsupported: the kernel is older than 5.16, or a filter of calls does not know
// it.
func WaitWords(ws []WordWait, d time.Duration) error {
	var ts *unix.Timespec
	if d >= 0 {
		var t unix.Timespec // the call takes a point in time
		if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &t); err != nil {
			return err
		}
		t = unix.NsecToTimespec(t.Nano() + int64(d))
		ts = &t
	}
	_, _, err := unix.Syscall6(unix.SYS_FUTEX_WAITV, uintptr(unsafe.Pointer(unsafe.SliceData(ws))), uintptr(len(ws)),
		0, uintptr(unsafe.Pointer(ts)), unix.CLOCK_MONOTONIC, 0)
	switch err {
	case 0, unix.EAGAIN, unix.EINTR, unix.ETIMEDOUT:
		return nil
	case unix.ENOSYS, unix.EPERM:
		return ErrUnsupported
	}
	return err
}

// WakePrivate wakes who sleeps in WaitWords on a private word.
func WakePrivate(word *uint32) {
	_, _, _ = unix.Syscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(word)), futexWake|futexPrivate, 1<<31-1, 0, 0, 0)
}
