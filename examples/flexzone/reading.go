package main

//go:generate go tool blds-gen

// Reading is what the thermometer's converter delivers, as it is: how many degrees
// a count is worth says the Calibration.
//
//blds:schema id=examples.flexzone.Reading version=1.0.0
//blds:channel policy=ring capacity=64 sync=sync_readers consumers=4 page=4k timestamp=on flex=Calibration
type Reading struct {
	// Calibration is the number of the calibration the reading was taken under.
	Calibration uint64
	Counts      int32
	_           [4]byte
}

// Calibration turns counts into degrees. There is one for all readings until it
// changes, so it stands in the flexible zone, beside the slots.
//
//blds:schema id=examples.flexzone.Calibration version=1.0.0
type Calibration struct {
	Gain   float64 `blds:"unit=degC"` // per count
	Offset float64 `blds:"unit=degC"`
	// By is who calibrated.
	By [16]byte `blds:"string"`
	// Reference is the thermometer it was compared with, if any.
	Reference [16]byte `blds:"string,optional"`
	Present   uint32   `blds:"presence"`
	_         [4]byte
}

// Degrees returns the temperature that counts stand for.
func (c *Calibration) Degrees(counts int32) float64 { return c.Offset + c.Gain*float64(counts) }
