package slot

// The word `latest` of a block of latest values holds the low 44 bits of a
// sequence number and the slot it is in, plus one. A sequence number is the
// value's stamp, its position plus one. 2^44 values later a word comes again; a
// reader would have to sleep that long between two loads to be misled.
const (
	slotBits = 20
	slotMask = 1<<slotBits - 1
	seqMask  = 1<<(64-slotBits) - 1
)

func latestWord(stamp, slot uint64) uint64 { return stamp&seqMask<<slotBits | (slot + 1) }

// latestSlot returns the slot of w, which is not 0. Slots are 20 bits, so w-1 has
// no borrow unless the word is corrupt; the caller bounds the result.
func latestSlot(w uint64) uint64 { return w&slotMask - 1 }

// latestFits reports whether stamp is the sequence number of w.
func latestFits(w, stamp uint64) bool { return stamp&seqMask == w>>slotBits }
