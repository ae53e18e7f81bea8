package canon_test

import (
	"fmt"
	"strconv"

	"github.com/pylabhub/datahub/blds/canon"
	"github.com/pylabhub/datahub/blds/layout"
	"github.com/pylabhub/datahub/blds/schema"
)

// A namedModel is a schema that a vector is made of.
type namedModel struct {
	name  string
	model *schema.Schema
}

// A mod changes a field declaration.
type mod func(*schema.FieldDecl)

func field(name string, code schema.TypeCode, mods ...mod) schema.FieldDecl {
	f := schema.FieldDecl{Name: name, Type: schema.TypeDecl{Code: code}}
	for _, m := range mods {
		m(&f)
	}
	return f
}

func optional(f *schema.FieldDecl)  { f.Optional = true }
func atomic(f *schema.FieldDecl)    { f.Atomic = true }
func isPresent(f *schema.FieldDecl) { f.IsPresence = true }

func length(n uint64) mod   { return func(f *schema.FieldDecl) { f.Type.Len = n } }
func dims(n ...uint64) mod  { return func(f *schema.FieldDecl) { f.Type.Dims = n } }
func align(n uint32) mod    { return func(f *schema.FieldDecl) { f.Align = n } }
func at(n uint64) mod       { return func(f *schema.FieldDecl) { f.Offset = &n } }
func unit(s string) mod     { return func(f *schema.FieldDecl) { f.Attrs.Unit = s } }
func scale(s string) mod    { return func(f *schema.FieldDecl) { f.Attrs.Scale = s } }
func group(s string) mod    { return func(f *schema.FieldDecl) { f.Attrs.Group = s } }
func doc(s string) mod      { return func(f *schema.FieldDecl) { f.Attrs.Doc = s } }
func lenField(s string) mod { return func(f *schema.FieldDecl) { f.Attrs.LenField = s } }
func deflt(s string) mod {
	return func(f *schema.FieldDecl) { f.Attrs.Default = &schema.Value{Text: s} }
}
func enum(e *schema.Enum) mod { return func(f *schema.FieldDecl) { f.Type.Enum = e } }

func time(kind schema.TimeKind, unit string) mod {
	return func(f *schema.FieldDecl) { f.Attrs.Time, f.Attrs.TimeUnit = kind, unit }
}

func nested(r *schema.RecordDecl) mod {
	return func(f *schema.FieldDecl) { f.Type.Record = r }
}

func pad(n uint64) schema.FieldDecl      { return field("", schema.Padding, length(n)) }
func reserved(n uint64) schema.FieldDecl { return field("", schema.Reserved, length(n)) }

func record(name string, fields ...schema.FieldDecl) *schema.RecordDecl {
	return &schema.RecordDecl{Name: name, ID: "lab." + name, Fields: fields}
}

func enumOf(name string, base schema.TypeCode, values ...schema.EnumValue) *schema.Enum {
	return &schema.Enum{Name: name, ID: "lab." + name, Base: base, Values: values}
}

func bitsOf(name string, base schema.TypeCode, values ...schema.EnumValue) *schema.Enum {
	e := enumOf(name, base, values...)
	e.Bits = true
	return e
}

func value(name string, n int64) schema.EnumValue {
	return schema.EnumValue{Name: name, Value: uint64(n)}
}

// decl is a schema lab.T of version 1.0.0 with the given fields.
func decl(fields ...schema.FieldDecl) *schema.SchemaDecl {
	return &schema.SchemaDecl{ID: "lab.T", Version: schema.Version{Major: 1}, Record: record("T", fields...)}
}

// laidOut resolves a declaration that has no problem.
func laidOut(d *schema.SchemaDecl) *schema.Schema {
	res, problems := layout.Resolve(&schema.Package{Namespace: "lab", Schemas: []*schema.SchemaDecl{d}})
	if len(problems) > 0 {
		panic(fmt.Sprint(d.ID, problems))
	}
	return res.Packages[0].Schemas[0]
}

func schemaOf(fields ...schema.FieldDecl) *schema.Schema { return laidOut(decl(fields...)) }

// reading is the example of docs/canonical-form.md.
func reading() *schema.Schema {
	state := &schema.Enum{Name: "State", ID: "lab.weather.State", Base: schema.U8,
		Values: []schema.EnumValue{value("idle", 0), value("running", 1)}}
	return laidOut(&schema.SchemaDecl{
		ID: "lab.weather.Reading", Version: schema.Version{Major: 1},
		Record: &schema.RecordDecl{
			Name: "Reading", ID: "lab.weather.Reading", Doc: "Reading is one sample.",
			Fields: []schema.FieldDecl{
				field("time_ns", schema.I64, unit("ns")),
				field("temperature", schema.F64, unit("degC")),
				field("humidity", schema.F32, optional),
				field("state", schema.U8, enum(state)),
				field("station", schema.String, length(16)),
			},
		},
	})
}

// models returns the schemas of testdata/vectors.json.
func models() []namedModel {
	state := enumOf("State", schema.U8, value("idle", 0), value("running", 1), value("Off", 0))
	state.Doc = "What it does."
	state.Values[1].Doc = "Measuring."
	state.Values[2].Deprecated = "use idle"
	signed := enumOf("Level", schema.I16, value("low", -300), value("high", 300), value("zero", 0))
	flags := bitsOf("Flags", schema.U64, value("top", -1<<63), value("none", 0), value("low_two", 3))
	vec := record("Vec", field("x", schema.F32, unit("m")), field("y", schema.F32, unit("m")))
	vec.Doc = "A place."
	pose := record("Pose", field("at", schema.RecordType, nested(vec)), field("heading", schema.F64))

	var scalars []schema.FieldDecl
	for c := schema.U8; c <= schema.Bool; c++ {
		scalars = append(scalars, field("a_"+c.String(), c))
	}
	var times []schema.FieldDecl
	for _, u := range schema.TimeUnitWords() {
		times = append(times, field("at_"+u, schema.I64, time(schema.Timestamp, u)), field("for_"+u, schema.U32, time(schema.Duration, u)))
	}
	defaults := []schema.FieldDecl{
		field("d_i8", schema.I8, deflt("-128")), field("d_u8", schema.U8, deflt("255")),
		field("d_i16", schema.I16, deflt("-2")), field("d_u16", schema.U16, deflt("0x10")),
		field("d_i32", schema.I32, deflt("0")), field("d_u32", schema.U32, deflt("7")),
		field("d_i64", schema.I64, deflt("-9223372036854775808")), field("d_u64", schema.U64, deflt("18446744073709551615")),
		field("d_f32", schema.F32, deflt("0.1")), field("d_f64", schema.F64, deflt("0.1"), scale("0.01")),
		field("d_bool", schema.Bool, deflt("true")), field("d_string", schema.String, length(4), deflt("né")),
		field("d_enum", schema.U8, enum(state), deflt("Off")),
	}
	constants := decl(field("a", schema.U8))
	for c := schema.U8; c <= schema.String; c++ {
		text := "1"
		if c == schema.Bool {
			text = "true"
		}
		constants.Consts = append(constants.Consts, schema.Const{Name: "Max_" + c.String(), Doc: "One.", Value: schema.Value{Code: c, Text: text}})
	}
	annotated := decl(
		field("a", schema.U8, func(f *schema.FieldDecl) {
			f.Attrs.Doc, f.Attrs.Deprecated, f.Attrs.Was, f.Attrs.View = "One.\nTwo.", "use b", "old", "plot"
			f.Attrs.Metric, f.Attrs.As, f.Attrs.NameAs = "gauge", "seconds", "label"
			f.Attrs.Since = &schema.Version{Major: 1, Minor: 2, Patch: 65535}
		}),
		field("TimeNS", schema.I64, group("hot")),
		field("Spare", schema.Reserved, length(3), doc("Kept.")),
	)
	annotated.Deprecated = "use another"
	renamed := decl(field("a", schema.U8))
	renamed.Record.Name = "GoName"
	aligned := decl(field("a", schema.U8))
	aligned.Record.Align = 64
	deep := record("R", field("leaf", schema.U8))
	for i := range schema.MaxDepth - 2 {
		deep = record("R"+strconv.Itoa(i), field("in", schema.RecordType, nested(deep)))
	}
	big := *schemaOf(field("a", schema.U32))
	big.Order = schema.BigEndian

	return []namedModel{
		{"reading", reading()},
		{"raw", canon.Raw()},
		{"scalars", schemaOf(scalars...)},
		{"string and blob", schemaOf(field("s", schema.String, length(5)), field("n", schema.U32), field("b", schema.Bytes, length(9), lenField("N")))},
		{"arrays", schemaOf(field("a", schema.U16, dims(2, 3)), field("b", schema.F32, dims(1, 1, 1, 1, 1, 1, 1, 2)), field("s", schema.String, length(3), dims(4)))},
		{"nested records, one of them three times", schemaOf(field("from", schema.RecordType, nested(vec)), field("track", schema.RecordType, nested(pose), dims(2)), field("to", schema.RecordType, nested(vec)))},
		{"records sixteen deep", schemaOf(field("in", schema.RecordType, nested(deep)))},
		{"enums and bits", schemaOf(field("s", schema.U8, enum(state)), field("t", schema.U8, enum(state), dims(3)), field("l", schema.I16, enum(signed)), field("f", schema.U64, enum(flags)))},
		{"optional, word placed by the compiler", schemaOf(field("a", schema.F64), field("b", schema.U8, optional), field("c", schema.F32, optional, dims(2)))},
		{"optional, words of every width", schemaOf(
			field("p8", schema.U8, isPresent), field("p16", schema.U16, isPresent), field("p32", schema.U32, isPresent), field("p64", schema.U64, isPresent),
			field("a", schema.U8, optional), field("b", schema.U8, optional), field("c", schema.U8, optional), field("d", schema.U8, optional),
			field("e", schema.U8, optional), field("f", schema.U8, optional), field("g", schema.U8, optional), field("h", schema.U8, optional),
			field("i", schema.U8, optional))},
		{"atomic", schemaOf(field("a", schema.U32, atomic), field("b", schema.I64, atomic, dims(2)), field("c", schema.I32, atomic), field("d", schema.U64, atomic, optional))},
		{"alignment, offsets, reserved, padding", schemaOf(field("a", schema.U8), pad(2), reserved(5), field("b", schema.U16, align(32)), field("c", schema.U64, at(128)))},
		{"record alignment", laidOut(aligned)},
		{"groups", schemaOf(field("cold", schema.U32), field("h", schema.U64, group("hot")), field("i", schema.U64, group("hot")), field("after", schema.U8))},
		{"units, scales", schemaOf(field("a", schema.F32, unit("m/s^2")), field("b", schema.U16, unit("µm"), scale("-2.5")))},
		{"times", schemaOf(times...)},
		{"defaults", schemaOf(defaults...)},
		{"constants", laidOut(constants)},
		{"annotations", laidOut(annotated)},
		{"a type with another name than its id", laidOut(renamed)},
		{"big-endian", &big},
	}
}
