package syntax

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/pylabhub/datahub/blds/schema"
)

// number reads a number or a version: all that sticks together.
func (l *lexer) number(t *token) {
	start := l.off
	hex := l.src[start] == '0' && (l.peek(1)|0x20 == 'x' || l.peek(1)|0x20 == 'b')
	for l.off < len(l.src) {
		c := l.src[l.off]
		sign := (c == '+' || c == '-') && !hex && l.src[l.off-1]|0x20 == 'e' && l.off > start
		if !isWord(c) && c != '.' && !sign {
			break
		}
		l.off++
	}
	s := l.src[start:l.off]
	kind, what, remedy := scanNumber(s)
	t.kind, t.text = kind, s
	switch {
	case len(s) > maxNumber:
		l.problem(schema.CodeTooLong, start, l.off, "shorten it",
			"number of %d bytes, at most %d are allowed", len(s), maxNumber)
	case what != "":
		l.problem(schema.CodeBadNumber, start, l.off, remedy, "%s %s", quote(s), what)
	}
}

// scanNumber says what kind of number s is, or is meant to be, and what is wrong
// with it.
func scanNumber(s string) (k kind, what, remedy string) {
	switch strings.Count(s, ".") {
	case 0:
	case 1:
		return scanFloat(s)
	case 2:
		if _, err := schema.ParseVersion(s); err != nil {
			return tVersion, "is not a version", "write three numbers from 0 to 65535 without leading zeros"
		}
		return tVersion, "", ""
	default:
		return tVersion, "is neither a number nor a version", "a version has three numbers"
	}
	base, digits := 10, s
	if len(s) > 1 && s[0] == '0' && !isDigit(s[1]) {
		switch s[1] {
		case 'x', 'X':
			base, digits = 16, s[2:]
		case 'b', 'B':
			base, digits = 2, s[2:]
		case 'o', 'O':
			base, digits = 8, s[2:]
		}
	}
	if base == 10 {
		if i := strings.IndexAny(s, "eE"); i > 0 && allDigits(s[:i], 10) == "" {
			return scanFloat(s)
		}
		digits = strings.TrimRight(s, "km")
		if len(s)-len(digits) > 1 {
			digits = s
		}
	}
	if digits == "" {
		return tInt, "has no digits", "write a digit behind " + s
	}
	if what := allDigits(digits, base); what != "" {
		if base == 10 && strings.ContainsAny(s[len(s)-1:], "kKmMbB") {
			return tInt, what, "write 4k for 4096 and 2m for 2097152"
		}
		return tInt, what, ""
	}
	if base == 10 && len(digits) > 1 && digits[0] == '0' {
		return tInt, "begins with a zero", "drop the zero; an octal number begins with 0o"
	}
	return tInt, "", ""
}

// scanFloat checks a number with a point or an exponent.
func scanFloat(s string) (kind, string, string) {
	mantissa := s
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		mantissa = s[:i]
		exp := s[i+1:]
		if exp != "" && (exp[0] == '+' || exp[0] == '-') {
			exp = exp[1:]
		}
		if allDigits(exp, 10) != "" {
			return tFloat, "has no exponent behind the e", "write digits there"
		}
	}
	whole, frac, point := strings.Cut(mantissa, ".")
	switch {
	case whole == "":
		return tFloat, "has no digits before the point", "write 0" + s
	case point && frac == "":
		return tFloat, "has no digits behind the point", "write " + mantissa + "0"
	}
	what := allDigits(whole, 10)
	if what == "" && point {
		what = allDigits(frac, 10)
	}
	switch {
	case what != "":
		return tFloat, what, ""
	case len(whole) > 1 && whole[0] == '0':
		return tFloat, "begins with a zero", "drop the zero"
	}
	return tFloat, "", ""
}

// allDigits returns what is wrong with s as digits of a base, with single
// underscores between them, or "".
func allDigits(s string, base int) string {
	prev := byte('_')
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '_' {
			if prev == '_' {
				return "has an underscore that is not between two digits"
			}
			prev = c
			continue
		}
		d := 99
		switch {
		case isDigit(c):
			d = int(c - '0')
		case isLetter(c):
			d = int(c|0x20-'a') + 10
		}
		switch {
		case d >= base && base == 10:
			return "is neither a number nor a name"
		case d >= base:
			return "has " + quote(s[i:i+1]) + ", which is no digit of base " + strconv.Itoa(base)
		}
		prev = c
	}
	if prev == '_' {
		return "has an underscore that is not between two digits"
	}
	return ""
}

// string reads a string in double quotes. Its text is the value.
func (l *lexer) string(t *token) {
	start := l.off
	l.off++
	t.kind = tString
	var b []byte // the value so far, nil while it is the same as the source
	part := l.off
	for {
		end := l.visible(func(c byte) bool { return c == '"' || c == '\\' })
		if end == len(l.src) || l.src[end] != '"' && l.src[end] != '\\' {
			l.problem(schema.CodeBadString, start, end, "close it with another quote",
				"string has no end on its line")
			return
		}
		if l.src[end] == '"' {
			break
		}
		b = append(b, l.src[part:end]...)
		b = l.escape(b)
		part = l.off
	}
	t.text = l.src[part:l.off]
	if b != nil {
		t.text = string(append(b, t.text...))
	}
	l.off++
	if len(t.text) > schema.MaxText {
		t.text = ""
		l.problem(schema.CodeTooLong, start, l.off, "shorten it",
			"string of more than %d bytes", schema.MaxText)
	}
}

// escape reads what follows a backslash and appends what it stands for.
func (l *lexer) escape(b []byte) []byte {
	start := l.off
	l.off++
	c := l.peek(0)
	if i := strings.IndexByte(`"\nrt`, c); i >= 0 && c != 0 {
		l.off++
		return append(b, "\"\\\n\r\t"[i])
	}
	if c == 'u' && l.peek(1) == '{' {
		hex, _, ok := strings.Cut(l.src[start+3:min(len(l.src), start+12)], "}")
		if n, err := strconv.ParseUint(hex, 16, 32); ok && err == nil && n > 0 && utf8.ValidRune(rune(n)) {
			l.off = start + 3 + len(hex) + 1
			return utf8.AppendRune(b, rune(n))
		}
		l.problem(schema.CodeBadString, start, start+3, `write \u{hex digits} of a character that is not NUL`,
			"bad escape in a string")
		return b
	}
	_, n := utf8.DecodeRuneInString(l.src[l.off:])
	if c == '\n' || n == 0 {
		return b // reported as a string without an end
	}
	l.problem(schema.CodeBadString, start, start+1+n, `use \" \\ \n \r \t or \u{hex digits}`,
		"unknown escape %s in a string", quote(l.src[start:start+1+n]))
	return b
}

// appendQuoted appends s as a string literal.
func appendQuoted(b []byte, s string) []byte {
	b = append(b, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\n':
			b = append(b, `\n`...)
		case r == '\r':
			b = append(b, `\r`...)
		case r == '\t':
			b = append(b, `\t`...)
		case isInvisible(r):
			b = append(b, `\u{`...)
			b = strconv.AppendUint(b, uint64(r), 16)
			b = append(b, '}')
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return append(b, '"')
}
