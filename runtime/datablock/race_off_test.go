//go:build !race

package datablock_test

const (
	raceEnabled = false
	slow        = 1 << 20 // bytes
)
