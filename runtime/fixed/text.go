package fixed

// Text returns the bytes of a string field before its first NUL, or all of
// them. The result points into b: it lives as long as b and changes with it.
// What another program stored need not be UTF-8; see [ValidText].
func Text(b []byte) []byte {
	for i, c := range b {
		if c == 0 {
			return b[:i]
		}
	}
	return b
}

// ValidText reports whether b holds what a string field should: UTF-8 without
// NUL, then nothing but NULs.
func ValidText(b []byte) bool {
	n := validLen(b)
	for _, c := range b[n:] {
		if c != 0 {
			return false
		}
	}
	return true
}

// SetText stores s in the string field b and fills the rest with NULs. If s does
// not fit it returns a [*SizeError], if s holds a NUL or is not UTF-8 a
// [*TextError]; b is then unchanged.
func SetText(b []byte, s string) error {
	if len(s) > len(b) {
		return &SizeError{Len: len(s), Cap: len(b)}
	}
	if n := validLen(s); n < len(s) {
		return &TextError{At: n, NUL: s[n] == 0}
	}
	clear(b[copy(b, s):])
	return nil
}

// SetTextTruncated stores as much of s as fits in the string field b, cut between
// two runes, and fills the rest with NULs. It also cuts before the first byte
// that is NUL or not UTF-8.
func SetTextTruncated(b []byte, s string) {
	n := validLen(s)
	if n > len(b) {
		n = len(b)
		for n > 0 && s[n]&0xC0 == 0x80 { // inside a rune
			n--
		}
	}
	clear(b[copy(b, s[:n]):])
}

// validLen returns the length of the longest start of s that is UTF-8 and has
// no NUL.
func validLen[S []byte | string](s S) int {
	for i := 0; i < len(s); {
		if c := s[i]; c-1 < 0x7F { // ASCII but NUL
			i++
			continue
		}
		n := runeLen(s[i:])
		if n == 0 {
			return i
		}
		i += n
	}
	return len(s)
}

// runeLen returns the number of bytes of the rune at the start of s, which is
// not ASCII, or 0 if there is no valid one (RFC 3629: shortest form, no
// surrogates, nothing above U+10FFFF). The package imports nothing, hence not
// unicode/utf8; the tests compare the two.
func runeLen[S []byte | string](s S) int {
	n, low, high := 0, byte(0x80), byte(0xBF) // range of the second byte
	switch c := s[0]; {
	case 0xC2 <= c && c <= 0xDF:
		n = 2
	case 0xE0 <= c && c <= 0xEF:
		n = 3
		switch c {
		case 0xE0:
			low = 0xA0
		case 0xED:
			high = 0x9F
		}
	case 0xF0 <= c && c <= 0xF4:
		n = 4
		switch c {
		case 0xF0:
			low = 0x90
		case 0xF4:
			high = 0x8F
		}
	}
	if n == 0 || len(s) < n || s[1] < low || s[1] > high {
		return 0
	}
	for i := 2; i < n; i++ {
		if s[i]&0xC0 != 0x80 {
			return 0
		}
	}
	return n
}

// A SizeError says that a value does not fit in its field.
type SizeError struct {
	Len int // bytes of the value
	Cap int // bytes of the field
}

// Error returns for example "20 bytes do not fit in a field of 16".
func (e *SizeError) Error() string {
	return decimal(uint64(e.Len)) + " bytes do not fit in a field of " + decimal(uint64(e.Cap))
}

// A TextError says that a string holds what a string field cannot.
type TextError struct {
	At  int  // offset of the first such byte
	NUL bool // it is a NUL; otherwise it is not UTF-8
}

// Error returns for example "byte 3 of the string is NUL".
func (e *TextError) Error() string {
	if e.NUL {
		return "byte " + decimal(uint64(e.At)) + " of the string is NUL"
	}
	return "byte " + decimal(uint64(e.At)) + " of the string is not UTF-8"
}
