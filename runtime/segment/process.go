package segment

import (
	"errors"
	"fmt"
	"io/fs"
	"time"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/shm"
)

// A Process is who made or writes a block, as the block says. It serves people
// and decides nothing.
type Process struct {
	PID     int
	UID     int
	Start   uint64    // in the kernel's own unit: with PID it names one process of one boot
	Started time.Time // the same for people
	Program string
	Host    string
}

// String returns the process in words: roof (pid 4711, started 2026-11-23 10:00:00).
func (p Process) String() string {
	if p == (Process{}) {
		return "an unknown process"
	}
	if p == (Process{PID: p.PID}) {
		return fmt.Sprintf("process %d", p.PID)
	}
	s := fmt.Sprintf("%s (pid %d, started %s", printable(p.Program), p.PID, p.Started.Format(time.DateTime))
	if p.Host != "" && p.Host != shm.Self().Host {
		s += " on " + printable(p.Host)
	}
	return s + ")"
}

// printable returns a name that another process wrote, fit for a terminal.
func printable(s string) string {
	for _, r := range s {
		if r <= ' ' || r > '~' {
			return fmt.Sprintf("%q", s)
		}
	}
	return s
}

// NewProcess returns what a record of a block says.
func NewProcess(r *hdr.Process) Process {
	return Process{
		PID: int(r.PID), UID: int(r.UID), Start: r.Start, Started: time.Unix(0, r.StartedNS),
		Program: r.GetProgram(), Host: r.GetHost(),
	}
}

// Identity returns the record of this process.
func Identity() hdr.Process {
	p := shm.Self()
	r := hdr.Process{
		PID: uint32(p.PID), UID: uint32(p.UID), Start: p.Start, StartedNS: p.StartedNS,
		PIDNamespace: p.PIDNamespace, BootID: p.BootID,
	}
	r.SetProgramTruncated(p.Program)
	r.SetHostTruncated(p.Host)
	return r
}

// gone reports whether r is a process that is known to have ended. It is false
// where that cannot be told, as for a process of another pid namespace.
func gone(r *hdr.Process) bool {
	self := shm.Self()
	if r.BootID != self.BootID || r.PIDNamespace != self.PIDNamespace {
		return false
	}
	start, err := shm.ProcessStart(int(r.PID))
	return errors.Is(err, fs.ErrNotExist) || err == nil && start != r.Start
}
