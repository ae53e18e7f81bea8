package recovery

import (
	"time"
)

// A Role is what somebody does in a block.
type Role uint8

// The roles.
const (
	Producer Role = iota
	Consumer
)

func (r Role) String() string { return word(r, "producer", "consumer") }

// MarshalText returns the role in words.
func (r Role) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// A Participant is a producer or consumer, as the block and the system show it.
type Participant struct {
	Role  Role   `json:"role"`
	Cell  int    `json:"cell"` // of a consumer, -1 for the producer
	Name  string `json:"name"` // as the consumer calls itself, or the producer's program
	PID   int    `json:"pid"`
	Start uint64 `json:"start"` // of the process, in the kernel's own unit

	// Alive: its lock is held. Nothing else decides.
	Alive bool `json:"alive"`
	// Process is what the system says of PID; for diagnosis.
	Process ProcessState `json:"process"`

	// HeartbeatAge is how long ago it last showed its counters, 0 if never. It does so
	// when it sleeps and every so often while it works: who has nothing to do has an
	// old one, and is well.
	HeartbeatAge time.Duration `json:"heartbeat_age_ns"`

	// Stalled: it is alive, has something to do, and did nothing between two looks
	// (see Options.Watch), or its process is stopped.
	Stalled bool `json:"stalled"`
	// For is for how long it has been dead or stalled, as far as that is known.
	For Span `json:"for"`
	// Reason says in words what is the matter, "" if nothing is.
	Reason string `json:"reason,omitempty"`
}

// A Span is a time that is known within bounds only, because nobody wrote down when
// it began.
type Span struct {
	// AtLeast is how long this was seen: the time between the first look and the last.
	AtLeast time.Duration `json:"at_least_ns"`
	// AtMost is how long ago something shows that it was not so, 0 if nothing does.
	AtMost time.Duration `json:"at_most_ns,omitempty"`
	// How says in words where the bounds come from.
	How string `json:"how,omitempty"`
}

// A ProducerDiagnosis is what is known of the present or last producer.
type ProducerDiagnosis struct {
	Participant
	State   string    `json:"state"`    // live, dead, closed or replaced
	Epoch   uint64    `json:"epoch"`    // how many producers the block has had
	Since   time.Time `json:"since"`    // when it began
	Head    uint64    `json:"position"` // sequence number of the next value
	Waiting bool      `json:"waiting"`  // it has asked to be woken when there is room
	// WaitsFor is the cell of the consumer that stands furthest behind while the ring
	// is full, -1 if there is room or nobody is in the way.
	WaitsFor int `json:"waits_for"`
	// Unfinished is how many values it stamped that head does not show: it died in
	// between. The next producer counts them as committed, as consumers do.
	Unfinished uint64 `json:"unfinished,omitempty"`
}

// A ConsumerDiagnosis is what is known of one consumer.
type ConsumerDiagnosis struct {
	Participant
	Incarnation uint64 `json:"incarnation"`
	Evicted     bool   `json:"evicted"`  // it has lost its place
	Position    uint64 `json:"position"` // sequence number of what it reads next
	Lag         uint64 `json:"lag"`      // values committed that it has not released
	Slot        int    `json:"slot"`     // that it keeps the producer from writing, -1 if none
}
