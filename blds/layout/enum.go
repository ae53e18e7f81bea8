package layout

import (
	"github.com/pylabhub/datahub/blds/schema"
)

// An enum is what the resolver knows of one enum.
type enum struct {
	ok     bool
	names  map[string]int // index of the value with a folded name
	weight uint64         // bytes that it does not exceed in all sections of the canonical form
}

// enum checks an enum once and reports whether it is sound.
func (r *resolver) enum(e *schema.Enum) bool {
	if known, done := r.enums[e]; done {
		return known.ok
	}
	n := len(r.problems)
	kind := "enum"
	if e.Bits {
		kind = "bit set"
	}
	if !schema.IsIdent(e.Name) {
		r.badName(e.Pos, kind, e.Name)
	} else {
		r.id(e.ID, e.Pos)
		r.declareID(e, e.ID, e.Pos)
	}
	r.doc(e.Pos, e.Doc)
	based := e.Base.IsInt() && (!e.Bits || e.Base.IsUnsigned())
	switch {
	case based:
	case e.Bits:
		r.add(schema.CodeEnumBase, e.Pos, "use u8, u16, u32 or u64", "bit set %q has the base type %s, which is no unsigned integer", e.Name, e.Base)
	default:
		r.add(schema.CodeEnumBase, e.Pos, "use u8 to u64 or i8 to i64", "enum %q has the base type %s, which is no integer", e.Name, e.Base)
	}
	if len(e.Values) == 0 && based {
		r.add(schema.CodeEnumEmpty, e.Pos, "give it a value, or use the integer type itself", "%s %q has no values", kind, e.Name)
	}
	names := make(map[string]int, len(e.Values))
	weight := 64 + len(e.ID) + len(e.Name) + len(e.Doc)
	for i := range e.Values {
		v := &e.Values[i]
		weight += 32 + 2*len(v.Name) + len(v.Doc) + len(v.Deprecated)
		if !schema.IsIdent(v.Name) {
			r.badName(v.Pos, "value", v.Name)
			continue
		}
		r.doc(v.Pos, v.Doc)
		r.text(v.Pos, "deprecated", v.Deprecated)
		if based && !schema.FitsInt(e.Base, v.Value) {
			r.add(schema.CodeEnumRange, v.Pos, "choose a smaller value or a wider base type",
				"value %q of %s %q is %s, which does not fit %s", v.Name, kind, e.Name, wide(e.Base, v.Value), e.Base)
		}
		folded := schema.Fold(v.Name)
		if j, dup := names[folded]; dup {
			r.sameName(schema.CodeEnumDuplicate, kind+" "+quote(e.Name), e.Values[j].Name, e.Values[j].Pos, v.Name, v.Pos)
			continue
		}
		names[folded] = i
	}
	ok := len(r.problems) == n
	if r.enums == nil {
		r.enums = map[*schema.Enum]enum{}
	}
	r.enums[e] = enum{ok, names, uint64(weight)}
	return ok
}

// wide prints a value that does not fit its base type. One that is beyond 63
// bits was most likely written with a minus.
func wide(base schema.TypeCode, v uint64) string {
	if base.IsUnsigned() && int64(v) >= 0 {
		return schema.FormatInt(schema.U64, v)
	}
	return schema.FormatInt(schema.I64, v)
}

// sameName reports two names that fold alike.
func (r *resolver) sameName(code schema.Code, where, first string, firstPos schema.Pos, second string, secondPos schema.Pos) {
	var p *schema.Problem
	if first == second {
		p = r.add(code, secondPos, "rename one of them", "%s has two of the name %q", where, second)
	} else {
		p = r.add(code, secondPos, "rename one of them", "%s has %q and %q: they are one name, case and underscores do not count", where, first, second)
	}
	note(p, firstPos, "%q is declared here first", first)
}

// consts checks constants and returns the sound ones with canonical values.
func (r *resolver) consts(where string, in []schema.Const) []schema.Const {
	if len(in) == 0 {
		return nil
	}
	out := make([]schema.Const, 0, len(in))
	names := make(map[string]int, len(in))
	for i, c := range in {
		if !schema.IsIdent(c.Name) {
			r.badName(c.Pos, "constant", c.Name)
			continue
		}
		folded := schema.Fold(c.Name)
		if j, dup := names[folded]; dup {
			r.sameName(schema.CodeDuplicateConst, where, in[j].Name, in[j].Pos, c.Name, c.Pos)
			continue
		}
		names[folded] = i
		r.doc(c.Pos, c.Doc)
		v, err := schema.ParseValue(c.Value.Code, c.Value.Text)
		if err != nil {
			r.add(schema.CodeBadConst, c.Pos, "change the value or the type", "constant %q: %s", c.Name, err)
			continue
		}
		c.Value = v
		out = append(out, c)
	}
	return out
}
