package scalars

import "github.com/pylabhub/datahub/runtime/fixed"

//blds:schema id=doc.scalars.Scalars version=1.0.0
type Scalars struct {
	A uint8
	B uint16
	C uint32
	D uint64
	E int8
	F int16
	G int32
	H int64
	I float32
	J float64
	K fixed.Bool
}
