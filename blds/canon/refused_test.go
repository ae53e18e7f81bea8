package canon_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pylabhub/datahub/blds/canon"
	"github.com/pylabhub/datahub/blds/schema"
)

// A refusal is one entry of testdata/refused.json: a form that must be refused.
type refusal struct {
	Name       string `json:"name"`
	Descriptor string `json:"descriptor"`
	Error      string `json:"error"` // of this implementation
}

// broken is a form that breaks one rule: a model that was changed after layout,
// or bytes.
type broken struct {
	name  string
	model *schema.Schema
	bytes []byte
}

// copyOf returns a copy of s that shares nothing with it.
func copyOf(s *schema.Schema) *schema.Schema {
	b, err := canon.Encode(s)
	if err != nil {
		panic(err)
	}
	c, err := canon.Decode(b)
	if err != nil {
		panic(err)
	}
	return c
}

// change returns a copy of s in which the member with the given index was
// changed.
func change(s *schema.Schema, i int, do func(m *schema.Member)) *schema.Schema {
	c := copyOf(s)
	do(&c.Record.Members[i])
	return c
}

func changeRecord(s *schema.Schema, do func(r *schema.Record)) *schema.Schema {
	c := copyOf(s)
	do(c.Record)
	return c
}

func brokenModels() []broken {
	type m = *schema.Member
	two := schemaOf(field("a", schema.U32), field("b", schema.U32))
	opt := schemaOf(field("p", schema.U32, isPresent), field("a", schema.U32, optional), field("b", schema.U32, optional))
	gap := schemaOf(field("a", schema.U32), field("b", schema.U64))
	str := schemaOf(field("s", schema.String, length(4), deflt("abcd")))
	blob := schemaOf(field("n", schema.U32), field("b", schema.Bytes, length(4), lenField("n")), field("o", schema.U32), field("c", schema.Bytes, length(4), lenField("o")))
	state := enumOf("E", schema.U8, value("a", 0), value("b", 1))
	en := schemaOf(field("s", schema.U8, enum(state), deflt("a")), field("t", schema.U8, enum(state)))
	oneValue := schemaOf(field("s", schema.U8, enum(enumOf("E", schema.U8, value("a", 1))), deflt("a")))
	alias := schemaOf(field("s", schema.U8, enum(enumOf("E", schema.U8, value("a", 0), value("b", 0), value("c", 1))), deflt("b")))
	vec := record("V", field("x", schema.F32))
	nest := schemaOf(field("v", schema.RecordType, nested(vec)), field("w", schema.RecordType, nested(vec)))
	constants := decl(field("a", schema.U8))
	constants.Consts = []schema.Const{{Name: "b", Value: schema.Value{Code: schema.F64, Text: "1"}}, {Name: "c", Value: schema.Value{Code: schema.U8, Text: "1"}}}
	consts := laidOut(constants)
	resv := schemaOf(field("a", schema.U8), reserved(3))

	return []broken{
		{name: "byte order 3", model: func() *schema.Schema { c := copyOf(two); c.Order = 3; return c }()},
		{name: "an id that is none", model: func() *schema.Schema { c := copyOf(two); c.ID, c.Record.ID = "a..b", "a..b"; return c }()},
		{name: "no members", model: changeRecord(two, func(r *schema.Record) { r.Members = nil })},
		{name: "a record of size zero", model: changeRecord(two, func(r *schema.Record) { r.Members, r.Size, r.Stride = nil, 0, 0 })},
		{name: "bytes without a member before", model: change(two, 0, func(m m) { m.Offset = 4 })},
		{name: "bytes without a member between", model: changeRecord(two, func(r *schema.Record) { r.Members[1].Offset, r.Size, r.Stride = 8, 12, 12 })},
		{name: "bytes without a member behind", model: changeRecord(two, func(r *schema.Record) { r.Size, r.Stride = 12, 12 })},
		{name: "two members of one byte", model: change(two, 1, func(m m) { m.Offset = 3 })},
		{name: "members out of order", model: changeRecord(two, func(r *schema.Record) { slices.Reverse(r.Members) })},
		{name: "size no multiple of the alignment", model: changeRecord(two, func(r *schema.Record) { r.Align = 64 })},
		{name: "alignment of the record is no power of two", model: changeRecord(two, func(r *schema.Record) { r.Align = 3 })},
		{name: "alignment of the record below its member's", model: changeRecord(two, func(r *schema.Record) { r.Align = 2 })},
		{name: "alignment of a member below its type's", model: change(two, 0, func(m m) { m.Align = 2 })},
		{name: "alignment of a member that its offset does not keep", model: changeRecord(two, func(r *schema.Record) { r.Align, r.Members[1].Align = 8, 8 })},
		{name: "stride other than size", model: changeRecord(two, func(r *schema.Record) { r.Stride = 16 })},
		{name: "member larger than its type", model: changeRecord(two, func(r *schema.Record) { r.Members[1].Size, r.Size, r.Stride = 8, 12, 12 })},
		{name: "unknown type code", model: change(two, 0, func(m m) { m.Type.Code = 17 })},
		{name: "type code zero", model: change(two, 0, func(m m) { m.Type.Code = 0 })},
		{name: "unknown flag", model: change(two, 0, func(m m) { m.Flags = 8 })},
		{name: "length of a number", model: change(two, 0, func(m m) { m.Type.Len = 4 })},
		{name: "no length of a string", model: change(str, 0, func(m m) { m.Type.Len = 0 })},
		{name: "dimension zero", model: change(two, 0, func(m m) { m.Type.Dims = []uint32{0} })},
		{name: "dimensions that overflow", model: change(two, 0, func(m m) {
			m.Type.Dims = []uint32{1 << 31, 1 << 31, 1 << 31, 1 << 31, 1 << 31, 1 << 31, 1 << 31, 1 << 31}
		})},
		{name: "nine dimensions", model: change(two, 0, func(m m) { m.Type.Dims = []uint32{1, 1, 1, 1, 1, 1, 1, 1, 1} })},
		{name: "two paddings side by side", model: changeRecord(gap, func(r *schema.Record) {
			p := r.Members[1]
			p.Size, p.Type.Len = 2, 2
			q := p
			q.Offset += 2
			r.Members = []schema.Member{r.Members[0], p, q, r.Members[2]}
		})},
		{name: "padding with an alignment", model: change(gap, 1, func(m m) { m.Align = 4 })},
		{name: "optional padding", model: change(gap, 1, func(m m) { m.Flags = schema.FlagOptional })},
		{name: "padding with dimensions", model: change(gap, 1, func(m m) { m.Type.Len, m.Type.Dims = 2, []uint32{2} })},
		{name: "optional without a presence word", model: change(two, 0, func(m m) { m.Flags = schema.FlagOptional })},
		{name: "presence bits swapped", model: changeRecord(opt, func(r *schema.Record) {
			r.Members[1].Presence, r.Members[2].Presence = r.Members[2].Presence, r.Members[1].Presence
		})},
		{name: "presence bit of no word", model: change(opt, 2, func(m m) { m.Presence.Word = 1 })},
		{name: "presence word of floats", model: change(opt, 0, func(m m) { m.Type.Code = schema.F32 })},
		{name: "optional presence word", model: change(opt, 0, func(m m) { m.Flags |= schema.FlagOptional })},
		{name: "atomic float", model: changeRecord(two, func(r *schema.Record) { r.Members[0].Type.Code, r.Members[0].Flags = schema.F32, schema.FlagAtomic })},
		{name: "two members of one name", model: change(two, 1, func(m m) { m.Name = "A" })},
		{name: "a name that is none", model: change(two, 1, func(m m) { m.Name = "1" })},
		{name: "an empty name", model: change(two, 1, func(m m) { m.Name = "" })},
		{name: "unit of a string", model: change(str, 0, func(m m) { m.Attrs.Unit = "m" })},
		{name: "unit with a control character", model: change(two, 0, func(m m) { m.Attrs.Unit = "\x1b[31m" })},
		{name: "doc that is not UTF-8", model: change(two, 0, func(m m) { m.Attrs.Doc = "\xff" })},
		{name: "a text that is too long", model: change(two, 0, func(m m) { m.Attrs.Was = strings.Repeat("w", schema.MaxText+1) })},
		{name: "time and unit", model: change(two, 0, func(m m) { m.Attrs.Unit, m.Attrs.Time, m.Attrs.TimeUnit = "m", 1, "s" })},
		{name: "unknown kind of time", model: change(two, 0, func(m m) { m.Attrs.Time, m.Attrs.TimeUnit = 3, "s" })},
		{name: "unit of no time", model: change(two, 0, func(m m) { m.Attrs.TimeUnit = "s" })},
		{name: "scale zero", model: change(two, 0, func(m m) { m.Attrs.Scale = "0" })},
		{name: "scale infinite", bytes: replace(schemaOf(field("a", schema.F64, scale("2"))), "\x01\x00\x00\x00\x00\x00\x00\x00\x40", "\x01\x00\x00\x00\x00\x00\x00\xf0\x7f")},
		{name: "scale that is no number", bytes: replace(schemaOf(field("a", schema.F64, scale("2"))), "\x01\x00\x00\x00\x00\x00\x00\x00\x40", "\x01\x01\x00\x00\x00\x00\x00\xf0\x7f")},
		{name: "default negative zero", bytes: replace(schemaOf(field("a", schema.F64, deflt("2"))), "\x01\x00\x00\x00\x00\x00\x00\x00\x40", "\x01\x00\x00\x00\x00\x00\x00\x00\x80")},
		{name: "default too long", model: change(str, 0, func(m m) { m.Attrs.Default.Text = "abcde" })},
		{name: "default with NUL", model: change(str, 0, func(m m) { m.Attrs.Default.Text = "a\x00" })},
		{name: "default of a record", model: change(nest, 0, func(m m) { m.Attrs.Default = &schema.Value{Code: schema.RecordType} })},
		{name: "default that is no name of the enum", model: change(oneValue, 0, func(m m) { m.Attrs.Default.Text = "c" })},
		{name: "default that is no value of the enum", bytes: replace(en, "\x01\x01b\x01\x00\x00", "\x01\x01b\x01\x05\x00")},
		{name: "name of a default that is the first of its number", bytes: replace(alias, "\x80\x08\x01b", "\x80\x08\x01a")},
		{name: "name of a default that has another number", bytes: replace(alias, "\x80\x08\x01b", "\x80\x08\x01c")},
		{name: "name of a default that is not in the table", bytes: replace(alias, "\x80\x08\x01b", "\x80\x08\x01d")},
		{name: "name of a default that is not folded", bytes: replace(alias, "\x80\x08\x01b", "\x80\x08\x01B")},
		{name: "name of a default where there is none", bytes: replace(alias, "\x01\x01c\x01\x00\x00", "\x01\x01c\x00\x00")},
		{name: "two tables of one enum with other numbers of values", bytes: replace(en, "\x01t\x00\x00\x00\x00\x01\x02\x00\x01a\x01\x01b", "\x01t\x00\x00\x00\x00\x01\x01\x00\x01a")},
		{name: "default of a bool of 2", bytes: replace(schemaOf(field("q", schema.Bool, deflt("true"))), "\x01q\x00\x00\x00\x00\x00\x01\x01", "\x01q\x00\x00\x00\x00\x00\x01\x02")},
		{name: "default larger than its type", bytes: replace(schemaOf(field("q", schema.U8, deflt("127"))), "\x00\x01\x7f\x00", "\x00\x01\x80\x02\x00")},
		{name: "a blob without length field", model: change(blob, 1, func(m m) { m.Attrs.LenField = "" })},
		{name: "two blobs with one length field", model: change(blob, 3, func(m m) { m.Attrs.LenField = "n" })},
		{name: "length field that does not exist", model: change(blob, 1, func(m m) { m.Attrs.LenField = "x" })},
		{name: "length field of a number", model: change(blob, 0, func(m m) { m.Attrs.LenField = "o" })},
		{name: "signed length field", model: change(blob, 0, func(m m) { m.Type.Code = schema.I32 })},
		{name: "enum without values", model: change(en, 0, func(m m) { m.Type.Enum.Values, m.Attrs.Default = nil, nil })},
		{name: "enum with two of one name", model: change(en, 0, func(m m) { m.Type.Enum.Values[1].Name = "A" })},
		{name: "table of a float", bytes: replace(schemaOf(field("q", schema.F32)), "\x01q\x00\x00\x00\x00\x00", "\x01q\x00\x00\x00\x00\x01")},
		{name: "enum of one type in members of two", model: change(en, 1, func(m m) { m.Type.Code = schema.I8 })},
		{name: "one enum with two tables", bytes: replace(en, "\x01t\x00\x00\x00\x00\x01\x02\x00\x01a\x01\x01b", "\x01t\x00\x00\x00\x00\x01\x02\x00\x01a\x01\x01c")},
		{name: "one record type with two layouts", bytes: replace(nest, "\x04\x04\x04\x0e\x00\x00\x00\x04\x04\x04\x01\x00\x04\x04\x09", "\x04\x04\x04\x0e\x00\x00\x00\x04\x04\x04\x01\x00\x04\x04\x03")},
		{name: "one record under two numbers", bytes: twoNumbers(nest)},
		{name: "record type of an unknown number", bytes: replace(nest, "\x00\x05lab.V", "\x01\x05lab.V")},
		{name: "table not sorted", bytes: replace(en, "\x01\x02\x00\x01a\x01\x01b", "\x01\x02\x01\x01b\x00\x01a")},
		{name: "enum value beyond its type", bytes: replace(schemaOf(field("s", schema.U8, enum(enumOf("E", schema.U8, value("a", 1))))), "\x01\x01\x01\x01a", "\x01\x01\x81\x02\x01a")},
		{name: "constants not sorted", model: func() *schema.Schema { c := copyOf(consts); slices.Reverse(c.Consts); return c }()},
		{name: "constant infinite", bytes: replace(consts, "\x0a\x00\x00\x00\x00\x00\x00\xf0\x3f", "\x0a\x00\x00\x00\x00\x00\x00\xf0\x7f")},
		{name: "constant of a type without literals", bytes: replace(consts, "\x01c\x01\x01", "\x01c\x0e\x01")},
		{name: "reserved range with a name that is none", model: change(resv, 1, func(m m) { m.Name = "x y" })},
		{name: "group that is no name", model: change(two, 1, func(m m) { m.Attrs.Group = "a b" })},
		{name: "a varint that is not the shortest", bytes: replace(two, "\x01\x08\x04\x08\x02", "\x01\x88\x00\x04\x08\x02")},
		{name: "a varint of 64 bits for 32", bytes: replace(two, "\x01\x08\x04\x08\x02", "\x01\x88\x80\x80\x80\x10\x04\x08\x02")},
		{name: "a varint without end", bytes: []byte("BLDS\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff")},
		{name: "a count that nothing can hold", bytes: replace(two, "\x01\x08\x04\x08\x02", "\x01\x08\x04\x08\x7f")},
		{name: "a spelling of another name", bytes: replace(schemaOf(field("Ab", schema.U8)), "\x02Ab", "\x02Ac")},
		{name: "a spelling that need not be", bytes: replace(schemaOf(field("Ab", schema.U8)), "\x02Ab", "\x02ab")},
		{name: "a name that is not folded", bytes: replace(schemaOf(field("ab", schema.U8)), "\x02ab", "\x02aB")},
		{name: "unknown annotation", bytes: replace(schemaOf(field("a", schema.U8, doc("D"))), "\x02\x01D", "\x82\x08\x01D")},
		{name: "an annotation that is empty", bytes: replace(schemaOf(field("a", schema.U8, doc("D"))), "\x02\x01D", "\x02\x00")},
		{name: "not a form", bytes: []byte("SDLB\x01\x00\x00\x00")},
		{name: "another form", bytes: []byte("BLDS\x02\x00\x00\x00")},
		{name: "nothing", bytes: []byte{}},
	}
}

// replace changes the first bytes of s's form that are old, and the length of the
// section in which they stand.
func replace(s *schema.Schema, old, new string) []byte {
	b, err := canon.Encode(s)
	if err != nil {
		panic(err)
	}
	at := bytes.Index(b, []byte(old))
	if at < 0 {
		panic(fmt.Sprintf("%x has no %x", b, old))
	}
	pos := len(canon.Magic) + 1
	for {
		n := int(b[pos])
		if n >= 0x80 {
			panic("a section of more than 127 bytes")
		}
		if at < pos+1+n {
			b[pos] = byte(n + len(new) - len(old))
			break
		}
		pos += 1 + n
	}
	return bytes.Replace(b, []byte(old), []byte(new), 1)
}

// twoNumbers is the form of a schema with the record lab.V twice, described both
// times as if it came for the first time.
func twoNumbers(s *schema.Schema) []byte {
	const ref, first = "\x00\x00", "\x00\x00\x05lab.V\x00\x00\x00"
	b, err := canon.Encode(s)
	if err != nil {
		panic(err)
	}
	at := bytes.LastIndex(b, []byte(ref))
	if at != len(b)-2 {
		panic(fmt.Sprintf("%x does not end with %x", b, ref))
	}
	again := strings.Replace(first, "\x00\x00\x05", "\x00\x01\x05", 1)
	out := append(bytes.Clone(b[:at]), again...)
	pos := len(canon.Magic) + 1
	pos += 1 + int(b[pos])
	pos += 1 + int(b[pos])
	out[pos] += byte(len(again) - len(ref))
	return out
}

func TestBrokenFormsAreRefused(t *testing.T) {
	var got []refusal
	for _, c := range brokenModels() {
		b := c.bytes
		if c.model != nil {
			if _, err := canon.Encode(c.model); !errors.Is(err, canon.ErrInvalid) {
				t.Errorf("%s: encode: got %v, want ErrInvalid", c.name, err)
			}
			if _, _, err := canon.Hashes(c.model); !errors.Is(err, canon.ErrInvalid) {
				t.Errorf("%s: hash: got %v, want ErrInvalid", c.name, err)
			}
			var err error
			if b, err = canon.EncodeUnchecked(c.model); err != nil {
				t.Fatal(err)
			}
		}
		_, err := canon.Decode(b)
		if !errors.Is(err, canon.ErrInvalid) {
			t.Errorf("%s: decode %x: got %v, want ErrInvalid", c.name, b, err)
			continue
		}
		got = append(got, refusal{c.name, hex.EncodeToString(b), err.Error()})
	}
	golden(t, "refused.json", got)
}
