package gosrc

import (
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"slices"

	"github.com/pylabhub/datahub/blds/schema"
)

// follow finds all declarations that the annotated ones of the roots need.
func (l *loader) follow(roots []*pkg) {
	f := follower{l: l}
	for _, p := range roots {
		if !p.parsed || p.broken {
			continue
		}
		p.index()
		for _, a := range p.anns {
			if d := p.bySpec[a.spec]; d != nil && !a.src.made {
				f.need(d, strict, nil, "")
			}
		}
		for _, g := range p.consts {
			for _, spec := range g.specs {
				if d := p.bySpec[spec]; d != nil {
					f.need(d, strict, nil, "")
				}
			}
		}
	}
	for len(f.queue) > 0 || len(f.missing) > 0 {
		if len(f.queue) == 0 {
			f.queue, f.waiting = f.waiting, nil
			f.list()
		}
		d := f.queue[len(f.queue)-1]
		f.queue = f.queue[:len(f.queue)-1]
		f.walk(d)
	}
}

type follower struct {
	l       *loader
	queue   []*decl
	waiting []*decl // for missing
	missing map[string]bool
	decl    *decl // the one being walked
	times   int   // how often the type being walked is in it
	wait    bool  // it has to be walked again
}

// need notes that d is needed; at is where it is mentioned, and by what name, nil
// if it is what the user annotated.
func (f *follower) need(d *decl, level int, at *ast.Ident, name string) {
	if _, isType := d.spec.(*ast.TypeSpec); isType && f.decl != nil && at != nil {
		f.decl.uses = append(f.decl.uses, use{d, f.times})
	}
	if d.level >= level {
		return
	}
	d.level = level
	f.queue = append(f.queue, d)
	if level == strict && d.src.outside != "" && at != nil {
		from, _ := d.span()
		pos := f.l.pos(at.Pos(), len(at.Name))
		if !f.decl.p.root && f.decl.p.via.IsValid() {
			pos = f.decl.p.via
		}
		pr := f.decl.p.report(schema.CodeGoConstrained, pos,
			"use something that every build of the package has", "%q is declared in %s", name, d.src.outside)
		if !d.p.std {
			pr.Notes = []schema.Note{{Pos: f.l.pos(from, len(at.Name)), Message: "it is declared here"}}
		}
	}
}

// walk follows what one declaration refers to.
func (f *follower) walk(d *decl) {
	f.decl, f.wait, f.times = d, false, 1
	d.uses = nil
	switch spec := d.spec.(type) {
	case nil:
		f.refs(d.fn.Type.Params)
		if d.fn.Type.Results != nil {
			f.refs(d.fn.Type.Results)
		}
	case *ast.ValueSpec:
		if d.inherit.Type != nil {
			f.refs(d.inherit.Type)
		}
		for _, v := range d.inherit.Values {
			f.refs(v)
		}
	case *ast.TypeSpec:
		a := d.p.annOf[spec]
		st, isStruct := ast.Unparen(spec.Type).(*ast.StructType)
		switch {
		case spec.TypeParams != nil, isStruct && !d.p.root && hiddenField(st) != nil:
			d.p.opaque = append(d.p.opaque, spec)
		default:
			f.refs(spec.Type)
			if a != nil && (a.dirs["enum"] != nil || a.dirs["bits"] != nil) {
				f.enumTable(a, d.level)
			}
		}
	}
	if f.wait {
		f.waiting = append(f.waiting, d)
	}
}

// hiddenField returns the first field of a struct that other packages cannot
// name.
func hiddenField(st *ast.StructType) ast.Node {
	for _, field := range st.Fields.List {
		if len(field.Names) == 0 && !isHostLayout(field.Type) {
			return field
		}
		for _, id := range field.Names {
			if !id.IsExported() && id.Name != "_" {
				return id
			}
		}
	}
	return nil
}

// isHostLayout reports whether a type is spelled like structs.HostLayout.
func isHostLayout(x ast.Expr) bool {
	sel, ok := x.(*ast.SelectorExpr)
	return ok && sel.Sel.Name == "HostLayout"
}

// enumTable needs the constants that may be values of an enum: those of its
// file. The ones that mention the type, or another value, must be sound.
func (f *follower) enumTable(a *annotation, level int) {
	var specs []*decl
	for _, d := range a.src.file.Decls {
		if gen, ok := d.(*ast.GenDecl); ok && gen.Tok == token.CONST {
			for _, spec := range gen.Specs {
				if d := f.decl.p.bySpec[spec]; d != nil {
					specs = append(specs, d)
				}
			}
		}
	}
	values := map[string]bool{a.spec.Name.Name: true}
	sure := map[*decl]bool{}
	for grown := true; grown; {
		grown = false
		for _, d := range specs {
			if !sure[d] && mentions(d.inherit, values) {
				sure[d], grown = true, true
				for _, id := range d.spec.(*ast.ValueSpec).Names {
					values[id.Name] = true
				}
			}
		}
	}
	for _, d := range specs {
		if sure[d] {
			f.need(d, level, nil, "")
		} else {
			f.need(d, loose, nil, "")
		}
	}
}

func mentions(spec *ast.ValueSpec, names map[string]bool) (found bool) {
	ast.Inspect(spec, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		found = found || ok && names[id.Name] && !slices.Contains(spec.Names, id)
		return !found
	})
	return found
}

// refs needs every name that a type or an expression mentions. What is behind
// a reference cannot be part of a schema and is left alone, missing or not.
func (f *follower) refs(x ast.Node) {
	ast.Inspect(x, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.StarExpr, *ast.MapType, *ast.ChanType, *ast.FuncType, *ast.InterfaceType:
			f.decl.p.opaque = append(f.decl.p.opaque, n)
			return false
		case *ast.ArrayType:
			if n.Len == nil {
				f.decl.p.opaque = append(f.decl.p.opaque, n)
				return false
			}
		case *ast.FuncLit:
			return false
		case *ast.Field:
			if len(n.Names) == 0 && f.decl.spec != nil && !isHostLayout(n.Type) {
				f.decl.p.opaque = append(f.decl.p.opaque, n)
				return false
			}
			times := f.times
			f.times *= max(1, len(n.Names))
			f.refs(n.Type)
			f.times = times
			return false
		case *ast.SelectorExpr:
			if id, ok := n.X.(*ast.Ident); ok && f.selector(id, n.Sel.Name) {
				return false
			}
			f.refs(n.X)
			return false
		case *ast.Ident:
			f.name(n)
		}
		return true
	})
}

// name follows an identifier that no package name stands before.
func (f *follower) name(id *ast.Ident) {
	if d := f.decl.p.decls[id.Name]; d != nil {
		f.need(d, f.decl.level, id, id.Name)
		return
	}
	if types.Universe.Lookup(id.Name) != nil {
		return
	}
	for _, spec := range f.decl.src.file.Imports {
		if spec.Name != nil && spec.Name.Name == "." {
			f.imported(spec, id, id.Name)
		}
	}
}

// selector follows x.name if x is an imported package.
func (f *follower) selector(x *ast.Ident, name string) bool {
	if f.decl.p.decls[x.Name] != nil {
		return false
	}
	spec := f.importNamed(x.Name)
	if spec != nil {
		f.imported(spec, x, name)
	}
	return spec != nil || f.wait
}

// imported needs name of an imported package.
func (f *follower) imported(spec *ast.ImportSpec, at *ast.Ident, name string) {
	d := f.decl
	path := importPath(spec)
	d.p.use(spec, d)
	if path == "unsafe" || path == "C" {
		return
	}
	p := f.packageAt(path)
	if p != nil && p.stub && !p.settled {
		p.index()
		if p.decls[name] == nil {
			p = nil // the real one has more
		}
	}
	if p == nil {
		f.miss(path)
		return
	}
	if !p.root && !p.via.IsValid() {
		p.via = f.l.pos(at.Pos(), len(at.Name))
	}
	if !f.open(p) {
		return // told at the import
	}
	if target := p.decls[name]; target != nil {
		if at.Name != name {
			name = at.Name + "." + name
		}
		f.need(target, d.level, at, name)
	}
}

// list lists the missing packages. Where one takes the place of a stand-in, what
// was found there is looked for again.
func (f *follower) list() {
	paths := slices.Sorted(maps.Keys(f.missing))
	f.missing = nil
	stubs := map[string]*pkg{}
	for _, path := range paths {
		stubs[path] = f.l.pkgs[path]
	}
	f.l.listImports(paths)
	for _, path := range paths {
		stub, p := stubs[path], f.l.pkgs[path]
		if stub == nil || stub == p || !f.open(p) {
			continue
		}
		for _, name := range sorted(keys(stub.decls)) {
			if real := p.decls[name]; real != nil {
				f.need(real, stub.decls[name].level, nil, "")
			}
		}
	}
}

// open makes the declarations of a listed package known, and reports whether it
// has any to offer.
func (f *follower) open(p *pkg) bool {
	if p.listErr != "" && f.l.made(p.path) != nil {
		p.listErr = "" // of a folder that is not there yet, or of old output
	}
	if p.listErr != "" {
		return false
	}
	if !p.parsed {
		p.readImported(f.l)
	}
	p.attach(f.l)
	p.index()
	return !p.broken && p.listErr == ""
}

// miss lets the declaration wait until the package at path was listed.
func (f *follower) miss(path string) {
	if f.missing == nil {
		f.missing = map[string]bool{}
	}
	f.missing[path], f.wait = true, true
}

// packageAt returns the package at an import path if it is there, or the
// stand-in for a well-known one.
func (f *follower) packageAt(path string) *pkg {
	if p := f.l.pkgs[path]; p != nil {
		return p
	}
	return f.l.stubOf(path)
}
