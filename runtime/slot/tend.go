package slot

import (
	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
)

// Tend does what is due about once a second, whether values are written or not: it
// frees the cells of readers that died, and shows that this producer's process
// runs. A writer frees those in its way by itself; Tend is for those that are in
// nobody's way, and for a writer that has nothing to write.
//
// It may be called by another goroutine while the Writer is used, but not at the
// same time as, or after, Close and Detach.
func (w *Writer) Tend() {
	w.producer.Poke(uint64(hdr.FieldProducerPageHeartbeatNS), uint64(w.clock.wall()))
	if w.deskHost != nil {
		return // it clears the desks of the dead by itself
	}
	for i := range w.cells {
		c := &w.cells[i]
		if !active(c.incarnation.Load()) || w.host.CellAlive(i) { // in this order, as in reclaim
			continue
		}
		if w.clean(c, i) {
			w.tended.Add(1)
		}
	}
}

// clean frees cell i if its owner is dead. A handle can take a lock that it has
// itself, so its goroutines take turns: else one would give the lock back under the
// other, and a reader that joins then would be cleaned away.
func (w *Writer) clean(c *cell, i int) bool {
	w.cleaning.Lock()
	defer w.cleaning.Unlock()
	return clean(c, i, w.host)
}
