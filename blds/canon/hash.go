package canon

import (
	"fmt"
	"sync"

	"github.com/pylabhub/datahub/blds/schema"
	"lukechampine.com/blake3"
)

// The contexts in which BLAKE3 derives the two hashes.
const (
	LayoutContext = "pylabhub/datahub 2026-11-23 blds layout v1"
	SchemaContext = "pylabhub/datahub 2026-11-23 blds schema v1"
)

// LayoutHash returns the hash of s's bytes: two schemas with one layout hash can
// be laid over each other's memory. It fails like [Encode].
func LayoutHash(s *schema.Schema) ([32]byte, error) {
	layout, _, err := Hashes(s)
	return layout, err
}

// SchemaHash returns the hash of s's bytes and of what they mean. It fails like
// [Encode].
func SchemaHash(s *schema.Schema) ([32]byte, error) {
	_, hash, err := Hashes(s)
	return hash, err
}

// Hashes returns the layout hash and the schema hash of s. It fails like
// [Encode], except that annotations do not count for the size.
func Hashes(s *schema.Schema) (layout, hash [32]byte, err error) {
	if err := verify(s); err != nil {
		return layout, hash, err
	}
	b, err := encode(s, false)
	if err != nil {
		return layout, hash, err
	}
	return hashPrefixes(b)
}

// HashesOf returns the layout hash and the schema hash that a descriptor has.
// It looks at the frame only; what stands in the sections is for [Decode].
func HashesOf(descriptor []byte) (layout, hash [32]byte, err error) {
	d := newDecoder(descriptor)
	d.header()
	d.section(3)
	if d.err == nil && d.pos != len(descriptor) {
		d.fail("%d bytes behind the last section", len(descriptor)-d.pos)
	}
	if d.err != nil {
		return layout, hash, d.err
	}
	return hashPrefixes(descriptor)
}

// hashPrefixes hashes the form up to the end of its first section, and up to
// the end of its second.
func hashPrefixes(b []byte) (layout, hash [32]byte, err error) {
	d := newDecoder(b)
	d.header()
	one := d.section(1)
	two := d.section(1)
	if d.err != nil {
		return layout, hash, d.err
	}
	blake3.DeriveKey(layout[:], LayoutContext, b[:one])
	blake3.DeriveKey(hash[:], SchemaContext, b[:two])
	return layout, hash, nil
}

// Raw returns the schema of blocks without a schema, `blds.raw`: one byte, of
// which a slot holds as many as were committed. No source can declare it.
var Raw = sync.OnceValue(func() *schema.Schema {
	return &schema.Schema{
		ID: "blds.raw", Version: schema.Version{Major: 1}, Order: schema.LittleEndian,
		Doc: "A block of bytes without a schema.",
		Record: &schema.Record{
			Name: "raw", ID: "blds.raw", Doc: "A block of bytes without a schema.",
			Size: 1, Align: 1, Stride: 1,
			Members: []schema.Member{{Name: "byte", Size: 1, Align: 1, Type: schema.Type{Code: schema.U8}}},
		},
	}
})

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrInvalid, fmt.Sprintf(format, args...))
}
