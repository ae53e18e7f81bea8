package times

import "time"

//blds:schema id=pairs.times.Times version=1.0.0
type Times struct {
	Taken   int64 `blds:"timestamp=ns"`
	Took    time.Duration
	Timeout uint32 `blds:"duration=ms"`
	Started uint64 `blds:"timestamp=us"`
	Day     int32  `blds:"timestamp=s"`
}
