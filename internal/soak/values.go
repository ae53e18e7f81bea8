package main

//go:generate go tool blds-gen

// Value is what the channels carry. All of it follows from Number, so that a torn
// one is found.
//
//blds:schema id=soak.Value version=1.0.0
type Value struct {
	Number uint64
	Words  [15]uint64
}

// Zone is what the flexible zones hold.
//
//blds:schema id=soak.Zone version=1.0.0
type Zone struct {
	Number uint64
	Words  [31]uint64
}

func (v *Value) fill(n uint64) {
	v.Number = n
	fill(v.Words[:], n)
}

func (v *Value) whole() bool { return whole(v.Words[:], v.Number) }

func (z *Zone) fill(n uint64) {
	z.Number = n
	fill(z.Words[:], n)
}

func (z *Zone) whole() bool { return whole(z.Words[:], z.Number) }

func fill(words []uint64, n uint64) {
	for i := range words {
		words[i] = (n + 1) * uint64(2*i+3)
	}
}

func whole(words []uint64, n uint64) bool {
	for i := range words {
		if words[i] != (n+1)*uint64(2*i+3) {
			return false
		}
	}
	return true
}
