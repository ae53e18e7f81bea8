package layout

import (
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/pylabhub/datahub/blds/schema"
)

// meaning reports whether a has anything that belongs to the meaning of a field.
func meaning(a *schema.Attrs) (key string, ok bool) {
	switch {
	case a.Unit != "":
		return "unit", true
	case a.Time != schema.NoTime:
		return a.Time.String(), true
	case a.LenField != "":
		return "len", true
	case a.Default != nil:
		return "default", true
	case a.Scale != "":
		return "scale", true
	}
	return "", false
}

// annotation is the same for what padding cannot carry, doc and group aside.
func annotation(a *schema.Attrs) (key string, ok bool) {
	for _, kv := range [...]struct{ key, value string }{
		{"deprecated", a.Deprecated}, {"was", a.Was}, {"view", a.View},
		{"metric", a.Metric}, {"as", a.As}, {"name", a.NameAs},
	} {
		if kv.value != "" {
			return kv.key, true
		}
	}
	return "since", a.Since != nil
}

// attrs checks the attributes of f and returns them as the model has them. What
// is wrong with them does not change where f stands.
func (r *resolver) attrs(f *schema.FieldDecl) schema.Attrs {
	a := f.Attrs
	r.texts(f)
	code := f.Type.Code
	if a.Time == schema.NoTime {
		a.TimeUnit = ""
	}
	if code == schema.Padding || code == schema.Reserved || f.IsPresence {
		key, bad := meaning(&a)
		if !bad && code == schema.Padding {
			key, bad = annotation(&a)
		}
		if bad {
			r.add(schema.CodeAttrMismatch, f.Pos, "remove it, or make it a field",
				"%s cannot have %q", describe(f), key)
		}
		if f.Optional {
			r.add(schema.CodeOptionalKind, f.Pos, "remove optional", "%s cannot be optional", describe(f))
		}
		if code == schema.Padding {
			a = schema.Attrs{}
		}
		return a
	}
	number := code.IsNumber() && f.Type.Enum == nil
	if a.Unit != "" && !number {
		r.add(schema.CodeUnitType, f.Pos, "remove the unit", "%s has a unit, but %s is not a number", describe(f), f.Type.String())
	}
	r.time(f, number)
	r.scale(f, &a, number)
	r.deflt(f, &a)
	if a.LenField != "" && code != schema.Bytes {
		r.add(schema.CodeAttrMismatch, f.Pos, "remove it, or make the field a blob",
			"%s cannot have %q: only blobs have a length field", describe(f), "len")
	}
	return a
}

func (r *resolver) time(f *schema.FieldDecl, number bool) {
	a := &f.Attrs
	if a.Time == schema.NoTime {
		return
	}
	if !number || !f.Type.Code.IsInt() || f.Type.Code.Size() < 4 {
		r.add(schema.CodeTimeType, typePos(f), r.use("i64, i32, u64 or u32"), "%s is a %s, but %s is not a 32 or 64-bit integer",
			describe(f), a.Time, f.Type.String())
	} else if a.Unit != "" {
		r.add(schema.CodeTimeType, f.Pos, "remove the unit", "%s has a unit besides the unit of its %s", describe(f), a.Time)
	}
	if _, ok := schema.TimeUnitNumber(a.TimeUnit); !ok {
		r.add(schema.CodeTimeType, f.Pos, "use s, ms, us or ns", "%s of %s has the unknown unit %s", a.Time, describe(f), quote(a.TimeUnit))
	}
}

func (r *resolver) scale(f *schema.FieldDecl, a *schema.Attrs, number bool) {
	if a.Scale == "" {
		return
	}
	if !number {
		r.add(schema.CodeBadScale, f.Pos, "remove the scale", "%s has a scale, but %s is not a number", describe(f), f.Type.String())
		return
	}
	v, err := schema.ParseValue(schema.F64, a.Scale)
	switch {
	case err != nil:
		r.add(schema.CodeBadScale, f.Pos, "give a number like 0.01", "scale of %s: %s", describe(f), err)
	case v.Text == "0":
		r.add(schema.CodeBadScale, f.Pos, "give a number other than zero", "scale of %s is zero", describe(f))
	}
	a.Scale = v.Text
}

func (r *resolver) deflt(f *schema.FieldDecl, a *schema.Attrs) {
	if a.Default == nil {
		return
	}
	code, text := f.Type.Code, a.Default.Text
	bad := func(remedy, format string, args ...any) {
		r.add(schema.CodeBadDefault, f.Pos, remedy, "default of %s: %s", describe(f), fmt.Sprintf(format, args...))
	}
	switch {
	case len(f.Type.Dims) > 0:
		bad("remove the default", "an array has no default")
	case f.Type.Enum != nil:
		e := f.Type.Enum
		folded := schema.Fold(text)
		if _, ok := r.enums[e].names[folded]; !ok {
			names := func(yield func(string) bool) {
				for j := range e.Values {
					if !yield(e.Values[j].Name) {
						return
					}
				}
			}
			bad(r.meant(text, names, "use the name of one of its values"), "%s is not a value of %q", quote(text), e.Name)
			return
		}
		a.Default = &schema.Value{Code: code, Text: folded}
	case code == schema.Bytes || code == schema.RecordType:
		bad("remove the default", "type %s has no default", code)
	default:
		v, err := schema.ParseValue(code, text)
		if err != nil {
			bad("give a value of type "+f.Type.String(), "%s", err)
			return
		}
		if code == schema.String && uint64(len(v.Text)) > f.Type.Len {
			bad("shorten it, or make the field longer", "%d bytes do not fit %s", len(v.Text), f.Type.String())
			return
		}
		a.Default = &v
	}
}

// meant returns a did-you-mean remedy, or the given one if no name is near. After
// many problems it no longer looks: names times candidates may be a large number.
func (r *resolver) meant(name string, candidates iter.Seq[string], otherwise string) string {
	const enough = 20
	if len(r.problems) > enough {
		return otherwise
	}
	if near := schema.Nearest(name, slices.Collect(candidates)); near != "" {
		return "did you mean " + strconv.Quote(near) + "?"
	}
	return otherwise
}

func (r *resolver) texts(f *schema.FieldDecl) {
	a := &f.Attrs
	r.doc(f.Pos, a.Doc)
	if a.Unit == "" && a.Deprecated == "" && a.Was == "" && a.View == "" && a.Metric == "" && a.As == "" && a.NameAs == "" && a.Group == "" {
		return
	}
	r.text(f.Pos, "unit", a.Unit)
	r.text(f.Pos, "deprecated", a.Deprecated)
	r.text(f.Pos, "was", a.Was)
	r.text(f.Pos, "view", a.View)
	r.text(f.Pos, "metric", a.Metric)
	r.text(f.Pos, "as", a.As)
	r.text(f.Pos, "name", a.NameAs)
	if a.Group != "" && !schema.IsIdent(a.Group) {
		r.badName(f.Pos, "group", a.Group)
	}
}

// text checks the text of an attribute.
func (r *resolver) text(pos schema.Pos, key, s string) {
	if wrong := schema.CheckText(s); wrong != "" {
		r.badText(pos, key, wrong, s, schema.CheckText)
	}
}

// doc checks a doc comment.
func (r *resolver) doc(pos schema.Pos, s string) {
	if wrong := schema.CheckDoc(s); wrong != "" {
		r.badText(pos, "doc comment", wrong, s, schema.CheckDoc)
	}
}

// badText reports a text, with the character that is wrong with it if it is one.
func (r *resolver) badText(pos schema.Pos, what, wrong, s string, check func(string) string) {
	remedy := "use shorter, plain UTF-8 text"
	if i := strings.IndexFunc(s, func(c rune) bool { return check(string(c)) == wrong }); i >= 0 {
		c, _ := utf8.DecodeRuneInString(s[i:])
		remedy = fmt.Sprintf("leave out %U", c)
	}
	r.add(schema.CodeBadText, pos, remedy, "%s %s", what, wrong)
}

func (r *resolver) badName(pos schema.Pos, what, name string) {
	r.add(schema.CodeBadName, pos, "use an ASCII letter, then ASCII letters, digits and underscores, at most 255",
		"%s name %s is not an identifier", what, quote(name))
}

// describe names a field in a message.
func describe(f *schema.FieldDecl) string {
	switch {
	case f.Type.Code == schema.Padding:
		return "padding"
	case f.Type.Code == schema.Reserved:
		return "a reserved range"
	case f.IsPresence && f.Name == "":
		return "the presence word"
	case f.IsPresence:
		return "presence word " + strconv.Quote(f.Name)
	}
	return strconv.Quote(f.Name)
}
