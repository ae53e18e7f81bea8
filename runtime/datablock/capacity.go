package datablock

// GoodCapacity returns the capacity at which a ring of values of so many bytes is
// fast: 256 values, and for large ones as many as take 8 MiB, at least 2. It is where
// to begin for a channel without a reason of its own, such as how long a consumer may
// be away.
//
// Small values are fastest while the ring stays in the caches next to the processors,
// and then so many that neither side waits for the other's every step. For large ones
// the writer must not be sent back to lines that the reader still has in its own
// cache, but the ring has to stay in the cache that both share: a multiple of the one
// and a part of the other. docs/performance.md has the measurements.
func GoodCapacity(size uint32) uint32 {
	const (
		many = 256
		room = 8 << 20
	)
	return max(2, min(many, room/max(size, 1)))
}
