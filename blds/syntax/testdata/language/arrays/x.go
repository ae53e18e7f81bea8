package arrays

const Channels = 4

//blds:schema id=doc.arrays.Frame version=1.0.0
type Frame struct {
	Gains   [Channels]float32
	Samples [64][Channels]int16
	Labels  [Channels][8]byte `blds:"string"`
	Corners [4]Point
}

type Point struct {
	X, Y float32
}
