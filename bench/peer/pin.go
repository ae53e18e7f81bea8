//go:build linux

package main

import (
	"os/exec"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// pin keeps the calling goroutine on a processor.
func pin(o *options) error {
	runtime.LockOSThread()
	if o.pin == 0 {
		return nil
	}
	var set unix.CPUSet
	set.Set(0)
	if o.pin == 1 && o.role >= 0 {
		set.Zero()
		set.Set(1)
	}
	return unix.SchedSetaffinity(0, &set)
}

// dieWithParent keeps a child from spinning on when its parent was killed.
func dieWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
