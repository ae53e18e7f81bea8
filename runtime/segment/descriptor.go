package segment

import (
	"fmt"
	"hash/crc32"
	"strings"
	"sync"

	"github.com/pylabhub/datahub/blds/canon"
	"github.com/pylabhub/datahub/blds/compat"
	"github.com/pylabhub/datahub/blds/schema"
	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/fixed"
)

// RawSchema returns the type of blocks that hold bytes without a type: blds.raw.
// Its size says nothing; how many bytes a slot holds stands in the block.
func RawSchema() *fixed.Schema { return rawSchema() }

var rawSchema = sync.OnceValue(func() *fixed.Schema {
	s := &schema.Schema{
		ID: "blds.raw", Version: schema.Version{Major: 1}, Order: schema.LittleEndian,
		Record: &schema.Record{
			Name: "raw", ID: "blds.raw", Size: 1, Align: 1, Stride: 1,
			Members: []schema.Member{{Name: "byte", Size: 1, Align: 1, Type: schema.Type{Code: schema.U8}}},
		},
	}
	d, err := canon.Encode(s)
	if err != nil {
		panic("segment: blds.raw: " + err.Error()) // a constant of this package
	}
	layout, hash, err := canon.HashesOf(d)
	if err != nil {
		panic("segment: blds.raw: " + err.Error())
	}
	return &fixed.Schema{
		ID: s.ID, Version: [3]uint16{1, 0, 0}, LayoutHash: layout, SchemaHash: hash,
		Size: 1, Align: 1, Descriptor: string(d),
	}
})

func isRaw(s *fixed.Schema) bool { return s.SchemaHash == RawSchema().SchemaHash }

// readDescriptor copies a descriptor out of the data file and checks that it is
// the one the header speaks of.
func readDescriptor(f source, r *hdr.Region, z *hdr.Zone) (string, error) {
	bad := func(format string, a ...any) (string, error) {
		return "", &RegionError{File: f.Path(), Region: r.Kind, Class: ErrDescriptor, Reason: fmt.Sprintf(format, a...)}
	}
	if r.Size > schema.MaxCanonical {
		return bad("%d bytes, at most %d are allowed", r.Size, schema.MaxCanonical)
	}
	b := make([]byte, r.Size)
	if err := f.ReadAt(b, int64(r.Offset)); err != nil {
		return "", err
	}
	if sum := crc32.Checksum(b, castagnoli); sum != r.Checksum {
		return bad("checksum is %#08x, expected %#08x", r.Checksum, sum)
	}
	layout, hash, err := canon.HashesOf(b)
	if err != nil {
		return bad("%v", err)
	}
	if layout != z.LayoutHash || hash != z.SchemaHash {
		return bad("its hashes are not those of the header")
	}
	return string(b), nil
}

// A Ref names a schema.
type Ref struct {
	ID         string
	Version    schema.Version
	LayoutHash [32]byte
	SchemaHash [32]byte
}

// String returns id, version and the beginning of the schema hash.
func (r Ref) String() string {
	if r.ID == "" {
		return "nothing"
	}
	return fmt.Sprintf("%s %s (schema %x)", r.ID, r.Version, r.SchemaHash[:6])
}

func newRef(s *fixed.Schema) Ref {
	v := s.Version
	return Ref{s.ID, schema.Version{Major: v[0], Minor: v[1], Patch: v[2]}, s.LayoutHash, s.SchemaHash}
}

// A SchemaMismatchError reports a block whose slots, or whose flexible zone, are
// of another type than this program was compiled for. It is an [ErrSchema] or an
// [ErrFlexSchema].
type SchemaMismatchError struct {
	Channel   string
	Flex      bool            // it is the flexible zone that differs
	Want, Got Ref             // what this program was compiled for, and what the block holds
	Writer    Process         // who made the block
	Diff      []schema.Change // from the block's to this program's, in offset order
}

func (e *SchemaMismatchError) Error() string {
	var b strings.Builder
	what := "its slots are"
	if e.Flex {
		what = "its flexible zone is"
	}
	fmt.Fprintf(&b, "%s: %s %s, this program was compiled for %s; made by %s", e.Channel, what, e.Got, e.Want, e.Writer)
	for _, c := range e.Diff {
		b.WriteString("\n\t" + c.String())
	}
	return b.String()
}

func (e *SchemaMismatchError) Unwrap() error {
	if e.Flex {
		return ErrFlexSchema
	}
	return ErrSchema
}

// accepts reports whether a program compiled for s can use what a zone holds.
func (o *Options) accepts(s *fixed.Schema, z *hdr.Zone) bool {
	return z.SchemaHash == s.SchemaHash || o.LayoutOnly && z.LayoutHash == s.LayoutHash
}

// mismatch describes how what the block holds differs from want. got is the
// block's descriptor, "" if it has no such zone.
func mismatch(channel string, flex bool, want *fixed.Schema, got string, writer *hdr.Process) error {
	e := &SchemaMismatchError{Channel: channel, Flex: flex, Want: newRef(want), Writer: NewProcess(writer)}
	if got == "" {
		return e
	}
	have, err := canon.Decode([]byte(got))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDescriptor, err)
	}
	e.Got = Ref{ID: have.ID, Version: have.Version}
	if e.Got.LayoutHash, e.Got.SchemaHash, err = canon.HashesOf([]byte(got)); err != nil {
		return fmt.Errorf("%w: %w", ErrDescriptor, err)
	}
	mine, err := canon.Decode([]byte(want.Descriptor))
	if err != nil {
		return fmt.Errorf("descriptor of %s as compiled in: %w", want.ID, err)
	}
	e.Diff = compat.Diff(have, mine)
	return e
}
