// Package lint looks for what a schema may say but probably should not: bytes
// that nobody sees, an order that wastes room, a meaning that stands in a name
// only. Each rule is a row in a table.
package lint

import (
	"github.com/pylabhub/datahub/blds/layout"
	"github.com/pylabhub/datahub/blds/schema"
)

// A Rule is one thing to look for.
type Rule struct {
	Code    schema.Code
	Name    string // for people: implicit-padding
	Purpose string // one sentence: what it finds and why that matters
	Remedy  string // what to do about it in general
	check   func(*pass)
}

// Rules returns all rules in the order of their codes. The two about ignore
// comments have no check of their own: [Suppress] applies them.
func Rules() []Rule {
	return []Rule{
		{schema.CodeImplicitPadding, "implicit-padding", "Padding that the Go compiler inserts is written down, so that each byte is seen.", "add a blank byte array", implicitPadding},
		{schema.CodeFieldOrder, "field-order", "Fields stand in an order that wastes no bytes.", "reorder the fields", fieldOrder},
		{schema.CodeSharedLine, "shared-line", "Atomic fields stand on cache lines of their own, so that their writers do not slow each other.", "put them into groups", sharedLine},
		{schema.CodeNoZeroValue, "enum-zero", "Zero has a name in every enum, because memory that nobody wrote is zero.", "name zero", enumZero},
		{schema.CodeMissingDoc, "schema-doc", "A schema says what it is, because its comment is stored in every segment.", "write a doc comment", schemaDoc},
		{schema.CodeUnitOnlyNamed, "unit-in-name", "A unit stands in the schema and not only in the field's name, so that a change of it is seen.", "say the unit", unitInName},
		{schema.CodeCountingBits, "bits-count", "Values of a bit set are masks.", "use powers of two", countingBits},
		{schema.CodeSinceFuture, "since-future", "A field exists since a version that exists.", "raise the version of the schema", sinceFuture},
		{schema.CodeLargeSegment, "large-segment", "A channel needs less than a gibibyte, unless that is meant.", "lower the capacity", largeSegment},
		{schema.CodeUnusedIgnore, "unused-ignore", "An ignore comment ignores something.", "remove the comment", nil},
		{schema.CodeBadIgnore, "bad-ignore", "An ignore comment names a lint code and gives a reason.", "complete the comment", nil},
		{schema.CodeNoNamespace, "namespace", "A schema has a namespace, because its id names it in every process.", "add a namespace", noNamespace},
	}
}

// A pass is what the rules look at.
type pass struct {
	decls    *schema.Package
	laid     *layout.Package
	problems []schema.Problem
}

// Check applies the rules to a package and its layout. It looks only at what
// the package itself declares. The problems come in no particular order.
func Check(decls *schema.Package, laid *layout.Package) []schema.Problem {
	p := &pass{decls: decls, laid: laid}
	for _, r := range Rules() {
		if r.check != nil {
			r.check(p)
		}
	}
	return p.problems
}

func (p *pass) report(code schema.Code, pos schema.Pos, message, remedy string, notes ...schema.Note) {
	p.problems = append(p.problems, schema.Problem{Code: code, Pos: pos, Message: message, Remedy: remedy, Notes: notes})
}

// records calls f for each record of the package, as written and laid out.
func (p *pass) records(f func(d *schema.RecordDecl, r *schema.Record)) {
	decls := make(map[string]*schema.RecordDecl, len(p.decls.Records)+len(p.decls.Schemas))
	for _, d := range p.decls.Records {
		decls[d.ID] = d
	}
	for _, s := range p.decls.Schemas {
		decls[s.ID] = s.Record
	}
	visit := func(r *schema.Record) {
		if d := decls[r.ID]; d != nil {
			f(d, r)
		}
	}
	for _, r := range p.laid.Records {
		visit(r)
	}
	for _, s := range p.laid.Schemas {
		visit(s.Record)
	}
}
