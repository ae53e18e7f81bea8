package names

//blds:schema id=Pairs.Names.Names version=1.0.0
type Names struct {
	TimeNS      int64
	HTTPURL     uint32
	Pad         uint16
	Group       uint8
	X_1         uint8
	CRC32OfBody uint32
}
