package arrays

import "github.com/pylabhub/datahub/runtime/fixed"

const sides = 3

//blds:schema id=pairs.arrays.Arrays version=1.0.0
type Arrays struct {
	Row     [4]float64
	Matrix  [2][3]float32
	Names   [4][16]byte `blds:"string"`
	Flags   [2][2]fixed.Bool
	Corners [sides]Point
	Deep    [2][sides]Point
}

type Point struct{ X, Y int16 }
