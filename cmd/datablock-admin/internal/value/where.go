package value

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pylabhub/datahub/blds/schema"
	"github.com/pylabhub/datahub/runtime/fixed"
)

// A Filter says which values are wanted:
//
//	expression = comparison { "and" comparison } .
//	comparison = path operator literal .
//	operator   = "=" | "!=" | "<" | "<=" | ">" | ">=" | "has" .
//	literal    = number | "true" | "false" | "null" | name | quoted text .
//
// It is checked against the schema once. A comparison is exact: whole numbers as
// whole numbers of 64 bits, in the units that JSON shows. A field that is not there
// equals null and nothing else, and is not different from anything either.
type Filter struct{ tests []test }

type test struct {
	column *Column
	op     string
	match  func(b []byte) bool // b begins with the element
	null   bool
}

// Match reports whether the value b is wanted. A nil Filter wants all.
func (f *Filter) Match(b []byte) bool {
	if f == nil {
		return true
	}
	for _, t := range f.tests {
		there := t.column.there(b)
		switch {
		case t.null:
			if there == (t.op == "=") {
				return false
			}
		case !there || !t.match(b[t.column.offset:]):
			return false
		}
	}
	return true
}

// A FilterError says what is wrong with an expression.
type FilterError struct {
	Expression string
	Col        int // in bytes, from 1
	Reason     string
}

func (e *FilterError) Error() string {
	return fmt.Sprintf("%s\n  %s\n  %s^", e.Reason, e.Expression, strings.Repeat(" ", e.Col-1))
}

var operators = []string{"=", "!=", "<", "<=", ">", ">=", "has"}

// Where returns the filter of an expression over values of t. The error is a
// *FilterError.
func (t *Type) Where(expression string) (*Filter, error) {
	tokens, err := scan(expression)
	if err != nil {
		return nil, err
	}
	f := &Filter{}
	for {
		if len(tokens) < 4 { // the last is the end
			return nil, tokens[len(tokens)-1].errorf(expression, "expected a comparison: field, operator, literal")
		}
		test, err := t.test(expression, tokens[0], tokens[1], tokens[2])
		if err != nil {
			return nil, err
		}
		f.tests = append(f.tests, test)
		next := tokens[3]
		if next.kind == tokenEnd {
			return f, nil
		}
		if next.text != "and" || next.kind != tokenWord {
			return nil, next.errorf(expression, "expected \"and\" or the end, found %q", next.text)
		}
		tokens = tokens[4:]
	}
}

func (t *Type) test(expression string, path, op, literal token) (test, error) {
	if path.kind != tokenWord {
		return test{}, path.errorf(expression, "expected the name of a field, found %q", path.text)
	}
	c, err := t.Column(path.text)
	if err != nil {
		return test{}, path.errorf(expression, "%v", err)
	}
	if !slices.Contains(operators, op.text) || op.kind == tokenText {
		return test{}, op.errorf(expression, "expected an operator (%s), found %q", strings.Join(operators, " "), op.text)
	}
	if literal.kind != tokenWord && literal.kind != tokenText {
		return test{}, literal.errorf(expression, "expected a literal, found %q", literal.text)
	}
	r := test{column: c, op: op.text}
	if literal.kind == tokenWord && literal.text == "null" {
		if r.op != "=" && r.op != "!=" {
			return test{}, op.errorf(expression, "null can only be compared by = and !=")
		}
		r.null = true
		return r, nil
	}
	if !c.isScalar() {
		reason := "is a record: name one of its fields"
		if len(c.dims) > 0 {
			reason = fmt.Sprintf("is an array: name an element, %s[0]", c.Path)
		}
		return test{}, path.errorf(expression, "%s %s", c.Path, reason)
	}
	if r.op == "has" && (c.field.enum == nil || !c.field.enum.Bits) {
		return test{}, op.errorf(expression, "has is for bit sets, %s is none", c.Path)
	}
	var reason string
	if r.match, reason = c.field.comparison(r.op, literal.text); reason != "" {
		return test{}, literal.errorf(expression, "%s: %s", c.Path, reason)
	}
	return r, nil
}

// comparison returns what compares an element of f with a literal, or what is
// wrong with that.
func (f *field) comparison(op, literal string) (match func([]byte) bool, reason string) {
	code := f.code
	switch {
	case code == schema.Bool && op != "=" && op != "!=":
		return nil, "true and false can only be compared by = and !="
	case code == schema.Bytes:
		return nil, "a blob cannot be compared"
	case code == schema.String:
		return func(b []byte) bool { return holds(op, strings.Compare(string(fixed.Text(b[:f.elem])), literal)) }, ""
	case code == schema.Bool:
		if literal != "true" && literal != "false" {
			return nil, fmt.Sprintf("%q is neither true nor false", literal)
		}
		return func(b []byte) bool { return (b[0] != 0) == (literal == "true") == (op == "=") }, ""
	case code.IsFloat():
		want, err := strconv.ParseFloat(literal, 64)
		if err != nil {
			return nil, fmt.Sprintf("%q is no number", literal)
		}
		if code == schema.F32 && !math.IsInf(want, 0) {
			// 0.1 means the 32-bit number that is shown as 0.1.
			want = float64(float32(want))
		}
		return func(b []byte) bool {
			v := math.Float64frombits(word(code, b))
			if code == schema.F32 {
				v = float64(math.Float32frombits(uint32(word(code, b))))
			}
			if math.IsNaN(v) || math.IsNaN(want) {
				return op == "!="
			}
			return holds(op, cmp.Compare(v, want))
		}, ""
	}
	want, reason := f.integer(literal)
	if reason != "" {
		return nil, reason
	}
	return func(b []byte) bool {
		v := word(code, b)
		switch {
		case op == "has":
			return v&want == want
		case code.IsUnsigned():
			return holds(op, cmp.Compare(v, want))
		}
		return holds(op, cmp.Compare(int64(v), int64(want)))
	}, ""
}

// integer returns the bits of a literal for a whole number, an enum, a bit set, a
// time or a span.
func (f *field) integer(literal string) (bits uint64, reason string) {
	if f.enum != nil {
		if bits, ok := f.names(literal); ok {
			return bits, ""
		}
	}
	if unit := unitsOfTime[f.attrs.TimeUnit]; unit != 0 {
		ns, ok := int64(0), false
		if f.attrs.Time == schema.Timestamp {
			if at, err := time.Parse(time.RFC3339Nano, literal); err == nil {
				ns, ok = at.UnixNano(), true
			}
		} else if d, err := time.ParseDuration(literal); err == nil && literal != "0" {
			ns, ok = int64(d), true
		}
		switch {
		case ok && ns%unit != 0:
			return 0, fmt.Sprintf("%q is finer than the field's unit, %s", literal, f.attrs.TimeUnit)
		case ok:
			literal = strconv.FormatInt(ns/unit, 10)
		}
	}
	v, err := schema.ParseValue(f.code, literal)
	if err != nil {
		reason = err.Error()
		switch f.attrs.Time {
		case schema.Timestamp:
			reason += fmt.Sprintf("; a time is a number of %s or like 2026-01-31T15:04:05Z", f.attrs.TimeUnit)
		case schema.Duration:
			reason += fmt.Sprintf("; a span is a number of %s or like 1.5s", f.attrs.TimeUnit)
		}
		if f.enum != nil {
			var names []string
			for _, e := range f.enum.Values {
				names = append(names, e.Name)
			}
			reason = fmt.Sprintf("%q is none of its names", literal)
			if near := schema.Nearest(literal, names); near != "" {
				reason += fmt.Sprintf("; did you mean %q?", near)
			} else {
				reason += ": " + strings.Join(names, ", ")
			}
		}
		return 0, reason
	}
	return schema.ExtendInt(f.code, v.Bits()), ""
}

// names returns the bits of a name, or of several that are joined by | of a bit
// set.
func (f *field) names(literal string) (bits uint64, ok bool) {
	parts := []string{literal}
	if f.enum.Bits {
		parts = strings.Split(literal, "|")
	}
	for _, p := range parts {
		i := slices.IndexFunc(f.enum.Values, func(v schema.EnumValue) bool { return schema.SameName(v.Name, p) })
		if i < 0 {
			return 0, false
		}
		bits |= f.enum.Values[i].Value
	}
	return bits, true
}

func holds(op string, order int) bool {
	switch op {
	case "=":
		return order == 0
	case "!=":
		return order != 0
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	}
	return order >= 0
}
