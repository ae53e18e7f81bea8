package golang

import (
	"fmt"
	"strings"

	"github.com/pylabhub/datahub/blds/schema"
)

// accessors adds the methods of a record, field by field. Numbers, arrays and
// records that are always there need none: they are plain fields.
func (f *file) accessors(r *record) {
	for i := range r.fields {
		m := &r.fields[i]
		switch m.Type.Code {
		case schema.String:
			f.text(r, m)
		case schema.Bytes:
			f.blob(r, m)
		default:
			if m.word != "" {
				f.option(r, m)
			}
		}
	}
}

// method adds a method of r that belongs to field m: format is all of it behind
// the name. A field's first method carries the field's doc comment.
func (f *file) method(r *record, m *field, first bool, name, doc, format string, args ...any) {
	f.scope.declareMethod(r.name, name, m.Pos)
	if text := docOf(m.Attrs.Doc, "", m.Name, m.name, ""); first && text != "" {
		doc += "\n\n" + text
	}
	f.decl(docOf(doc, m.Attrs.Deprecated, "", "", ""), "func (r *%s) %s%v", r.name, name, code(format, args...))
}

// access returns the exported name of a field, for its methods.
func (m *field) access() string { return strings.ToUpper(m.name[:1]) + m.name[1:] }

// text adds the accessors of a string or an array of strings.
func (f *file) text(r *record, m *field) {
	x, of, n := m.access(), m.name, len(m.Type.Dims)
	indices := strings.Split("i j k l m n o p", " ")[:n]
	args := strings.Join(indices, ", ")
	params, more, at := "", "", "r."+m.name
	if n > 0 {
		of = "an element of " + m.name
		params, more = args+" int", args+" int, "
		at += "[" + strings.Join(indices, "][") + "]"
	}
	absent, fresh, present := m.presence()

	f.method(r, m, true, "Get"+x, fmt.Sprintf("Get%s returns the text of %s.", x, of),
		"(%s) string {\nreturn string(r.%sBytes(%s))\n}", params, x, args)
	f.method(r, m, false, x+"Bytes",
		fmt.Sprintf("%sBytes returns the text of %s in place, not copied.", x, of),
		"(%s) []byte {\n%sreturn %v(%s[:])\n}", params, absent, f.rt("Text"), at)
	doc := fmt.Sprintf("Set%s stores s: UTF-8 without NUL, at most %d bytes.", x, m.Type.Len)
	if present == "" {
		f.method(r, m, false, "Set"+x, doc, "(%ss string) error {\nreturn %v(%s[:], s)\n}", more, f.rt("SetText"), at)
	} else {
		f.method(r, m, false, "Set"+x, doc, "(%ss string) error {\n%sif err := %v(%s[:], s); err != nil {\nreturn err\n}\n%sreturn nil\n}",
			more, fresh, f.rt("SetText"), at, present)
	}
	f.method(r, m, false, "Set"+x+"Truncated", fmt.Sprintf("Set%sTruncated stores as much of s as fits, cut between two characters.", x),
		"(%ss string) {\n%s%v(%s[:], s)\n%s}", more, fresh, f.rt("SetTextTruncated"), at, present)
	if m.word != "" {
		f.has(r, m, false)
		f.clear(r, m)
	}
}

// blob adds the accessors of a blob.
func (f *file) blob(r *record, m *field) {
	x, length := m.access(), r.byName[m.Attrs.LenField]
	absent, _, present := m.presence()
	f.method(r, m, true, "Get"+x,
		fmt.Sprintf("Get%s returns the first %s bytes of %s in place, not copied.", x, length, m.name),
		"() []byte {\n%sreturn %v(r.%s[:], r.%s)\n}", absent, f.rt("Blob"), m.name, length)
	doc := fmt.Sprintf("Set%s stores a copy of v, at most %d bytes, and its length.", x, m.Type.Len)
	if present == "" {
		f.method(r, m, false, "Set"+x, doc, "(v []byte) error {\nreturn %v(r.%s[:], &r.%s, v)\n}", f.rt("SetBlob"), m.name, length)
		return
	}
	f.method(r, m, false, "Set"+x, doc, "(v []byte) error {\nif err := %v(r.%s[:], &r.%s, v); err != nil {\nreturn err\n}\n%sreturn nil\n}",
		f.rt("SetBlob"), m.name, length, present)
	f.has(r, m, false)
	f.clear(r, m)
}

// presence returns the statements around the access to an optional field: one
// that returns nil if it is absent, one that clears what the elements of an
// absent array held before, and one that marks it as there. They are empty for
// a field that is always there.
func (m *field) presence() (absent, fresh, present string) {
	if m.word == "" {
		return "", "", ""
	}
	test := fmt.Sprintf("if r.%s&(%s) == 0 {\n", m.word, m.bit())
	if len(m.Type.Dims) > 0 {
		fresh = test + "clear(r." + m.name + "[:])\n}\n"
	}
	return test + "return nil\n}\n", fresh, fmt.Sprintf("r.%s |= %s\n", m.word, m.bit())
}

func (m *field) bit() string { return fmt.Sprintf("1<<%d", m.Presence.Bit) }

// option adds the accessors of an optional field that is neither text nor blob.
// Its value is read from the field itself.
func (f *file) option(r *record, m *field) {
	x, typ := m.access(), f.fieldType(r, m)
	_, _, present := m.presence()
	doc := fmt.Sprintf("Set%s stores v in %s, which is then there.", x, m.name)
	f.has(r, m, true)
	switch {
	case f.ix.atomic(m.Member):
		f.method(r, m, false, "Set"+x, fmt.Sprintf("Set%s says that %s is there, and where: atomic words are stored in place.", x, m.name),
			"() *%v {\n%sreturn &r.%s\n}", typ, present, m.name)
	case m.Type.Code == schema.Bool && len(m.Type.Dims) == 0:
		f.method(r, m, false, "Set"+x, doc, "(v bool) {\nr.%s.Set(v)\n%s}", m.name, present)
	case m.Type.Code == schema.RecordType || len(m.Type.Dims) > 0:
		f.method(r, m, false, "Set"+x, fmt.Sprintf("Set%s copies v to %s, which is then there.", x, m.name),
			"(v *%v) {\nr.%s = *v\n%s}", typ, m.name, present)
	default:
		f.method(r, m, false, "Set"+x, doc, "(v %v) {\nr.%s = v\n%s}", typ, m.name, present)
	}
	f.clear(r, m)
}

// has adds the question for the presence of an optional field.
func (f *file) has(r *record, m *field, first bool) {
	x := m.access()
	f.method(r, m, first, "Has"+x, fmt.Sprintf("Has%s reports whether %s is there.", x, m.name),
		"() bool {\nreturn r.%s&(%s) != 0\n}", m.word, m.bit())
}

// clear adds what ends the presence of an optional field.
func (f *file) clear(r *record, m *field) {
	x := m.access()
	f.method(r, m, false, "Clear"+x, fmt.Sprintf("Clear%s says that %s is not there. Its bytes stay.", x, m.name),
		"() {\nr.%s &^= %s\n}", m.word, m.bit())
}
