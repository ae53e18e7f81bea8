package segment

import (
	"sync/atomic"
	"unsafe"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
)

// Sizes of the headers. Of the control header only the first part never changes.
const (
	dataHeaderSize     = int64(unsafe.Sizeof(hdr.DataHeader{}))
	controlHeaderSize  = int64(unsafe.Sizeof(hdr.ControlHeader{}))
	controlHeaderFixed = int64(hdr.FieldControlHeaderSchemaMismatches)
)

// recordBytes returns the bytes of the record at p: records have no padding
// without a name, and hosts are little-endian.
func recordBytes[T any](p *T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(p)), unsafe.Sizeof(*p))
}

// addWord adds 1 to the 64-bit word that begins b.
func addWord(b []byte) { (*atomic.Uint64)(unsafe.Pointer(&b[:8][0])).Add(1) }

// loadWord loads the 64-bit word that begins b.
func loadWord(b []byte) uint64 { return (*atomic.Uint64)(unsafe.Pointer(&b[:8][0])).Load() }

// storeWord stores the 64-bit word that begins b.
func storeWord(b []byte, v uint64) { (*atomic.Uint64)(unsafe.Pointer(&b[:8][0])).Store(v) }

// copyWords copies words that others may be using: each is whole, all together need
// not be. Both begin at multiples of 8 and have that length.
func copyWords(dst, src []byte) {
	for i := 0; i+8 <= min(len(dst), len(src)); i += 8 {
		storeWord(dst[i:], loadWord(src[i:]))
	}
}

// wordAt returns the 32-bit word that begins b.
func wordAt(b []byte) *atomic.Uint32 { return (*atomic.Uint32)(unsafe.Pointer(&b[:4][0])) }

// addrOf returns w as a plain word for a system call.
func addrOf(w *atomic.Uint32) *uint32 { return (*uint32)(unsafe.Pointer(w)) }
