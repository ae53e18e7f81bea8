package gosrc

import (
	"go/ast"
	"go/token"
	"go/types"

	"github.com/pylabhub/datahub/blds/schema"
)

// A recordInfo is what is known of a struct besides its declaration.
type recordInfo struct {
	decl   *schema.RecordDecl
	pkg    *pkg
	src    *source
	at     token.Pos
	bad    bool // not all of it was understood: it has no layout
	open   bool // being converted
	size   uint64
	align  uint64
	hidden *hiddenInfo
	why    *schema.Problem // why a record of an imported package is bad
}

// A hiddenInfo is a field that only the record's own package may name.
type hiddenInfo struct {
	pos  schema.Pos
	path string // with the names of the fields on the way
	how  string // is not exported, or is embedded
}

// record converts a struct type, once. It returns nil if the type was not
// written as a struct.
func (l *loader) record(tn *types.TypeName) *recordInfo {
	if r, done := l.records[tn]; done {
		return r
	}
	p := l.pkgs[tn.Pkg().Path()]
	l.records[tn] = nil
	d := p.decls[tn.Name()]
	if d == nil || d.spec == nil {
		return nil
	}
	spec, ok := d.spec.(*ast.TypeSpec)
	if !ok {
		return nil
	}
	st, ok := ast.Unparen(spec.Type).(*ast.StructType)
	if !ok {
		return nil
	}
	r := &recordInfo{pkg: p, src: d.src, at: spec.Pos(), open: true, decl: &schema.RecordDecl{
		Name: tn.Name(), ID: p.id(tn.Name()), Doc: docText(spec.Doc, d.gen), Host: true,
		Pos: l.pos(spec.Name.Pos(), len(tn.Name())),
	}}
	l.records[tn] = r
	l.infoOf[r.decl] = r
	if a := p.annOf[spec]; a != nil && a.dirs["schema"] != nil {
		if id := a.dirs["schema"].arg("id"); id != nil {
			r.decl.ID = id.value
		}
	}
	if n := hiddenField(st); n != nil {
		r.hidden = &hiddenInfo{pos: l.pos(n.Pos(), int(n.End()-n.Pos())), how: "is not exported"}
		switch n := n.(type) {
		case *ast.Ident:
			r.hidden.path = n.Name
		case *ast.Field:
			r.hidden.path, r.hidden.how = types.ExprString(n.Type), "is embedded"
		}
		r.bad = !p.root // it was not followed any further
	}
	before := len(p.problems)
	if !r.bad {
		c := fieldConv{l: l, p: p, r: r, types: map[string]types.Type{}}
		for i, f := range st.Fields.List {
			c.field(f, i == 0)
		}
		if p.fields == nil {
			p.fields = map[string]map[string]types.Type{}
		}
		p.fields[tn.Name()] = c.types
		r.decl.HostSize = r.layOut(l)
	}
	if r.bad {
		r.markBad()
	}
	if !p.root && len(p.problems) > before {
		// Told where the record is used: its source may not be the user's to mend.
		r.why = &schema.Problem{}
		*r.why = p.problems[before]
		p.problems = p.problems[:before]
	}
	r.open = false
	return r
}

// markBad makes sure that layout passes over a record that is not complete.
func (r *recordInfo) markBad() {
	for i := range r.decl.Fields {
		if r.decl.Fields[i].Type.Code == 0 {
			return
		}
	}
	if len(r.decl.Fields) == 0 {
		r.decl.Fields = []schema.FieldDecl{{Name: r.decl.Name, Pos: r.decl.Pos}}
	}
	r.decl.Fields[0].Type = schema.TypeDecl{}
}

// layOut gives each field the offset that the gc compiler gives it, and returns
// the size. It is types.Sizes but for two things: a record is computed once, be it
// nested a million times, and what overflows is a problem.
func (r *recordInfo) layOut(l *loader) uint64 {
	var end uint64
	r.align = 1
	for i := range r.decl.Fields {
		f := &r.decl.Fields[i]
		size, align := l.sizeOf(&f.Type)
		if f.Type.Code == 0 || align == 0 {
			r.bad = true
			return 0
		}
		for _, d := range f.Type.Dims {
			if size > maxSize/d {
				size = maxSize + 1
				break
			}
			size *= d
		}
		end = (end + align - 1) &^ (align - 1)
		at := end
		f.Offset = &at
		if size > maxSize || end+size > maxSize {
			r.bad = true
			r.pkg.report(schema.CodeGoTooLarge, f.Pos, "use shorter arrays", "struct %q is too large for any address space", r.decl.Name)
			return 0
		}
		end += size
		r.align = max(r.align, align)
	}
	r.size = (end + r.align - 1) &^ (r.align - 1)
	return r.size
}

// maxSize is more bytes than any machine has; what is between this and a
// schema's limit is for layout to refuse.
const maxSize = 1 << 47

// sizeOf returns size and alignment of one element of a type, 0 if it has none.
func (l *loader) sizeOf(t *schema.TypeDecl) (size, align uint64) {
	switch {
	case t.Code == schema.RecordType:
		if in := l.infoOf[t.Record]; in != nil && !in.bad && !in.open {
			return in.size, in.align
		}
		return 0, 0
	case t.Code.HasLen():
		return t.Len, 1
	}
	n := uint64(t.Code.Size())
	return n, n
}
