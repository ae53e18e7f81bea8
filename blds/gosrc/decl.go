package gosrc

import (
	"go/ast"
	"go/token"
)

// How much a declaration is needed.
const (
	unneeded = iota
	// loose declarations are checked, but nobody minds if they are wrong:
	// constants beside those of an enum.
	loose
	strict // a schema is made of it
)

// A decl is a declaration at top level that a schema may need.
type decl struct {
	p       *pkg
	src     *source
	gen     *ast.GenDecl
	spec    ast.Spec       // nil for a func
	inherit *ast.ValueSpec // of a constant: the line that its type and value are from
	fn      *ast.FuncDecl
	level   int
	uses    []use // of a type: the types it is made of
	paths   uint64
	again   *ast.Ident // the same name declared once more
}

func (d *decl) span() (from, to token.Pos) {
	if d.fn != nil {
		return d.fn.Pos(), d.fn.End()
	}
	return d.spec.Pos(), d.spec.End()
}

// index finds the declarations of a package.
func (p *pkg) index() {
	if p.decls != nil {
		return
	}
	p.decls = map[string]*decl{}
	p.bySpec = map[ast.Spec]*decl{}
	enter := func(d *decl, id *ast.Ident) {
		switch first := p.decls[id.Name]; {
		case id.Name == "_":
		case first == nil:
			p.decls[id.Name] = d
		case first.again == nil:
			first.again = id
		}
	}
	for _, s := range p.sources {
		if !s.inBuild(p) {
			continue
		}
		for _, d := range s.file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil && d.Name.Name != "init" {
					enter(&decl{p: p, src: s, fn: d}, d.Name)
				}
			case *ast.GenDecl:
				var inherit *ast.ValueSpec
				for _, spec := range d.Specs {
					e := &decl{p: p, src: s, gen: d, spec: spec}
					p.bySpec[spec] = e
					switch spec := spec.(type) {
					case *ast.TypeSpec:
						enter(e, spec.Name)
					case *ast.ValueSpec:
						if inherit == nil || d.Tok == token.VAR || spec.Type != nil || len(spec.Values) > 0 {
							inherit = spec
						}
						e.inherit = inherit
						for _, id := range spec.Names {
							enter(e, id)
						}
					}
				}
			}
		}
	}
}
