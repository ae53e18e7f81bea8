package slot

import (
	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
)

// A sighting is what the writer last saw in a cell. A cell may hold anything: the
// sighting bounds it.
type sighting struct {
	incarnation uint64
	cursor      uint64
	placed      bool   // cursor has been within the ring once: from then on it only goes up
	out         uint64 // the incarnation that lost its place

	// Of a desk.
	turn  uint32 // whose it is
	at    uint64 // position + 1 that it was last in the way of
	since int64  // since when
	high  uint64 // the highest cursor it was in the way with
}

// rescan looks at all cells and sets limit. It reports whether n positions may be
// written.
//
// The order matters. The gate is raised before the cells are read: a reader that
// joins either is seen by this scan, or sees the new gate and begins behind it.
// And limit stays below the gate until the next scan, so a position the gate
// allows is safe from every reader that joins in between.
func (w *Writer) rescan(n uint64) bool {
	if w.count.Rescans++; w.count.Rescans%flushScans == 0 {
		w.flushSometimes()
	}
	limit := w.pos + max(w.step, n)
	if limit > w.gateAt { // the gate never goes down
		// Pairs with the gate loads in Reader.join and Reader.validate. Loaded back so
		// that on arm64, too, no byte of a value is written before readers can see it.
		w.gate.Store(limit)
		w.gate.Load()
		w.gateAt = limit
	}
	w.heldBy = HolderNobody
	if w.conf.Sync != hdr.SyncOverwrite {
		limit = w.slowest(limit)
	}
	w.limit = max(limit, w.pos)
	return w.pos+n <= w.limit
}

// slowest returns the smallest of limit and what the cells allow.
func (w *Writer) slowest(limit uint64) uint64 {
	c := uint64(w.plan.Capacity)
	if w.single {
		if cur := w.singleCursor(); cur+c < limit {
			w.heldBy, w.heldAt, limit = 0, cur, cur+c
		}
		return limit
	}
	for i := range w.cells {
		// pairs with the incarnation store in Reader.activate
		inc := w.cells[i].incarnation.Load()
		if !active(inc) {
			continue
		}
		if cur, ok := w.cursor(i, inc); ok && cur+c < limit {
			w.heldBy, w.heldAt, limit = i, cur, cur+c
		}
	}
	return limit
}

// cursor returns the cursor of cell i in incarnation inc, and whether it counts.
//
// An honest reader that has joined is never more than the capacity behind, never
// ahead of what was committed, and never goes back. One that is joining may be
// any distance behind: it published a head from before it was stopped, and will
// look again. Nothing can be written until it has.
func (w *Writer) cursor(i int, inc uint64) (cur uint64, counts bool) {
	c, s := &w.cells[i], w.sight(i)
	cur = c.cursor.Load() // pairs with the cursor store in Reader.Release
	if w.isOut(i, inc) {
		return 0, false
	}
	if s.incarnation != inc {
		s.incarnation, s.cursor, s.placed = inc, 0, false
	}
	if s.placed && cur == s.cursor {
		return cur, true
	}
	capacity := uint64(w.plan.Capacity)
	behind := w.pos - cur
	switch {
	case behind <= capacity && (!s.placed || cur > s.cursor):
		s.cursor, s.placed = cur, true
		return cur, true
	case c.incarnation.Load() != inc:
		// What was loaded may be the next owner's. It joined after the gate was raised
		// and so begins behind it.
		return 0, false
	case !s.placed && cur < w.pos:
		return w.pos - capacity, true
	}
	w.detach(i, inc)
	return 0, false
}

// singleCursor returns the cursor of the only reader. It counts whether somebody
// is attached or not. If the cell holds nonsense, what it last held counts.
func (w *Writer) singleCursor() uint64 {
	c := &w.cells[0]
	inc := c.incarnation.Load()
	cur := c.cursor.Load() // pairs with the cursor store in Reader.Release
	s := w.sight(0)
	if active(inc) && w.isOut(0, inc) {
		return w.lastOK
	}
	good := w.pos-cur <= uint64(w.plan.Capacity)
	if s.incarnation == inc && cur < w.lastOK {
		good = false
	}
	if good {
		s.incarnation, w.lastOK = inc, cur
		if w.desks != nil && cur > w.desks[0].seat.Kept.Load() {
			w.desks[0].seat.Kept.Store(cur)
		}
		return cur
	}
	if active(inc) && c.incarnation.Load() == inc {
		w.detach(0, inc)
	}
	return w.lastOK
}

// detach takes the place of a consumer whose cell holds what no consumer writes.
func (w *Writer) detach(i int, inc uint64) {
	w.count.Detached++
	w.evict(i, inc)
	if w.desks != nil {
		w.deskHost.Expel(i)
	}
}

// evict takes the place of incarnation inc of cell i. It is set before anything is
// overwritten that the reader may be reading, never cleared, and honoured by the
// writers that come after.
func (w *Writer) evict(i int, inc uint64) {
	// Pairs with the evicted load in Reader.Release and Reader.validate; loaded back
	// like the gate.
	w.cells[i].evicted.Store(inc)
	w.cells[i].evicted.Load()
	w.seen[i].out = inc
}

// reclaim cleans the cells of dead readers that stand between the writer and n
// positions. It probes first and takes only locks of the dead.
func (w *Writer) reclaim(n uint64) {
	for i := range w.cells {
		c := &w.cells[i]
		// The word is loaded before its lock is probed: the other way round a reader
		// that joins in between would be taken for its dead predecessor.
		inc := c.incarnation.Load()
		if !active(inc) || w.pos+n-c.cursor.Load() <= uint64(w.plan.Capacity) || w.host.CellAlive(i) {
			continue
		}
		if w.clean(c, i) {
			w.count.Reclaimed++
		}
	}
}

// clean frees cell i if its owner is dead. The cursor stays.
func clean(c *cell, i int, h Host) bool {
	won, err := h.TryLockCell(i)
	if err != nil || !won {
		return false
	}
	dirty := sweep(c)
	h.UnlockCell(i)
	return dirty
}

// sweep makes a cell free. The caller holds its lock.
func sweep(c *cell) bool {
	inc := c.incarnation.Load()
	if !active(inc) {
		return false
	}
	c.hold.Store(0)
	c.incarnation.Store(inc + 1)
	return true
}
