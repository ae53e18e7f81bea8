package datablock

import (
	"time"

	"github.com/pylabhub/datahub/runtime/fixed"
)

// What generated accessors need of package fixed; see there.
type (
	// Bit is a name of a bit set's value.
	Bit = fixed.Bit
	// SizeError says that a text or blob does not fit its field.
	SizeError = fixed.SizeError
	// TextError says that a text is not valid for a field.
	TextError = fixed.TextError
)

// The two values of a Bool.
const (
	True  = fixed.True
	False = fixed.False
)

// Text returns the bytes of a text field without its padding.
func Text(b []byte) []byte { return fixed.Text(b) }

// ValidText reports whether b is UTF-8 followed by NULs only.
func ValidText(b []byte) bool { return fixed.ValidText(b) }

// SetText stores s in a text field, all of it or nothing.
func SetText(b []byte, s string) error { return fixed.SetText(b, s) }

// SetTextTruncated stores as much of s as fits, cut between runes.
func SetTextTruncated(b []byte, s string) { fixed.SetTextTruncated(b, s) }

// Blob returns the valid bytes of a blob field.
func Blob(b []byte, n uint32) []byte { return fixed.Blob(b, n) }

// SetBlob stores v in a blob field and its length in n, all of it or nothing.
func SetBlob(b []byte, n *uint32, v []byte) error { return fixed.SetBlob(b, n, v) }

// Unknown prints a value that an enum does not know.
func Unknown[T fixed.Integer](enum string, v T) string { return fixed.Unknown(enum, v) }

// FormatBits prints the names of the bits in v.
func FormatBits(v uint64, table []Bit) string { return fixed.FormatBits(v, table) }

var clock = time.Now()

// Now returns the time that a producer of this process would stamp a value with:
// nanoseconds since the Unix epoch, by a clock that does not jump when the
// system's is set.
func Now() int64 { return clock.UnixNano() + int64(time.Since(clock)) }
