package enums

// State of the station.
//
//blds:enum
type State int16

const (
	// unknown until the first report
	StateUnknown State = -1
	StateIdle    State = 0
	StateRunning State = 1
	StateBusy    State = StateRunning // an alias
	// Deprecated: use Alarms
	StateBroken State = 9
)

//blds:bits
type Alarms uint32

const (
	AlarmsRain  Alarms = 1
	AlarmsWind  Alarms = 1 << 1
	AlarmsHail  Alarms = 1 << 2
	AlarmsStorm Alarms = AlarmsRain | AlarmsWind
)

//blds:schema id=doc.enums.Status version=1.0.0
type Status struct {
	State  State
	Alarms Alarms
}
