package fixed

// An Integer is a type that an enum or a bit set can have.
type Integer interface {
	~uint8 | ~uint16 | ~uint32 | ~uint64 | ~int8 | ~int16 | ~int32 | ~int64
}

// Unknown prints a value that is not in the table of its enum: Unknown("State",
// State(7)) is "State(7)".
func Unknown[T Integer](enum string, v T) string {
	if v < 0 {
		return enum + "(-" + decimal(-uint64(v)) + ")"
	}
	return enum + "(" + decimal(uint64(v)) + ")"
}

// A Bit is a named mask of a bit set.
type Bit struct {
	Name string
	Mask uint64
}

// FormatBits prints a bit set as the names of its masks and the bits without a
// name: "rain|wind|0x40". A mask counts if all of its bits are set in v and the
// names before it do not cover them all. No bits at all print as the name of the
// empty mask, or "0".
func FormatBits(v uint64, table []Bit) string {
	s, rest := "", v
	for _, b := range table {
		switch {
		case b.Mask == 0:
			if v == 0 {
				return b.Name
			}
		case v&b.Mask == b.Mask && rest&b.Mask != 0:
			s += "|" + b.Name
			rest &^= b.Mask
		}
	}
	if rest != 0 {
		s += "|0x" + digits(rest, 16)
	}
	if s == "" {
		return "0"
	}
	return s[1:]
}

func decimal(v uint64) string { return digits(v, 10) }

func digits(v, base uint64) string {
	var buf [20]byte
	i := len(buf)
	for {
		i--
		buf[i] = "0123456789abcdef"[v%base]
		if v /= base; v == 0 {
			return string(buf[i:])
		}
	}
}
