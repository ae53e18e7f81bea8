package word

import (
	"encoding/binary"
	"fmt"
	"sync/atomic"
	"unsafe"
)

// A Region is a range of shared memory. The zero Region is empty. A Region keeps
// memory of the Go heap alive, but not a mapping: who hands one in sees to that.
type Region struct {
	base unsafe.Pointer
	size uintptr
}

// NewRegion makes a Region of b. The first byte must be aligned to align, a power
// of two and at least 8, and b must be as long as size says.
func NewRegion(b []byte, size uint64, align uintptr) (Region, error) {
	if uint64(len(b)) < size {
		return Region{}, fmt.Errorf("region has %d bytes, needs %d", len(b), size)
	}
	if size == 0 {
		return Region{}, nil
	}
	base := unsafe.Pointer(unsafe.SliceData(b))
	if rest := uintptr(base) % align; rest != 0 {
		return Region{}, fmt.Errorf("region begins %d bytes after a multiple of %d", rest, align)
	}
	return Region{base, uintptr(size)}, nil
}

// Size returns the number of bytes of r.
func (r Region) Size() uint64 { return uint64(r.size) }

// U64 returns the word at off. It panics if there is none: offsets come from a
// plan that was checked, or from generated constants.
func (r Region) U64(off uint64) *U64 { return (*U64)(r.at(off, 8)) }

// U32 returns the word at off. It panics if there is none.
func (r Region) U32(off uint64) *U32 { return (*U32)(r.at(off, 4)) }

func (r Region) at(off, size uint64) unsafe.Pointer {
	if n := uint64(r.size); off > n || n-off < size || off%size != 0 {
		panic(fmt.Sprintf("word: %d bytes at offset %d of a region of %d", size, off, n))
	}
	return unsafe.Add(r.base, off)
}

// Fast64 is U64 without the check, for offsets that cannot be wrong: a multiple
// of the stride below the size the region was made with.
func (r Region) Fast64(off uintptr) *U64 { return (*U64)(unsafe.Add(r.base, off)) }

// Bytes returns size bytes from off, without a check like Fast64.
func (r Region) Bytes(off, size uintptr) []byte {
	return unsafe.Slice((*byte)(unsafe.Add(r.base, off)), size)
}

// Addr returns u as a plain word for a system call.
func Addr(u *U32) *uint32 { return (*uint32)(unsafe.Pointer(u)) }

// Peek and Poke load and store a word that decides nothing (a counter, a name):
// atomic, but no step of the protocol.

// Peek loads the word at off.
func (r Region) Peek(off uint64) uint64 { return atomic.LoadUint64((*uint64)(r.at(off, 8))) }

// Poke stores the word at off.
func (r Region) Poke(off, v uint64) { atomic.StoreUint64((*uint64)(r.at(off, 8)), v) }

// PeekBytes fills dst from off, word by word. len(dst) and off are multiples of
// 8. Words are each whole, dst together need not be.
func (r Region) PeekBytes(dst []byte, off uint64) {
	for i := uint64(0); i < uint64(len(dst)); i += 8 {
		binary.NativeEndian.PutUint64(dst[i:], r.Peek(off+i))
	}
}

// PokeBytes stores src at off, word by word. len(src) and off are multiples of 8.
func (r Region) PokeBytes(off uint64, src []byte) {
	for i := uint64(0); i < uint64(len(src)); i += 8 {
		r.Poke(off+i, binary.NativeEndian.Uint64(src[i:]))
	}
}

// Alloc returns size zero bytes of the Go heap that begin at a multiple of align,
// a power of two.
func Alloc(size uint64, align uintptr) []byte {
	b := make([]byte, size+uint64(align))
	skip := -uintptr(unsafe.Pointer(unsafe.SliceData(b))) & (align - 1)
	return b[skip : uint64(skip)+size : uint64(skip)+size]
}
