package shm

import (
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/pylabhub/datahub/runtime/internal/sys"
)

// A Process says who a process is, for people and for diagnosis. Only the locks
// decide who is alive.
type Process struct {
	PID          int
	UID          int    // effective user, 0 where users have no number
	Start        uint64 // in the kernel's own unit; with PID it names one process of one boot
	StartedNS    int64  // the same since the Unix epoch
	PIDNamespace uint64 // 0 if unknown
	BootID       [16]byte
	Program      string
	Host         string
}

// Self returns this process. What the system does not tell stays zero.
func Self() Process { return self() }

var self = sync.OnceValue(func() Process {
	p := Process{PID: os.Getpid(), UID: max(os.Geteuid(), 0), PIDNamespace: sys.PIDNamespace()}
	p.Start, p.StartedNS, _ = sys.ProcessStart(p.PID)
	p.BootID, _ = sys.BootID()
	p.Host, _ = os.Hostname()
	exe, err := os.Executable()
	if err != nil {
		exe = os.Args[0]
	}
	p.Program = strings.TrimSuffix(filepath.Base(exe), ".exe")
	return p
})

// BootID returns a number that changes with each start of the machine, zero if
// the system has none.
func BootID() ([16]byte, error) { return sys.BootID() }

// ProcessStart returns when the process with this pid started, in the unit of
// [Process.Start]. If there is none the error is fs.ErrNotExist. It sees only
// processes of its own pid namespace, and counts zombies among the living.
func ProcessStart(pid int) (uint64, error) {
	start, _, err := sys.ProcessStart(pid)
	return start, err
}

// A ProcessState is what the system says of a process.
type ProcessState uint8

// The states that are told apart. Only Linux tells the last two.
const (
	ProcessThere   ProcessState = iota // it is there
	ProcessStopped                     // by a signal or a debugger
	ProcessZombie                      // it has ended, but its parent has not noticed
)

// LookAtProcess returns when the process with this pid started, as [ProcessStart],
// and how it is.
func LookAtProcess(pid int) (start uint64, state ProcessState, err error) {
	start, letter, err := sys.ProcessState(pid)
	switch letter {
	case 'T', 't':
		state = ProcessStopped
	case 'Z', 'X', 'x':
		state = ProcessZombie
	}
	return start, state, err
}
