package schema

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// ParseValue reads a literal of the given type and returns it in its canonical
// spelling. Integers are decimal, or 0x, 0o, 0b, with underscores between
// digits; floats are decimal and finite, and take integers too; a string is
// taken as it is. The error is a phrase for a message: "300 does not fit u8".
func ParseValue(code TypeCode, text string) (Value, error) {
	v := Value{Code: code}
	switch {
	case code.IsInt():
		n, err := parseInt(code, text)
		if err != nil {
			return Value{}, err
		}
		v.Text = FormatInt(code, n)
	case code.IsFloat():
		f, err := parseFloat(code, text)
		if err != nil {
			return Value{}, err
		}
		v.Text = FormatFloat(code, f)
	case code == Bool:
		if text != "true" && text != "false" {
			return Value{}, errors.New(quote(text) + " is neither true nor false")
		}
		v.Text = text
	case code == String:
		switch {
		case !utf8.ValidString(text):
			return Value{}, errors.New("the text is not UTF-8")
		case strings.IndexByte(text, 0) >= 0:
			return Value{}, errors.New("the text has a NUL byte inside")
		case len(text) > MaxText:
			return Value{}, errors.New("the text has " + strconv.Itoa(len(text)) + " bytes, " + strconv.Itoa(MaxText) + " are allowed")
		}
		v.Text = text
	default:
		return Value{}, errors.New("type " + code.String() + " has no literals")
	}
	return v, nil
}

// Bits returns the value as the canonical form holds it: the two's complement
// of an integer cut to the width of its type, the IEEE 754 bits of a float, 0 or
// 1 for a bool. It is 0 for strings and for a Text that is not canonical.
func (v Value) Bits() uint64 {
	switch {
	case v.Code.IsInt():
		n, err := parseInt(v.Code, v.Text)
		if err != nil {
			return 0
		}
		return CutInt(v.Code, n)
	case v.Code == F32:
		f, _ := strconv.ParseFloat(v.Text, 32)
		return uint64(math.Float32bits(float32(f)))
	case v.Code == F64:
		f, _ := strconv.ParseFloat(v.Text, 64)
		return math.Float64bits(f)
	case v.Code == Bool && v.Text == "true":
		return 1
	}
	return 0
}

// CutInt cuts n, sign-extended to 64 bits, to the width of code.
func CutInt(code TypeCode, n uint64) uint64 {
	if bits := code.Size() * 8; bits < 64 {
		n &= 1<<bits - 1
	}
	return n
}

// ExtendInt is the opposite of CutInt: it extends the sign of a signed type.
func ExtendInt(code TypeCode, n uint64) uint64 {
	if bits := code.Size() * 8; !code.IsUnsigned() && bits < 64 {
		return uint64(int64(n<<(64-bits)) >> (64 - bits))
	}
	return n
}

// FitsInt reports whether n, sign-extended to 64 bits for signed types, is a
// value of the integer type code.
func FitsInt(code TypeCode, n uint64) bool { return ExtendInt(code, CutInt(code, n)) == n }

// FormatInt returns the decimal form of n, sign-extended for signed types.
func FormatInt(code TypeCode, n uint64) string {
	if code.IsUnsigned() {
		return strconv.FormatUint(n, 10)
	}
	return strconv.FormatInt(int64(n), 10)
}

// FormatFloat returns the canonical spelling of f: the shortest that reads back.
func FormatFloat(code TypeCode, f float64) string {
	return strconv.FormatFloat(f, 'g', -1, int(code.Size())*8)
}

func parseInt(code TypeCode, text string) (uint64, error) {
	digits := strings.TrimLeft(text, "+-")
	if len(text)-len(digits) > 1 || len(digits) > 1 && digits[0] == '0' && '0' <= digits[1] && digits[1] <= '9' {
		return 0, errors.New(quote(text) + " is not an integer")
	}
	bits := int(code.Size()) * 8
	var n uint64
	var err error
	if code.IsUnsigned() && !strings.HasPrefix(text, "-") {
		n, err = strconv.ParseUint(digits, 0, bits)
	} else {
		var i int64
		i, err = strconv.ParseInt(text, 0, bits)
		n = uint64(i)
		if err == nil && code.IsUnsigned() && i < 0 {
			err = strconv.ErrRange
		}
	}
	switch {
	case errors.Is(err, strconv.ErrRange):
		return 0, errors.New(text + " does not fit " + code.String())
	case err != nil:
		return 0, errors.New(quote(text) + " is not an integer")
	}
	return n, nil
}

func parseFloat(code TypeCode, text string) (float64, error) {
	if n, err := parseInt(U64, strings.TrimLeft(text, "+-")); err == nil && strings.ContainsAny(text, "xXoObB_") {
		f := float64(n)
		if strings.HasPrefix(text, "-") {
			f = -f
		}
		text = strconv.FormatFloat(f, 'g', -1, 64)
	}
	f, err := strconv.ParseFloat(text, int(code.Size())*8)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return 0, errors.New(text + " does not fit " + code.String())
	case err != nil:
		return 0, errors.New(quote(text) + " is not a number")
	case math.IsNaN(f) || math.IsInf(f, 0):
		return 0, errors.New(text + " is not a finite number")
	case f == 0:
		f = 0 // no negative zero
	}
	return f, nil
}

func quote(s string) string {
	if len(s) > 40 {
		s = s[:40] + "..."
	}
	return strconv.Quote(s)
}
