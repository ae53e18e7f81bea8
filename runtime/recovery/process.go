package recovery

import (
	"errors"
	"io/fs"

	"github.com/pylabhub/datahub/runtime/shm"
)

// A ProcessState is what the system says of a process number.
type ProcessState uint8

// The states of a process.
const (
	ProcessUnknown ProcessState = iota // the system does not tell
	ProcessRunning                     // it is there: running, or sleeping
	ProcessStopped                     // by a signal or a debugger
	ProcessZombie                      // it has ended, and its parent has not noticed
	ProcessGone                        // there is none of this number in our pid namespace
	ProcessOther                       // the number belongs to another process by now
)

func (s ProcessState) String() string {
	return word(s, "unknown", "running", "stopped", "zombie", "gone", "another process")
}

// MarshalText returns the state in words.
func (s ProcessState) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// StateOf asks the system about the process that had this number and began at
// start (0: whenever). It sees processes of its own pid namespace only, and on some
// systems not whether they are stopped. It is for diagnosis.
func StateOf(pid int, start uint64) ProcessState {
	if pid <= 0 {
		return ProcessUnknown
	}
	began, state, err := shm.LookAtProcess(pid)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return ProcessGone
	case err != nil:
		return ProcessUnknown
	case start != 0 && began != start:
		return ProcessOther
	case state == shm.ProcessStopped:
		return ProcessStopped
	case state == shm.ProcessZombie:
		return ProcessZombie
	}
	return ProcessRunning
}

// IsProcessAlive reports whether the process that had this number and began at
// start (0: whenever) still runs, or is stopped; a zombie has ended. It is for
// diagnosis: only a held lock says that a participant lives, because numbers are
// used again, and are others in another pid namespace.
func IsProcessAlive(pid int, start uint64) bool {
	s := StateOf(pid, start)
	return s == ProcessRunning || s == ProcessStopped
}
