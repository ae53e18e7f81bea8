package recovery

import "time"

// A Severity says how bad a finding is.
type Severity uint8

// The severities.
const (
	Note     Severity = iota // worth knowing; nothing is wrong
	Leftover                 // what somebody's death left; it is mended by whoever comes next, or with repair
	Damage                   // what no program of this library writes; it is reported and stays
)

func (s Severity) String() string { return word(s, "note", "leftover", "damage") }

// MarshalText returns the severity in words.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// A Finding is one thing that a validation found.
type Finding struct {
	Severity Severity `json:"severity"`
	Where    string   `json:"where"` // header, descriptor, producer, slot, cell, lock or control
	Index    int      `json:"index"` // of the slot, cell or lock, -1 for none
	Text     string   `json:"text"`
	Mended   bool     `json:"mended,omitempty"`
}

// A Report is what a validation found.
type Report struct {
	Target   string    `json:"target"`
	Time     time.Time `json:"time"` // of the block: now, or when the dump was taken
	Findings []Finding `json:"findings"`

	Slots     int `json:"slots"`     // looked at
	Values    int `json:"values"`    // whole ones among them
	Checksums int `json:"checksums"` // verified
	// Moved is how many slots were overwritten while they were looked at.
	Moved int `json:"moved"`
}

// Worst returns the worst severity in the report.
func (r *Report) Worst() Severity {
	worst := Note
	for _, f := range r.Findings {
		if !f.Mended {
			worst = max(worst, f.Severity)
		}
	}
	return worst
}

// OK reports whether nothing is damaged.
func (r *Report) OK() bool { return r.Worst() < Damage }

// ValidateIntegrity checks everything about a target that can be checked: headers,
// region table and descriptors; that the words of the producer page agree with each
// other and with the stamps; cells and spinlocks against the locks; the checksum of
// every value that has one.
//
// With repair it mends what death left: dead consumers' cells, and what a dead
// producer had not finished. Damage is reported and stays: no checksum is written,
// no value is made good. A header that cannot be used is a finding, not an error.
func ValidateIntegrity(target string, repair bool, o Options) (Report, error) {
	return validate(target, repair, o)
}
