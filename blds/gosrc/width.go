package gosrc

import (
	"go/ast"

	"github.com/pylabhub/datahub/blds/schema"
)

// A use says how often a type is part of another.
type use struct {
	of    *decl
	times int
}

// maxPaths bounds the types inside of a type, counted as often as they occur.
// go/types visits them all, so that thirty structs of two members each would
// keep it busy for an hour.
const maxPaths = 4 * schema.MaxFields

// tooWide finds types beyond any limit, and keeps their packages from the type
// checker.
func (l *loader) tooWide() {
	for _, p := range l.pkgs {
		for _, d := range p.bySpec {
			spec, isType := d.spec.(*ast.TypeSpec)
			if !isType || d.level == unneeded || d.width() <= maxPaths {
				continue
			}
			first := true // only those are told that do not get it from another
			for _, u := range d.uses {
				first = first && u.of.width() <= maxPaths
			}
			if first {
				p.report(schema.CodeTooManyFields, l.pos(spec.Name.Pos(), len(spec.Name.Name)), "use arrays, or split the record",
					"record %q has more than %d members with nested records inlined", spec.Name.Name, schema.MaxFields)
			}
			p.broken = true
		}
	}
}

// width counts the types inside of a type, up to a little more than maxPaths.
func (d *decl) width() uint64 {
	if d.paths == 0 {
		d.paths = 1 // so that a type inside of itself ends here; go/types tells
		sum := uint64(1)
		for _, u := range d.uses {
			sum += min(uint64(u.times), maxPaths+1) * u.of.width()
			sum = min(sum, maxPaths+1)
		}
		d.paths = sum
	}
	return d.paths
}
