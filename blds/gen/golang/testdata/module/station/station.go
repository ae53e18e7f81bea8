// Package station is what a user writes, with all that generated code has to
// step around.
package station

import (
	"sync/atomic"
	"time"

	runtime "github.com/pylabhub/datahub/runtime/fixed"

	"example.com/user/units"
)

// Names that the generated code would like to import something under.
var (
	fixed  = "not the runtime"
	unsafe = "not the compiler's"
)

func min(a, b int) int { return len(fixed) + len(unsafe) + a + b }

// Mode has methods of its own.
//
//blds:enum
type Mode int16

// The modes.
const (
	ModeOff   Mode = -1
	ModeOn    Mode = 1
	ModeAuto  Mode = 2
	modeCount      = 3
)

// String is the user's.
func (m Mode) String() string { return "a mode" }

// Flags are bits.
//
//blds:bits
type Flags uint32

// The flags.
const (
	FlagsCold Flags = 1 << iota
	FlagsWet
	Windy // has another prefix
)

// name is a text of its own.
type name [12]byte

// part is a record that other packages do not see.
type part struct {
	id    uint32
	label name `blds:"string"`
}

// r has the name of a variable in generated code.
type r struct {
	r name `blds:"string"`
}

// Sample is a schema.
//
//blds:schema id=user.station.Sample version=2.1.0
type Sample struct {
	// Present has the presence bits.
	Present uint16 `blds:"presence"`
	Mode    Mode
	Flags   Flags
	// Timeout is how long to wait.
	Timeout  time.Duration    `blds:"optional"`
	Air      units.Celsius    `blds:"optional"`
	Levels   [2]units.Celsius `blds:"optional"`
	At       units.Position   `blds:"optional"`
	Quality  units.Quality    `blds:"optional"`
	Next     Mode             `blds:"optional"`
	On       runtime.Bool     `blds:"optional"`
	part     part             `blds:"optional"`
	label    name             `blds:"string,optional"`
	Labels   [2]name          `blds:"string,optional"`
	R        r
	Data     [10]byte `blds:"bytes,len=DataLen"`
	DataLen  uint32
	_        [4]byte
	Reserved [8]byte `blds:"reserved"`
}

// SampleLimit belongs to Sample.
//
//blds:const of=Sample
const SampleLimit uint32 = 7

// Counters are shared words. The id has another name than the type.
//
//blds:schema id=user.station.SharedCounters version=1.0.0
type Counters struct {
	Present uint64           `blds:"presence"`
	Sent    atomic.Uint64    `blds:"optional"`
	Lost    [4]atomic.Uint32 `blds:"optional"`
	Plain   uint64           `blds:"atomic"`
}
