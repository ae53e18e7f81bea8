package main

//go:generate go tool blds-gen

// Small is a value of 64 bytes.
//
//blds:schema id=bench.Small version=1.0.0
type Small struct{ Words [8]uint64 }
