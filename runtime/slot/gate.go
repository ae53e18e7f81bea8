package slot

import (
	"math"
	"sync/atomic"
)

// A gate counts the calls that use a handle's memory beside its own goroutine, so
// that Close can wait for them, and the guards of those who hold a lock, so that
// Close can refuse. Both are in one word: whether a guard or Close was first is
// never in doubt. Entering never waits.
type gate struct {
	n    atomic.Int64  // calls inside + guards << 32; shut is added once the gate is closed
	idle chan struct{} // the last one out of a closed gate says so
}

const (
	shut      = math.MinInt64 / 2
	guardUnit = 1 << 32
)

func newGate() gate { return gate{idle: make(chan struct{}, 1)} }

// guardsOf and callsOf return the parts of n, whether the gate is closed or not.
func guardsOf(n int64) int64 {
	if n < 0 {
		n -= shut
	}
	return n / guardUnit
}

func callsOf(n int64) uint32 { return uint32(n) } // shut is a multiple of guardUnit

// enter reports whether the gate is open. If it is, leave must follow.
func (g *gate) enter() bool {
	if g.n.Add(1) > 0 {
		return true
	}
	g.leave()
	return false
}

func (g *gate) leave() {
	if n := g.n.Add(-1); n < 0 && callsOf(n) == 0 {
		select {
		case g.idle <- struct{}{}:
		default: // said already
		}
	}
}

// hold adds a guard, for drop to take away, and reports whether the gate is open.
// The caller is inside.
func (g *gate) hold() bool { return g.n.Add(guardUnit) > 0 }

func (g *gate) drop() { g.n.Add(-guardUnit) }

// guards returns how many there are.
func (g *gate) guards() int64 { return guardsOf(g.n.Load()) }

// empty reports whether nobody is inside and there are no guards.
func (g *gate) empty() bool { return g.n.Load() == 0 }

// closed reports whether those inside are to come out.
func (g *gate) closed() bool { return g.n.Load() < 0 }

// close lets nobody in any more and waits until all are out. A second time does
// nothing.
func (g *gate) close() { g.closeIf(func(int64) bool { return true }) }

// closeUnheld is close if there are no guards. Otherwise it does nothing and
// returns false.
func (g *gate) closeUnheld() bool {
	return g.closeIf(func(n int64) bool { return guardsOf(n) == 0 })
}

func (g *gate) closeIf(ok func(n int64) bool) bool {
	for {
		n := g.n.Load()
		switch {
		case n < 0:
			return true
		case !ok(n):
			return false
		case g.n.CompareAndSwap(n, n+shut):
			if callsOf(n) != 0 {
				<-g.idle
			}
			return true
		}
	}
}
