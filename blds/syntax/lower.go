package syntax

import (
	"fmt"
	"strings"

	"github.com/pylabhub/datahub/blds/schema"
)

// lower makes packages of the files, which parsed without problems. Types are
// declared first, so that fields can point at them in whatever order they stand.
func (l *loader) lower() []*schema.Package {
	var pkgs []*schema.Package
	byName := make(map[string]*schema.Package, 1)
	files := make([]lowerer, len(l.units))
	for i, u := range l.units {
		files[i] = lowerer{l: l, u: u}
		files[i].declare()
	}
	for i := range files {
		files[i].define()
	}
	for i := range files {
		files[i].channels()
	}
	for _, u := range l.units {
		p := byName[u.info.Namespace]
		if p == nil {
			p = &schema.Package{Namespace: u.info.Namespace}
			byName[p.Namespace] = p
			pkgs = append(pkgs, p)
		}
		p.Schemas = append(p.Schemas, u.info.Schemas...)
		p.Records = append(p.Records, u.info.Records...)
		p.Enums = append(p.Enums, u.info.Enums...)
		p.Consts = append(p.Consts, u.info.Consts...)
	}
	sortPackages(pkgs)
	return pkgs
}

// A lowerer makes declarations of the tree of one file.
type lowerer struct {
	l *loader
	u *unit
	// made holds what declare made of each declaration of the tree.
	made []any
}

func (w *lowerer) problem(code schema.Code, pos schema.Pos, remedy, format string, args ...any) *schema.Problem {
	return w.u.ps.add(code, pos, remedy, format, args...)
}

func (w *lowerer) id(name string) string {
	if w.u.info.Namespace == "" {
		return name
	}
	return w.u.info.Namespace + "." + name
}

func docText(lines []string) string { return strings.Join(lines, "\n") }

// declare enters the names of the file. Of two equal ones the first counts;
// layout reports the second.
func (w *lowerer) declare() {
	u := w.u
	u.types = make(map[string]any, len(u.ast.Decls))
	w.made = make([]any, len(u.ast.Decls))
	enter := func(name string, t any) {
		if u.types[name] == nil {
			u.types[name] = t
		}
	}
	for i, d := range u.ast.Decls {
		switch d := d.(type) {
		case *Const:
			if u.consts == nil {
				u.consts = map[string]*constant{}
			}
			c := &constant{decl: d, scope: &scope{u: u}}
			if w.made[i] = c; u.consts[d.Name.Text] == nil {
				u.consts[d.Name.Text] = c
			}
		case *Enum:
			e := &schema.Enum{Name: d.Name.Text, ID: w.id(d.Name.Text), Doc: docText(d.Doc), Bits: d.Bits, Pos: d.Name.Pos}
			if w.enumBase(d, e) {
				u.info.Enums = append(u.info.Enums, e)
			}
			w.made[i] = e
			enter(e.Name, e)
		case *Record:
			r := &schema.RecordDecl{Name: d.Name.Text, ID: w.id(d.Name.Text), Doc: docText(d.Doc), Pos: d.Name.Pos}
			if !d.Schema {
				u.info.Records = append(u.info.Records, r)
				w.made[i] = r
				enter(r.Name, r)
				break
			}
			s := &schema.SchemaDecl{ID: r.ID, Version: d.Version.Version, Record: r, Pos: r.Pos}
			u.info.Schemas = append(u.info.Schemas, s)
			w.made[i] = s
			enter(r.Name, s)
		}
	}
}

// enumBase sets the base type of an enum. If that is no type of the language, it
// stays 0: fields of the enum then have no type either.
func (w *lowerer) enumBase(d *Enum, e *schema.Enum) bool {
	if e.Base = builtinCode(d.Base.Text); e.Base != 0 {
		return true
	}
	remedy := "use one of u8 to u64 and i8 to i64"
	if words := foreignTypes[d.Base.Text]; words != "" {
		remedy = "use " + words
	}
	w.problem(schema.CodeNotType, d.Base.Pos, remedy, "%s is no integer type", quote(d.Base.Text))
	return false
}

// define fills in what declare made.
func (w *lowerer) define() {
	for i, d := range w.u.ast.Decls {
		switch d := d.(type) {
		case *Const:
			w.u.info.Consts = w.constant(w.u.info.Consts, w.made[i].(*constant))
		case *Enum:
			w.enum(d, w.made[i].(*schema.Enum))
		case *Record:
			switch m := w.made[i].(type) {
			case *schema.RecordDecl:
				w.record(d, m)
			case *schema.SchemaDecl:
				w.schema(d, m)
			}
		}
	}
}

// constant appends a constant if it has a value.
func (w *lowerer) constant(list []schema.Const, c *constant) []schema.Const {
	if !w.l.evaluate(c.scope, nil, c) {
		return list
	}
	return append(list, schema.Const{
		Name: c.decl.Name.Text, Doc: docText(c.decl.Doc), Pos: c.decl.Name.Pos,
		Value: schema.Value{Code: c.code, Text: c.text},
	})
}

func (w *lowerer) enum(d *Enum, e *schema.Enum) {
	s := &scope{u: w.u}
	w.attrs(onEnum, d.Attrs, s, &target{})
	if !e.Base.IsInt() {
		return // reported
	}
	so := &enumScope{base: e.Base, values: make([]schema.EnumValue, 0, len(d.Values))}
	s.values = so
	for _, v := range d.Values {
		val := schema.EnumValue{Name: v.Name.Text, Doc: docText(v.Doc), Pos: v.Name.Pos}
		t := target{deprecated: &val.Deprecated}
		w.attrs(onValue, v.Attrs, s, &t)
		n, ok := w.l.int(s, v.Value)
		if ok && (n.neg && e.Base.IsUnsigned() || !n.neg && n.lo >= top && !e.Base.IsUnsigned()) {
			w.problem(schema.CodeDoesNotFit, v.Value.Pos, otherValue(e, n),
				"value %q of %s does not fit %s", v.Name.Text, n, e.Base)
			n = num{}
		}
		val.Value = n.lo // 0 after a problem
		so.values = append(so.values, val)
	}
	e.Values = so.values
}

func (w *lowerer) schema(d *Record, s *schema.SchemaDecl) {
	local := map[string]*constant(nil)
	list := []*constant(nil)
	for _, m := range d.Members {
		c, ok := m.(*Const)
		if !ok {
			continue
		}
		if local == nil {
			local = map[string]*constant{}
		}
		k := &constant{decl: c}
		if list = append(list, k); local[c.Name.Text] == nil {
			local[c.Name.Text] = k
		}
	}
	sc := &scope{u: w.u, consts: local}
	for _, c := range list {
		c.scope = sc
	}
	for _, c := range list {
		s.Consts = w.constant(s.Consts, c)
	}
	w.attrs(onSchema, d.Attrs, sc, &target{align: &s.Record.Align, deprecated: &s.Deprecated})
	w.members(d, s.Record, sc)
}

func (w *lowerer) record(d *Record, r *schema.RecordDecl) {
	sc := &scope{u: w.u}
	w.attrs(onRecord, d.Attrs, sc, &target{align: &r.Align})
	w.members(d, r, sc)
}

// members makes the fields of a record. Those of groups stand between the
// others.
func (w *lowerer) members(d *Record, r *schema.RecordDecl, sc *scope) {
	n := 0
	for _, m := range d.Members {
		n++
		if g, ok := m.(*Group); ok {
			n += len(g.Members)
		}
	}
	r.Fields = make([]schema.FieldDecl, 0, n)
	var groups map[string]*Group
	for _, m := range d.Members {
		g, ok := m.(*Group)
		if !ok {
			w.member(m, r, sc, "")
			continue
		}
		first := len(r.Fields)
		name := g.Name.Text
		if other := groups[name]; other != nil {
			note(w.problem(schema.CodeGroup, g.Name.Pos, "rename one of them, or join them", "second group %s of %s", quote(name), quote(d.Name.Text)),
				other.Name.Pos, "the first is here")
			name = ""
		}
		for _, m := range g.Members {
			w.member(m, r, sc, name)
		}
		if len(g.Members) == 0 {
			w.problem(schema.CodeGroup, g.Name.Pos, "give it a field, or remove it", "group %s has no fields", quote(g.Name.Text))
			continue
		}
		if groups == nil {
			groups = map[string]*Group{}
		}
		groups[g.Name.Text] = g
		align := uint32(0)
		w.attrs(onGroup, g.Attrs, sc, &target{align: &align})
		// The first field carries the alignment of its group.
		f := &r.Fields[first]
		f.Align = max(f.Align, align)
	}
}

// member appends a field, padding or a reserved range to r.
func (w *lowerer) member(m Member, r *schema.RecordDecl, sc *scope, group string) {
	switch m := m.(type) {
	case *Field:
		r.Fields = append(r.Fields, schema.FieldDecl{Name: m.Name.Text, Pos: m.Name.Pos, TypePos: m.Type.Pos})
		f := &r.Fields[len(r.Fields)-1]
		f.Attrs.Doc, f.Attrs.Group = docText(m.Doc), group
		w.fieldType(m, f, sc)
		w.attrs(onField, m.Attrs, sc, &target{
			field: f, align: &f.Align, deprecated: &f.Attrs.Deprecated,
		})
	case *Pad:
		r.Fields = append(r.Fields, schema.FieldDecl{Pos: m.Pos, TypePos: m.Len.Pos})
		f := &r.Fields[len(r.Fields)-1]
		f.Attrs.Group = group
		place, code, what, word := onPad, schema.Padding, "padding", "pad"
		if m.Reserved {
			place, code, what, word = onReserved, schema.Reserved, "reserved range", "reserved"
			f.Attrs.Doc = docText(m.Doc)
		}
		f.Type = schema.TypeDecl{Code: code, Len: 1} // if the length has a problem
		if e := m.Len; e.Kind == NameExpr && isBuiltin(e.Text) && sc.find(e.Text) == nil {
			w.problem(schema.CodeUnknownConst, e.Pos, "write "+word+" 4, or `"+word+"` "+e.Text+" for a field of that name",
				"%s is a type, not a number of bytes", quote(e.Text))
		} else if n, ok := w.l.size(sc, m.Len, maxUint64, what); ok {
			f.Type.Len = n
		}
		w.attrs(place, m.Attrs, sc, &target{field: f, align: &f.Align, deprecated: &f.Attrs.Deprecated})
	}
}

// fieldType sets the type of f, or leaves its code 0 after a problem.
func (w *lowerer) fieldType(m *Field, f *schema.FieldDecl, sc *scope) {
	t := schema.TypeDecl{Code: m.Type.Code}
	ok := true
	if m.Type.Len != nil {
		t.Len, ok = w.l.size(sc, m.Type.Len, maxUint64, "length")
	}
	if len(m.Type.Dims) > 0 {
		t.Dims = make([]uint64, len(m.Type.Dims))
		for i, e := range m.Type.Dims {
			n, fine := w.l.size(sc, e, maxUint64, "array length")
			t.Dims[i] = n
			ok = ok && fine
		}
	}
	if t.Code == 0 {
		switch d := w.u.findType(m.Type.Name.Text).(type) {
		case *schema.Enum:
			t.Code, t.Enum = d.Base, d
			ok = ok && d.Base.IsInt()
		case *schema.RecordDecl:
			t.Code, t.Record = schema.RecordType, d
		case *schema.SchemaDecl:
			t.Code, t.Record = schema.RecordType, d.Record
		default:
			w.l.unknownType(w.u, m.Type.Name, m.Name.Text)
			ok = false
		}
	}
	if ok {
		f.Type = t
	}
}

// otherValue is the remedy for a value that does not fit: for a mask like ~0, the
// same bits without a sign.
func otherValue(e *schema.Enum, n num) string {
	if unused := 64 - 8*e.Base.Size(); n.neg && e.Bits && int64(n.lo)<<unused>>unused == int64(n.lo) {
		return fmt.Sprintf("write its bits, %#x", n.lo<<unused>>unused)
	}
	return "choose another value or another base type"
}
