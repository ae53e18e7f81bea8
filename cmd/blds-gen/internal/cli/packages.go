package cli

import (
	"fmt"
	"path/filepath"

	"github.com/pylabhub/datahub/blds/gen"
	"github.com/pylabhub/datahub/blds/gosrc"
	"github.com/pylabhub/datahub/blds/layout"
	"github.com/pylabhub/datahub/blds/naming"
	"github.com/pylabhub/datahub/blds/schema"
	"github.com/pylabhub/datahub/blds/syntax"
)

// An index finds what was laid out by the id of its declaration.
type index struct {
	schemas map[string]*schema.Schema
	records map[string]*schema.Record
	consts  map[string]map[string]*schema.Const // by namespace and name
}

func newIndex(res *layout.Result) *index {
	ix := &index{map[string]*schema.Schema{}, map[string]*schema.Record{}, map[string]map[string]*schema.Const{}}
	for _, p := range res.Packages {
		for _, s := range p.Schemas {
			ix.schemas[s.ID] = s
		}
		for _, r := range p.Records {
			ix.records[r.ID] = r
		}
		for i := range p.Consts {
			if ix.consts[p.Namespace] == nil {
				ix.consts[p.Namespace] = map[string]*schema.Const{}
			}
			ix.consts[p.Namespace][p.Consts[i].Name] = &p.Consts[i]
		}
	}
	return ix
}

// packages returns what is generated: one package for each Go package, and one
// for each folder that output of .blds files goes to.
func (a *app) packages(ld *loaded, out string) ([]*gen.Package, []schema.Problem) {
	ix := newIndex(ld.result)
	types := map[string]gen.GoType{} // of records and enums that the run does not declare
	var pkgs []*gen.Package
	for _, p := range ld.goRes.Packages {
		pkgs = append(pkgs, goSources(p, ix, types))
	}
	goTypes(ld, types)
	more, problems := a.bldsPackages(ld, ix, out, types)
	return append(pkgs, more...), problems
}

func goSources(p *gosrc.Package, ix *index, types map[string]gen.GoType) *gen.Package {
	dir := shortPath(p.Dir)
	out := &gen.Package{Dir: dir, Go: gen.GoPackage{
		Name: p.Name, ImportPath: p.ImportPath, Names: p.Scope, TestNames: p.TestScope, Methods: p.Methods,
		Types: types, FieldType: p.FieldType,
	}}
	for _, f := range p.Files {
		src := &gen.Source{Path: f.Name, Written: true}
		for _, d := range f.Decls {
			switch {
			case d.Schema != nil && ix.schemas[d.Schema.ID] != nil:
				src.Decls = append(src.Decls, gen.Decl{Schema: ix.schemas[d.Schema.ID]})
			case d.Record != nil && ix.records[d.Record.ID] != nil:
				src.Decls = append(src.Decls, gen.Decl{Record: ix.records[d.Record.ID]})
			case d.Enum != nil:
				src.Decls = append(src.Decls, gen.Decl{Enum: d.Enum})
			}
		}
		out.Sources = append(out.Sources, src)
	}
	return out
}

// goTypes tells for the records and enums that Go packages declare or use which
// Go type they are.
func goTypes(ld *loaded, types map[string]gen.GoType) {
	add := func(id string, pos schema.Pos) {
		if o, ok := ld.goRes.Origins[pos]; ok && id != "" {
			types[id] = gen.GoType{ImportPath: o.ImportPath, Package: o.Package, Name: o.Name}
		}
	}
	seen := map[*schema.Record]bool{}
	var visit func(r *schema.Record)
	visit = func(r *schema.Record) {
		if seen[r] {
			return
		}
		seen[r] = true
		add(r.ID, r.Pos)
		for i := range r.Members {
			t := &r.Members[i].Type
			if t.Enum != nil {
				add(t.Enum.ID, t.Enum.Pos)
			}
			if t.Record != nil {
				visit(t.Record)
			}
		}
	}
	for _, p := range ld.result.Packages {
		for _, s := range p.Schemas {
			visit(s.Record)
		}
		for _, r := range p.Records {
			visit(r)
		}
		for _, e := range p.Enums {
			add(e.ID, e.Pos)
		}
	}
}

// bldsPackages groups .blds files by the folder their output goes to.
func (a *app) bldsPackages(ld *loaded, ix *index, out string, types map[string]gen.GoType) ([]*gen.Package, []schema.Problem) {
	byDir := map[string]*gen.Package{}
	namespace := map[string]*syntax.FileInfo{}
	asked := map[string]bool{}
	for _, f := range ld.files {
		asked[f.Namespace] = asked[f.Namespace] || f.Asked
	}
	var pkgs []*gen.Package
	var problems []schema.Problem
	for _, f := range ld.files {
		dir := a.outputDir(f)
		if out != "" && asked[f.Namespace] {
			dir = filepath.Clean(out)
		}
		if first := namespace[dir]; first == nil {
			namespace[dir] = f
		} else if first.Namespace != f.Namespace && f.Asked {
			problems = append(problems, sameFolder(dir, out, first, f))
			continue
		}
		p := byDir[dir]
		if p == nil {
			p = &gen.Package{Dir: dir, Go: goPackage(dir)}
			p.Go.Types = types
			byDir[dir] = p
			if why := notImportable(dir, p.Go.ImportPath); why != "" && asked[f.Namespace] {
				problems = append(problems, importProblem(f, dir, out, why))
			}
		}
		if !f.Asked {
			declaredBy(f, &p.Go, types)
			continue
		}
		if len(p.Sources) == 0 {
			pkgs = append(pkgs, p)
		}
		p.Sources = append(p.Sources, bldsSource(f, ix))
	}
	return pkgs, problems
}

func bldsSource(f *syntax.FileInfo, ix *index) *gen.Source {
	src := &gen.Source{Path: f.Path}
	for i := range f.Consts {
		if c := ix.consts[f.Namespace][f.Consts[i].Name]; c != nil {
			src.Decls = append(src.Decls, gen.Decl{Const: c})
		}
	}
	for _, e := range f.Enums {
		src.Decls = append(src.Decls, gen.Decl{Enum: e})
	}
	for _, r := range f.Records {
		if r := ix.records[r.ID]; r != nil {
			src.Decls = append(src.Decls, gen.Decl{Record: r})
		}
	}
	for _, s := range f.Schemas {
		if s := ix.schemas[s.ID]; s != nil {
			src.Decls = append(src.Decls, gen.Decl{Schema: s})
		}
	}
	return src
}

// declaredBy enters the types of a file that is only imported: they are
// generated in another run, into the package p.
func declaredBy(f *syntax.FileInfo, p *gen.GoPackage, types map[string]gen.GoType) {
	add := func(id string) {
		_, name := schema.SplitID(id)
		types[id] = gen.GoType{ImportPath: p.ImportPath, Package: p.Name, Name: naming.GoName(name)}
	}
	for _, e := range f.Enums {
		add(e.ID)
	}
	for _, r := range f.Records {
		add(r.ID)
	}
	for _, s := range f.Schemas {
		add(s.ID)
	}
}

// outputDir returns the folder of the Go package of a .blds file: the one the
// file names, else the configured one, else the default.
func (a *app) outputDir(f *syntax.FileInfo) string {
	dir := f.GoPackage
	if f.Tree.GoPackage == nil {
		if configured, ok := a.cfg.Output(f.Namespace); ok {
			dir = configured
		}
	}
	root := "."
	if abs, err := filepath.Abs(filepath.FromSlash(filepath.Dir(f.Path))); err == nil {
		if m := moduleRoot(abs); m != "" {
			root = shortPath(m)
		}
	}
	return filepath.Join(root, filepath.FromSlash(dir))
}

func sameFolder(dir, out string, a, b *syntax.FileInfo) schema.Problem {
	p := schema.Problem{Code: schema.CodeGoPackage, Pos: namespacePos(b),
		Message: fmt.Sprintf("folder %q would hold two namespaces, %q and %q", dir, a.Namespace, b.Namespace),
		Remedy:  "give each namespace a folder of its own",
		Notes:   []schema.Note{{Pos: namespacePos(a), Message: "the other is here"}}}
	if out != "" {
		p.Remedy = "leave -o out, or generate for one namespace at a time"
	}
	return p
}

func namespacePos(f *syntax.FileInfo) schema.Pos {
	if f.Tree.Namespace != nil {
		return f.Tree.Namespace.Name.Pos
	}
	return schema.Pos{File: f.Path, Line: 1, Col: 1, Len: 1}
}

// cover tells the output set of which folders the run saw all sources: then a
// generated file that comes from none of them has lost its source.
func (ld *loaded) cover(set *gen.Set) {
	for _, p := range ld.goRes.Packages {
		set.Cover(shortPath(p.Dir), ".go")
	}
	if ld.inputs.module {
		for dir := range ld.inputs.whole {
			set.Cover(dir, ".blds")
		}
	}
}
