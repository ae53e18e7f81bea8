package golang

import (
	"fmt"
	"go/types"
	"strings"

	"github.com/dave/jennifer/jen"

	"github.com/pylabhub/datahub/blds/schema"
)

// std names something of a package of the standard library.
func std(path, name string) *jen.Statement { return jen.Qual(path, name) }

// maxTested is the size of the largest field that tests fill.
const maxTested = 16 << 20

// recordTest adds the test of a record: that fields stand where the constants
// say, and that what the accessors store comes back.
func (f *file) recordTest(r *record) {
	if len(r.fields) == 0 || locals[r.name] { // a variable of the test would hide the type
		return
	}
	name := "TestBLDS" + r.access()
	f.scope.declare(name, r.Pos)
	body := code("%v%v%v%v", f.offsetTest(r), f.textTest(r), f.blobTest(r), f.optionTest(r))
	f.decl("", "func %s(t *%v) {\n%v}", name, std("testing", "T"), body)
}

// access returns the exported name of a record.
func (r *record) access() string { return strings.ToUpper(r.name[:1]) + r.name[1:] }

func (f *file) offsetTest(r *record) *jen.Statement {
	rows := new(jen.Statement)
	for _, m := range r.fields {
		rows.Add(code("{%q, %s, %d, %q},\n", m.name, r.fieldConst(&m), m.Size, f.reflected(r, &m)))
	}
	return code(`typ := %v[%s]()
	for _, f := range []struct {
		name string
		offset %v
		size uintptr
		typ string
	}{
		%v} {
		got, ok := typ.FieldByName(f.name)
		if !ok {
			t.Errorf("no field %%s", f.name)
			continue
		}
		if got.Offset != uintptr(f.offset) || got.Type.Size() != f.size {
			t.Errorf("%%s: offset %%d, %%d bytes, want offset %%d, %%d bytes", f.name, got.Offset, got.Type.Size(), f.offset, f.size)
		}
		if got := got.Type.String(); got != f.typ {
			t.Errorf("%%s: type %%s, want %%s", f.name, got, f.typ)
		}
	}
`, std("reflect", "TypeFor"), r.name, f.rt("Field"), rows)
}

// reflected returns the type of a field as package reflect prints it: a type of
// the same size in its place would keep all sizes and offsets.
func (f *file) reflected(r *record, m *field) string {
	if t := f.userType(r, m); t != nil {
		return reflectedType(t)
	}
	var b strings.Builder
	for _, d := range m.Type.Dims {
		fmt.Fprintf(&b, "[%d]", d)
	}
	if id, name, ok := refOf(&m.Type); ok {
		g := f.ix.find(f.pkg, id, name)
		return b.String() + g.Package + "." + g.Name
	}
	switch m.Type.Code {
	case schema.Bool:
		b.WriteString("fixed.Bool")
	case schema.String, schema.Bytes:
		fmt.Fprintf(&b, "[%d]uint8", m.Type.Len)
	default:
		b.WriteString(scalars[m.Type.Code])
	}
	return b.String()
}

func reflectedType(t types.Type) string {
	switch t := types.Unalias(t).(type) {
	case *types.Array:
		return fmt.Sprintf("[%d]%s", t.Len(), reflectedType(t.Elem()))
	case *types.Named:
		if pkg := t.Obj().Pkg(); pkg != nil {
			return pkg.Name() + "." + t.Obj().Name()
		}
	case *types.Basic:
		return types.Typ[t.Kind()].Name() // byte is uint8
	}
	return t.String()
}

// textTest stores text in each string, in the last element of an array: as much
// as fits, more, and none.
func (f *file) textTest(r *record) *jen.Statement {
	var rows strings.Builder
	for _, m := range r.fields {
		if m.Type.Code != schema.String || m.Size > maxTested {
			continue
		}
		x := m.access()
		if len(m.Type.Dims) == 0 {
			fmt.Fprintf(&rows, "{%q, %d, r.Set%s, r.Set%sTruncated, r.Get%s},\n", m.name, m.Type.Len, x, x, x)
			continue
		}
		last := make([]string, len(m.Type.Dims)) // the last element
		for i, d := range m.Type.Dims {
			last[i] = fmt.Sprint(d - 1)
		}
		at := strings.Join(last, ", ")
		fmt.Fprintf(&rows, "{%q, %d,\nfunc(s string) error { return r.Set%s(%s, s) },\nfunc(s string) { r.Set%sTruncated(%s, s) },\nfunc() string { return r.Get%s(%s) }},\n",
			m.name, m.Type.Len, x, at, x, at, x, at)
	}
	if rows.Len() == 0 {
		return code("")
	}
	return code(`t.Run("text", func(t *%v) {
		r := new(%s)
		for _, f := range []struct {
			name string
			size int
			set func(string) error
			cut func(string)
			get func() string
		}{
			%s} {
			full := %v("x", f.size)
			if err := f.set(full); err != nil || f.get() != full {
				t.Errorf("%%s: stored %%q, got %%q, %%v", f.name, full, f.get(), err)
			}
			if err := f.set(full + "y"); err == nil {
				t.Errorf("%%s: %%d bytes fit in %%d", f.name, f.size+1, f.size)
			}
			if f.set(""); f.get() != "" {
				t.Errorf("%%s: stored nothing, got %%q", f.name, f.get())
			}
			if f.cut(full + "y"); f.get() != full {
				t.Errorf("%%s: stored %%q cut, got %%q", f.name, full+"y", f.get())
			}
		}
	})
`, std("testing", "T"), r.name, rows.String(), std("strings", "Repeat"))
}

// blobTest stores bytes in each blob, as many as fit and more, and a length that
// is too large.
func (f *file) blobTest(r *record) *jen.Statement {
	var rows strings.Builder
	for _, m := range r.fields {
		if m.Type.Code == schema.Bytes && m.Size <= maxTested {
			x := m.access()
			fmt.Fprintf(&rows, "{%q, %d, r.Set%s, r.Get%s, &r.%s},\n", m.name, m.Type.Len, x, x, r.byName[m.Attrs.LenField])
		}
	}
	if rows.Len() == 0 {
		return code("")
	}
	return code(`t.Run("blobs", func(t *%v) {
		r := new(%s)
		for _, f := range []struct {
			name string
			size int
			set func([]byte) error
			get func() []byte
			length *uint32
		}{
			%s} {
			full := %v("x", f.size)
			if err := f.set([]byte(full)); err != nil || string(f.get()) != full {
				t.Errorf("%%s: stored %%d bytes, got %%d, %%v", f.name, f.size, len(f.get()), err)
			}
			if err := f.set([]byte(full + "y")); err == nil {
				t.Errorf("%%s: %%d bytes fit in %%d", f.name, f.size+1, f.size)
			}
			*f.length = 1<<32 - 1 // as another program may
			if got := len(f.get()); got != f.size {
				t.Errorf("%%s: got %%d bytes of %%d", f.name, got, f.size)
			}
		}
	})
`, std("testing", "T"), r.name, rows.String(), std("strings", "Repeat"))
}

// optionTest sets and clears each optional field and looks at all of them.
func (f *file) optionTest(r *record) *jen.Statement {
	var rows strings.Builder
	for _, m := range r.fields {
		if m.word != "" && m.Size <= maxTested {
			x := m.access()
			fmt.Fprintf(&rows, "{%q, r.Has%s, func() bool { %s }, r.Clear%s},\n", m.name, x, f.storeAndCompare(&m), x)
		}
	}
	if rows.Len() == 0 {
		return code("")
	}
	return code(`t.Run("presence", func(t *%v) {
		r := new(%s)
		options := []struct {
			name string
			has func() bool
			set func() bool // and compare
			clear func()
		}{
			%s}
		for i, f := range options {
			if !f.set() {
				t.Errorf("%%s: another value came back", f.name)
			}
			for j, other := range options {
				if got := other.has(); got != (i == j) {
					t.Errorf("%%s is set, and Has of %%s is %%v", f.name, other.name, got)
				}
			}
			if f.clear(); f.has() {
				t.Errorf("%%s is there after Clear", f.name)
			}
		}
	})
`, std("testing", "T"), r.name, rows.String())
}

// storeAndCompare returns statements that set an optional field and return
// whether its value came back.
func (f *file) storeAndCompare(m *field) string {
	x, first := m.access(), strings.Repeat("[0]", len(m.Type.Dims))
	switch {
	case m.Type.Code == schema.String:
		at := strings.TrimSuffix(strings.Repeat("0, ", len(m.Type.Dims)), ", ")
		sep := ""
		if at != "" {
			sep = ", "
		}
		return fmt.Sprintf(`return r.Set%s(%s%s"x") == nil && r.Get%s(%s) == "x"`, x, at, sep, x, at)
	case m.Type.Code == schema.Bytes:
		return fmt.Sprintf(`return r.Set%s([]byte("x")) == nil && string(r.Get%s()) == "x"`, x, x)
	case f.ix.atomic(m.Member):
		return fmt.Sprintf("return r.Set%s() == &r.%s", x, m.name)
	case m.Type.Code == schema.Bool && first == "":
		return fmt.Sprintf("r.Set%s(true); return r.%s.Get()", x, m.name)
	case m.Type.Code == schema.RecordType:
		return fmt.Sprintf("v := r.%s; r.Set%s(&v); return r.%s == v", m.name, x, m.name)
	case first != "":
		return fmt.Sprintf("v := r.%s; v%s = 1; r.Set%s(&v); return r.%s == v", m.name, first, x, m.name)
	}
	return fmt.Sprintf("r.Set%s(1); return r.%s == 1", x, m.name)
}

// enumTest adds the test of the methods that an enum got.
func (f *file) enumTest(e *schema.Enum) {
	name := goName(f.src, e.Name)
	str, known := f.makes(name, "String"), f.makes(name, "IsKnown")
	if !str && !known || locals[name] {
		return
	}
	test := "TestBLDS" + strings.ToUpper(name[:1]) + name[1:]
	f.scope.declare(test, e.Pos)
	var rows, checks strings.Builder
	for _, v := range named(e) {
		if !e.Bits || v.Value&(v.Value-1) == 0 {
			fmt.Fprintf(&rows, "{%s, %q, true},\n", valueName(name, v), v.Name)
		}
	}
	if number, text, ok := unknown(e, name); ok {
		fmt.Fprintf(&rows, "{%s, %q, false},\n", number, text)
	}
	if str {
		checks.WriteString("if got := c.v.String(); got != c.name {\nt.Errorf(\"%d prints %q, want %q\", c.v, got, c.name)\n}\n")
	}
	if known {
		checks.WriteString("if got := c.v.IsKnown(); got != c.known {\nt.Errorf(\"%d: IsKnown is %v\", c.v, got)\n}\n")
	}
	f.decl("", "func %s(t *%v) {\nfor _, c := range []struct {\nv %s\nname string\nknown bool\n}{\n%s} {\n%s}\n}",
		test, std("testing", "T"), name, rows.String(), checks.String())
}

// unknown returns the smallest value that is not in the table of an enum, and
// what it prints as.
func unknown(e *schema.Enum, name string) (number, text string, ok bool) {
	used := make(map[uint64]bool, len(e.Values))
	all := uint64(0)
	for _, v := range e.Values {
		used[v.Value] = true
		all |= v.Value
	}
	if e.Bits {
		bit := ^all & (all + 1)
		number = fmt.Sprintf("%#x", bit)
		return number, number, bit != 0 && schema.FitsInt(e.Base, bit)
	}
	n := uint64(0)
	for used[n] {
		n++
	}
	number = fmt.Sprint(n)
	return number, name + "(" + number + ")", schema.FitsInt(e.Base, n)
}
