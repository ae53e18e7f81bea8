package nested

//blds:schema id=pairs.nested.Outer version=1.0.0
type Outer struct {
	Kind  uint8
	Inner Inner
	Last  uint16
}

type Inner struct {
	Seq  uint64
	Leaf Leaf
	Tail uint8
}

type Leaf struct {
	X     float32
	Small uint8
}
