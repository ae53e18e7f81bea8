package golang

import (
	"fmt"
	"go/token"
	"slices"
	"strings"

	"github.com/dave/jennifer/jen"

	"github.com/pylabhub/datahub/blds/schema"
)

// A record is a record or schema with the Go names of what it has.
type record struct {
	*schema.Record
	schema *schema.Schema // nil if it is none
	name   string         // of the type
	fields []field
	words  []field // presence words
	byName map[string]string
}

// A field is a member that has a name in Go.
type field struct {
	*schema.Member
	name string // in Go
	word string // for an optional field: Go name of its presence word
}

func (f *file) newRecord(rec *schema.Record, s *schema.Schema) *record {
	r := &record{Record: rec, schema: s, name: goName(f.src, rec.Name), byName: make(map[string]string)}
	for i := range rec.Members {
		m := &rec.Members[i]
		switch {
		case m.IsField():
			r.byName[m.Name] = goName(f.src, m.Name)
			r.fields = append(r.fields, field{Member: m, name: r.byName[m.Name]})
		case m.Flags&schema.FlagPresence != 0:
			r.words = append(r.words, field{Member: m, name: m.Name})
		}
	}
	for i := range r.words {
		w := &r.words[i]
		if w.name != "" {
			w.name = goName(f.src, w.name)
		} else {
			w.name = r.unusedName("Presence", i)
		}
		r.byName[w.name] = w.name
	}
	for i := range r.fields {
		if m := &r.fields[i]; m.Flags&schema.FlagOptional != 0 {
			m.word = r.words[m.Presence.Word].name
		}
	}
	return r
}

// unusedName names the presence word number i that the compiler placed. The
// first keeps its name when others follow.
func (r *record) unusedName(base string, i int) string {
	name := base
	if i > 0 {
		name = fmt.Sprint(base, i)
	}
	for _, used := range r.byName {
		if used == name {
			return r.unusedName(base+"Word", i)
		}
	}
	return name
}

// schema adds what a schema has: what any record has, and its identity and
// channel.
func (f *file) schema(r *record) {
	s := r.schema
	if !token.IsExported(r.name) {
		f.scope.problems = append(f.scope.problems, schema.Problem{
			Code: schema.CodeGoUnexported, Pos: s.Pos,
			Message: fmt.Sprintf("the type %q of schema %q is not exported", r.name, s.ID),
			Remedy:  "begin its name with a capital letter",
		})
		return
	}
	if !f.src.Written {
		f.typeDecl(r, schemaDirective(r), docOf(s.Doc, s.Deprecated, r.Name, r.name, r.name+" is the schema "+s.ID+"."))
		f.schemaConstants(r)
	}
	f.members(r)
	if s.Channel != nil {
		f.channel(r)
	}
	f.identity(r)
	f.assertions(r)
}

// record adds what any record has.
func (f *file) record(r *record) {
	if !f.src.Written {
		f.typeDecl(r, "", docOf(r.Doc, "", r.Name, r.name, r.name+" is the record "+r.ID+"."))
	}
	f.members(r)
	f.assertions(r)
}

// members adds what belongs to the fields.
func (f *file) members(r *record) {
	for _, m := range slices.Concat(r.fields, r.words) {
		if f.src.Written {
			f.scope.fields[[2]string{r.name, m.name}] = m.Pos
		} else {
			f.scope.declareMethod(r.name, m.name, m.Pos)
		}
	}
	f.fieldConstants(r)
	f.accessors(r)
}

// typeDecl adds the struct. Every byte of it has a name or is blank.
func (f *file) typeDecl(r *record, directive, doc string) {
	f.scope.declare(r.name, r.Pos)
	var lines []jen.Code
	words := r.words
	for i := range r.Members {
		m := &r.Members[i]
		name := "_"
		switch {
		case m.IsField():
			name = r.byName[m.Name]
		case m.Flags&schema.FlagPresence != 0:
			name, words = words[0].name, words[1:]
		}
		d := docOf(m.Attrs.Doc, m.Attrs.Deprecated, m.Name, name, "")
		if d != "" {
			lines = append(lines, code("%s", comment(d)))
		}
		lines = append(lines, code("%s %v %s", name, f.typeOf(&m.Type), r.tag(m)))
	}
	body := jen.Custom(jen.Options{Open: "{", Close: "}", Separator: "", Multi: true}, lines...)
	f.directed(doc, directive, "type %s struct %v", r.name, body)
}

// schemaDirective returns what says in annotated Go that a struct is a schema.
func schemaDirective(r *record) string {
	s := fmt.Sprintf("//blds:schema id=%s version=%s", r.schema.ID, r.schema.Version)
	natural := uint32(1)
	for i := range r.Members {
		natural = max(natural, r.Members[i].Align)
	}
	if r.Align > natural {
		s += fmt.Sprintf(" align=%d", r.Align)
	}
	return s
}

// fieldConstants adds the offsets of the fields, in offset order.
func (f *file) fieldConstants(r *record) {
	if len(r.fields) == 0 {
		return
	}
	typ := f.rt("Field")
	lines := make([]jen.Code, 0, len(r.fields))
	for _, m := range r.fields {
		name := r.fieldConst(&m)
		f.scope.declare(name, m.Pos)
		if d := m.Attrs.Deprecated; d != "" {
			lines = append(lines, code("%s", comment("Deprecated: "+d)))
		}
		lines = append(lines, code("%s %v = %d", name, typ, m.Offset))
	}
	f.decl(fmt.Sprintf("The fields of [%s] by their offset in bytes.", r.name), "const %v", block(lines))
}

// fieldConst returns the name of a field's constant: FieldReadingTemperature.
func (r *record) fieldConst(m *field) string {
	name := strings.ToUpper(m.name[:1]) + m.name[1:]
	if token.IsExported(r.name) {
		return "Field" + r.name + name
	}
	return "field" + strings.ToUpper(r.name[:1]) + r.name[1:] + name
}

// assertions adds what makes a compiler that lays the struct out in another way
// refuse it, with both numbers in its message.
func (f *file) assertions(r *record) {
	lines := []jen.Code{code("_ [%d]byte = [%v(%s{})]byte{} // size", r.Size, f.unsafe("Sizeof"), r.name)}
	words := r.words
	for i := range r.Members {
		m := &r.Members[i]
		switch {
		case m.IsField():
			fm := field{Member: m, name: r.byName[m.Name]}
			lines = append(lines, code("_ [%s]byte = [%v(%s{}.%s)]byte{}", r.fieldConst(&fm), f.unsafe("Offsetof"), r.name, fm.name))
		case m.Flags&schema.FlagPresence != 0:
			lines = append(lines, code("_ [%d]byte = [%v(%s{}.%s)]byte{}", m.Offset, f.unsafe("Offsetof"), r.name, words[0].name))
			words = words[1:]
		}
	}
	f.decl(fmt.Sprintf("The layout of %s as the compiler must see it: its size, then each offset.", r.name), "var %v", block(lines))
}

// block returns lines in parentheses.
func block(lines []jen.Code) *jen.Statement {
	return jen.Custom(jen.Options{Open: "(", Close: ")", Multi: true}, lines...)
}
