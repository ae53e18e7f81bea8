package value

import (
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/pylabhub/datahub/blds/schema"
	"github.com/pylabhub/datahub/runtime/fixed"
)

// Limits of the text form, which is for people: the rest is counted, not shown.
const (
	maxItems = 16 // elements of an array
	maxBytes = 32 // of a blob
)

// AppendText appends columns of the value b, one line for each field, indented by
// two spaces. Long arrays and blobs are cut short, unless whole is set. Times are
// shown as UTC, spans as Go writes them, scaled numbers in their unit.
func AppendText(dst []byte, columns []*Column, b []byte, whole bool) []byte {
	p := printer{whole}
	for _, c := range columns {
		if !c.there(b) {
			dst = appendLine(dst, c.Path, "absent")
			continue
		}
		dst = p.field(dst, c.Path, c.field, b[c.base:], b[c.offset:], c.dims)
	}
	return dst
}

// Cell returns the column of the value b as a cell of a table: text without
// quotes, numbers as in JSON, "" if it is not there; an array or a bit set is
// JSON.
func (c *Column) Cell(b []byte) string {
	if !c.there(b) {
		return ""
	}
	if c.isScalar() && c.field.code == schema.String {
		return strings.ToValidUTF8(string(fixed.Text(b[c.offset:c.offset+c.field.elem])), "\uFFFD")
	}
	s := string(c.appendJSON(nil, b))
	if unquoted, err := strconv.Unquote(s); err == nil && c.isScalar() {
		return unquoted // an enum's name, a blob, NaN
	}
	return s
}

type printer struct{ whole bool }

func appendLine(dst []byte, path, value string) []byte {
	return fmt.Appendf(dst, "  %s: %s\n", path, value)
}

func (p printer) field(dst []byte, path string, f *field, record, b []byte, dims []uint32) []byte {
	if f.record == nil {
		return appendLine(dst, path, p.array(f, record, b, dims)+f.unit())
	}
	if len(dims) > 0 {
		n, step := p.shown(dims[0]), count(dims[1:])*f.stride
		for i := range n {
			dst = p.field(dst, fmt.Sprintf("%s[%d]", path, i), f, record, b[i*step:], dims[1:])
		}
		if n < dims[0] {
			dst = appendLine(dst, path, fmt.Sprintf("%d more", dims[0]-n))
		}
		return dst
	}
	b = b[:f.elem]
	for _, e := range f.record.fields {
		name := path + "." + e.name
		if !e.guard.there(b) {
			dst = appendLine(dst, name, "absent")
			continue
		}
		dst = p.field(dst, name, e, b, b[e.offset:], e.dims)
	}
	return dst
}

func (p printer) shown(n uint32) uint32 {
	if p.whole || n <= maxItems {
		return n
	}
	return maxItems
}

func (p printer) array(f *field, record, b []byte, dims []uint32) string {
	if len(dims) == 0 {
		return p.scalar(f, record, b[:f.elem])
	}
	n, step := p.shown(dims[0]), count(dims[1:])*f.stride
	var parts []string
	for i := range n {
		parts = append(parts, p.array(f, record, b[i*step:], dims[1:]))
	}
	if n < dims[0] {
		parts = append(parts, fmt.Sprintf("%d more", dims[0]-n))
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// unit returns what stands behind the value: the unit of a number.
func (f *field) unit() string {
	if f.attrs.Unit == "" {
		return ""
	}
	return " " + f.attrs.Unit
}

func (p printer) scalar(f *field, record, b []byte) string {
	switch f.code {
	case schema.String:
		text := fixed.Text(b)
		if !fixed.ValidText(b) {
			return strconv.Quote(string(text)) + " (not UTF-8 padded with NUL)"
		}
		return strconv.Quote(string(text))
	case schema.Bytes:
		valid, claimed := f.blob(record, b)
		s := p.bytes(valid)
		if int64(claimed) > int64(len(valid)) {
			s += fmt.Sprintf(" (its length says %d)", claimed)
		}
		return s
	case schema.Bool:
		return strconv.FormatBool(b[0] != 0)
	case schema.F32:
		return f.float(float64(math.Float32frombits(uint32(word(f.code, b)))), 32)
	case schema.F64:
		return f.float(math.Float64frombits(word(f.code, b)), 64)
	}
	v := word(f.code, b)
	plain := schema.FormatInt(f.code, v)
	switch {
	case f.enum != nil && f.enum.Bits:
		return fixed.FormatBits(v, f.bits)
	case f.enum != nil:
		if name, ok := enumName(f.enum, v); ok {
			return name
		}
		return plain + " (no name)"
	case f.attrs.Time == schema.Timestamp:
		return instant(f, v, plain)
	case f.attrs.Time == schema.Duration:
		return span(f, v, plain)
	case f.scale != 0:
		n := float64(v)
		if !f.code.IsUnsigned() {
			n = float64(int64(v))
		}
		return strconv.FormatFloat(n*f.scale, 'g', 12, 64)
	}
	return plain
}

func (f *field) float(v float64, bits int) string {
	if f.scale != 0 {
		return strconv.FormatFloat(v*f.scale, 'g', 12, 64)
	}
	return strconv.FormatFloat(v, 'g', -1, bits)
}

// bytes returns bytes without a type.
func (p printer) bytes(b []byte) string {
	s := fmt.Sprintf("%d bytes", len(b))
	shown := b
	if !p.whole && len(b) > maxBytes {
		shown = b[:maxBytes]
	}
	if len(b) > 0 {
		s += " " + hex.EncodeToString(shown)
	}
	if len(shown) < len(b) {
		s += fmt.Sprintf("... %d more", len(b)-len(shown))
	}
	return s
}

// unitsOfTime are nanoseconds.
var unitsOfTime = map[string]int64{"s": 1e9, "ms": 1e6, "us": 1e3, "ns": 1}

// nanos returns v in nanoseconds; ok is false if that is beyond 64 bits.
func nanos(f *field, v uint64) (ns int64, ok bool) {
	unit := unitsOfTime[f.attrs.TimeUnit]
	if unit == 0 || f.code.IsUnsigned() && v > math.MaxInt64 {
		return 0, false
	}
	ns = int64(v) * unit
	return ns, ns/unit == int64(v)
}

func instant(f *field, v uint64, plain string) string {
	if ns, ok := nanos(f, v); ok {
		return time.Unix(0, ns).UTC().Format(time.RFC3339Nano)
	}
	return plain + " " + f.attrs.TimeUnit + " since 1970"
}

func span(f *field, v uint64, plain string) string {
	if ns, ok := nanos(f, v); ok {
		return time.Duration(ns).String()
	}
	return plain + " " + f.attrs.TimeUnit
}

// Bytes returns bytes without a type as text: how many, and the first of them in
// hexadecimal, or all with whole.
func Bytes(b []byte, whole bool) string { return printer{whole}.bytes(b) }
