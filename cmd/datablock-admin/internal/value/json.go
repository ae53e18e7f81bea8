package value

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"github.com/pylabhub/datahub/blds/schema"
	"github.com/pylabhub/datahub/runtime/fixed"
)

// AppendJSON appends columns of the value b as a JSON object whose keys are the
// paths. A field that is not there is null.
//
// Numbers are exact: 64-bit integers are written in full, so a program that reads
// them as floating point loses digits. Times and spans are the numbers of their
// unit. What JSON has no number for is a string: "NaN", "Infinity", "-Infinity".
// An enum is its name, or the number if it has none; a bit set is an array of
// names, with bits that have none as "0x40". A blob is base64.
func AppendJSON(dst []byte, columns []*Column, b []byte) []byte {
	dst = append(dst, '{')
	for i, c := range columns {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(dst, c.Path)
		dst = append(dst, ':')
		dst = c.appendJSON(dst, b)
	}
	return append(dst, '}')
}

func (c *Column) appendJSON(dst, b []byte) []byte {
	if !c.there(b) {
		return append(dst, "null"...)
	}
	return c.field.appendArray(dst, b[c.base:], b[c.offset:], c.dims)
}

// appendArray appends elements that begin at b. record is the record the field
// belongs to.
func (f *field) appendArray(dst, record, b []byte, dims []uint32) []byte {
	if len(dims) == 0 {
		return f.appendElem(dst, record, b)
	}
	step := count(dims[1:]) * f.stride
	dst = append(dst, '[')
	for i := range dims[0] {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = f.appendArray(dst, record, b[i*step:], dims[1:])
	}
	return append(dst, ']')
}

func (f *field) appendElem(dst, record, b []byte) []byte {
	b = b[:f.elem]
	switch {
	case f.record != nil:
		return AppendJSON(dst, f.record.Top(), b)
	case f.code == schema.String:
		return appendString(dst, string(fixed.Text(b)))
	case f.code == schema.Bytes:
		valid, _ := f.blob(record, b)
		return AppendBase64(dst, valid)
	case f.code == schema.Bool:
		return strconv.AppendBool(dst, b[0] != 0)
	case f.code == schema.F32:
		return appendFloat(dst, float64(math.Float32frombits(uint32(word(f.code, b)))), 32)
	case f.code == schema.F64:
		return appendFloat(dst, math.Float64frombits(word(f.code, b)), 64)
	}
	v := word(f.code, b)
	switch {
	case f.enum == nil:
	case f.enum.Bits:
		dst = append(dst, '[')
		if s := fixed.FormatBits(v, f.bits); v != 0 {
			for i, name := range strings.Split(s, "|") {
				if i > 0 {
					dst = append(dst, ',')
				}
				dst = appendString(dst, name)
			}
		}
		return append(dst, ']')
	default:
		if name, ok := enumName(f.enum, v); ok {
			return appendString(dst, name)
		}
	}
	return append(dst, schema.FormatInt(f.code, v)...)
}

func appendFloat(dst []byte, v float64, bits int) []byte {
	switch {
	case math.IsNaN(v):
		return append(dst, `"NaN"`...)
	case math.IsInf(v, 1):
		return append(dst, `"Infinity"`...)
	case math.IsInf(v, -1):
		return append(dst, `"-Infinity"`...)
	}
	return strconv.AppendFloat(dst, v, 'g', -1, bits)
}

// appendString appends s as a JSON string; what is no UTF-8 becomes U+FFFD.
func appendString(dst []byte, s string) []byte {
	plain := true
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			plain = false
			break
		}
	}
	if plain {
		return append(append(append(dst, '"'), s...), '"')
	}
	quoted, err := json.Marshal(s)
	if err != nil { // a string always has a JSON form
		panic("value: " + err.Error())
	}
	return append(dst, quoted...)
}

// AppendBase64 appends bytes as the JSON string of their base64 form.
func AppendBase64(dst, b []byte) []byte {
	dst = append(dst, '"')
	dst = base64.StdEncoding.AppendEncode(dst, b)
	return append(dst, '"')
}
