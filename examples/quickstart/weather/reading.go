// Package weather is the schema of the quickstart: one annotated struct. The
// rest of the package is generated from it.
package weather

//go:generate go tool blds-gen

// Reading is one sample of the roof station.
//
//blds:schema id=lab.weather.Reading version=1.0.0
//blds:channel policy=ring capacity=1024 sync=sync_readers consumers=8 page=4k
type Reading struct {
	TimeNS      int64   `blds:"timestamp=ns"`
	Temperature float64 `blds:"unit=degC"`
	Humidity    float32 `blds:"unit=percent"`
	State       State
	_           [3]byte
	Station     [16]byte `blds:"string"`
}

// State is what the station is doing.
//
//blds:enum
type State uint8

// The states of a station.
const (
	StateIdle    State = 0
	StateRunning State = 1
)
