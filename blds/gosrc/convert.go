package gosrc

import (
	"cmp"
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/pylabhub/datahub/blds/schema"
)

// nameSpaces gives every package a namespace: that of its schemas, else the
// package's name. Where two packages without schemas have one name, the second
// gets its import path, so that their records have different ids.
func (l *loader) nameSpaces() {
	taken := map[string]bool{}
	var rest []*pkg
	for _, importPath := range sorted(keys(l.pkgs)) {
		p := l.pkgs[importPath]
		if p.decls == nil {
			continue
		}
		if ns, ok := p.schemaNamespace(l); ok {
			p.namespace = ns
			taken[schema.FoldID(ns)] = true
		} else {
			rest = append(rest, p)
		}
	}
	for _, p := range rest {
		p.namespace = p.name
		if taken[schema.FoldID(p.namespace)] {
			p.namespace = pathNamespace(p.path)
		}
		taken[schema.FoldID(p.namespace)] = true
	}
}

// pathNamespace makes a namespace of an import path.
func pathNamespace(importPath string) string {
	parts := strings.Split(path.Clean(importPath), "/")
	for i, part := range parts {
		clean := strings.Map(func(r rune) rune {
			if schema.IsIdent("x" + string(r)) {
				return r
			}
			return '_'
		}, part)
		if !schema.IsIdent(clean) {
			clean = "p" + clean
		}
		parts[i] = clean
	}
	return strings.Join(parts, ".")
}

// convert makes the result of one package.
func (l *loader) convert(p *pkg) *Package {
	out := &Package{
		Package: &schema.Package{Namespace: p.namespace},
		Name:    p.name, ImportPath: p.path, Dir: p.dir, ModulePath: p.modPath, ModuleDir: p.modDir,
		Generated: p.generated,
	}
	if !p.parsed {
		return out
	}
	p.scope(l, out)
	if p.broken {
		return out
	}
	l.typeCheck(p)
	schemas := map[string]*schema.SchemaDecl{}
	files := map[*source][]placedDecl{}
	for _, a := range p.anns {
		if a.src.made || !l.checkKind(p, a) {
			continue
		}
		at := a.spec.Pos()
		if a.dirs["schema"] == nil {
			if e := l.enum(p.typeName(a)); e != nil {
				out.Enums = append(out.Enums, e)
				files[a.src] = append(files[a.src], placedDecl{at, Decl{Enum: e}})
			}
			continue
		}
		if s := l.schemaDecl(p, a); s != nil {
			schemas[a.spec.Name.Name] = s
			out.Schemas = append(out.Schemas, s)
			files[a.src] = append(files[a.src], placedDecl{at, Decl{Schema: s}})
		}
	}
	for _, g := range p.consts {
		l.schemaConsts(p, g, schemas)
	}
	for _, s := range out.Schemas {
		if s.Channel != nil && s.Channel.FlexName != "" {
			s.Flex = schemas[s.Channel.FlexName]
			if s.Flex == nil && p.annotated(s.Channel.FlexName) {
				s.Channel = nil // what is wrong with the other schema has been told
			}
		}
	}
	for _, r := range l.ownRecords(p, out.Schemas) {
		out.Records = append(out.Records, r.decl)
		files[r.src] = append(files[r.src], placedDecl{r.at, Decl{Record: r.decl}})
	}
	for _, s := range p.sources {
		if decls := files[s]; decls != nil {
			slices.SortFunc(decls, func(a, b placedDecl) int { return cmp.Compare(a.at, b.at) })
			f := &File{Name: s.name}
			for _, d := range decls {
				f.Decls = append(f.Decls, d.Decl)
			}
			out.Files = append(out.Files, f)
		}
	}
	out.fields = p.fields
	return out
}

// annotated reports whether a type was meant to be a schema.
func (p *pkg) annotated(name string) bool {
	return slices.ContainsFunc(p.anns, func(a *annotation) bool {
		return a.spec.Name.Name == name && a.dirs["schema"] != nil
	})
}

type placedDecl struct {
	at token.Pos
	Decl
}

// ownRecords returns the records that schemas use and their package declares,
// in the order of the text.
func (l *loader) ownRecords(p *pkg, schemas []*schema.SchemaDecl) []*recordInfo {
	isSchema := map[*schema.RecordDecl]bool{}
	for _, a := range p.anns {
		if tn := p.typeName(a); a.dirs["schema"] != nil && tn != nil && l.records[tn] != nil {
			isSchema[l.records[tn].decl] = true
		}
	}
	seen := map[*schema.RecordDecl]bool{}
	var found []*recordInfo
	var visit func(d *schema.RecordDecl)
	visit = func(d *schema.RecordDecl) {
		if seen[d] {
			return
		}
		seen[d] = true
		if r := l.infoOf[d]; r.pkg == p && !r.src.made && !isSchema[d] {
			found = append(found, r)
		}
		for i := range d.Fields {
			if in := d.Fields[i].Type.Record; in != nil {
				visit(in)
			}
		}
	}
	for _, s := range schemas {
		visit(s.Record)
	}
	slices.SortFunc(found, func(a, b *recordInfo) int { return cmp.Compare(a.at, b.at) })
	return found
}

// origins tells which Go types the records and enums are.
func (l *loader) origins(res *Result) {
	for tn, r := range l.records {
		if r != nil {
			res.Origins[r.decl.Pos] = l.origin(tn)
		}
	}
	for tn, e := range l.enums {
		if e != nil {
			res.Origins[e.Pos] = l.origin(tn)
		}
	}
}

func (l *loader) origin(tn *types.TypeName) Origin {
	return Origin{ImportPath: tn.Pkg().Path(), Package: l.pkgs[tn.Pkg().Path()].name, Name: tn.Name()}
}

// scope notes the names that the files of a package declare, those of tests and
// of other systems included.
func (p *pkg) scope(l *loader, out *Package) {
	out.Scope, out.TestScope = map[string]schema.Pos{}, map[string]schema.Pos{}
	out.Methods = map[string]map[string]schema.Pos{}
	for _, s := range p.sources {
		if s.made || s.file.Name.Name != p.name {
			continue
		}
		names := out.Scope
		if s.test {
			names = out.TestScope
		}
		enter := func(m map[string]schema.Pos, id *ast.Ident) {
			if _, dup := m[id.Name]; !dup && id.Name != "_" {
				m[id.Name] = l.pos(id.Pos(), len(id.Name))
			}
		}
		for _, d := range s.file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				switch recv := receiver(d); {
				case d.Recv != nil && recv == "":
				case d.Recv != nil:
					if out.Methods[recv] == nil {
						out.Methods[recv] = map[string]schema.Pos{}
					}
					enter(out.Methods[recv], d.Name)
				case d.Name.Name != "init":
					enter(names, d.Name)
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					switch spec := spec.(type) {
					case *ast.TypeSpec:
						enter(names, spec.Name)
					case *ast.ValueSpec:
						for _, id := range spec.Names {
							enter(names, id)
						}
					}
				}
			}
		}
	}
}

// receiver returns the name of the type that a method belongs to.
func receiver(d *ast.FuncDecl) string {
	if d.Recv == nil || len(d.Recv.List) == 0 {
		return ""
	}
	x := d.Recv.List[0].Type
	for {
		switch t := x.(type) {
		case *ast.StarExpr:
			x = t.X
		case *ast.ParenExpr:
			x = t.X
		case *ast.IndexExpr:
			x = t.X
		case *ast.IndexListExpr:
			x = t.X
		case *ast.Ident:
			return t.Name
		default:
			return ""
		}
	}
}

func keys[V any](m map[string]V) []string { return slices.Collect(maps.Keys(m)) }

func sorted(s []string) []string {
	slices.Sort(s)
	return s
}
