package place

import "structs"

//blds:schema id=pairs.place.Placed version=1.0.0 align=64
type Placed struct {
	_      structs.HostLayout
	First  uint8
	_      [3]byte
	Second uint32
	_      [24]byte
	Third  uint64 `blds:"align=32"`
	Late   uint32 `blds:"offset=40"`
	_      [20]byte
}

//blds:schema id=pairs.place.Grouped version=1.0.0 align=128
type Grouped struct {
	Seq  uint64
	_    [56]byte
	Head uint64 `blds:"group=hot,atomic"`
	Wait uint32 `blds:"group=hot,atomic"`
	_    [52]byte
	Tail uint64 `blds:"group=cold,atomic,align=128"`
	_    [120]byte
}
