package golang

import (
	"fmt"
	"go/types"
	"path/filepath"
	"slices"
	"strings"

	"github.com/dave/jennifer/jen"

	"github.com/pylabhub/datahub/blds/gen"
	"github.com/pylabhub/datahub/blds/naming"
	"github.com/pylabhub/datahub/blds/schema"
)

// An index knows where each type of the run lives, by its ID.
type index struct {
	types   map[string]place
	atomics map[*schema.Record]bool // whether it holds atomic words
}

// A place is a Go type and the folder of its package, "" if the run does not
// write there.
type place struct {
	gen.GoType
	dir string
}

// in reports whether code of p names the type without its package.
func (t *place) in(p *gen.Package) bool {
	if t.dir != "" {
		return t.dir == filepath.Clean(p.Dir)
	}
	return t.ImportPath == p.Go.ImportPath && t.Package == p.Go.Name
}

func newIndex(pkgs []*gen.Package) *index {
	ix := &index{types: make(map[string]place), atomics: make(map[*schema.Record]bool)}
	for _, p := range pkgs {
		for _, src := range p.Sources {
			for _, d := range src.Decls {
				id, name := "", ""
				switch {
				case d.Schema != nil:
					id, name = d.Schema.ID, d.Schema.Record.Name
				case d.Record != nil:
					id, name = d.Record.ID, d.Record.Name
				case d.Enum != nil:
					id, name = d.Enum.ID, d.Enum.Name
				}
				if id != "" {
					ix.types[id] = place{gen.GoType{ImportPath: p.Go.ImportPath, Package: p.Go.Name, Name: goName(src, name)}, filepath.Clean(p.Dir)}
				}
			}
		}
	}
	return ix
}

// goName returns the Go name of a type or field of a source.
func goName(src *gen.Source, name string) string {
	if src.Written {
		return name
	}
	return naming.GoName(name)
}

// find returns the Go type of a record or enum that code of p refers to.
func (ix *index) find(p *gen.Package, id, name string) place {
	if t, ok := ix.types[id]; ok {
		return t
	}
	if t, ok := p.Go.Types[id]; ok {
		return place{t, ""}
	}
	return place{gen.GoType{ImportPath: p.Go.ImportPath, Package: p.Go.Name, Name: naming.GoName(name)}, filepath.Clean(p.Dir)}
}

// atomic reports whether m is an atomic word or holds one.
func (ix *index) atomic(m *schema.Member) bool {
	if m.Type.Record == nil {
		return m.Flags&schema.FlagAtomic != 0
	}
	rec := m.Type.Record
	found, known := ix.atomics[rec]
	if !known {
		for i := range rec.Members {
			found = found || ix.atomic(&rec.Members[i])
		}
		ix.atomics[rec] = found
	}
	return found
}

// refOf returns the id and name of the record or enum a type is made of.
func refOf(t *schema.Type) (id, name string, ok bool) {
	switch {
	case t.Record != nil:
		return t.Record.ID, t.Record.Name, true
	case t.Enum != nil:
		return t.Enum.ID, t.Enum.Name, true
	}
	return "", "", false
}

// typeOf returns the Go type of t.
func (f *file) typeOf(t *schema.Type) *jen.Statement {
	var dims strings.Builder
	for _, d := range t.Dims {
		fmt.Fprintf(&dims, "[%d]", d)
	}
	return code("%s%v", dims.String(), f.element(t))
}

// element returns the Go type of one element of t.
func (f *file) element(t *schema.Type) *jen.Statement {
	if id, name, ok := refOf(t); ok {
		g := f.ix.find(f.pkg, id, name)
		return f.named(g.ImportPath, g.Package, g.Name)
	}
	switch t.Code {
	case schema.Bool:
		return f.rt("Bool")
	case schema.String, schema.Bytes, schema.Padding, schema.Reserved:
		return code("[%d]byte", t.Len)
	}
	return code("%s", scalars[t.Code])
}

var scalars = map[schema.TypeCode]string{
	schema.U8: "uint8", schema.U16: "uint16", schema.U32: "uint32", schema.U64: "uint64",
	schema.I8: "int8", schema.I16: "int16", schema.I32: "int32", schema.I64: "int64",
	schema.F32: "float32", schema.F64: "float64",
}

// named returns the name of a type, with its package if that is another one.
func (f *file) named(path, pkg, name string) *jen.Statement {
	if path != f.pkg.Go.ImportPath {
		f.importName(path, pkg)
	}
	return jen.Qual(path, name)
}

// fieldType returns the type of a field as it is declared: what the user wrote
// may be another name for the type the schema has.
func (f *file) fieldType(r *record, m *field) *jen.Statement {
	if t := f.userType(r, m); t != nil {
		return f.written(t)
	}
	return f.typeOf(&m.Type)
}

// userType returns the type of a field that is written in Go, else nil.
func (f *file) userType(r *record, m *field) types.Type {
	if !f.src.Written || f.pkg.Go.FieldType == nil {
		return nil
	}
	return f.pkg.Go.FieldType(r.name, m.name)
}

// written returns a type of the user's program.
func (f *file) written(t types.Type) *jen.Statement {
	switch t := t.(type) {
	case *types.Array:
		return code("[%d]%v", t.Len(), f.written(t.Elem()))
	case interface{ Obj() *types.TypeName }: // named types and aliases
		if pkg := t.Obj().Pkg(); pkg != nil {
			return f.named(pkg.Path(), pkg.Name(), t.Obj().Name())
		}
		return code("%s", t.Obj().Name())
	}
	return code("%s", t.String())
}

// cycles finds generated packages that would import each other: folders can do
// that without a circle among the files, if one of them gets the output of two.
func (ix *index) cycles(pkgs []*gen.Package) []schema.Problem {
	edges := make(map[string][]edge)
	var problems []schema.Problem
	for _, p := range pkgs {
		for _, src := range p.Sources {
			if src.Written {
				continue // the user's own code has these imports
			}
			for _, d := range src.Decls {
				for _, u := range uses(&d) {
					g := ix.find(p, u.id, u.name)
					switch {
					case g.in(p):
					case g.ImportPath == "" || p.Go.ImportPath == "":
						problems = append(problems, unknownImport(p, u, g))
					default:
						edges[p.Go.ImportPath] = append(edges[p.Go.ImportPath], edge{g.ImportPath, u})
					}
				}
			}
		}
	}
	return append(problems, circles(pkgs, edges)...)
}

// A use is a place that needs a type.
type use struct {
	id, name string // of the type
	by       string // what needs it
	pos      schema.Pos
}

// uses returns the types that the generated code of a declaration refers to.
func uses(d *gen.Decl) []use {
	rec := d.Record
	var out []use
	if s := d.Schema; s != nil {
		rec = s.Record
		if s.Flex != nil {
			out = append(out, use{s.Flex.ID, s.Flex.Record.Name, s.Record.Name, s.Channel.Pos})
		}
	}
	if rec == nil {
		return nil
	}
	for i := range rec.Members {
		m := &rec.Members[i]
		if id, name, ok := refOf(&m.Type); ok {
			out = append(out, use{id, name, m.Name, m.Pos})
		}
	}
	return out
}

// An edge is an import and what needs it.
type edge struct {
	to string
	use
}

func unknownImport(p *gen.Package, u use, g place) schema.Problem {
	return schema.Problem{
		Code: schema.CodeGoImportUnknown, Pos: u.pos,
		Message: fmt.Sprintf("%q needs the type %s of another Go package, which has no import path", u.by, g.Package+"."+g.Name),
		Remedy:  "generate into folders of one Go module",
	}
}

// circles reports each circle of imports once, at the field that closes it.
func circles(pkgs []*gen.Package, edges map[string][]edge) []schema.Problem {
	var problems []schema.Problem
	done := make(map[string]bool)
	var path []string
	var visit func(at string)
	visit = func(at string) {
		path = append(path, at)
		for _, e := range edges[at] {
			if i := slices.Index(path, e.to); i >= 0 {
				problems = append(problems, schema.Problem{
					Code: schema.CodeGoImportCycle, Pos: e.pos,
					Message: fmt.Sprintf("%q makes generated Go packages import each other: %s",
						e.by, strings.Join(append(slices.Clone(path[i:]), e.to), " -> ")),
					Remedy: "send them to one folder with go_package, or move the type",
				})
			} else if !done[e.to] {
				visit(e.to)
			}
		}
		path = path[:len(path)-1]
		done[at] = true
	}
	for _, p := range pkgs {
		if at := p.Go.ImportPath; !done[at] {
			visit(at)
		}
	}
	return problems
}
