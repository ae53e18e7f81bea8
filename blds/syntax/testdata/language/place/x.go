package place

//blds:schema id=doc.place.Header version=1.0.0 align=32
type Header struct {
	Magic uint32
	_     [4]byte
	Size  uint64
	_     [8]byte `blds:"reserved"`
	_     [8]byte
	Flags uint8 `blds:"offset=32"`
	_     [7]byte
	Level uint32 `blds:"align=8"`
	_     [20]byte
}
