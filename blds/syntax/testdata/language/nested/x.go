package nested

//blds:schema id=doc.nested.Track version=1.0.0
type Track struct {
	From Point
	Via  [2]Point
	To   Point
}

// Point has no version: it is part of the schemas that use it.
type Point struct {
	X float64
	Y float64
}
