// Package doctor finds out whether a host is fit to hold blocks, and what to type
// where it is not.
package doctor

import (
	"fmt"
	"io/fs"
	"runtime"
	"strings"
)

// A Level says how bad a finding is.
type Level uint8

// The levels.
const (
	OK      Level = iota // as it should be
	Note                 // worth knowing
	Warning              // it works, but not always, or not well
	Problem              // something does not work
)

func (l Level) String() string {
	return [...]string{"ok", "note", "warning", "problem"}[min(l, Problem)]
}

// MarshalText returns the level in a word.
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// A Finding is what one check found.
type Finding struct {
	Check string `json:"check"`
	Level Level  `json:"level"`
	Text  string `json:"text"`
	Fix   string `json:"fix,omitempty"` // the line that mends it
}

// A Patient is what is looked at.
type Patient struct {
	Root string // the folder that holds the blocks
	Own  bool   // it is the user's own, which nobody chose
	UID  int
	User string // name, "" if it is not known
	// System is the file system of the host from its root on: proc, sys, etc, run.
	System fs.FS
	// Linux: the files of Linux are there.
	Linux bool
	// Usage returns size and free bytes of the file system that holds a path.
	Usage func(path string) (size, free uint64, err error)
	// Waits reports whether the system lets one thread wait for many channels.
	Waits func() bool
}

// Examine looks at everything that belongs to the host rather than to one block.
func (p *Patient) Examine() []Finding {
	var out []Finding
	add := func(check string, level Level, fix, format string, args ...any) {
		out = append(out, Finding{check, level, fmt.Sprintf(format, args...), fix})
	}
	p.memory(add)
	p.trial(add)
	if p.Linux {
		p.limits(add)
		p.kernel(add)
		p.removeIPC(add)
		p.cgroup(add)
	} else {
		add("system", Note, "", "limits and kernel features are looked at on Linux only, this is %s", runtime.GOOS)
	}
	return out
}

type addFunc func(check string, level Level, fix, format string, args ...any)

// read returns a file of the system, "" if it cannot be read.
func (p *Patient) read(name string) string {
	b, err := fs.ReadFile(p.System, strings.TrimPrefix(name, "/"))
	if err != nil {
		return ""
	}
	return string(b)
}
