package enums

import "math"

//blds:schema id=pairs.enums.Enums version=1.0.0
type Enums struct {
	Big    Level
	Alarms Alarm
	State  State
	Last   [3]State
}

// State is what it does.
//
//blds:enum
type State uint8

const (
	StateIdle State = iota
	// StateRunning says that it moves.
	StateRunning
	StateMoving = StateRunning

	// Deprecated: never happens, use idle.
	StateBroken State = 0xff
)

//blds:enum
type Level int64

const (
	LevelLowest Level = math.MinInt64
	LevelBelow  Level = -1
	LevelZero   Level = 0
)

//blds:bits
type Alarm uint16

const (
	AlarmHeat Alarm = 1 << iota
	AlarmSmoke
	AlarmAll = AlarmHeat | AlarmSmoke
)
