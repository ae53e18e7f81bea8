package fixed

// Blob returns the valid bytes of a blob field: the first n of b, or all of b if
// n is more. The result points into b.
func Blob(b []byte, n uint32) []byte {
	// n may come from another process: it was read once, by the caller, and is
	// bounded here.
	if uint64(n) > uint64(len(b)) {
		return b
	}
	return b[:n:n]
}

// SetBlob stores v in the blob field b and its length in n. If v does not fit it
// returns a [*SizeError] and stores nothing. Bytes behind v keep what they were.
func SetBlob(b []byte, n *uint32, v []byte) error {
	if len(v) > len(b) {
		return &SizeError{Len: len(v), Cap: len(b)}
	}
	*n = uint32(copy(b, v))
	return nil
}
