package weather

// Reading is one sample of the roof station.
//
//blds:schema id=lab.weather.Reading version=1.0.0
//blds:channel policy=ring capacity=1024 sync=sync_readers consumers=8 page=4k
type Reading struct {
	TimeNS      int64   `blds:"timestamp=ns"`
	Temperature float64 `blds:"unit=degC"`
	Humidity    float32 `blds:"unit=percent"`
	State       State
	Station     [16]byte `blds:"string"`
}

//blds:enum
type State uint8

const (
	StateIdle    State = 0
	StateRunning State = 1
)
