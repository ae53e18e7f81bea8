package datablock_test

import "unsafe"

// wordAddr returns the address of the i-th 32-bit word of mem.
func wordAddr(mem []byte, i uint) uintptr { return uintptr(unsafe.Pointer(&mem[i*4])) }
