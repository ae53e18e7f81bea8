package datablock

import (
	"testing"
	"unsafe"
)

// TestHandlesOfOneProcessShareNoCacheLine: goroutines write their own handles with
// every value, and the allocator puts them side by side.
func TestHandlesOfOneProcessShareNoCacheLine(t *testing.T) {
	const line = 64
	owner := map[uintptr]int{}
	var keep []any
	add := func(p unsafe.Pointer, size uintptr) {
		for l := uintptr(p) / line; l <= (uintptr(p)+size-1)/line; l++ {
			if _, ok := owner[l]; ok {
				t.Fatalf("handles %d and %d share a line", owner[l], len(keep))
			}
			owner[l] = len(keep)
		}
	}
	for range 200 {
		c, p := new(consumer), new(producer)
		keep = append(keep, c)
		add(unsafe.Pointer(c), unsafe.Sizeof(*c)-unsafe.Sizeof(c.pad))
		keep = append(keep, p)
		add(unsafe.Pointer(p), unsafe.Sizeof(*p)-unsafe.Sizeof(p.pad))
	}
	t.Logf("a consumer takes %d bytes, a producer %d", unsafe.Sizeof(consumer{}), unsafe.Sizeof(producer{}))
}
