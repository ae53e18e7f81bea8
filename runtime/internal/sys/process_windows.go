package sys

import (
	"encoding/binary"
	"errors"
	"io/fs"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
)

// ProcessStart returns when process pid started: start in units of 100 ns, which
// with the pid names the process, and the same as nanoseconds since the Unix
// epoch. An error that is fs.ErrNotExist says that there is no such process.
func ProcessStart(pid int) (start uint64, startedNS int64, err error) {
	h, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION, false, uint32(pid))
	if err == windows.ERROR_INVALID_PARAMETER {
		return 0, 0, fs.ErrNotExist
	}
	if err != nil {
		return 0, 0, err
	}
	var created, exited, kernel, user windows.Filetime
	err = errors.Join(windows.GetProcessTimes(h, &created, &exited, &kernel, &user), windows.CloseHandle(h))
	return uint64(created.HighDateTime)<<32 | uint64(created.LowDateTime), created.Nanoseconds(), err
}

// BootID returns a number that changes with each start of the machine, zero if
// there is none: the count that the prefetcher keeps.
func BootID() (id [16]byte, err error) {
	k, err := registry.OpenKey(registry.LOCAL_MACHINE,
		`SYSTEM\CurrentControlSet\Control\Session Manager\Memory Management\PrefetchParameters`, registry.QUERY_VALUE)
	if err != nil {
		return id, nil
	}
	defer k.Close()
	if n, _, err := k.GetIntegerValue("BootId"); err == nil {
		binary.LittleEndian.PutUint64(id[:], n)
	}
	return id, nil
}

// PIDNamespace returns 0: there are no pid namespaces.
func PIDNamespace() uint64 { return 0 }
