// Package units has types that schemas of other packages use.
package units

// A Position is a place on the site.
type Position struct {
	X, Y float64 `blds:"unit=m"`
}

// Quality says how far a value can be trusted.
//
//blds:enum
type Quality uint8

// The qualities.
const (
	QualityNone Quality = iota
	QualityGood
)

// Celsius is a temperature.
type Celsius float32

// Head is a schema so that the package has an output of its own.
//
//blds:schema id=user.units.Head version=1.0.0
type Head struct {
	At      Position
	Quality Quality
	_       [7]byte
}
