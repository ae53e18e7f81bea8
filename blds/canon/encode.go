package canon

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/pylabhub/datahub/blds/schema"
)

// Magic and Form begin every canonical form.
const (
	Magic = "BLDS"
	Form  = 1
)

// ErrTooLarge reports a schema whose canonical form has more than
// [schema.MaxCanonical] bytes.
var ErrTooLarge = fmt.Errorf("canonical form has more than %d bytes", schema.MaxCanonical)

// ErrInvalid is in the chain of every error about a schema or a form that
// breaks a rule.
var ErrInvalid = errors.New("invalid schema")

// Encode returns the canonical form of s: the descriptor with all three
// sections. It fails with [ErrInvalid] if s breaks a rule that package layout
// keeps, and with [ErrTooLarge].
//
// Left out are positions, the channel and its flexible zone, and the names that
// enum values and constants have in Go.
func Encode(s *schema.Schema) ([]byte, error) {
	if err := verify(s); err != nil {
		return nil, err
	}
	return encode(s, true)
}

// encode writes the first two sections, and the third if it is asked for.
func encode(s *schema.Schema, annotations bool) ([]byte, error) {
	var e encoder
	e.out = make([]byte, 0, 1024)
	e.out = append(e.out, Magic...)
	e.out = append(e.out, Form)
	e.section(func() { e.layout(s) })
	e.section(func() { e.meaning(s) })
	if annotations {
		e.section(func() { e.annotations(s) })
	}
	if e.full() {
		return nil, ErrTooLarge
	}
	return e.out, nil
}

// An encoder appends to out. When out is beyond the limit it may stop anywhere.
type encoder struct {
	out     []byte
	records index
	enums   index
}

func (e *encoder) full() bool { return len(e.out) > schema.MaxCanonical }

// section appends a section with its length in front.
func (e *encoder) section(write func()) {
	start := len(e.out)
	write()
	var n [binary.MaxVarintLen64]byte
	length := binary.PutUvarint(n[:], uint64(len(e.out)-start))
	e.out = slices.Insert(e.out, start, n[:length]...)
}

func (e *encoder) byte(b uint8) { e.out = append(e.out, b) }

// uint appends the shortest varint of n.
func (e *encoder) uint(n uint64) { e.out = binary.AppendUvarint(e.out, n) }

func (e *encoder) text(s string) {
	e.uint(uint64(len(s)))
	e.out = append(e.out, s...)
}

// fold appends the folded form of a name.
func (e *encoder) fold(s string) {
	n := len(s)
	for i := 0; i < len(s); i++ {
		if s[i] == '_' {
			n--
		}
	}
	e.uint(uint64(n))
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '_':
		case 'A' <= c && c <= 'Z':
			e.out = append(e.out, c+('a'-'A'))
		default:
			e.out = append(e.out, c)
		}
	}
}

// spelling appends a name as written, or nothing if it is folded already.
func (e *encoder) spelling(s string) {
	if isFolded(s) {
		s = ""
	}
	e.text(s)
}

func isFolded(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c == '_' || 'A' <= c && c <= 'Z' {
			return false
		}
	}
	return true
}

// layout writes section 1.
func (e *encoder) layout(s *schema.Schema) {
	e.byte(uint8(s.Order))
	e.record(s.Record)
}

func (e *encoder) record(r *schema.Record) {
	e.uint(uint64(r.Size))
	e.uint(uint64(r.Align))
	e.uint(uint64(r.Stride))
	e.uint(uint64(len(r.Members)))
	for i := range r.Members {
		if e.full() {
			return
		}
		m := &r.Members[i]
		e.uint(uint64(m.Offset))
		e.uint(uint64(m.Size))
		e.uint(uint64(m.Align))
		e.byte(uint8(m.Type.Code))
		e.uint(uint64(m.Type.Len))
		e.uint(uint64(len(m.Type.Dims)))
		for _, d := range m.Type.Dims {
			e.uint(uint64(d))
		}
		e.byte(uint8(m.Flags))
		if m.Flags&schema.FlagOptional != 0 {
			e.uint(uint64(m.Presence.Word))
			e.byte(m.Presence.Bit)
		}
		if m.Type.Code == schema.RecordType {
			e.record(m.Type.Record)
		}
	}
}

// meaning writes section 2.
func (e *encoder) meaning(s *schema.Schema) {
	e.fold(s.ID)
	e.fields(s.Record)
	e.uint(uint64(len(s.Consts)))
	for i := range s.Consts {
		c := &s.Consts[i]
		e.fold(c.Name)
		e.byte(uint8(c.Value.Code))
		e.value(c.Value)
	}
}

func (e *encoder) fields(r *schema.Record) {
	for i := range r.Members {
		m := &r.Members[i]
		if !m.IsField() {
			continue
		}
		if e.full() {
			return
		}
		a := &m.Attrs
		e.fold(m.Name)
		e.text(a.Unit)
		e.byte(uint8(a.Time))
		unit, _ := schema.TimeUnitNumber(a.TimeUnit)
		e.byte(unit)
		e.fold(a.LenField)
		e.table(m.Type.Enum)
		e.deflt(m)
		e.scale(a.Scale)
		if m.Type.Code == schema.RecordType {
			e.fields(m.Type.Record)
		}
	}
}

// Kinds of tables in section 2.
const (
	noTable   = 0
	enumTable = 1
	bitsTable = 2
)

func (e *encoder) table(t *schema.Enum) {
	switch {
	case t == nil:
		e.byte(noTable)
		return
	case t.Bits:
		e.byte(bitsTable)
	default:
		e.byte(enumTable)
	}
	e.uint(uint64(len(t.Values)))
	for _, i := range tableOrder(t) {
		if e.full() {
			return
		}
		e.uint(schema.CutInt(t.Base, t.Values[i].Value))
		e.fold(t.Values[i].Name)
	}
}

// tableOrder returns the indices of t's values in the order of section 2: by
// number as it stands there, then by folded name.
func tableOrder(t *schema.Enum) []int {
	order := make([]int, len(t.Values))
	for i := range order {
		order[i] = i
	}
	compare := func(i, j int) int {
		a, b := &t.Values[i], &t.Values[j]
		if d := cmp.Compare(schema.CutInt(t.Base, a.Value), schema.CutInt(t.Base, b.Value)); d != 0 {
			return d
		}
		return cmp.Compare(schema.Fold(a.Name), schema.Fold(b.Name))
	}
	if !slices.IsSortedFunc(order, compare) {
		slices.SortFunc(order, compare)
	}
	return order
}

func (e *encoder) deflt(m *schema.Member) {
	switch d := m.Attrs.Default; {
	case d == nil:
		e.byte(0)
	case m.Type.Enum != nil:
		e.byte(1)
		number, _ := enumDefault(m)
		e.uint(number)
	default:
		e.byte(1)
		e.value(*d)
	}
}

// enumDefault returns the default of a field with a table: its number, as it
// stands in section 2, and its name if it is not the first of that number.
func enumDefault(m *schema.Member) (number uint64, alias string) {
	t, name := m.Type.Enum, m.Attrs.Default.Text
	for i := range t.Values {
		if v := &t.Values[i]; schema.SameName(v.Name, name) {
			number = v.Value
			break
		}
	}
	for i := range t.Values {
		if v := &t.Values[i]; v.Value == number {
			if !schema.SameName(v.Name, name) {
				alias = name
			}
			break
		}
	}
	return schema.CutInt(t.Base, number), alias
}

// value writes a literal; its type is known from what stands around it.
func (e *encoder) value(v schema.Value) {
	switch {
	case v.Code.IsInt():
		e.uint(v.Bits())
	case v.Code == schema.F32:
		e.out = binary.LittleEndian.AppendUint32(e.out, uint32(v.Bits()))
	case v.Code == schema.F64:
		e.out = binary.LittleEndian.AppendUint64(e.out, v.Bits())
	case v.Code == schema.Bool:
		e.byte(uint8(v.Bits()))
	default:
		e.text(v.Text)
	}
}

func (e *encoder) scale(text string) {
	if text == "" {
		e.byte(0)
		return
	}
	e.byte(1)
	e.value(schema.Value{Code: schema.F64, Text: text})
}
