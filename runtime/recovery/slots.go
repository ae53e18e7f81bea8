package recovery

import "time"

// A SlotState is what a slot holds.
type SlotState uint8

// The states of a slot.
const (
	SlotBlank     SlotState = iota // nothing was ever written there, as far as one can see
	SlotCommitted                  // a whole value, in order
	SlotLatest                     // the newest of latest values
	SlotRetired                    // an older one of latest values: free
	SlotOpen                       // the producer may be writing there: what it holds is not to be believed
	SlotTorn                       // it was overwritten while it was looked at, or while a dump was taken
	SlotCorrupt                    // it holds what no producer writes
)

func (s SlotState) String() string {
	return word(s, "blank", "committed", "latest", "retired", "open", "torn", "corrupt")
}

// MarshalText returns the state in words.
func (s SlotState) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// A SlotDiagnosis is what is known of one slot.
type SlotDiagnosis struct {
	Slot  int       `json:"slot"`
	State SlotState `json:"state"`
	// Stamp is the sequence number + 1 of the value that the slot says it holds, 0 if
	// it says none.
	Stamp uint64 `json:"stamp"`
	// Written is when the value was committed, zero if values have no timestamps.
	Written time.Time `json:"written,omitzero"`
	// ChecksumBad: the value does not match its checksum.
	ChecksumBad bool `json:"checksum_bad,omitempty"`

	// Owner is the producer if the slot is its to write, nil otherwise.
	Owner *Participant `json:"owner,omitempty"`
	// Holders are the consumers that read the value now or read it next: their hold or
	// cursor is here.
	Holders []Participant `json:"holders,omitempty"`
	// Unread is how many consumers have yet to read it, the holders among them. 0 for
	// latest values.
	Unread int `json:"unread"`

	// Stuck: somebody dead stands here, or somebody live that has stalled, and the
	// producer cannot go on, or could not if it wanted to.
	Stuck bool `json:"stuck"`
	// For is for how long, as far as that is known.
	For    Span   `json:"for"`
	Reason string `json:"reason,omitempty"` // in words, what is the matter
}

// DiagnoseSlot looks at one slot of a target. A number that the block does not have
// is a [SlotError].
func DiagnoseSlot(target string, slot int, o Options) (SlotDiagnosis, error) {
	return with(target, o, func(b *Block) (SlotDiagnosis, error) { return b.DiagnoseSlot(slot) })
}

// DiagnoseAllSlots looks at all slots of a target, in order.
func DiagnoseAllSlots(target string, o Options) ([]SlotDiagnosis, error) {
	return with(target, o, (*Block).DiagnoseAllSlots)
}
