//go:build linux && amd64 && !race

package killtest

import "unsafe"

// addressOf returns where p points, for a system call that is made before p can
// move: p must not be on a stack that grows meanwhile.
func addressOf(p *[128]byte) uintptr { return uintptr(unsafe.Pointer(p)) }
