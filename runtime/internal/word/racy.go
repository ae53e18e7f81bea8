//go:build !race && !datahub_explore

package word

// Staged says that both sides of a racy copy go through words one by one, the
// writer too: it hands out private memory and copies it in.
const Staged = false

// CopyOut fills dst from off while somebody may be writing there. The result
// means nothing before the caller has validated it: an atomic store to a private
// word, then a load of the word the writer stored before it wrote. The store
// keeps the loads of the copy from moving below the validation on arm64.
func (r Region) CopyOut(dst []byte, off uintptr) {
	copy(dst, r.Bytes(off, uintptr(len(dst))))
}

// CopyIn stores src at off while somebody may be reading there.
func (r Region) CopyIn(off uintptr, src []byte) {
	copy(r.Bytes(off, uintptr(len(src))), src)
}
