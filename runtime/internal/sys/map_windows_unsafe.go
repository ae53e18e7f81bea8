//go:build windows

package sys

import (
	"unsafe"

	"golang.org/x/sys/windows"
)

// Map maps the first size bytes of f, shared.
func (f File) Map(size int, write bool) ([]byte, error) {
	prot, access := uint32(windows.PAGE_READONLY), uint32(windows.FILE_MAP_READ)
	if write {
		prot, access = windows.PAGE_READWRITE, windows.FILE_MAP_READ|windows.FILE_MAP_WRITE
	}
	h, err := windows.CreateFileMapping(windows.Handle(f.f.Fd()), nil, prot,
		uint32(uint64(size)>>32), uint32(size), nil)
	if err != nil {
		return nil, err
	}
	addr, err := windows.MapViewOfFile(h, access, 0, 0, uintptr(size))
	closeErr := windows.CloseHandle(h) // the view keeps the mapping
	if err != nil {
		return nil, err
	}
	if closeErr != nil {
		return nil, closeErr
	}
	// The address is the system's, no Go pointer was ever made from it.
	p := *(*unsafe.Pointer)(unsafe.Pointer(&addr))
	return unsafe.Slice((*byte)(p), size), nil
}

// Unmap takes back what Map returned.
func Unmap(b []byte) error {
	return windows.UnmapViewOfFile(uintptr(unsafe.Pointer(unsafe.SliceData(b))))
}
