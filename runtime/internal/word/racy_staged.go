//go:build race || datahub_explore

package word

import "encoding/binary"

// Staged says that both sides of a racy copy go through words one by one, the
// writer too: it hands out private memory and copies it in. Ten times slower than
// a plain copy, and the only one that the race detector and the explorer can
// follow.
const Staged = true

// CopyOut fills dst from off while somebody may be writing there. The result
// means nothing before the caller has validated it. len(dst) and off are
// multiples of 8.
func (r Region) CopyOut(dst []byte, off uintptr) {
	for i := uintptr(0); i < uintptr(len(dst)); i += 8 {
		binary.NativeEndian.PutUint64(dst[i:], r.Fast64(off+i).Load())
	}
}

// CopyIn stores src at off while somebody may be reading there. len(src) and off
// are multiples of 8.
func (r Region) CopyIn(off uintptr, src []byte) {
	for i := uintptr(0); i < uintptr(len(src)); i += 8 {
		r.Fast64(off + i).Store(binary.NativeEndian.Uint64(src[i:]))
	}
}
