package sys

import (
	"io/fs"

	"golang.org/x/sys/unix"
)

// ProcessStart returns when process pid started: start in microseconds, which
// with the pid names the process, and the same as nanoseconds since the Unix
// epoch. An error that is fs.ErrNotExist says that there is no such process; a
// zombie is one.
func ProcessStart(pid int) (start uint64, startedNS int64, err error) {
	info, err := unix.SysctlKinfoProc("kern.proc.pid", pid)
	if err == unix.EIO { // an empty answer
		return 0, 0, fs.ErrNotExist
	}
	if err != nil {
		return 0, 0, err
	}
	t := info.Proc.P_starttime
	return uint64(t.Sec)*1e6 + uint64(t.Usec), t.Nano(), nil
}

// BootID returns a number that changes with each start of the machine, zero if
// there is none.
func BootID() (id [16]byte, err error) {
	s, err := unix.Sysctl("kern.bootsessionuuid")
	if err != nil {
		return id, err
	}
	return parseUUID(s)
}

// PIDNamespace returns 0: there are no pid namespaces.
func PIDNamespace() uint64 { return 0 }
