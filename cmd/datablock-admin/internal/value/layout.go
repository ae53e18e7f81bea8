// Package value shows what the bytes of a slot say, by the schema that stands in
// the block: as text for people, as JSON, as cells of a table, and as one side of
// a comparison. It needs no generated code.
package value

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"

	"github.com/pylabhub/datahub/blds/canon"
	"github.com/pylabhub/datahub/blds/schema"
	"github.com/pylabhub/datahub/runtime/fixed"
)

// A Type is a record whose bytes can be shown.
type Type struct {
	Schema *schema.Schema // nil of a nested record
	Size   uint32         // bytes a value has at least
	fields []*field
}

// A field is a member of a record that holds a value.
type field struct {
	name   string
	code   schema.TypeCode
	enum   *schema.Enum
	bits   []fixed.Bit
	attrs  *schema.Attrs
	scale  float64 // 0: none
	dims   []uint32
	record *Type

	offset uint32 // in its record
	elem   uint32 // bytes of one element
	stride uint32 // distance of two elements
	length uint32 // of a blob: where in the record the number of its bytes stands
	guard  guard
}

// A guard is the bit that says whether an optional field is there; mask 0 is
// always there.
type guard struct {
	offset uint32
	mask   byte
}

func (g guard) there(b []byte) bool { return g.mask == 0 || b[g.offset]&g.mask != 0 }

func (g guard) at(base uint32) guard { return guard{g.offset + base, g.mask} }

// Parse returns the type that a descriptor describes. The descriptor may come from
// anywhere.
func Parse(descriptor string) (*Type, error) {
	s, err := canon.Decode([]byte(descriptor))
	if err != nil {
		return nil, fmt.Errorf("decode descriptor: %w", err)
	}
	if s.Order != schema.LittleEndian {
		return nil, fmt.Errorf("schema %s is %s, values of it cannot be shown", s.ID, s.Order)
	}
	t, err := newType(s.Record)
	if err != nil {
		return nil, fmt.Errorf("schema %s: %w", s.ID, err)
	}
	t.Schema = s
	return t, nil
}

func newType(r *schema.Record) (*Type, error) {
	t := &Type{Size: r.Size}
	var words []uint32 // offsets of the presence words
	lengths := map[string]uint32{}
	for i := range r.Members {
		m := &r.Members[i]
		if m.Flags&schema.FlagPresence != 0 {
			words = append(words, m.Offset)
		}
		if m.IsField() && m.Type.Code == schema.U32 {
			lengths[schema.Fold(m.Name)] = m.Offset
		}
	}
	for i := range r.Members {
		m := &r.Members[i]
		if !m.IsField() {
			continue
		}
		f := &field{
			name: m.Name, code: m.Type.Code, enum: m.Type.Enum, attrs: &m.Attrs, dims: m.Type.Dims,
			offset: m.Offset, elem: m.Type.Code.Size(),
		}
		if m.Type.Code.HasLen() {
			f.elem = m.Type.Len
		}
		f.stride = f.elem
		if r := m.Type.Record; r != nil {
			var err error
			if f.record, err = newType(r); err != nil { // canon bounds the depth
				return nil, err
			}
			f.elem, f.stride = r.Size, r.Stride
		}
		if f.enum != nil && f.enum.Bits {
			for _, v := range f.enum.Values {
				f.bits = append(f.bits, fixed.Bit{Name: v.Name, Mask: v.Value})
			}
		}
		if m.Attrs.Scale != "" {
			var err error
			if f.scale, err = strconv.ParseFloat(m.Attrs.Scale, 64); err != nil {
				return nil, fmt.Errorf("scale of %s: %w", m.Name, err)
			}
		}
		if f.code == schema.Bytes {
			off, ok := lengths[schema.Fold(m.Attrs.LenField)]
			if !ok {
				return nil, fmt.Errorf("field %s: no length field %q", m.Name, m.Attrs.LenField)
			}
			f.length = off
		}
		if m.Flags&schema.FlagOptional != 0 {
			if int(m.Presence.Word) >= len(words) {
				return nil, fmt.Errorf("field %s: no presence word %d", m.Name, m.Presence.Word)
			}
			f.guard = guard{words[m.Presence.Word] + uint32(m.Presence.Bit/8), 1 << (m.Presence.Bit % 8)}
		}
		t.fields = append(t.fields, f)
	}
	return t, nil
}

// ErrShort is returned for a value that has fewer bytes than its type.
var ErrShort = errors.New("value is shorter than its type")

// Check reports whether b can be a value of t. The other methods take only what
// passes.
func (t *Type) Check(b []byte) error {
	if uint64(len(b)) < uint64(t.Size) {
		return fmt.Errorf("%w: %d bytes of %d", ErrShort, len(b), t.Size)
	}
	return nil
}

// Raw reports whether values of t are bytes without a type.
func (t *Type) Raw() bool { return t.Schema != nil && t.Schema.ID == canon.Raw().ID }

// word returns the bits of a scalar, sign-extended to 64.
func word(code schema.TypeCode, b []byte) uint64 {
	switch code.Size() {
	case 1:
		return schema.ExtendInt(code, uint64(b[0]))
	case 2:
		return schema.ExtendInt(code, uint64(binary.LittleEndian.Uint16(b)))
	case 4:
		return schema.ExtendInt(code, uint64(binary.LittleEndian.Uint32(b)))
	}
	return binary.LittleEndian.Uint64(b)
}

// blob returns the valid bytes of a blob, and how many its length claims.
func (f *field) blob(record, b []byte) (valid []byte, claimed uint32) {
	n := binary.LittleEndian.Uint32(record[f.length:])
	return fixed.Blob(b, n), n
}

// name returns the enum's name of a value.
func enumName(e *schema.Enum, v uint64) (string, bool) {
	for i := range e.Values {
		if e.Values[i].Value == v {
			return e.Values[i].Name, true
		}
	}
	return "", false
}
