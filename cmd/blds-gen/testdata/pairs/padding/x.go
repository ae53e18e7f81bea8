package padding

//blds:schema id=pairs.padding.Implicit version=1.0.0
type Implicit struct {
	Kind uint8
	_    [7]byte
	Seq  uint64
	Flag uint16
}

//blds:schema id=pairs.padding.Explicit version=1.0.0
type Explicit struct {
	Kind uint8
	Seq  uint64
	Flag uint16
}

//blds:schema id=pairs.padding.Mixed version=1.0.0
type Mixed struct {
	Kind uint8
	_    [2]byte
	_    [2]byte
	Seq  uint64
	Flag uint16
	_    [1]byte
}

//blds:schema id=pairs.padding.Kept version=1.0.0
type Kept struct {
	Kind  uint8
	Spare [3]byte `blds:"reserved"`
	More  uint32
	_     [8]byte `blds:"reserved"`
	Later [8]byte `blds:"reserved"`
}
