package consts

// Stations is for computing: it belongs to no schema.
const Stations = 8
const Half = 0.5

//blds:schema id=doc.consts.Table version=1.0.0
type Table struct {
	Rates [Stations * 2]uint16
}

//blds:const of=Table
const (
	// max_rate is part of what a Table is.
	TableMaxRate uint16 = 1000
	TableProduct string = "roof"
)
