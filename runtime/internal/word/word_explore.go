//go:build datahub_explore

package word

import "sync/atomic"

// Explored says that words are instrumented.
const Explored = true

// An Access is one access to a shared word.
type Access uint8

// The kinds of accesses. Before is asked of the scheduler before the access,
// After tells it what was seen.
const (
	Load Access = iota + 1
	Store
	Swap
	CompareAndSwap
	Add
)

// Before is called before each access, After with the value that was loaded
// (the old value of Swap and Add; 0 or 1 for a CompareAndSwap; 0 for a Store).
// They are set before anything runs.
var (
	Before = func(Access) {}
	After  = func(uint64) {}
)

// U32 is a word in shared memory.
type U32 struct{ v uint32 }

// U64 is a word in shared memory.
type U64 struct{ v uint64 }

// Load returns the word.
func (u *U32) Load() uint32 {
	Before(Load)
	v := atomic.LoadUint32(&u.v)
	After(uint64(v))
	return v
}

// Store sets the word.
func (u *U32) Store(v uint32) {
	Before(Store)
	atomic.StoreUint32(&u.v, v)
	After(0)
}

// Add adds d and returns the new value.
func (u *U32) Add(d uint32) uint32 {
	Before(Add)
	v := atomic.AddUint32(&u.v, d)
	After(uint64(v))
	return v
}

// Load returns the word.
func (u *U64) Load() uint64 {
	Before(Load)
	v := atomic.LoadUint64(&u.v)
	After(v)
	return v
}

// Store sets the word.
func (u *U64) Store(v uint64) {
	Before(Store)
	atomic.StoreUint64(&u.v, v)
	After(0)
}

// Add adds d and returns the new value.
func (u *U64) Add(d uint64) uint64 {
	Before(Add)
	v := atomic.AddUint64(&u.v, d)
	After(v)
	return v
}

// Swap sets the word and returns what it was.
func (u *U64) Swap(v uint64) uint64 {
	Before(Swap)
	old := atomic.SwapUint64(&u.v, v)
	After(old)
	return old
}

// CompareAndSwap sets the word to new if it is old.
func (u *U64) CompareAndSwap(old, new uint64) bool {
	Before(CompareAndSwap)
	ok := atomic.CompareAndSwapUint64(&u.v, old, new)
	n := uint64(0)
	if ok {
		n = 1
	}
	After(n)
	return ok
}
