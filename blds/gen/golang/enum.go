package golang

import (
	"fmt"
	"strings"

	"github.com/dave/jennifer/jen"

	"github.com/pylabhub/datahub/blds/naming"
	"github.com/pylabhub/datahub/blds/schema"
)

// enum adds the type and its values, unless they are written in Go, and the
// methods that the type does not have.
func (f *file) enum(e *schema.Enum) {
	name := goName(f.src, e.Name)
	if !f.src.Written {
		f.enumType(e, name)
	}
	if f.makes(name, "IsKnown") {
		f.scope.declareMethod(name, "IsKnown", e.Pos)
		f.isKnown(e, name)
	}
	if f.makes(name, "String") {
		f.scope.declareMethod(name, "String", e.Pos)
		f.enumString(e, name)
	}
}

// makes reports whether the user leaves a method of an enum to us.
func (f *file) makes(typ, method string) bool {
	_, has := f.scope.method(typ, method)
	return !has
}

// valueName returns the Go name of a value of an enum.
func valueName(enum string, v *schema.EnumValue) string {
	if v.GoName != "" {
		return v.GoName
	}
	return enum + naming.GoName(v.Name)
}

func (f *file) enumType(e *schema.Enum, name string) {
	f.scope.declare(name, e.Pos)
	kind, directive := "enum", "//blds:enum"
	if e.Bits {
		kind, directive = "bit set", "//blds:bits"
	}
	f.directed(docOf(e.Doc, "", e.Name, name, fmt.Sprintf("%s is the %s %s.", name, kind, e.ID)), directive, "type %s %s", name, scalars[e.Base])
	var lines []jen.Code
	for i := range e.Values {
		v := &e.Values[i]
		goName := valueName(name, v)
		f.scope.declare(goName, v.Pos)
		if doc := docOf(v.Doc, v.Deprecated, v.Name, goName, ""); doc != "" {
			lines = append(lines, code("%s", comment(doc)))
		}
		number := schema.FormatInt(e.Base, v.Value)
		if e.Bits {
			number = fmt.Sprintf("%#x", v.Value)
		}
		lines = append(lines, code("%s %s = %s", goName, name, number))
	}
	f.decl(fmt.Sprintf("The values of [%s].", name), "const %v", block(lines))
}

// named returns the values of an enum that are no aliases of earlier ones.
func named(e *schema.Enum) []*schema.EnumValue {
	seen := make(map[uint64]bool, len(e.Values))
	var out []*schema.EnumValue
	for i := range e.Values {
		if v := &e.Values[i]; !seen[v.Value] {
			seen[v.Value] = true
			out = append(out, v)
		}
	}
	return out
}

func (f *file) isKnown(e *schema.Enum, name string) {
	names := make([]string, 0, len(e.Values))
	for _, v := range named(e) {
		names = append(names, valueName(name, v))
	}
	if e.Bits {
		f.decl(fmt.Sprintf("IsKnown reports whether all bits of v have a name in the table of [%s].", name),
			"func (v %s) IsKnown() bool {\nreturn v&^(%s) == 0\n}", name, wrap(names, " |"))
		return
	}
	f.decl(fmt.Sprintf("IsKnown reports whether v is in the table of [%s].", name),
		"func (v %s) IsKnown() bool {\nswitch v {\ncase %s:\nreturn true\n}\nreturn false\n}", name, wrap(names, ","))
}

// wrap joins names by sep and breaks lines that become too long.
func wrap(names []string, sep string) string {
	var b strings.Builder
	width := 0
	for i, n := range names {
		if i > 0 {
			b.WriteString(sep)
			if width += len(n) + len(sep) + 1; width > 90 {
				b.WriteByte('\n')
				width = 0
			} else {
				b.WriteByte(' ')
			}
		}
		b.WriteString(n)
	}
	return b.String()
}

func (f *file) enumString(e *schema.Enum, name string) {
	var b strings.Builder
	if e.Bits {
		for _, v := range named(e) {
			fmt.Fprintf(&b, "{Name: %q, Mask: uint64(%s)},\n", v.Name, valueName(name, v))
		}
		f.decl("String returns the names of the bits in v joined by |, and the rest as a number.",
			"func (v %s) String() string {\nreturn %v(uint64(v), []%v{\n%s})\n}", name, f.rt("FormatBits"), f.rt("Bit"), b.String())
		return
	}
	for _, v := range named(e) {
		fmt.Fprintf(&b, "case %s:\nreturn %q\n", valueName(name, v), v.Name)
	}
	f.decl(fmt.Sprintf("String returns the name of v, or its number as in %s(7).", name),
		"func (v %s) String() string {\nswitch v {\n%s}\nreturn %v(%q, v)\n}", name, b.String(), f.rt("Unknown"), name)
}

// constant adds a constant of the package.
func (f *file) constant(c *schema.Const) {
	if f.src.Written {
		return
	}
	name := naming.GoName(c.Name)
	f.scope.declare(name, c.Pos)
	f.decl(docOf(c.Doc, "", c.Name, name, ""), "const %s", constantValue(name, c))
}

// schemaConstants adds the constants that a schema declares.
func (f *file) schemaConstants(r *record) {
	var lines []jen.Code
	for i := range r.schema.Consts {
		c := &r.schema.Consts[i]
		name := r.name + naming.GoName(c.Name)
		f.scope.declare(name, c.Pos)
		if doc := docOf(c.Doc, "", c.Name, name, ""); doc != "" {
			lines = append(lines, code("%s", comment(doc)))
		}
		lines = append(lines, code("%s", constantValue(name, c)))
	}
	if len(lines) > 0 {
		f.directed(fmt.Sprintf("The constants of [%s].", r.name), "//blds:const of="+r.name, "const %v", block(lines))
	}
}

// constantValue returns name, type and value. A bool is Go's: a constant is not
// shared.
func constantValue(name string, c *schema.Const) string {
	switch c.Value.Code {
	case schema.String:
		return fmt.Sprintf("%s = %q", name, c.Value.Text)
	case schema.Bool:
		return fmt.Sprintf("%s = %s", name, c.Value.Text)
	}
	return fmt.Sprintf("%s %s = %s", name, scalars[c.Value.Code], c.Value.Text)
}
