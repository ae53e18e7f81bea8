package scalars

import "github.com/pylabhub/datahub/runtime/fixed"

//blds:schema id=pairs.scalars.Scalars version=1.0.0
type Scalars struct {
	A uint64
	B int64
	C float64
	D uint32
	E int32
	F float32
	G uint16
	H int16
	I uint8
	J int8
	K fixed.Bool
}
