package gen

import (
	"slices"

	"github.com/pylabhub/datahub/blds/layout"
	"github.com/pylabhub/datahub/blds/schema"
)

// Sources returns what a laid-out package declares, file by file in the order of
// their names, each in the order of its text. It goes by the positions that the
// front end gave.
func Sources(p *layout.Package) []*Source {
	var decls []Decl
	for _, s := range p.Schemas {
		decls = append(decls, Decl{Schema: s})
	}
	for _, r := range p.Records {
		decls = append(decls, Decl{Record: r})
	}
	for _, e := range p.Enums {
		decls = append(decls, Decl{Enum: e})
	}
	for i := range p.Consts {
		decls = append(decls, Decl{Const: &p.Consts[i]})
	}
	slices.SortStableFunc(decls, func(a, b Decl) int { return a.Pos().Compare(b.Pos()) })
	var out []*Source
	for _, d := range decls {
		path := d.Pos().File
		if n := len(out); n == 0 || out[n-1].Path != path {
			out = append(out, &Source{Path: path})
		}
		last := out[len(out)-1]
		last.Decls = append(last.Decls, d)
	}
	return out
}

// Pos returns where d stands in its source.
func (d Decl) Pos() schema.Pos {
	switch {
	case d.Schema != nil:
		return d.Schema.Pos
	case d.Record != nil:
		return d.Record.Pos
	case d.Enum != nil:
		return d.Enum.Pos
	case d.Const != nil:
		return d.Const.Pos
	}
	return schema.Pos{}
}
