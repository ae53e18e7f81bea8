//go:build !datahub_explore

package word

import "sync/atomic"

// U32 and U64 are words in shared memory.
type (
	U32 = atomic.Uint32
	U64 = atomic.Uint64
)

// Explored says that words are instrumented.
const Explored = false
