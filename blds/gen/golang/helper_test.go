package golang

import (
	"github.com/pylabhub/datahub/blds/gen"
	"github.com/pylabhub/datahub/blds/layout"
)

// sources returns what a laid-out package declares, file by file.
func sources(p *layout.Package) []*gen.Source {
	var out []*gen.Source
	byPath := make(map[string]*gen.Source)
	add := func(d gen.Decl) {
		path := d.Pos().File
		if byPath[path] == nil {
			byPath[path] = &gen.Source{Path: path}
			out = append(out, byPath[path])
		}
		byPath[path].Decls = append(byPath[path].Decls, d)
	}
	for i := range p.Consts {
		add(gen.Decl{Const: &p.Consts[i]})
	}
	for _, e := range p.Enums {
		add(gen.Decl{Enum: e})
	}
	for _, r := range p.Records {
		add(gen.Decl{Record: r})
	}
	for _, s := range p.Schemas {
		add(gen.Decl{Schema: s})
	}
	return out
}
