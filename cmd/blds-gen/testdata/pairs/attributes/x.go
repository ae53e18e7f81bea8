package attributes

import "github.com/pylabhub/datahub/runtime/fixed"

// Everything a field can say.
//
// In two paragraphs.
//
//blds:schema id=pairs.attributes.Attributes version=2.1.0 deprecated='use Other, it''s better'
type Attributes struct {
	// The air, measured twice.
	Temperature float64    `blds:"unit=degC,was=temp,metric=roof_temperature"`
	Speed       float64    `blds:"unit='m/s, over ground',since=2.1.0,view=compact"`
	Raw         int16      `blds:"scale=0.01,default=-5"`
	State       State      `blds:"default=on"`
	Ok          fixed.Bool `blds:"default=true"`
	Count       uint32     `blds:"default=0x10,deprecated='count yourself, or don''t',as=uint32_t,name=Count"`
	Ratio       float32    `blds:"default=0.5,scale=1e-3"`
}

//blds:enum
type State uint8

const (
	StateOff State = 0
	StateOn  State = 1
)
