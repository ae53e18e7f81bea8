package gosrc

import (
	"fmt"
	"go/ast"
	"go/types"
	"strconv"
	"strings"

	"github.com/pylabhub/datahub/blds/schema"
)

// schemaDecl makes a schema of an annotated struct.
func (l *loader) schemaDecl(p *pkg, a *annotation) *schema.SchemaDecl {
	tn := p.typeName(a)
	if tn == nil {
		return nil
	}
	r := l.record(tn)
	if r == nil {
		return nil
	}
	d := a.dirs["schema"]
	v := values{l: l, p: p, d: d}
	s := &schema.SchemaDecl{Record: r.decl, Pos: r.decl.Pos}
	s.ID = v.text("id")
	s.Deprecated = v.text("deprecated")
	r.decl.Align = v.number("align", "an alignment", "use a power of two up to 128")
	v.required("id", "id=namespace."+a.spec.Name.Name)
	if text := v.required("version", "version=1.0.0"); text != "" {
		var err error
		if s.Version, err = schema.ParseVersion(text); err != nil {
			v.bad("version", "write it like 1.0.0", "%s", err)
		}
	}
	if ch := a.dirs["channel"]; ch != nil {
		s.Channel = l.channel(p, ch)
	}
	if v.failed || d.bad {
		return nil
	}
	return s
}

// channel reads the policies of a channel, nil if some are not understood. Which
// of them go together is for layout to say.
func (l *loader) channel(p *pkg, d *placed) *schema.Channel {
	v := values{l: l, p: p, d: d}
	const count = "use a decimal number"
	c := &schema.Channel{
		Policy:       word(&v, "policy", schema.ParsePolicy, schema.PolicyWords()),
		Sync:         word(&v, "sync", schema.ParseSync, schema.SyncWords()),
		Capacity:     v.number("capacity", "a number of slots", count),
		Consumers:    v.number("consumers", "a number of consumers", count),
		PageSize:     v.size("page"),
		FlexName:     v.text("flex"),
		FlexMode:     word(&v, "flex_mode", schema.ParseFlexMode, schema.FlexModeWords()),
		Checksum:     word(&v, "checksum", schema.ParseChecksum, schema.ChecksumWords()),
		ChecksumType: word(&v, "checksum_type", schema.ParseChecksumType, schema.ChecksumTypeWords()),
		Timestamp:    word(&v, "timestamp", onOff, []string{"on", "off"}),
		Spinlocks:    v.number("spinlocks", "a number of spinlocks", count),
		Pos:          l.within(d.pos, d.nameAt),
	}
	if v.failed || d.bad {
		return nil
	}
	return c
}

func onOff(s string) (on, ok bool) { return s == "on", s == "on" || s == "off" }

// values reads the values of a directive and reports bad ones.
type values struct {
	l      *loader
	p      *pkg
	d      *placed
	failed bool
}

func (v *values) text(key string) string {
	if a := v.d.arg(key); a != nil {
		return a.value
	}
	return ""
}

func (v *values) bad(key, remedy, format string, args ...any) {
	v.failed = true
	v.p.report(schema.CodeDirectiveValue, v.l.within(v.d.pos, v.d.arg(key).valAt), remedy, format, args...)
}

// required returns the value of a key that must be there.
func (v *values) required(key, sample string) string {
	if v.d.arg(key) == nil {
		v.failed = true
		if !v.d.bad {
			v.p.report(schema.CodeDirectiveMissing, v.l.within(v.d.pos, v.d.nameAt), "add "+sample,
				"%q has no %s", directiveStart+v.d.name, key)
		}
	}
	return v.text(key)
}

// number reads a decimal number; 0 if there is none.
func (v *values) number(key, what, remedy string) uint32 {
	text := v.text(key)
	if text == "" {
		return 0
	}
	n, err := strconv.ParseUint(text, 10, 32)
	switch {
	case err != nil:
		if whole := wholeNumber(text); whole > 0 {
			remedy = "write " + strconv.FormatUint(uint64(whole), 10)
		}
		v.bad(key, remedy, "%q is not %s", text, what)
	case n == 0 && key != "spinlocks":
		v.bad(key, "use a number from 1", "%q of 0 is not possible", key)
	}
	return uint32(n)
}

// size reads a number of bytes: 4096, 4k or 2m.
func (v *values) size(key string) uint32 {
	text := v.text(key)
	if text == "" {
		return 0
	}
	n := wholeNumber(text)
	if n == 0 {
		v.bad(key, "use 4k or 2m", "%q is not a page size", text)
	}
	return n
}

// wholeNumber returns a number that may end in k or m, 0 if it is none.
func wholeNumber(text string) uint32 {
	shift := 0
	digits := text
	switch text[len(text)-1] {
	case 'k':
		shift, digits = 10, text[:len(text)-1]
	case 'm':
		shift, digits = 20, text[:len(text)-1]
	}
	n, err := strconv.ParseUint(digits, 10, 32-shift)
	if err != nil {
		return 0
	}
	return uint32(n) << shift
}

// word reads one of a few words; the zero value if there is none.
func word[T any](v *values, key string, parse func(string) (T, bool), words []string) (t T) {
	text := v.text(key)
	if text == "" {
		return t
	}
	t, ok := parse(text)
	if !ok {
		v.bad(key, meant(text, words, "use "+oneOf(words)), "%q has no value %q", key, text)
	}
	return t
}

// checkKind reports directives on what they cannot stand on, and whether what is
// left makes sense.
func (l *loader) checkKind(p *pkg, a *annotation) bool {
	name, kind := a.spec.Name, a.kinds[0]
	pos := l.pos(name.Pos(), len(name.Name))
	directive := directiveStart + kind
	if a.dirs["channel"] != nil && a.dirs["schema"] == nil {
		ch := a.dirs["channel"]
		p.report(schema.CodeDirectiveMissing, l.within(ch.pos, ch.nameAt), "add "+directiveStart+"schema to the type",
			"type %q has a channel but is no schema", name.Name)
		return false
	}
	if a.spec.Assign.IsValid() {
		p.report(schema.CodeDirectiveAlias, pos, "put it above the type that "+strconv.Quote(name.Name)+" stands for",
			"%q on the alias %q", directive, name.Name)
		return false
	}
	if a.spec.TypeParams != nil {
		p.report(schema.CodeGoGeneric, pos, "declare a type without type parameters", "%q on the generic type %q", directive, name.Name)
		return false
	}
	if a.dirs["schema"] != nil {
		if _, ok := ast.Unparen(a.spec.Type).(*ast.StructType); !ok {
			remedy := "declare a struct"
			switch a.spec.Type.(type) {
			case *ast.Ident, *ast.SelectorExpr:
				remedy = "write the struct out"
			}
			p.report(schema.CodeDirectiveKind, pos, remedy, "%q on %q, which is declared as %s and not as a struct",
				directive, name.Name, exprKind(a.spec.Type))
			return false
		}
		return true
	}
	tn := p.typeName(a)
	if tn == nil || tn.Type().Underlying() == types.Typ[types.Invalid] {
		return false
	}
	basic, ok := tn.Type().Underlying().(*types.Basic)
	switch {
	case ok && basicCodes[basic.Kind()].IsInt():
		return true
	case ok && basic.Info()&types.IsInteger != 0:
		ref := refuseBasic(basic)
		p.report(ref.code, pos, ref.remedy, "%q is %s: %s", name.Name, basic.Name(), ref.reason)
	default:
		p.report(schema.CodeDirectiveKind, pos, "use an integer type such as uint8", "%q on %q, which is declared as %s and not as an integer",
			directive, name.Name, exprKind(a.spec.Type))
	}
	return false
}

// exprKind describes the type in a declaration in a few words.
func exprKind(x ast.Expr) string {
	switch ast.Unparen(x).(type) {
	case *ast.StructType:
		return "a struct"
	case *ast.InterfaceType:
		return "an interface"
	case *ast.FuncType:
		return "a func"
	}
	return types.ExprString(x)
}

// typeName returns the type of an annotation, nil if it was not checked.
func (p *pkg) typeName(a *annotation) *types.TypeName {
	tn, _ := p.check.info.Defs[a.spec.Name].(*types.TypeName)
	return tn
}

// id returns the id of a record or enum of p.
func (p *pkg) id(name string) string {
	return strings.TrimPrefix(p.namespace+"."+name, ".")
}

// schemaNamespace returns the namespace that the schemas of p share, and reports
// those that are in another.
func (p *pkg) schemaNamespace(l *loader) (ns string, ok bool) {
	var first schema.Pos
	for _, a := range p.anns {
		d := a.dirs["schema"]
		if d == nil || d.arg("id") == nil {
			continue
		}
		id := d.arg("id")
		pos := l.within(d.pos, id.valAt)
		this, _ := schema.SplitID(id.value)
		if !ok {
			ns, ok, first = this, true, pos
			continue
		}
		if schema.FoldID(this) != schema.FoldID(ns) {
			pr := p.report(schema.CodeGoNamespace, pos, fmt.Sprintf("use the namespace %q, or another package", ns),
				"the schemas of package %q are in the namespaces %q and %q", p.name, ns, this)
			pr.Notes = []schema.Note{{Pos: first, Message: "the first one is here"}}
		}
	}
	return ns, ok
}
