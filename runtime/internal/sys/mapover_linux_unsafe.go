//go:build linux

package sys

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// MapOver maps the first len(dst) bytes of f, shared, in place of what is mapped at dst, which is of [Reserve] and begins and ends with a page. Who
// touches dst meanwhile finds the one or the other.
func (f File) MapOver(dst []byte, write bool) error {
	prot := unix.PROT_READ
	if write {
		prot |= unix.PROT_WRITE
	}
	_, err := unix.MmapPtr(f.fd, 0, unsafe.Pointer(unsafe.SliceData(dst)), uintptr(len(dst)),
		prot, unix.MAP_SHARED|unix.MAP_FIXED)
	return err
}

// peerGroups returns the groups, besides its own, of the process at the other end of
// a socket.
func peerGroups(fd int) ([]uint32, error) {
	list := make([]uint32, 64)
	for {
		size := uint32(4 * len(list))
		_, _, e := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, unix.SO_PEERGROUPS,
			uintptr(unsafe.Pointer(unsafe.SliceData(list))), uintptr(unsafe.Pointer(&size)), 0)
		switch {
		case e == 0:
			return list[:min(int(size/4), len(list))], nil
		case e != unix.ERANGE || len(list) >= 1<<16: // as many as Linux lets a process have
			return nil, e
		}
		list = make([]uint32, 1<<16)
	}
}

// few is more than one consumer ever sleeps with on one word.
const few = 4

// WakeFew is [WakeWord] for a word of somebody who is not trusted: however many have
// gone to sleep there, it wakes no more than a few.
func WakeFew(word *uint32) {
	_, _, _ = unix.Syscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(word)), futexWake, few, 0, 0, 0)
}
