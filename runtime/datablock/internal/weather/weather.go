// Package weather holds the types that the tests of datablock exchange.
package weather

//go:generate go tool blds-gen

// Reading is one sample of a station. Check is the sum of the other words, so that
// a torn value is found.
//
//blds:schema id=test.weather.Reading version=1.2.0
//blds:channel policy=ring capacity=8 sync=sync_readers consumers=4 page=4k
type Reading struct {
	Number      uint64
	Temperature float64 `blds:"unit=degC"`
	Present     uint32  `blds:"presence"`
	Humidity    float32 `blds:"unit=percent,optional"`
	Wind        Wind    `blds:"optional"`
	Gusts       [2]Wind
	Station     [16]byte `blds:"string"`
	_           [4]byte
	Check       uint64
}

// Wind is a direction and a speed, either of which may be unknown.
type Wind struct {
	Present   uint8 `blds:"presence"`
	_         [3]byte
	Direction float32 `blds:"unit=deg,optional"`
	Speed     float32 `blds:"unit=m/s,optional"`
}

// Latest is a Reading of which only the newest counts.
//
//blds:schema id=test.weather.Latest version=1.0.0
//blds:channel policy=single sync=latest_only consumers=4 page=4k timestamp=on
type Latest struct {
	Number uint64
	Words  [15]uint64
}

// Log is a Reading for exactly one consumer.
//
//blds:schema id=test.weather.Log version=1.0.0
//blds:channel policy=ring capacity=8 sync=single_reader consumers=1 page=4k
type Log struct {
	Number uint64
	Words  [15]uint64
}

// Old is what Reading was in version 1.0.0.
//
//blds:schema id=test.weather.Old version=1.0.0
//blds:channel policy=ring capacity=8 sync=sync_readers consumers=4 page=4k
type Old struct {
	Number      uint64
	Temperature float32 `blds:"unit=K"`
	_           [4]byte
	Check       uint64
}
