//go:build !linux

package main

import (
	"os/exec"
	"runtime"
)

// pin keeps the calling goroutine on its thread; there is no binding that to a
// processor here.
func pin(*options) error {
	runtime.LockOSThread()
	return nil
}

func dieWithParent(*exec.Cmd) {}
