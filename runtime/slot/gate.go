package slot

import (
	"math"
	"sync/atomic"
)

// A gate counts the calls that use a handle's memory beside its own goroutine, so
// that Close can wait for them. Entering never waits.
type gate struct {
	n    atomic.Int64  // calls inside; shut is added once the gate is closed
	idle chan struct{} // the last one out of a closed gate says so
}

const shut = math.MinInt64 / 2

func newGate() gate { return gate{idle: make(chan struct{}, 1)} }

// enter reports whether the gate is open. If it is, leave must follow.
func (g *gate) enter() bool {
	if g.n.Add(1) > 0 {
		return true
	}
	g.leave()
	return false
}

func (g *gate) leave() {
	if g.n.Add(-1) == shut {
		select {
		case g.idle <- struct{}{}:
		default: // said already
		}
	}
}

// closed reports whether those inside are to come out.
func (g *gate) closed() bool { return g.n.Load() < 0 }

// close lets nobody in any more and waits until all are out. It is called once.
func (g *gate) close() {
	if g.n.Add(shut) != shut {
		<-g.idle
	}
}
