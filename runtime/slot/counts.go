package slot

import (
	"time"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/fixed"
)

// WriterCounts is what the producers of a block met since it was made.
type WriterCounts struct {
	Bytes                   uint64 // committed, where values have a length
	RoomWaits, RoomWaitNS   uint64 // the ring was full
	LockWaits, LockWaitNS   uint64 // for a spinlock
	DrainWaits, DrainWaitNS uint64 // for consumers, at close
	Timeouts                uint64
	Rescans                 uint64 // looks at the cells
	Wakes                   uint64
	Evictions               uint64 // consumers that stalled
	Detached                uint64 // consumers whose cell held nonsense
	Reclaimed               uint64 // cells of dead consumers
	Takeovers               uint64
	FlexUpdates             uint64
}

// each calls f for every counter with its place in the producer page.
func (c *WriterCounts) each(f func(off uint64, n *uint64)) {
	for _, e := range [...]struct {
		at fixed.Field
		n  *uint64
	}{
		{hdr.FieldProducerCountersBytes, &c.Bytes},
		{hdr.FieldProducerCountersRoomWaits, &c.RoomWaits},
		{hdr.FieldProducerCountersRoomWaitNS, &c.RoomWaitNS},
		{hdr.FieldProducerCountersLockWaits, &c.LockWaits},
		{hdr.FieldProducerCountersLockWaitNS, &c.LockWaitNS},
		{hdr.FieldProducerCountersDrainWaits, &c.DrainWaits},
		{hdr.FieldProducerCountersDrainWaitNS, &c.DrainWaitNS},
		{hdr.FieldProducerCountersTimeouts, &c.Timeouts},
		{hdr.FieldProducerCountersRescans, &c.Rescans},
		{hdr.FieldProducerCountersWakes, &c.Wakes},
		{hdr.FieldProducerCountersEvictions, &c.Evictions},
		{hdr.FieldProducerCountersDetached, &c.Detached},
		{hdr.FieldProducerCountersReclaimed, &c.Reclaimed},
		{hdr.FieldProducerCountersTakeovers, &c.Takeovers},
		{hdr.FieldProducerCountersFlexUpdates, &c.FlexUpdates},
	} {
		f(uint64(hdr.FieldProducerPageCounters)+uint64(e.at), e.n)
	}
}

// Counts returns what this and the earlier producers of the block met.
func (w *Writer) Counts() WriterCounts {
	w.gather()
	return w.count
}

// gather adds what other goroutines counted.
func (w *Writer) gather() {
	w.locks.counts(&w.count.LockWaits, &w.count.LockWaitNS)
	w.count.FlexUpdates += w.flexUpdates.Swap(0)
	w.count.Reclaimed += w.tended.Swap(0)
	if w.deskHost != nil {
		w.count.Reclaimed += w.deskHost.Freed()
	}
}

func (r *Reader) gather() {
	r.locks.counts(&r.count.LockWaits, &r.count.LockWaitNS)
	r.count.Retries += r.flexRetries.Swap(0)
}

// loadCounts goes on where the last producer's counters stood.
func (w *Writer) loadCounts() {
	w.count.each(func(off uint64, n *uint64) { *n = w.producer.Peek(off) })
}

// Counters gather locally in between: sharing each step would cost more than the
// step.
const (
	flushEvery  = 10 * time.Millisecond // at most that often by a writer
	flushScans  = 8                     // looks at the cells between looks at the clock
	flushValues = 1024                  // values between flushes of a reader that does not sleep
)

// flushSometimes is flush, not too often.
func (w *Writer) flushSometimes() {
	if now := w.clock.mono(); now-w.flushed >= int64(flushEvery) {
		w.flush()
	}
}

// flush shows the counters and that this producer lives to others.
func (w *Writer) flush() {
	w.flushed = w.clock.mono()
	w.gather()
	w.producer.Poke(uint64(hdr.FieldProducerPageHeartbeatNS), uint64(w.clock.wall()))
	w.count.each(func(off uint64, n *uint64) {
		if w.producer.Peek(off) != *n {
			w.producer.Poke(off, *n)
		}
	})
}

// ReaderCounts is what the consumers of one cell met since the block was made.
type ReaderCounts struct {
	Values, Bytes         uint64
	Lost                  uint64 // overwritten or skipped
	Retries               uint64 // the value moved on while it was being taken
	Waits, WaitNS         uint64
	Timeouts              uint64
	Wakes                 uint64 // the producer was told of room
	ChecksumFailures      uint64
	Evictions             uint64
	Joins                 uint64
	LockWaits, LockWaitNS uint64 // for a spinlock
}

func (c *ReaderCounts) each(f func(off uint64, n *uint64)) {
	for _, e := range [...]struct {
		at fixed.Field
		n  *uint64
	}{
		{hdr.FieldConsumerCountersValues, &c.Values},
		{hdr.FieldConsumerCountersBytes, &c.Bytes},
		{hdr.FieldConsumerCountersLost, &c.Lost},
		{hdr.FieldConsumerCountersRetries, &c.Retries},
		{hdr.FieldConsumerCountersWaits, &c.Waits},
		{hdr.FieldConsumerCountersWaitNS, &c.WaitNS},
		{hdr.FieldConsumerCountersTimeouts, &c.Timeouts},
		{hdr.FieldConsumerCountersWakes, &c.Wakes},
		{hdr.FieldConsumerCountersChecksumFailures, &c.ChecksumFailures},
		{hdr.FieldConsumerCountersEvictions, &c.Evictions},
		{hdr.FieldConsumerCountersJoins, &c.Joins},
		{hdr.FieldConsumerCountersLockWaits, &c.LockWaits},
		{hdr.FieldConsumerCountersLockWaitNS, &c.LockWaitNS},
	} {
		f(uint64(e.at), e.n)
	}
}
