// Package fixed holds the few types that generated record code needs. It
// imports nothing.
package fixed

// A Bool is a shared boolean of one byte: zero is false, every other value is
// true. A Go bool must not live in shared memory: a byte of 2, stored by another
// process, makes both b and !b true.
type Bool uint8

// True and False are the two values a program of ours stores.
const (
	False Bool = 0
	True  Bool = 1
)

// Get reports whether b is true.
func (b Bool) Get() bool { return b != 0 }

// Set stores v.
func (b *Bool) Set(v bool) {
	*b = False
	if v {
		*b = True
	}
}

// String returns "true" or "false".
func (b Bool) String() string {
	if b != 0 {
		return "true"
	}
	return "false"
}

// A Field names a field of a record by its offset in bytes. No two fields of a
// record share one.
type Field uint32

// A Schema is the compiled form of a schema: what a program knows of it without
// its source.
type Schema struct {
	ID         string
	Version    [3]uint16 // major, minor, patch
	LayoutHash [32]byte  // BLAKE3-256, see docs/canonical-form.md
	SchemaHash [32]byte
	Size       uint32 // bytes
	Align      uint32 // bytes
	Descriptor string // the canonical form, all three sections
}
