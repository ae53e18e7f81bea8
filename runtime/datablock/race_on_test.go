//go:build race

package datablock_test

const (
	raceEnabled = true
	slow        = 64 << 10 // bytes
)
