package gosrc

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"github.com/pylabhub/datahub/blds/naming"
	"github.com/pylabhub/datahub/blds/schema"
)

// enum returns the table of an integer type with //blds:enum or //blds:bits,
// nil for every other type.
func (l *loader) enum(tn *types.TypeName) *schema.Enum {
	if e, done := l.enums[tn]; done {
		return e
	}
	l.enums[tn] = nil
	if tn.Pkg() == nil {
		return nil
	}
	p := l.pkgs[tn.Pkg().Path()]
	d := p.decls[tn.Name()]
	if d == nil {
		return nil
	}
	spec, ok := d.spec.(*ast.TypeSpec)
	if !ok {
		return nil
	}
	a := p.annOf[spec]
	if a == nil || a.dirs["enum"] == nil && a.dirs["bits"] == nil {
		return nil
	}
	basic, ok := tn.Type().Underlying().(*types.Basic)
	if !ok || !basicCodes[basic.Kind()].IsInt() {
		return nil
	}
	e := &schema.Enum{
		Name: tn.Name(), ID: p.id(tn.Name()), Doc: a.doc(),
		Base: basicCodes[basic.Kind()], Bits: a.dirs["bits"] != nil,
		Pos: l.pos(spec.Name.Pos(), len(tn.Name())),
	}
	for _, decl := range a.src.file.Decls {
		if gen, ok := decl.(*ast.GenDecl); ok && gen.Tok == token.CONST {
			l.enumValues(e, p, gen, tn)
		}
	}
	l.enums[tn] = e
	return e
}

// enumValues adds the exported constants of the type in one declaration.
func (l *loader) enumValues(e *schema.Enum, p *pkg, gen *ast.GenDecl, tn *types.TypeName) {
	for _, spec := range gen.Specs {
		spec := spec.(*ast.ValueSpec)
		for _, id := range spec.Names {
			c, ok := p.check.info.Defs[id].(*types.Const)
			if !ok || !id.IsExported() || !types.Identical(c.Type(), tn.Type()) {
				continue
			}
			bits, ok := intBits(c.Val())
			if !ok {
				continue // the type checker has told
			}
			doc, deprecated := cutDeprecated(constDoc(spec, gen))
			e.Values = append(e.Values, schema.EnumValue{
				Name: naming.TrimType(tn.Name(), id.Name), GoName: id.Name, Value: bits,
				Doc: doc, Deprecated: deprecated, Pos: l.pos(id.Pos(), len(id.Name)),
			})
		}
	}
}

// intBits returns the bits of an integer constant, sign-extended.
func intBits(v constant.Value) (uint64, bool) {
	v = constant.ToInt(v)
	if n, exact := constant.Int64Val(v); exact {
		return uint64(n), v.Kind() == constant.Int
	}
	n, exact := constant.Uint64Val(v)
	return n, exact && v.Kind() == constant.Int
}

// constDoc returns the comment above a constant, or behind it.
func constDoc(spec *ast.ValueSpec, gen *ast.GenDecl) string {
	if doc := docText(spec.Doc, gen); doc != "" {
		return doc
	}
	return strings.TrimSpace(spec.Comment.Text())
}

// cutDeprecated takes the paragraph out of a comment that, as everywhere in Go,
// begins with "Deprecated:".
func cutDeprecated(doc string) (rest, deprecated string) {
	paragraphs := strings.Split(doc, "\n\n")
	i := slices.IndexFunc(paragraphs, func(s string) bool { return strings.HasPrefix(s, "Deprecated: ") })
	if i < 0 {
		return doc, ""
	}
	deprecated = strings.Join(strings.Fields(strings.TrimPrefix(paragraphs[i], "Deprecated: ")), " ")
	return strings.Join(slices.Delete(paragraphs, i, i+1), "\n\n"), deprecated
}
