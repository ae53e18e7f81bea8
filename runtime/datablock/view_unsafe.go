package datablock

import "unsafe"

// view returns the record in a slot's payload. The caller has made sure, once,
// that payload is as large as T and aligned for it.
func view[T any](payload []byte) *T { return (*T)(unsafe.Pointer(unsafe.SliceData(payload))) }

// bytesOf returns the bytes of *v.
func bytesOf[T any](v *T) []byte { return unsafe.Slice((*byte)(unsafe.Pointer(v)), unsafe.Sizeof(*v)) }

// sizeOf and alignOf return what the Go compiler makes of T, in bytes.
func sizeOf[T any]() uint32  { var v T; return uint32(unsafe.Sizeof(v)) }
func alignOf[T any]() uint32 { var v T; return uint32(unsafe.Alignof(v)) }
