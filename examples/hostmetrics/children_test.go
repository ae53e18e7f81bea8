package main

import (
	"slices"
	"testing"
	"time"

	"github.com/shirou/gopsutil/v4/process"
)

// childOf returns the pid of the child of parent that runs a command.
func childOf(t *testing.T, parent int, command string) int {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		p, err := process.NewProcess(int32(parent))
		if err != nil {
			t.Fatal(err)
		}
		children, err := p.Children()
		if err != nil {
			continue // none yet
		}
		for _, c := range children {
			if args, err := c.CmdlineSlice(); err == nil && slices.Contains(args, command) {
				return int(c.Pid)
			}
		}
	}
	t.Fatalf("there is no process %q", command)
	return 0
}
