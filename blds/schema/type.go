package schema

import (
	"strconv"
	"strings"
)

var typeNames = [...]string{
	U8: "u8", U16: "u16", U32: "u32", U64: "u64",
	I8: "i8", I16: "i16", I32: "i32", I64: "i64",
	F32: "f32", F64: "f64", Bool: "bool",
	String: "string", Bytes: "bytes", RecordType: "record",
	Padding: "pad", Reserved: "reserved",
}

// IsValid reports whether c is one of the type codes of the language.
func (c TypeCode) IsValid() bool { return U8 <= c && c <= Reserved }

// String returns the word .blds has for c.
func (c TypeCode) String() string {
	if c.IsValid() {
		return typeNames[c]
	}
	return "type(" + strconv.Itoa(int(c)) + ")"
}

// ScalarCode returns the code of a scalar type's name: u8 to f64, or bool.
func ScalarCode(name string) (TypeCode, bool) {
	for c := U8; c <= Bool; c++ {
		if typeNames[c] == name {
			return c, true
		}
	}
	return 0, false
}

// Size returns the bytes of one value of a number or a bool, which is its
// natural alignment too; 0 for every other code.
func (c TypeCode) Size() uint32 {
	switch c {
	case U8, I8, Bool:
		return 1
	case U16, I16:
		return 2
	case U32, I32, F32:
		return 4
	case U64, I64, F64:
		return 8
	}
	return 0
}

// IsInt reports whether c is an integer type.
func (c TypeCode) IsInt() bool { return U8 <= c && c <= I64 }

// IsUnsigned reports whether c is an unsigned integer type.
func (c TypeCode) IsUnsigned() bool { return U8 <= c && c <= U64 }

// IsFloat reports whether c is F32 or F64.
func (c TypeCode) IsFloat() bool { return c == F32 || c == F64 }

// IsNumber reports whether c is an integer or a float.
func (c TypeCode) IsNumber() bool { return U8 <= c && c <= F64 }

// HasLen reports whether a type of this code has a length in bytes.
func (c TypeCode) HasLen() bool {
	return c == String || c == Bytes || c == Padding || c == Reserved
}

// String returns the type in .blds notation: u8[16], string[16][4], f32[2][3],
// the name of a record or enum as written, pad 4, reserved 8.
func (t *Type) String() string {
	var dims [MaxDims]uint64
	n := 0
	for ; n < len(t.Dims) && n < MaxDims; n++ {
		dims[n] = uint64(t.Dims[n])
	}
	record, enum := "", ""
	if t.Record != nil {
		record = t.Record.Name
	}
	if t.Enum != nil {
		enum = t.Enum.Name
	}
	return typeString(t.Code, uint64(t.Len), dims[:n], record, enum)
}

// String returns the type in .blds notation, like [Type.String].
func (t *TypeDecl) String() string {
	record, enum := "", ""
	if t.Record != nil {
		record = t.Record.Name
	}
	if t.Enum != nil {
		enum = t.Enum.Name
	}
	return typeString(t.Code, t.Len, t.Dims, record, enum)
}

func typeString(code TypeCode, length uint64, dims []uint64, record, enum string) string {
	var b strings.Builder
	switch {
	case code == Padding || code == Reserved:
		b.WriteString(code.String())
		b.WriteByte(' ')
		b.WriteString(strconv.FormatUint(length, 10))
	case code == String || code == Bytes:
		b.WriteString(code.String())
		writeDim(&b, length)
	case code == RecordType && record != "":
		b.WriteString(record)
	case enum != "":
		b.WriteString(enum)
	default:
		b.WriteString(code.String())
	}
	for _, d := range dims {
		writeDim(&b, d)
	}
	return b.String()
}

func writeDim(b *strings.Builder, n uint64) {
	b.WriteByte('[')
	b.WriteString(strconv.FormatUint(n, 10))
	b.WriteByte(']')
}
