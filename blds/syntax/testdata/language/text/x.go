package text

//blds:schema id=doc.text.Message version=1.0.0
type Message struct {
	Topic [32]byte `blds:"string"`
	Used  uint32
	Body  [1000]byte `blds:"bytes,len=Used"`
}
