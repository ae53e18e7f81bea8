package text

//blds:schema id=pairs.text.Text version=1.0.0
type Text struct {
	Size    uint32
	Name    [32]byte  `blds:"string"`
	Payload [100]byte `blds:"bytes,len=Size"`
}
