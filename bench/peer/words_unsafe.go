package main

import "unsafe"

// words returns a message as words.
func words[T any](m *T) []uint64 {
	return unsafe.Slice((*uint64)(unsafe.Pointer(m)), unsafe.Sizeof(*m)/8)
}
