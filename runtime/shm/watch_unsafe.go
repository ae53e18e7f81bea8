package shm

import (
	"sync/atomic"
	"unsafe"
)

// doorWord returns the word that a is.
func doorWord(a *atomic.Uint32) *uint32 { return (*uint32)(unsafe.Pointer(a)) }
