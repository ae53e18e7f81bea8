package sys

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io/fs"

	"golang.org/x/sys/unix"
)

// Where the start time stands in struct kinfo_proc on 64-bit machines.
const (
	kinfoSize  = 1088
	kinfoStart = 336
)

// ProcessStart returns when process pid started: start in microseconds, which
// with the pid names the process, and the same as nanoseconds since the Unix
// epoch. An error that is fs.ErrNotExist says that there is no such process; a
// zombie is one.
func ProcessStart(pid int) (start uint64, startedNS int64, err error) {
	b, err := unix.SysctlRaw("kern.proc.pid", pid)
	if err == unix.ESRCH {
		return 0, 0, fs.ErrNotExist
	}
	if err != nil {
		return 0, 0, err
	}
	if len(b) != kinfoSize {
		return 0, 0, fmt.Errorf("struct kinfo_proc has %d bytes, expected %d", len(b), kinfoSize)
	}
	sec := binary.LittleEndian.Uint64(b[kinfoStart:])
	usec := binary.LittleEndian.Uint64(b[kinfoStart+8:])
	start = sec*1e6 + usec
	return start, int64(start) * 1e3, nil
}

// BootID returns a number that changes with each start of the machine, zero if
// there is none. (The time of the start would not do: it moves when the clock is
// set.)
func BootID() (id [16]byte, err error) {
	s, err := unix.Sysctl("kern.boot_id")
	if err == unix.ENOENT { // before FreeBSD 14
		return id, nil
	}
	if err != nil {
		return id, err
	}
	_, err = hex.Decode(id[:], []byte(s[:min(len(s), 2*len(id))]))
	return id, err
}

// PIDNamespace returns 0: there are no pid namespaces.
func PIDNamespace() uint64 { return 0 }
