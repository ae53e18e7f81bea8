package canon_test

import (
	"encoding/hex"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/pylabhub/datahub/blds/canon"
	"github.com/pylabhub/datahub/blds/internal/randschema"
	"github.com/pylabhub/datahub/blds/schema"
	"pgregory.net/rapid"
)

// A part is where in the canonical form a fact of the model stands.
type part int

const (
	inLayout      part = iota // section 1: both hashes
	inMeaning                 // section 2: schema hash only
	inAnnotations             // section 3: no hash
	nowhere
)

// parts names every field of the model and where it stands. A field that is
// missing here fails TestEveryFieldOfTheModelHasItsPart.
var parts = map[string]part{
	"Schema.ID": inMeaning, "Schema.Version": inAnnotations, "Schema.Doc": inAnnotations,
	"Schema.Deprecated": inAnnotations, "Schema.Order": inLayout, "Schema.Record": inLayout,
	"Schema.Consts": inMeaning, "Schema.Channel": nowhere, "Schema.Flex": nowhere, "Schema.Pos": nowhere,

	"Record.Name": inAnnotations, "Record.ID": inAnnotations, "Record.Doc": inAnnotations,
	"Record.Size": inLayout, "Record.Align": inLayout, "Record.Stride": inLayout,
	"Record.Members": inLayout, "Record.Pos": nowhere,

	"Member.Name": inMeaning, "Member.Offset": inLayout, "Member.Size": inLayout, "Member.Align": inLayout,
	"Member.Type": inLayout, "Member.Flags": inLayout, "Member.Presence": inLayout,
	"Member.Attrs": inMeaning, "Member.Pos": nowhere,

	"PresenceBit.Word": inLayout, "PresenceBit.Bit": inLayout,

	"Type.Code": inLayout, "Type.Len": inLayout, "Type.Dims": inLayout, "Type.Record": inLayout,
	"Type.Enum": inMeaning,

	"Attrs.Unit": inMeaning, "Attrs.Time": inMeaning, "Attrs.TimeUnit": inMeaning, "Attrs.LenField": inMeaning,
	"Attrs.Default": inMeaning, "Attrs.Scale": inMeaning,
	"Attrs.Doc": inAnnotations, "Attrs.Group": inAnnotations, "Attrs.Since": inAnnotations,
	"Attrs.Deprecated": inAnnotations, "Attrs.Was": inAnnotations, "Attrs.View": inAnnotations,
	"Attrs.Metric": inAnnotations, "Attrs.As": inAnnotations, "Attrs.NameAs": inAnnotations,

	"Enum.Name": inAnnotations, "Enum.ID": inAnnotations, "Enum.Doc": inAnnotations,
	"Enum.Base": inLayout, "Enum.Bits": inMeaning, "Enum.Values": inMeaning, "Enum.Pos": nowhere,

	"EnumValue.Name": inMeaning, "EnumValue.Value": inMeaning, "EnumValue.Doc": inAnnotations,
	"EnumValue.Deprecated": inAnnotations, "EnumValue.GoName": nowhere, "EnumValue.Pos": nowhere,

	"Const.Name": inMeaning, "Const.Value": inMeaning, "Const.Doc": inAnnotations,
	"Const.GoName": nowhere, "Const.Pos": nowhere,

	"Value.Code": inMeaning, "Value.Text": inMeaning,
}

func TestEveryFieldOfTheModelHasItsPart(t *testing.T) {
	seen := map[string]bool{}
	for _, v := range []any{
		schema.Schema{}, schema.Record{}, schema.Member{}, schema.PresenceBit{}, schema.Type{}, schema.Attrs{},
		schema.Enum{}, schema.EnumValue{}, schema.Const{}, schema.Value{},
	} {
		typ := reflect.TypeOf(v)
		for i := range typ.NumField() {
			name := typ.Name() + "." + typ.Field(i).Name
			seen[name] = true
			if _, ok := parts[name]; !ok {
				t.Errorf("%s has no part: say whether it is hashed, and mutate it here", name)
			}
		}
	}
	for name := range parts {
		if !seen[name] {
			t.Errorf("%s is no field of the model", name)
		}
	}
}

// A mutation changes one fact of a model in place.
type mutation struct {
	field string // of parts
	part  part   // where the fact stands: that of the field unless it is no field's
	do    func()
}

// A mutator collects the mutations of one model.
type mutator struct {
	all  []mutation
	seen map[any]bool // records and enums, which may be shared
}

func (mu *mutator) add(field string, do func()) { mu.addAt(field, parts[field], do) }

func (mu *mutator) addAt(field string, p part, do func()) {
	if _, ok := parts[field]; !ok {
		panic(field)
	}
	mu.all = append(mu.all, mutation{field, p, do})
}

// mutations returns everything that can be changed in s.
func mutations(s *schema.Schema) []mutation {
	mu := &mutator{seen: map[any]bool{}}
	mu.add("Schema.ID", func() { s.ID += "q" })
	mu.addAt("Schema.ID", inAnnotations, func() { s.ID = respell(s.ID) })
	mu.add("Schema.Version", func() { s.Version.Minor++ })
	mu.add("Schema.Doc", func() { s.Doc += "q" })
	mu.add("Schema.Deprecated", func() { s.Deprecated += "q" })
	mu.add("Schema.Order", func() { s.Order = 3 - s.Order })
	mu.add("Schema.Channel", func() { s.Channel = &schema.Channel{Policy: schema.Ring} })
	mu.add("Schema.Flex", func() { s.Flex = canon.Raw() })
	mu.add("Schema.Pos", func() { s.Pos.Line++ })
	mu.add("Schema.Consts", func() {
		s.Consts = append(s.Consts, schema.Const{Name: "zz", Value: schema.Value{Code: schema.U8, Text: "1"}})
	})
	for i := range s.Consts {
		c := &s.Consts[i]
		mu.add("Const.Name", func() { c.Name += "q" })
		mu.addAt("Const.Name", inAnnotations, func() { c.Name = respell(c.Name) })
		mu.add("Const.Value", func() { c.Value = schema.Value{Code: schema.I32, Text: "-77"} })
		mu.add("Const.Doc", func() { c.Doc += "q" })
		mu.add("Const.GoName", func() { c.GoName += "q" })
		mu.add("Const.Pos", func() { c.Pos.Line++ })
		mu.value(&c.Value)
		if c.Value.Code == schema.U8 {
			mu.add("Value.Code", func() { c.Value.Code = schema.U16 })
		}
	}
	mu.add("Schema.Record", func() { s.Record = &schema.Record{Size: 3, Align: 1, Stride: 3} })
	mu.record(s.Record)
	return mu.all
}

// value changes a literal to another of its type.
func (mu *mutator) value(v *schema.Value) {
	mu.add("Value.Text", func() {
		switch {
		case v.Code == schema.String:
			v.Text += "q"
		case v.Code == schema.Bool:
			v.Text = map[string]string{"true": "false", "false": "true"}[v.Text]
		case v.Text == "1":
			v.Text = "0"
		default:
			v.Text = "1"
		}
	})
}

func (mu *mutator) record(r *schema.Record) {
	outermost := len(mu.seen) == 0
	if mu.seen[r] {
		return
	}
	mu.seen[r] = true
	mu.add("Record.Name", func() { r.Name += "q" })
	if !outermost { // its id and doc are the schema's
		mu.add("Record.ID", func() { r.ID += "q" })
		mu.add("Record.Doc", func() { r.Doc += "q" })
	}
	mu.add("Record.Pos", func() { r.Pos.Line++ })
	mu.add("Record.Size", func() { r.Size++ })
	mu.add("Record.Align", func() { r.Align *= 2 })
	mu.add("Record.Stride", func() { r.Stride++ })
	mu.add("Record.Members", func() { r.Members = r.Members[:len(r.Members)-1] })
	mu.add("Record.Members", func() {
		r.Members = append(slices.Clone(r.Members), schema.Member{Name: "zz", Offset: r.Size, Size: 1, Align: 1, Type: schema.Type{Code: schema.U8}})
	})
	for i := range r.Members {
		mu.member(&r.Members[i])
	}
}

func (mu *mutator) member(m *schema.Member) {
	mu.add("Member.Offset", func() { m.Offset++ })
	mu.add("Member.Size", func() { m.Size++ })
	mu.add("Member.Align", func() { m.Align *= 2 })
	mu.add("Member.Pos", func() { m.Pos.Line++ })
	mu.add("Member.Type", func() { m.Type = schema.Type{Code: 99} })
	for _, f := range []schema.Flags{schema.FlagOptional, schema.FlagPresence, schema.FlagAtomic} {
		mu.add("Member.Flags", func() { m.Flags ^= f })
	}
	if m.Flags&schema.FlagOptional != 0 {
		mu.add("Member.Presence", func() { m.Presence = schema.PresenceBit{Word: 999, Bit: 63} })
		mu.add("PresenceBit.Word", func() { m.Presence.Word++ })
		mu.add("PresenceBit.Bit", func() { m.Presence.Bit++ })
	}
	mu.typ(m)
	switch {
	case m.Type.Code == schema.Padding:
		return
	case m.IsField():
		mu.add("Member.Name", func() { m.Name += "q" })
		mu.addAt("Member.Name", inAnnotations, func() { m.Name = respell(m.Name) })
		mu.meaning(m)
	default:
		mu.addAt("Member.Name", inAnnotations, func() { m.Name += "q" })
	}
	mu.annotations(&m.Attrs)
}

func (mu *mutator) typ(m *schema.Member) {
	t := &m.Type
	for c := schema.U8; c <= schema.Reserved; c++ {
		if c != t.Code && c != schema.RecordType {
			mu.add("Type.Code", func() { t.Code = c })
		}
	}
	mu.add("Type.Len", func() { t.Len++ })
	mu.add("Type.Dims", func() { t.Dims = append(slices.Clone(t.Dims), 1) })
	mu.add("Type.Dims", func() { t.Dims = append([]uint32{1}, t.Dims...) })
	for i := range t.Dims {
		mu.add("Type.Dims", func() { t.Dims[i]++ })
	}
	if len(t.Dims) > 1 && t.Dims[0] != t.Dims[1] {
		mu.add("Type.Dims", func() { t.Dims[0], t.Dims[1] = t.Dims[1], t.Dims[0] })
	}
	if t.Record != nil {
		mu.add("Type.Record", func() { t.Record = &schema.Record{Size: 3, Align: 1, Stride: 3} })
		mu.record(t.Record)
	}
	if e := t.Enum; e != nil {
		mu.add("Type.Enum", func() { t.Enum = nil })
		mu.enum(e)
	} else if t.Code == schema.U8 && m.IsField() {
		mu.add("Type.Enum", func() { t.Enum = &schema.Enum{Base: schema.U8, Values: []schema.EnumValue{{Name: "a"}}} })
	}
}

func (mu *mutator) meaning(m *schema.Member) {
	a := &m.Attrs
	mu.add("Member.Attrs", func() { m.Attrs = schema.Attrs{Unit: "other", Scale: "77"} })
	mu.add("Attrs.Unit", func() { a.Unit += "q" })
	mu.add("Attrs.Time", func() { a.Time = (a.Time + 1) % 3 })
	mu.add("Attrs.TimeUnit", func() {
		a.TimeUnit = map[string]string{"": "s", "s": "ms", "ms": "us", "us": "ns", "ns": ""}[a.TimeUnit]
	})
	mu.add("Attrs.LenField", func() { a.LenField += "q" })
	mu.add("Attrs.Scale", func() { a.Scale = map[bool]string{true: "3.5", false: ""}[a.Scale == ""] })
	mu.add("Attrs.Default", func() {
		if a.Default == nil {
			a.Default = &schema.Value{Code: m.Type.Code, Text: "1"}
		} else {
			a.Default = nil
		}
	})
	if a.Default != nil && m.Type.Enum == nil {
		mu.value(a.Default)
	} else if a.Default != nil {
		if other, ok := otherDefault(m); ok {
			mu.add("Value.Text", func() { a.Default.Text = other })
		}
	}
}

// otherDefault returns the name of a value whose number is not that of m's default,
// if the enum has one.
func otherDefault(m *schema.Member) (name string, ok bool) {
	t := m.Type.Enum
	was := slices.IndexFunc(t.Values, func(v schema.EnumValue) bool { return schema.SameName(v.Name, m.Attrs.Default.Text) })
	other := slices.IndexFunc(t.Values, func(v schema.EnumValue) bool { return v.Value != t.Values[was].Value })
	if other < 0 {
		return "", false
	}
	return schema.Fold(t.Values[other].Name), true
}

// annotations finds the texts by reflection, so that a new one cannot be missed.
func (mu *mutator) annotations(a *schema.Attrs) {
	v := reflect.ValueOf(a).Elem()
	for i := range v.NumField() {
		name := "Attrs." + v.Type().Field(i).Name
		if f := v.Field(i); parts[name] == inAnnotations && f.Kind() == reflect.String {
			mu.add(name, func() { f.SetString(f.String() + "q") })
		}
	}
	mu.add("Attrs.Since", func() {
		if a.Since == nil {
			a.Since = &schema.Version{}
		} else {
			a.Since.Patch++
		}
	})
}

func (mu *mutator) enum(e *schema.Enum) {
	if mu.seen[e] {
		return
	}
	mu.seen[e] = true
	mu.add("Enum.Name", func() { e.Name += "q" })
	mu.add("Enum.ID", func() { e.ID += "q" })
	mu.add("Enum.Doc", func() { e.Doc += "q" })
	mu.add("Enum.Pos", func() { e.Pos.Line++ })
	mu.add("Enum.Bits", func() { e.Bits = !e.Bits })
	mu.add("Enum.Values", func() { e.Values = e.Values[1:] })
	if len(e.Values) > 1 {
		mu.addAt("Enum.Values", inAnnotations, func() { e.Values[0], e.Values[1] = e.Values[1], e.Values[0] })
	}
	for i := range e.Values {
		v := &e.Values[i]
		mu.add("EnumValue.Name", func() { v.Name += "q" })
		mu.addAt("EnumValue.Name", inAnnotations, func() { v.Name = respell(v.Name) })
		mu.add("EnumValue.Value", func() { v.Value ^= 1 })
		mu.add("EnumValue.Doc", func() { v.Doc += "q" })
		mu.add("EnumValue.Deprecated", func() { v.Deprecated += "q" })
		mu.add("EnumValue.GoName", func() { v.GoName += "q" })
		mu.add("EnumValue.Pos", func() { v.Pos.Line++ })
	}
}

// respell changes how a name is written, but not its folded form.
func respell(name string) string {
	upper := strings.ToUpper(name[:1])
	if upper == name[:1] {
		upper = strings.ToLower(upper)
	}
	return upper + name[1:]
}

// checkMutations applies each mutation to a fresh copy of s and looks at what
// changes: the section of its part, none before it, and the hashes as they must.
func checkMutations(t interface {
	Helper()
	Fatalf(string, ...any)
}, s *schema.Schema, count map[string]int) {
	t.Helper()
	b := mustEncode(t, s)
	before := formOf(t, b)
	for i := 0; ; i++ {
		fresh, err := canon.Decode(b)
		if err != nil {
			t.Fatalf("decode: %v", err)
		}
		all := mutations(fresh)
		if i == len(all) {
			return
		}
		m := all[i]
		m.do()
		changed, err := canon.EncodeUnchecked(fresh)
		if err != nil {
			t.Fatalf("%s: %v", m.field, err)
		}
		after := formOf(t, changed)
		count[m.field]++
		what := fmt.Sprintf("mutation %d (%s) of %x", i, m.field, b)
		for p := inLayout; p < nowhere; p++ {
			if same := before.sections[p] == after.sections[p]; p < m.part && !same || p == m.part && same {
				t.Fatalf("%s: section %d is the same: %v", what, p+1, same)
			}
		}
		if m.part == nowhere && before != after {
			t.Fatalf("%s: the form changed", what)
		}
		if got, want := before.layout == after.layout, m.part != inLayout; got != want {
			t.Fatalf("%s: layout hashes equal: got %v, want %v", what, got, want)
		}
		if got, want := before.schema == after.schema, m.part > inMeaning; got != want {
			t.Fatalf("%s: schema hashes equal: got %v, want %v", what, got, want)
		}
	}
}

// A form is a canonical form taken apart.
type form struct {
	sections       [3]string
	layout, schema [32]byte
}

func formOf(t interface {
	Helper()
	Fatalf(string, ...any)
}, b []byte) (f form) {
	t.Helper()
	sections, err := split(hex.EncodeToString(b))
	if err != nil {
		t.Fatalf("%v", err)
	}
	f.sections = sections
	if f.layout, f.schema, err = canon.HashesOf(b); err != nil {
		t.Fatalf("hashes: %v", err)
	}
	return f
}

func TestEveryMutationOfTheVectorsChangesTheHashesItShould(t *testing.T) {
	count := map[string]int{}
	for _, m := range models() {
		checkMutations(t, m.model, count)
	}
	// The base of an enum is the type code of its members.
	count["Enum.Base"]++
	for field := range parts {
		if count[field] == 0 {
			t.Errorf("no vector has a %s to mutate", field)
		}
	}
}

func TestEveryMutationOfARandomSchemaChangesTheHashesItShould(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		for _, s := range randomSchemas(t, randschema.Options{MaxFields: 5}) {
			checkMutations(t, s, map[string]int{})
		}
	})
}
