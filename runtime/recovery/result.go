package recovery

import "fmt"

// A Result is how an action ended.
type Result uint8

// The results.
const (
	Success     Result = iota // it was done; Outcome.Done says what
	Failed                    // something went wrong: the error says what
	Unsafe                    // a live participant would be touched: see Options.Force, or stop it
	NotStuck                  // there was nothing to do
	InvalidSlot               // the block has no slot of this number
)

func (r Result) String() string {
	return word(r, "success", "failed", "unsafe", "not stuck", "invalid slot")
}

// MarshalText returns the result in words.
func (r Result) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// word returns the word for v, the first for 0.
func word[T ~uint8](v T, words ...string) string {
	if int(v) < len(words) {
		return words[v]
	}
	return fmt.Sprintf("%T(%d)", v, uint8(v))
}

// A Step is one thing that an action did, or with DryRun would do.
type Step struct {
	What string `json:"what"` // in words
	Cell int    `json:"cell"` // of the consumer that it was done to, -1 for none
	Slot int    `json:"slot"` // that it was done to, -1 for none
	// Who it was done to, as far as the block tells.
	Who *Participant `json:"who,omitempty"`
}

// An Outcome is what became of an action.
type Outcome struct {
	Result Result `json:"result"`
	Reason string `json:"reason"` // in words
	DryRun bool   `json:"dry_run,omitempty"`
	Done   []Step `json:"done,omitempty"` // in order
}
