package canon

import (
	"bytes"
	"encoding/binary"
	"math"

	"github.com/pylabhub/datahub/blds/schema"
)

// Decode returns the schema that has the canonical form b. It refuses, with
// [ErrInvalid], everything that [Encode] cannot have made; b may come from
// anywhere. It takes at most some 60 bytes of memory for each byte of b.
func Decode(b []byte) (*schema.Schema, error) {
	if len(b) > schema.MaxCanonical {
		return nil, invalid("%d bytes, at most %d are allowed", len(b), schema.MaxCanonical)
	}
	d := newDecoder(b)
	d.header()
	s := &schema.Schema{}
	for _, read := range []func(*schema.Schema){d.layout, d.meaning, d.annotations} {
		n := d.count(1)
		end := d.pos + n
		if d.err != nil {
			return nil, d.err
		}
		d.b = b[:end]
		read(s)
		if d.err == nil && d.pos != end {
			d.fail("%d bytes too many in the section", end-d.pos)
		}
		if d.err != nil {
			return nil, d.err
		}
		d.b = b
	}
	if d.pos != len(b) {
		d.fail("%d bytes behind the last section", len(b)-d.pos)
		return nil, d.err
	}
	again, err := Encode(s)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(again, b) {
		return nil, invalid("not in canonical form")
	}
	return s, nil
}

// A decoder reads b from pos on. After the first error it reads zeros.
type decoder struct {
	b   []byte
	pos int
	err error

	members int // of the layout section so far
	records []*schema.Record
	enums   []*schema.Enum
}

func newDecoder(b []byte) *decoder { return &decoder{b: b} }

func (d *decoder) fail(format string, args ...any) {
	if d.err == nil {
		d.err = invalid("at byte %d: "+format, append([]any{d.pos}, args...)...)
	}
}

func (d *decoder) header() {
	if len(d.b) < len(Magic)+1 || string(d.b[:len(Magic)]) != Magic {
		d.fail("not a BLDS form")
		return
	}
	if form := d.b[len(Magic)]; form != Form {
		d.fail("form %d is not known", form)
		return
	}
	d.pos = len(Magic) + 1
}

// section skips n sections and returns the position behind them.
func (d *decoder) section(n int) int {
	for range n {
		d.pos += d.count(1)
	}
	return d.pos
}

func (d *decoder) byte() uint8 {
	if d.err != nil || d.pos == len(d.b) {
		d.fail("unexpected end")
		return 0
	}
	d.pos++
	return d.b[d.pos-1]
}

// uint reads a varint, which must be the shortest of its value.
func (d *decoder) uint() uint64 {
	if d.err != nil {
		return 0
	}
	n, size := binary.Uvarint(d.b[d.pos:])
	if size <= 0 || size > 1 && d.b[d.pos+size-1] == 0 {
		d.fail("not a shortest varint")
		return 0
	}
	d.pos += size
	return n
}

func (d *decoder) uint32() uint32 {
	n := d.uint()
	if n > math.MaxUint32 {
		d.fail("number %d has more than 32 bits", n)
		return 0
	}
	return uint32(n)
}

func (d *decoder) uint16() uint16 {
	n := d.uint()
	if n > math.MaxUint16 {
		d.fail("number %d has more than 16 bits", n)
		return 0
	}
	return uint16(n)
}

// count reads the number of things that take at least size bytes each. The rest
// of the section holds that many, or it is an error.
func (d *decoder) count(size int) int {
	n := d.uint()
	if d.err == nil && n > uint64(len(d.b)-d.pos)/uint64(size) {
		d.fail("count %d is more than the rest can hold", n)
	}
	if d.err != nil {
		return 0
	}
	return int(n)
}

func (d *decoder) bytes(n int) []byte {
	if d.err != nil || n > len(d.b)-d.pos {
		d.fail("unexpected end")
		return nil
	}
	d.pos += n
	return d.b[d.pos-n : d.pos]
}

func (d *decoder) text() string { return string(d.bytes(d.count(1))) }

// layout reads section 1.
func (d *decoder) layout(s *schema.Schema) {
	s.Order = schema.ByteOrder(d.byte())
	s.Record = d.record(1)
}

// Bytes that a member takes at least in section 1, and a value in a table.
const (
	minMember = 7
	minValue  = 3
)

func (d *decoder) record(depth int) *schema.Record {
	r := &schema.Record{}
	if depth > schema.MaxDepth {
		d.fail("records more than %d deep", schema.MaxDepth)
		return r
	}
	r.Size, r.Align, r.Stride = d.uint32(), d.uint32(), d.uint32()
	n := d.count(minMember)
	if d.members += n; d.members > schema.MaxFields {
		d.fail("more than %d members", schema.MaxFields)
	}
	if d.err != nil {
		return r
	}
	r.Members = make([]schema.Member, n)
	for i := range r.Members {
		m := &r.Members[i]
		m.Offset, m.Size, m.Align = d.uint32(), d.uint32(), d.uint32()
		m.Type.Code = schema.TypeCode(d.byte())
		m.Type.Len = d.uint32()
		if dims := d.count(1); dims > schema.MaxDims {
			d.fail("%d dimensions", dims)
		} else if dims > 0 {
			m.Type.Dims = make([]uint32, dims)
			for j := range m.Type.Dims {
				m.Type.Dims[j] = d.uint32()
			}
		}
		m.Flags = schema.Flags(d.byte())
		if m.Flags&schema.FlagOptional != 0 {
			m.Presence = schema.PresenceBit{Word: d.uint16(), Bit: d.byte()}
		}
		if m.Type.Code == schema.RecordType {
			m.Type.Record = d.record(depth + 1)
		}
		if d.err != nil {
			return r
		}
	}
	return r
}

// meaning reads section 2. Names are folded until section 3 tells how they are
// written.
func (d *decoder) meaning(s *schema.Schema) {
	s.ID = d.text()
	d.fields(s.Record)
	n := d.count(2)
	for range n {
		c := schema.Const{Name: d.text()}
		c.Value = d.value(schema.TypeCode(d.byte()))
		s.Consts = append(s.Consts, c)
		if d.err != nil {
			return
		}
	}
}

func (d *decoder) fields(r *schema.Record) {
	for i := range r.Members {
		m := &r.Members[i]
		if !m.IsField() {
			continue
		}
		a := &m.Attrs
		m.Name = d.text()
		a.Unit = d.text()
		a.Time = schema.TimeKind(d.byte())
		unit := d.byte()
		if a.TimeUnit = schema.TimeUnitName(unit); unit != 0 && a.TimeUnit == "" {
			d.fail("time unit %d", unit)
		}
		a.LenField = d.text()
		d.table(m)
		d.deflt(m)
		if d.flag() {
			a.Scale = d.value(schema.F64).Text
		}
		if m.Type.Record != nil {
			d.fields(m.Type.Record)
		}
		if d.err != nil {
			return
		}
	}
}

func (d *decoder) flag() bool {
	b := d.byte()
	if b > 1 {
		d.fail("byte %d instead of 0 or 1", b)
	}
	return b == 1
}

func (d *decoder) table(m *schema.Member) {
	kind := d.byte()
	if kind == noTable {
		return
	}
	if kind > bitsTable || !m.Type.Code.IsInt() {
		d.fail("table of kind %d", kind)
		return
	}
	t := &schema.Enum{Base: m.Type.Code, Bits: kind == bitsTable}
	t.Values = make([]schema.EnumValue, d.count(minValue))
	for i := range t.Values {
		number := d.uint()
		t.Values[i] = schema.EnumValue{Value: schema.ExtendInt(t.Base, number), Name: d.text()}
		if d.err != nil {
			return
		}
	}
	m.Type.Enum = t
}

func (d *decoder) deflt(m *schema.Member) {
	if d.flag() {
		v := d.value(m.Type.Code)
		m.Attrs.Default = &v // of a field with a table a number until section 3 names it
	}
}

func (d *decoder) value(code schema.TypeCode) schema.Value {
	v := schema.Value{Code: code}
	switch {
	case code.IsInt():
		v.Text = schema.FormatInt(code, schema.ExtendInt(code, d.uint()))
	case code == schema.F32:
		if b := d.bytes(4); b != nil {
			v.Text = schema.FormatFloat(code, float64(math.Float32frombits(binary.LittleEndian.Uint32(b))))
		}
	case code == schema.F64:
		if b := d.bytes(8); b != nil {
			v.Text = schema.FormatFloat(code, math.Float64frombits(binary.LittleEndian.Uint64(b)))
		}
	case code == schema.Bool:
		v.Text = "false"
		if d.flag() {
			v.Text = "true"
		}
	case code == schema.String:
		v.Text = d.text()
	default:
		d.fail("a value of type %d", code)
	}
	return v
}
