package atomic

import "sync/atomic"

//blds:schema id=pairs.atomic.Counters version=1.0.0
type Counters struct {
	A atomic.Int64
	B uint64 `blds:"atomic"`
	C atomic.Int32
	D atomic.Uint32
	E [4]uint64 `blds:"atomic"`
}
