package slot

import (
	"fmt"
	"time"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/internal/word"
)

// observeEvery is how often a waiting observer looks, if nothing else was asked for.
const observeEvery = 5 * time.Millisecond

// Observe returns a reader that nobody knows of: it takes no cell, writes nothing
// and holds nobody up, so of m it needs Producer, Slots and Flex only, mapped
// read-only. It gets private copies, never a torn one, and is told what it missed,
// as the readers of an overwritten ring are. While it waits it looks every 5 ms, or
// as the back-off says. Of h only Wait, Wake and ProducerAlive are used.
func Observe(m Memory, p Plan, c Config, h Host, opts ReaderOptions) (*Reader, error) {
	if err := p.Check(c); err != nil {
		return nil, fmt.Errorf("check plan: %w", err)
	}
	// A cell of its own, which no writer sees.
	p.Consumers = 1
	p.CellsSize, p.CountersSize, p.SpinlocksSize = uint64(p.CellStride), countersSize, 0
	m.Control = word.Alloc(p.ControlSize, regionAlign)
	m.Cells = word.Alloc(p.CellsSize, regionAlign)
	m.Counters = word.Alloc(p.CountersSize, regionAlign)
	v, err := viewOf(m, p, c)
	if err != nil {
		return nil, err
	}
	v.conf.Spinlocks = 0
	if v.conf.FlexMode == hdr.FlexModeShared {
		v.conf.FlexSize = 0 // is read under a lock
	}
	if !c.latest() {
		v.conf.Sync, v.conf.Evict = hdr.SyncOverwrite, false // what is true for an observer
	}
	if opts.Backoff.Kind == NoBackoff {
		opts.Backoff = Backoff{ConstantBackoff, observeEvery} // nobody rings for it
	}
	r := newReader(v, h, opts)
	r.passive = true
	r.enter(0)
	return r, nil
}

// maxObserve bounds how often an observer begins to copy the latest value anew.
const maxObserve = 64

// observe copies the value that the word l names. It is whole if its stamp is the
// one in l afterwards. That the stamp has not changed says nothing: it may be that
// of a value that was never committed.
func (r *Reader) observe(l uint64) (Slot, bool, error) {
	for range maxObserve {
		s := latestSlot(l)
		if s >= uint64(r.plan.Slots) {
			return Slot{}, false, fmt.Errorf("%w: latest names slot %d of %d", ErrCorrupt, s, r.plan.Slots)
		}
		r.off = uintptr(s) * r.stride
		r.slots.CopyOut(r.buf, r.off+8)
		r.private.Store(0) // as in copyNext
		// Pairs with the stamp store in Writer.claimLatest.
		if stamp := r.slots.Fast64(r.off).Load(); latestFits(l, stamp) {
			return r.newest(l, stamp, r.buf)
		}
		r.count.Retries++
		l = r.latest.Load() // pairs with the latest store in Writer.commitLatest
	}
	return Slot{}, false, ErrOverrun
}
