package syntax

import (
	"math"
	"slices"
	"strings"

	"github.com/pylabhub/datahub/blds/schema"
)

const (
	maxUint32 = math.MaxUint32
	maxUint64 = math.MaxUint64
)

// A place is where attributes can stand.
type place uint8

const (
	onField place = 1 << iota
	onPad
	onReserved
	onGroup
	onRecord
	onSchema
	onEnum
	onValue
)

var placeNames = map[place]string{
	onField: "a field", onPad: "padding", onReserved: "a reserved range", onGroup: "a group",
	onRecord: "a record", onSchema: "a schema", onEnum: "an enum or bit set", onValue: "a value",
}

// An argKind says what an attribute takes in its parentheses.
type argKind uint8

const (
	noArg      argKind = iota
	textArg            // a word, or a string
	stringArg          // a string
	nameArg            // the name of a field
	timeArg            // a unit of time
	intArg             // a number that is not negative
	numberArg          // a number, also with a point
	versionArg         // a version
	valueArg           // a value of the field's type
)

// An attrSpec is one attribute of the language.
type attrSpec struct {
	name   string
	places place
	arg    argKind
	sample string // in remedies
}

// Attributes in the order of docs/language.md.
var attrTable = [...]attrSpec{
	{"unit", onField, textArg, "@unit(degC)"},
	{"timestamp", onField, timeArg, "@timestamp(ns)"},
	{"duration", onField, timeArg, "@duration(us)"},
	{"scale", onField, numberArg, "@scale(0.01)"},
	{"default", onField, valueArg, "@default(3)"},
	{"optional", onField, noArg, "@optional"},
	{"presence", onField, noArg, "@presence"},
	{"atomic", onField, noArg, "@atomic"},
	{"len", onField, nameArg, "@len(used)"},
	{"align", onField | onReserved | onGroup | onRecord | onSchema, intArg, "@align(64)"},
	{"offset", onField | onPad | onReserved, intArg, "@offset(16)"},
	{"since", onField | onReserved, versionArg, "@since(1.2.0)"},
	{"deprecated", onField | onReserved | onSchema | onValue, stringArg, `@deprecated("use other")`},
	{"was", onField | onReserved, nameArg, "@was(old_name)"},
	{"view", onField | onReserved, textArg, "@view(summary)"},
	{"metric", onField | onReserved, textArg, "@metric(gauge)"},
	{"as", onField | onReserved, textArg, "@as(seconds)"},
	{"name", onField | onReserved, textArg, "@name(other)"},
}

// foreignAttrs are other words for attributes.
var foreignAttrs = map[string]string{
	"nullable": "@optional", "units": "@unit", "aligned": "@align", "at": "@offset", "length": "@len", "size": "@len",
	"obsolete": "@deprecated", "factor": "@scale", "volatile": "@atomic", "time": "@timestamp", "added": "@since",
	"renamed": "@was", "group": "a group: group hot { ... }", "reserved": "a reserved range: reserved 4",
	"pad": "padding: pad 4",
}

// A target is what attributes write to. What an attribute's places do not have
// is nil.
type target struct {
	field      *schema.FieldDecl
	align      *uint32
	deprecated *string
}

// attrs checks the attributes of one place and applies them.
func (w *lowerer) attrs(at place, list []Attr, sc *scope, t *target) {
	var seen [len(attrTable)]*Attr
	for i := range list {
		a := &list[i]
		n := slices.IndexFunc(attrTable[:], func(s attrSpec) bool { return s.name == a.Name.Text })
		if n < 0 {
			w.unknownAttr(at, a)
			continue
		}
		spec := &attrTable[n]
		switch {
		case seen[n] != nil:
			note(w.problem(schema.CodeAttrTwice, a.Pos, "remove one of them", "@%s is given twice", spec.name),
				seen[n].Pos, "it is given here first")
			continue
		case spec.places&at == 0:
			w.problem(schema.CodeAttrPlace, a.Pos, "remove it", "@%s means nothing on %s", spec.name, placeNames[at])
			continue
		}
		seen[n] = a
		if what, remedy := argProblem(spec, a.Arg); what != "" {
			pos := a.Pos
			if a.Arg != nil {
				pos = a.Arg.Pos
			}
			w.problem(schema.CodeAttrValue, pos, remedy, "@%s %s", spec.name, what)
			continue
		}
		w.apply(spec, a, sc, t)
	}
}

func (w *lowerer) unknownAttr(at place, a *Attr) {
	if w.u.ps.full {
		return
	}
	remedy := ""
	if words := foreignAttrs[a.Name.Text]; words != "" {
		remedy = "use " + words
	} else {
		var names, usable []string
		for i := range attrTable {
			names = append(names, attrTable[i].name)
			if attrTable[i].places&at != 0 {
				usable = append(usable, "@"+attrTable[i].name)
			}
		}
		otherwise := "there are none on " + placeNames[at]
		if usable != nil {
			otherwise = "use " + oneOf(usable)
		}
		remedy = didYouMean(a.Name.Text, names, otherwise)
	}
	w.problem(schema.CodeUnknownAttr, a.Name.Pos, remedy, "unknown attribute %s", quote(a.Name.Text))
}

// argProblem says why an argument is not of the kind that an attribute needs.
func argProblem(spec *attrSpec, e *Expr) (what, remedy string) {
	remedy = "write " + spec.sample
	switch {
	case e == nil && spec.arg == noArg:
		return "", ""
	case e == nil:
		return "needs a value", remedy
	}
	switch spec.arg {
	case noArg:
		return "takes no value", remedy
	case textArg:
		switch {
		case e.Kind == StringExpr && e.Text == "":
			return "is empty", "remove it, or write " + spec.sample
		case e.Kind != StringExpr && e.Kind != NameExpr:
			return "needs a word or text, found " + describe(e), "put it in double quotes"
		}
	case stringArg:
		switch {
		case e.Kind != StringExpr:
			return "needs text, found " + describe(e), "put it in double quotes"
		case e.Text == "":
			return "is empty", "say why, and what to use instead"
		}
	case nameArg:
		if e.Kind != NameExpr || strings.Contains(e.Text, ".") {
			return "needs the name of a field, found " + describe(e), remedy
		}
	case timeArg:
		if units := schema.TimeUnitWords(); e.Kind != NameExpr || !slices.Contains(units, e.Text) {
			return "needs a unit of time, found " + describe(e), "use " + oneOf(units)
		}
	case versionArg:
		if e.Kind != VersionExpr {
			return "needs a version, found " + describe(e), remedy
		}
	case intArg, numberArg:
		if e.Kind == StringExpr || e.Kind == VersionExpr {
			return "needs a number, found " + describe(e), remedy
		}
	case valueArg:
		if e.Kind == VersionExpr {
			return "needs a value, found " + describe(e), remedy
		}
	}
	return "", ""
}

// apply writes one attribute to its target.
func (w *lowerer) apply(spec *attrSpec, a *Attr, sc *scope, t *target) {
	e, f := a.Arg, t.field
	switch spec.name {
	case "unit":
		f.Attrs.Unit = e.Text
	case "timestamp", "duration":
		if f.Attrs.Time != schema.NoTime {
			w.problem(schema.CodeAttrTwice, a.Pos, "remove one of them", "@%s beside @%s", spec.name, f.Attrs.Time)
			return
		}
		f.Attrs.Time, f.Attrs.TimeUnit = schema.Timestamp, e.Text
		if spec.name == "duration" {
			f.Attrs.Time = schema.Duration
		}
	case "scale":
		f.Attrs.Scale, _ = w.l.literal(sc, e, schema.F64)
	case "default":
		w.deflt(e, sc, f)
	case "optional":
		f.Optional = true
	case "presence":
		f.IsPresence = true
	case "atomic":
		f.Atomic = true
	case "len":
		f.Attrs.LenField = e.Text
	case "align":
		n, ok := w.l.size(sc, e, maxUint32, "alignment")
		if ok && n == 0 {
			w.problem(schema.CodeDoesNotFit, e.Pos, "use 1, 2, 4, 8, 16, 32, 64 or 128", "alignment of 0 is not possible")
		}
		*t.align = uint32(n)
	case "offset":
		if n, ok := w.l.size(sc, e, maxUint64, "offset"); ok {
			f.Offset = &n
		}
	case "since":
		v, _ := schema.ParseVersion(e.Text) // the lexer has checked it
		f.Attrs.Since = &v
	case "deprecated":
		*t.deprecated = e.Text
	case "was":
		f.Attrs.Was = e.Text
	case "view":
		f.Attrs.View = e.Text
	case "metric":
		f.Attrs.Metric = e.Text
	case "as":
		f.Attrs.As = e.Text
	case "name":
		f.Attrs.NameAs = e.Text
	}
}

// deflt sets the default of a field. Whether the field can hold it, and have one
// at all, layout decides.
func (w *lowerer) deflt(e *Expr, sc *scope, f *schema.FieldDecl) {
	v := schema.Value{Code: f.Type.Code, Text: e.Text}
	ok := true
	switch {
	case f.Type.Code == 0:
		return // reported
	case len(f.Type.Dims) > 0:
	case f.Type.Enum != nil:
		if ok = e.Kind == NameExpr; !ok {
			w.problem(schema.CodeAttrValue, e.Pos, "write the name of a value of "+f.Type.Enum.Name,
				"@default of an enum needs the name of a value, found %s", describe(e))
		}
	case f.Type.Code.Size() != 0 || f.Type.Code == schema.String:
		v.Text, ok = w.l.literal(sc, e, f.Type.Code)
	}
	if ok {
		f.Attrs.Default = &v
	}
}
