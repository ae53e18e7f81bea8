//go:build !linux

package sys

// Yield lets another thread have the processor, if one waits for it. It reports
// false where the system has no such call.
func Yield() bool { return false }
