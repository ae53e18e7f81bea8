package gosrc

import (
	"fmt"
	"go/constant"
	"go/types"
	"math"

	"github.com/pylabhub/datahub/blds/naming"
	"github.com/pylabhub/datahub/blds/schema"
)

// schemaConsts gives the constants under one //blds:const to their schema.
func (l *loader) schemaConsts(p *pkg, g *constGroup, schemas map[string]*schema.SchemaDecl) {
	of := g.dir.arg("of")
	if of == nil {
		if !g.dir.bad {
			p.report(schema.CodeDirectiveMissing, l.within(g.dir.pos, g.dir.nameAt), "write //blds:const of=Type",
				"%q does not say which schema the constant belongs to", directiveStart+"const")
		}
		return
	}
	owner := schemas[of.value]
	if owner == nil {
		if p.annotated(of.value) {
			return
		}
		p.report(schema.CodeGoConstOwner, l.within(g.dir.pos, of.valAt), meant(of.value, sorted(keys(schemas)), "name the Go type of a schema of this package"),
			"%q is no schema of package %q", of.value, p.name)
		return
	}
	for _, spec := range g.specs {
		for _, id := range spec.Names {
			c, ok := p.check.info.Defs[id].(*types.Const)
			if !ok || id.Name == "_" || c.Val().Kind() == constant.Unknown {
				continue // the type checker has told
			}
			pos := l.pos(id.Pos(), len(id.Name))
			v, ref := constValue(c)
			if ref != nil {
				p.report(ref.code, pos, ref.remedy, "constant %q is %s: %s", id.Name, types.TypeString(c.Type(), (*types.Package).Name), ref.reason)
				continue
			}
			owner.Consts = append(owner.Consts, schema.Const{
				Name: naming.TrimType(of.value, id.Name), GoName: id.Name, Value: v, Doc: constDoc(spec, g.gen), Pos: pos,
			})
		}
	}
}

// constValue translates a constant. Without a type of its own an integer is i64,
// or u64 if it is too large for that, and a float f64.
func constValue(c *types.Const) (schema.Value, *refusal) {
	if n, ok := types.Unalias(c.Type()).(*types.Named); ok && n.Obj().Pkg() != nil && n.Obj().Pkg().Path() == fixedPath && n.Obj().Name() == "Bool" {
		bits, _ := intBits(c.Val())
		return schema.Value{Code: schema.Bool, Text: fmt.Sprint(bits != 0)}, nil
	}
	basic, ok := c.Type().Underlying().(*types.Basic)
	if !ok {
		return schema.Value{}, noConst
	}
	code, v := basicCodes[basic.Kind()], c.Val()
	switch basic.Kind() {
	case types.UntypedInt:
		code = schema.I64
		if _, exact := constant.Int64Val(v); !exact {
			code = schema.U64
		}
	case types.UntypedRune:
		code = schema.I32
	case types.UntypedFloat:
		code = schema.F64
	case types.UntypedBool, types.Bool:
		return schema.Value{Code: schema.Bool, Text: fmt.Sprint(constant.BoolVal(v))}, nil
	case types.UntypedString, types.String:
		return schema.Value{Code: schema.String, Text: constant.StringVal(v)}, nil
	case types.Int, types.Uint, types.Uintptr:
		return schema.Value{}, refuseBasic(basic)
	}
	switch {
	case code.IsInt():
		bits, exact := intBits(v)
		if !exact || code == schema.U64 && constant.Sign(v) < 0 {
			return schema.Value{}, noConst
		}
		return schema.Value{Code: code, Text: schema.FormatInt(code, bits)}, nil
	case code.IsFloat():
		f, _ := constant.Float64Val(constant.ToFloat(v))
		if math.IsInf(f, 0) {
			return schema.Value{}, noConst
		}
		return schema.Value{Code: code, Text: schema.FormatFloat(code, f)}, nil
	}
	return schema.Value{}, noConst
}

var noConst = &refusal{
	code: schema.CodeGoConstType, reason: "schemas have no constants of this type or size",
	remedy: "use an integer or a float of fixed width, a bool or a string",
}
