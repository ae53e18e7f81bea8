package slot

import (
	"time"

	"github.com/pylabhub/datahub/runtime/internal/word"
)

// Pending reports whether there is something behind the values in use: a value, or
// an error, for TryAcquire to return. It only looks.
func (r *Reader) Pending() bool {
	switch {
	case r.err != nil:
		return true
	case r.conf.latest():
		return r.latest.Load() != r.seen // pairs with the latest store in Writer.commitLatest
	}
	seq := r.pos + r.held
	// As in TryAcquire and copyNext.
	return r.slots.Fast64(r.ahead(r.held)).Load() == seq+1 || r.conf.racy() && !r.intact(seq)
}

// Bell returns the word that changes when there is something for a reader that
// Arm has announced.
func (r *Reader) Bell() *uint32 { return word.Addr(r.bell) }

// Arm is the reader's half of going to sleep, for somebody else who sleeps for it:
// unless it is pending, or err says why there may be no more values, the reader is
// to be looked at again when Bell is not b any more, and, as its writer may die
// silently, after 100 ms at the latest. It may be called again at any time.
//
// The errors are those of Acquire and, like there, ErrProducerDied comes once per
// death; what was written before the end comes before it.
func (r *Reader) Arm() (b uint32, pending bool, err error) {
	if r.Pending() {
		return 0, true, nil
	}
	// In this order, for the reasons given in await. Pairs with the sleepers load in
	// Writer.Commit.
	b = r.bell.Load()
	r.sleepers.Store(1)
	if r.Pending() {
		return 0, true, nil
	}
	mourned := r.mourned
	if _, err := r.ended(r.clock.mono()); err != nil {
		if r.Pending() {
			r.mourned = mourned // to be told when that was read
			return 0, true, nil
		}
		return 0, false, err
	}
	if !r.conf.latest() {
		r.show()
	}
	r.meet()
	r.flush()
	return b, false, nil
}

// showEvery is how often a reader that others sleep for looks at everything itself
// and shows that it lives, at least.
const showEvery = time.Second

// Quiet reports that nothing is to be done for a reader that Arm has announced and
// whose bell has not changed: its producer lives, and will ring. That is the look
// which Arm asks for every 100 ms, at the price of one question to the system and
// without touching the block's memory; or of nothing, if alive says that the answer
// is known. Once a second it is false, for Arm to look at everything.
func (r *Reader) Quiet(alive bool) bool {
	now := r.clock.mono()
	switch {
	case now-r.flushed >= int64(showEvery) && !word.Explored:
		return false
	case alive:
		return true
	case r.host.ProducerAlive():
		r.probed = now
		return true
	}
	return r.epoch.Load() == r.mourned // that was told, and a successor rings
}

// A ProducerID tells the process of a producer from others. The zero ProducerID is
// none.
type ProducerID struct{ pid, namespace, start uint64 }

// Producer returns whose block it is, as of the last Arm. The block says so: to be
// believed only where being wrong costs nothing but time.
func (r *Reader) Producer() ProducerID { return r.producerID }

// meet remembers who the producer is. A successor rings, so each Arm is enough.
func (r *Reader) meet() {
	if e := r.epoch.Load(); e != r.met {
		p := readProducer(r.producer)
		r.met, r.producerID = e, ProducerID{uint64(p.Who.PID), p.Who.PIDNamespace, p.Who.Start}
	}
}
