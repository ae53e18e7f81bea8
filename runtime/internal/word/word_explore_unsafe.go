//go:build datahub_explore

package word

import (
	"sync/atomic"
	"unsafe"
)

// Explored says that words are instrumented.
const Explored = true

// Before is called before each access of a shared word, After after it, with what
// stood there, what stands there now, and whether the caller got to know the
// former. loads says that the access only loads. They are set before anything runs; nil means that nobody listens.
var (
	Before func(addr unsafe.Pointer, loads bool)
	After  func(addr unsafe.Pointer, old, new uint64, loads bool)
)

// U32 is a word in shared memory.
type U32 struct{ v uint32 }

// U64 is a word in shared memory.
type U64 struct{ v uint64 }

func before(addr unsafe.Pointer, loads bool) {
	if Before != nil {
		Before(addr, loads)
	}
}

func after(addr unsafe.Pointer, old, new uint64, loads bool) {
	if After != nil {
		After(addr, old, new, loads)
	}
}

// Load returns the word.
func (u *U32) Load() uint32 {
	p := unsafe.Pointer(u)
	before(p, true)
	v := atomic.LoadUint32(&u.v)
	after(p, uint64(v), uint64(v), true)
	return v
}

// Store sets the word.
func (u *U32) Store(v uint32) {
	p := unsafe.Pointer(u)
	before(p, false)
	old := atomic.SwapUint32(&u.v, v)
	after(p, uint64(old), uint64(v), false)
}

// Add adds d and returns the new value.
func (u *U32) Add(d uint32) uint32 {
	p := unsafe.Pointer(u)
	before(p, false)
	v := atomic.AddUint32(&u.v, d)
	after(p, uint64(v-d), uint64(v), true)
	return v
}

// Load returns the word.
func (u *U64) Load() uint64 {
	p := unsafe.Pointer(u)
	before(p, true)
	v := atomic.LoadUint64(&u.v)
	after(p, v, v, true)
	return v
}

// Store sets the word.
func (u *U64) Store(v uint64) {
	p := unsafe.Pointer(u)
	before(p, false)
	old := atomic.SwapUint64(&u.v, v)
	after(p, old, v, false)
}

// Add adds d and returns the new value.
func (u *U64) Add(d uint64) uint64 {
	p := unsafe.Pointer(u)
	before(p, false)
	v := atomic.AddUint64(&u.v, d)
	after(p, v-d, v, true)
	return v
}

// Swap sets the word and returns what it was.
func (u *U64) Swap(v uint64) uint64 {
	p := unsafe.Pointer(u)
	before(p, false)
	old := atomic.SwapUint64(&u.v, v)
	after(p, old, v, true)
	return old
}

// CompareAndSwap sets the word to new if it is old.
func (u *U64) CompareAndSwap(old, new uint64) bool {
	p := unsafe.Pointer(u)
	before(p, false)
	for {
		v := atomic.LoadUint64(&u.v)
		if v != old {
			after(p, v, v, true)
			return false
		}
		if atomic.CompareAndSwapUint64(&u.v, old, new) {
			after(p, old, new, true)
			return true
		}
	}
}
