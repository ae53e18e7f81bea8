package optional

//blds:schema id=pairs.optional.Named version=1.0.0
type Named struct {
	A       uint64 `blds:"optional"`
	B       uint8  `blds:"optional"`
	Present uint8  `blds:"presence"`
	C       uint16 `blds:"optional"`
}

//blds:schema id=pairs.optional.Placed version=1.0.0
type Placed struct {
	Seq uint32
	Has uint32  `blds:"presence"`
	A   uint64  `blds:"optional"`
	B   State   `blds:"optional"`
	C   [3]byte `blds:"string,optional"`
	_   [4]byte
}

//blds:enum
type State uint8

const (
	StateOff State = 0
	StateOn  State = 1
)
