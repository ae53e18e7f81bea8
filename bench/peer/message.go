package main

// A message begins with its sequence number and the phase of the run, and ends
// with the sequence number again. In between is filling.
const (
	warm = 1 + iota
	running
	stop
)

var filling = func() (f [2048]uint64) {
	for i := range f {
		f[i] = 0x5a5a5a5a5a5a5a5a
	}
	return f
}()

// fill writes every byte of a message.
func fill(m []uint64, seq, phase uint64) {
	for o := 0; o < len(m); o += len(filling) {
		copy(m[o:], filling[:])
	}
	m[0], m[1], m[len(m)-1] = seq, phase, seq
}

// Sink keeps what touch reads from being optimized away.
var Sink uint64

// touch reads a word of every cache line of a message.
func touch(m []uint64) {
	var s uint64
	for o := 0; o < len(m); o += 8 {
		s += m[o]
	}
	Sink += s
}
