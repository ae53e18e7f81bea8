package sys

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// userHZ is the unit of times in /proc on every architecture Go runs on.
const userHZ = 100

// ProcessStart returns when process pid started: start in ticks since boot,
// which with the pid names the process, and the same as nanoseconds since the
// Unix epoch. An error that is fs.ErrNotExist says that there is no such
// process; a zombie is one.
func ProcessStart(pid int) (start uint64, startedNS int64, err error) {
	start, _, err = ProcessState(pid)
	if err != nil {
		return 0, 0, err
	}
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts); err != nil {
		return 0, 0, err
	}
	booted := time.Now().UnixNano() - ts.Nano()
	return start, booted + int64(start)*(int64(time.Second)/userHZ), nil
}

// ProcessState returns when process pid started, as ProcessStart does, and the letter
// by which the kernel calls its state: T and t stopped, Z ended, others alive.
func ProcessState(pid int) (start uint64, state byte, err error) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		if errors.Is(err, unix.ESRCH) {
			err = os.ErrNotExist
		}
		return 0, 0, err
	}
	// The program's name stands in brackets and may hold anything.
	s := string(b)
	fields := strings.Fields(s[strings.LastIndexByte(s, ')')+1:])
	const startTime = 22 - 3 // the fields after the name count from 3
	if len(fields) <= startTime {
		return 0, 0, fmt.Errorf("/proc/%d/stat has %d fields after the name", pid, len(fields))
	}
	start, err = strconv.ParseUint(fields[startTime], 10, 64)
	return start, fields[0][0], err
}

// BootID returns a number that changes with each start of the machine, zero if
// there is none.
func BootID() (id [16]byte, err error) {
	b, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return id, err
	}
	return parseUUID(string(b))
}

// PIDNamespace returns the inode of this process's pid namespace, 0 if unknown.
func PIDNamespace() uint64 {
	s, err := os.Readlink("/proc/self/ns/pid") // pid:[4026531836]
	if err != nil {
		return 0
	}
	n, _ := strconv.ParseUint(strings.TrimSuffix(strings.TrimPrefix(s, "pid:["), "]"), 10, 64)
	return n
}
