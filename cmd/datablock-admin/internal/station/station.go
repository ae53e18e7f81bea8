// Package station holds the types of the channels that the tests of
// datablock-admin look at.
package station

import (
	"time"

	"github.com/pylabhub/datahub/runtime/fixed"
)

//go:generate go tool blds-gen

// Reading has a field of every kind. Its channel keeps everything for everybody.
//
//blds:schema id=test.station.Reading version=1.2.0
//blds:channel policy=ring capacity=64 sync=sync_readers consumers=4 page=4k timestamp=on checksum=enforced checksum_type=crc32c spinlocks=2 flex=Calibration
type Reading struct {
	Number      uint64
	Taken       int64 `blds:"timestamp=ns"`
	Took        time.Duration
	Temperature float64 `blds:"unit=degC"`
	Raw         int16   `blds:"scale=0.01,unit=V"`
	State       State
	Ok          fixed.Bool
	Present     uint32  `blds:"presence"`
	Humidity    float32 `blds:"unit=percent,optional"`
	Alarms      Alarm
	_           [2]byte
	Wind        Wind `blds:"optional"`
	Gusts       [2]Wind
	Samples     [20]int32
	Station     [16]byte `blds:"string"`
	Length      uint32
	Note        [60]byte `blds:"bytes,len=Length"`
}

// Wind is a direction and a speed.
type Wind struct {
	Direction float32 `blds:"unit=deg"`
	Speed     float32 `blds:"unit=m/s"`
}

// State is what the station does.
//
//blds:enum
type State uint8

const (
	StateIdle State = iota
	StateRunning
	StateBroken State = 0xff
)

// Alarm is what is wrong.
//
//blds:bits
type Alarm uint16

const (
	AlarmHeat Alarm = 1 << iota
	AlarmSmoke
	AlarmDoor
)

// Calibration is the flexible zone of a Reading's channel.
//
//blds:schema id=test.station.Calibration version=1.0.0
type Calibration struct {
	Offset float64 `blds:"unit=degC"`
	Gain   float64
}

// Latest is a value of which only the newest counts.
//
//blds:schema id=test.station.Latest version=1.0.0
//blds:channel policy=single sync=latest_only consumers=4 page=4k timestamp=on
type Latest struct {
	Number uint64
	Ratio  float64
}

// Log is a value for exactly one consumer.
//
//blds:schema id=test.station.Log version=1.0.0
//blds:channel policy=ring capacity=8 sync=single_reader consumers=1 page=4k
type Log struct {
	Number uint64
	Text   [56]byte `blds:"string"`
}

// Old is what Reading was once.
//
//blds:schema id=test.station.Old version=1.0.0
//blds:channel policy=ring capacity=64 sync=sync_readers consumers=4 page=4k
type Old struct {
	Number      uint64
	Temperature float32 `blds:"unit=K"`
	_           [4]byte
}
