package gosrc

import (
	"fmt"
	"go/ast"
	"go/types"
	"strings"

	"github.com/pylabhub/datahub/blds/schema"
)

// A fieldConv converts the fields of one struct.
type fieldConv struct {
	l     *loader
	p     *pkg
	r     *recordInfo
	types map[string]types.Type
}

// field converts one line of a struct, which may declare several fields.
func (c *fieldConv) field(f *ast.Field, first bool) {
	if len(f.Names) == 0 {
		if first && isHostLayout(f.Type) {
			return
		}
		c.fail(nil)
		name := types.ExprString(f.Type)
		c.p.report(schema.CodeGoEmbedded, c.l.pos(f.Type.Pos(), int(f.Type.End()-f.Type.Pos())), "give the field a name",
			"%q is embedded: its fields would have no place of their own in a schema", name)
		return
	}
	tag, ok := c.tag(f)
	if c.usesC(f.Type) {
		for _, id := range f.Names {
			c.fail(id)
		}
		c.p.report(schema.CodeGoCgo, c.typePos(f), "use the Go type of the same size, such as int32 for C.int",
			"field %q is of a C type, which the C compiler of one machine decides", f.Names[0].Name)
		return
	}
	refused := ""
	for _, id := range f.Names {
		v, _ := c.p.check.info.Defs[id].(*types.Var)
		if v == nil {
			c.unknown(id)
			continue
		}
		g, ref := c.l.typeOf(v.Type())
		if g.Code == 0 && ref == nil && c.isPointer(f.Type, 8) {
			ref = reference(types.NewPointer(types.Typ[types.Invalid])) // to what was not followed
		}
		if ref != nil && ref.code == schema.CodeGoHostLayout && first {
			return
		}
		if ref != nil {
			c.fail(id)
			if refused == "" { // one line, one problem
				refused = ref.reason
				c.refuse(f, id, v.Type(), ref)
			}
			continue
		}
		if g.Code == 0 || !ok {
			c.unknown(id)
			continue
		}
		if d, good := c.fieldDecl(f, id, g, &tag); good {
			c.types[id.Name] = v.Type()
			c.r.decl.Fields = append(c.r.decl.Fields, d)
		} else {
			c.fail(id)
		}
	}
}

// fail says that a field was not understood. A named one gets no type: layout
// passes over the record then, but still looks at its other fields.
func (c *fieldConv) fail(id *ast.Ident) {
	c.r.bad = true
	if id != nil && id.Name != "_" {
		c.r.decl.Fields = append(c.r.decl.Fields, schema.FieldDecl{Name: id.Name, Pos: c.l.pos(id.Pos(), len(id.Name))})
	}
}

// unknown is a field whose type the type checker does not know. It has told
// why, unless the cause is somewhere it was asked not to look.
func (c *fieldConv) unknown(id *ast.Ident) {
	c.fail(id)
	c.p.unknown = append(c.p.unknown, c.l.pos(id.Pos(), len(id.Name)))
}

// isPointer reports whether a type is declared as a pointer or an array of them,
// looking through a few names of its own package.
func (c *fieldConv) isPointer(x ast.Expr, names int) bool {
	switch x := x.(type) {
	case *ast.StarExpr:
		return true
	case *ast.ArrayType:
		return c.isPointer(x.Elt, names)
	case *ast.ParenExpr:
		return c.isPointer(x.X, names)
	case *ast.Ident:
		if d := c.p.decls[x.Name]; d != nil && names > 0 {
			spec, ok := d.spec.(*ast.TypeSpec)
			return ok && c.isPointer(spec.Type, names-1)
		}
	}
	return false
}

func (c *fieldConv) typePos(f *ast.Field) schema.Pos {
	return c.l.pos(f.Type.Pos(), int(f.Type.End()-f.Type.Pos()))
}

// usesC reports whether a type is one of cgo.
func (c *fieldConv) usesC(x ast.Expr) (uses bool) {
	ast.Inspect(x, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			id, ok := sel.X.(*ast.Ident)
			uses = uses || ok && id.Name == "C" && c.p.decls["C"] == nil
		}
		return !uses
	})
	return uses
}

// tag reads the blds tag of a line.
func (c *fieldConv) tag(f *ast.Field) (t fieldTag, ok bool) {
	if f.Tag == nil {
		return t, true
	}
	text, found, err := findTag(f.Tag.Value)
	if err != nil {
		c.p.report(err.code, c.l.within(f.Tag.Pos(), err.at), err.remedy, "%s", err.msg)
		return t, false
	}
	if !found {
		return t, true
	}
	t, errs := parseTag(text.value)
	for _, e := range errs {
		at := span{0, len(f.Tag.Value)}
		if text.base >= 0 {
			at = span{text.base + e.at.off, e.at.len}
		}
		c.p.report(e.code, c.l.within(f.Tag.Pos(), at), e.remedy, "%s", e.msg)
	}
	return t, len(errs) == 0
}

// refuse reports a type that cannot stand in shared memory.
func (c *fieldConv) refuse(f *ast.Field, id *ast.Ident, t types.Type, ref *refusal) {
	qual := func(p *types.Package) string {
		if p.Path() == c.p.path {
			return ""
		}
		return p.Name()
	}
	verb := "is"
	if !types.Identical(types.Unalias(t), ref.typ) {
		verb = "holds"
	}
	what := types.TypeString(ref.typ, qual)
	switch u := ref.typ.Underlying().(type) {
	case *types.Struct:
		if ref.code == schema.CodeGoUnnamed {
			what = "an unnamed struct"
		}
	case *types.Basic:
		if _, named := ref.typ.(*types.Named); named {
			what += " (" + u.Name() + ")"
		}
	}
	if strings.Contains(what, "invalid type") {
		verb, what = "is", types.ExprString(f.Type)
	}
	c.p.report(ref.code, c.typePos(f), ref.remedy, "field %q %s %s: %s", id.Name, verb, what, ref.reason)
}

// fieldDecl makes a declaration of a field of an acceptable type.
func (c *fieldConv) fieldDecl(f *ast.Field, id *ast.Ident, g goType, t *fieldTag) (schema.FieldDecl, bool) {
	d := schema.FieldDecl{
		Name: id.Name, Type: g.TypeDecl, Optional: t.optional, IsPresence: t.presence, Atomic: t.atomic || g.atomic,
		Align: t.align, WantOffset: t.offset, Attrs: t.attrs,
		Pos: c.l.pos(id.Pos(), len(id.Name)), TypePos: c.typePos(f),
	}
	d.Attrs.Doc = strings.TrimSpace(f.Doc.Text())
	if d.Attrs.Doc == "" {
		d.Attrs.Doc = strings.TrimSpace(f.Comment.Text())
	}
	if id.Name == "_" || t.reserved {
		return d, c.filler(&d, f, g, t)
	}
	if g.duration && !c.duration(&d, f, t) {
		return d, false
	}
	if g.record != nil && !c.nested(&d, f, g.record) {
		return d, false
	}
	return d, c.byteArray(&d, f, g, t)
}

// filler makes padding or a reserved range of a byte array.
func (c *fieldConv) filler(d *schema.FieldDecl, f *ast.Field, g goType, t *fieldTag) bool {
	for _, key := range []string{"presence", "atomic", "string", "bytes", "optional"} {
		if t.has(key) {
			c.badKey(f, key, "a blank field or a reserved range cannot be %q", key)
			return false
		}
	}
	if !isByteArray(g) || len(g.Dims) != 1 {
		if t.reserved {
			c.badKey(f, "reserved", "%q is no byte array: a reserved range is a number of bytes", d.Name)
			return false
		}
		remedy := "use an array of bytes, or give the field a name"
		if n, align := c.l.sizeOf(&g.TypeDecl); len(g.Dims) == 0 && n > 0 && align > 0 {
			remedy = fmt.Sprintf("use _ [%d]byte, or give the field a name", n)
		}
		c.p.report(schema.CodeGoBlank, c.typePos(f), remedy, "a blank field of type %s: padding is bytes", types.ExprString(f.Type))
		return false
	}
	d.Type = schema.TypeDecl{Code: schema.Padding, Len: g.Dims[0]}
	if t.reserved {
		d.Type.Code = schema.Reserved
	}
	d.Name = ""
	return true
}

// duration says that a time.Duration counts nanoseconds.
func (c *fieldConv) duration(d *schema.FieldDecl, f *ast.Field, t *fieldTag) bool {
	if key := d.Attrs.Time.String(); d.Attrs.Time != schema.NoTime && (key != "duration" || d.Attrs.TimeUnit != "ns") {
		c.badKey(f, key, "%q is a time.Duration: that is a duration in nanoseconds already", d.Name)
		return false
	}
	d.Attrs.Time, d.Attrs.TimeUnit = schema.Duration, "ns"
	return true
}

// byteArray makes a string or a blob of a byte array that is tagged as one.
func (c *fieldConv) byteArray(d *schema.FieldDecl, f *ast.Field, g goType, t *fieldTag) bool {
	key := "string"
	switch {
	case t.str && t.bytes:
		c.badKey(f, "bytes", "%q is either %q or %q", d.Name, "string", "bytes")
		return false
	case t.bytes:
		key = "bytes"
	case !t.str:
		return true
	}
	if !isByteArray(g) {
		c.badKey(f, key, "%q is %s: %q is for arrays like [16]byte", d.Name, types.ExprString(f.Type), key)
		return false
	}
	last := len(g.Dims) - 1
	d.Type = schema.TypeDecl{Code: schema.String, Len: g.Dims[last], Dims: g.Dims[:last]}
	if t.bytes {
		d.Type.Code = schema.Bytes
	}
	return true
}

func isByteArray(g goType) bool {
	return g.Code == schema.U8 && g.plain && g.Enum == nil && len(g.Dims) > 0
}

// badKey reports a tag key that does not go with its field.
func (c *fieldConv) badKey(f *ast.Field, key, format string, args ...any) {
	pos := c.l.pos(f.Tag.Pos(), len(f.Tag.Value))
	if text, _, err := findTag(f.Tag.Value); err == nil && text.base >= 0 {
		if t, _ := parseTag(text.value); t.has(key) {
			at := find(t.args, key).at
			pos = c.l.within(f.Tag.Pos(), span{text.base + at.off, at.len})
		}
	}
	c.p.report(schema.CodeTagType, pos, "remove the key, or change the type", format, args...)
}

// nested gives a field its record.
func (c *fieldConv) nested(d *schema.FieldDecl, f *ast.Field, tn *types.TypeName) bool {
	in := c.l.record(tn)
	if in == nil {
		c.p.report(schema.CodeGoUnnamed, c.typePos(f), "write the struct out where the type is declared",
			"field %q is %s, which is declared as another struct type: its tags are not its own", d.Name, types.ExprString(f.Type))
		return false
	}
	if in.hidden != nil && in.pkg != c.p {
		pr := c.p.report(schema.CodeGoHidden, c.typePos(f), "declare a record of your own, or ask for exported fields",
			"field %q is %s, whose field %q %s: only its own package can make a record of it", d.Name, types.ExprString(f.Type), in.hidden.path, in.hidden.how)
		if !in.pkg.std {
			pr.Notes = []schema.Note{{Pos: in.hidden.pos, Message: "the field is declared here"}}
		}
		return false
	}
	if in.why != nil {
		pr := c.p.report(in.why.Code, c.typePos(f), "declare a record of your own",
			"field %q is %s: %s", d.Name, types.ExprString(f.Type), in.why.Message)
		if !in.pkg.std {
			pr.Notes = []schema.Note{{Pos: in.why.Pos, Message: "the field is declared here"}}
		}
		return false
	}
	if in.hidden != nil && c.r.hidden == nil {
		c.r.hidden = &hiddenInfo{in.hidden.pos, d.Name + "." + in.hidden.path, in.hidden.how}
	}
	if in.bad || in.open {
		return false
	}
	d.Type.Record = in.decl
	return true
}
