//go:build datahub_explore

package slot

// Fingerprint tells the explorer all that matters of what the protocol remembers
// between calls: two writers with equal fingerprints go on alike. Who was in the
// way last is looked up anew before it is used.
func (w *Writer) Fingerprint(put func(...uint64)) {
	put(w.pos, w.limit, w.claimed, bit(w.closed), bit(w.wanting), w.gateAt)
	put(w.lastOK, w.current, w.slot)
	for _, s := range w.seen {
		put(s.incarnation, s.cursor, bit(s.placed))
	}
	put(uint64(len(w.free)))
	put(w.free...)
}

// Fingerprint is as that of a Writer.
func (r *Reader) Fingerprint(put func(...uint64)) {
	put(r.pos, r.held, r.lost, r.shown, r.inc, uint64(r.index), bit(r.err != nil), r.seen, bit(r.began), r.skipped, r.mourned)
}

func bit(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}
