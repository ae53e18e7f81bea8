package compat_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pylabhub/datahub/blds/canon"
	"github.com/pylabhub/datahub/blds/compat"
	"github.com/pylabhub/datahub/blds/internal/randschema"
	"github.com/pylabhub/datahub/blds/layout"
	"github.com/pylabhub/datahub/blds/schema"
	"pgregory.net/rapid"
)

// A mod changes a field declaration.
type mod func(*schema.FieldDecl)

func field(name string, code schema.TypeCode, mods ...mod) schema.FieldDecl {
	f := schema.FieldDecl{Name: name, Type: schema.TypeDecl{Code: code}}
	for _, m := range mods {
		m(&f)
	}
	return f
}

func optional(f *schema.FieldDecl) { f.Optional = true }
func presence(f *schema.FieldDecl) { f.IsPresence = true }
func atomic(f *schema.FieldDecl)   { f.Atomic = true }

func length(n uint64) mod     { return func(f *schema.FieldDecl) { f.Type.Len = n } }
func dims(n ...uint64) mod    { return func(f *schema.FieldDecl) { f.Type.Dims = n } }
func align(n uint32) mod      { return func(f *schema.FieldDecl) { f.Align = n } }
func at(n uint64) mod         { return func(f *schema.FieldDecl) { f.Offset = &n } }
func enum(e *schema.Enum) mod { return func(f *schema.FieldDecl) { f.Type.Enum = e } }
func attrs(a schema.Attrs) mod {
	return func(f *schema.FieldDecl) { f.Attrs = a }
}

func nested(r *schema.RecordDecl) mod { return func(f *schema.FieldDecl) { f.Type.Record = r } }

func reserved(n uint64) schema.FieldDecl { return field("", schema.Reserved, length(n)) }

func record(name string, fields ...schema.FieldDecl) *schema.RecordDecl {
	return &schema.RecordDecl{Name: name, ID: "lab." + name, Fields: fields}
}

func enumOf(base schema.TypeCode, bits bool, values ...schema.EnumValue) *schema.Enum {
	return &schema.Enum{Name: "State", ID: "lab.State", Base: base, Bits: bits, Values: values}
}

func value(name string, n int64) schema.EnumValue {
	return schema.EnumValue{Name: name, Value: uint64(n)}
}

// schemaOf lays out a schema lab.T.
func schemaOf(fields ...schema.FieldDecl) *schema.Schema {
	return laidOut(&schema.SchemaDecl{ID: "lab.T", Record: record("T", fields...)})
}

func laidOut(d *schema.SchemaDecl) *schema.Schema {
	res, problems := layout.Resolve(&schema.Package{Namespace: "lab", Schemas: []*schema.SchemaDecl{d}})
	if len(problems) > 0 {
		panic(fmt.Sprint(problems))
	}
	return res.Packages[0].Schemas[0]
}

// lines prints changes, each with the first letter of its level.
func lines(changes []schema.Change) string {
	var b strings.Builder
	for _, c := range changes {
		fmt.Fprintf(&b, "%c %s\n", c.Level.String()[0], c)
	}
	return b.String()
}

func TestDiffNamesEachDifference(t *testing.T) {
	unit := func(s string) mod { return attrs(schema.Attrs{Unit: s}) }
	withConsts := func(consts ...schema.Const) *schema.Schema {
		return laidOut(&schema.SchemaDecl{ID: "lab.T", Record: record("T", field("a", schema.U8)), Consts: consts})
	}
	constant := func(name string, code schema.TypeCode, text string) schema.Const {
		return schema.Const{Name: name, Value: schema.Value{Code: code, Text: text}}
	}
	aligned := record("T", field("a", schema.U64))
	aligned.Align = 64
	big := *schemaOf(field("a", schema.U32))
	big.Order = schema.BigEndian
	vec := func(code schema.TypeCode) *schema.RecordDecl {
		return record("Vec", field("x", code), field("y", schema.F32))
	}
	level := func(name string) schema.FieldDecl {
		return field("a", schema.I8, enum(enumOf(schema.I8, false, value("high", 1), value("low", -1), value("least", -1))), attrs(schema.Attrs{Default: &schema.Value{Text: name}}))
	}
	for _, c := range []struct {
		name     string
		old, new *schema.Schema
		want     string
	}{
		{"nothing", schemaOf(field("a", schema.U8)), schemaOf(field("A_", schema.U8)), ""},
		{"another type", schemaOf(field("t", schema.I64), field("temperature", schema.F64)), schemaOf(field("t", schema.I64), field("temperature", schema.F32), field("spare", schema.U32)),
			"l temperature: offset 8 f64 -> offset 8 f32\nl spare: added at offset 12 u32\n"},
		{"a field appended", schemaOf(field("t", schema.I64)), schemaOf(field("t", schema.I64), field("humidity", schema.F32)),
			"l size 8 -> size 16\nl humidity: added at offset 8 f32\n"},
		{"a field removed", schemaOf(field("t", schema.I64), field("x", schema.U32), field("y", schema.U32)), schemaOf(field("t", schema.I64), reserved(4), field("y", schema.U32)),
			"l x: removed (was offset 8 u32)\nl added at offset 8 reserved 4\n"},
		{"a field inserted", schemaOf(field("a", schema.U32), field("b", schema.U32)), schemaOf(field("a", schema.U32), field("n", schema.U32), field("b", schema.U32)),
			"l size 8 -> size 12\nl b: offset 4 u32 -> offset 8 u32\nl n: added at offset 4 u32\n"},
		{"fields swapped", schemaOf(field("a", schema.U32), field("b", schema.U32)), schemaOf(field("b", schema.U32), field("a", schema.U32)),
			"l a: offset 0 u32 -> offset 4 u32\nl b: offset 4 u32 -> offset 0 u32\n"},
		{"a field renamed", schemaOf(field("a", schema.U32)), schemaOf(field("b", schema.U32)), "m a: name a -> name b\n"},
		{"dimensions", schemaOf(field("a", schema.F32, dims(2, 3))), schemaOf(field("a", schema.F32, dims(3, 2))), "l a: offset 0 f32[2][3] -> offset 0 f32[3][2]\n"},
		{"the length of a string", schemaOf(field("s", schema.String, length(8))), schemaOf(field("s", schema.String, length(16))),
			"l size 8 -> size 16\nl s: offset 0 string[8] -> offset 0 string[16]\n"},
		{"optional", schemaOf(field("p", schema.U32, presence), field("a", schema.U32)), schemaOf(field("p", schema.U32, presence), field("a", schema.U32, optional)),
			"l a: offset 4 u32 -> offset 4 u32 optional\n"},
		{"presence bits", schemaOf(field("p", schema.U32, presence), field("a", schema.U8), field("b", schema.U8, optional)), schemaOf(field("p", schema.U32, presence), field("a", schema.U8, optional), field("b", schema.U8, optional)),
			"l a: offset 4 u8 -> offset 4 u8 optional\nl b: offset 5 u8 optional (word 0, bit 0) -> offset 5 u8 optional (word 0, bit 1)\n"},
		{"a presence word", schemaOf(field("p", schema.U32, presence), field("a", schema.U32)), schemaOf(field("p", schema.U32), field("a", schema.U32)),
			"l p: removed (was offset 0 u32 presence)\nl p: added at offset 0 u32\n"},
		{"atomic", schemaOf(field("a", schema.U32)), schemaOf(field("a", schema.U32, atomic)), "l a: offset 0 u32 -> offset 0 u32 atomic\n"},
		{"alignment of a field", schemaOf(field("a", schema.U64, align(16)), field("b", schema.U64)), schemaOf(field("a", schema.U64), field("b", schema.U64)),
			"l alignment 16 -> alignment 8\nl a: offset 0 u64 align 16 -> offset 0 u64 align 8\n"},
		{"alignment of the record", schemaOf(field("a", schema.U64)), laidOut(&schema.SchemaDecl{ID: "lab.T", Record: aligned}), "l size 8 -> size 64\nl alignment 8 -> alignment 64\nl added at offset 8 pad 56\n"},
		{"reserved bytes used", schemaOf(field("a", schema.U32), reserved(4)), schemaOf(field("a", schema.U32), field("b", schema.U32)),
			"l removed (was offset 4 reserved 4)\nl b: added at offset 4 u32\n"},
		{"reserved bytes split", schemaOf(field("a", schema.U32), reserved(4)), schemaOf(field("a", schema.U32), reserved(2), reserved(2)),
			"l offset 4 reserved 4 -> offset 4 reserved 2\nl added at offset 6 reserved 2\n"},
		{"reserved or padding", schemaOf(field("a", schema.U32), reserved(4)), schemaOf(field("a", schema.U32), field("", schema.Padding, length(4))),
			"l removed (was offset 4 reserved 4)\n"},
		{"byte order", schemaOf(field("a", schema.U32)), &big, "l byte order little-endian -> byte order big-endian\n"},
		{"inside nested records, at their own offsets", schemaOf(field("t", schema.U64), field("pos", schema.RecordType, nested(vec(schema.F32)), dims(2))), schemaOf(field("t", schema.U64), field("pos", schema.RecordType, nested(vec(schema.F64)), dims(2))),
			"l size 24 -> size 40\nl pos: size 8 -> size 16\nl pos: alignment 4 -> alignment 8\nl pos.x: offset 0 f32 -> offset 0 f64\nl pos.y: offset 4 f32 -> offset 8 f32\n"},
		{"a record for a number", schemaOf(field("a", schema.U64)), schemaOf(field("a", schema.RecordType, nested(vec(schema.F32)))),
			"l alignment 8 -> alignment 4\nl a: offset 0 u64 -> offset 0 Vec\n"},
		{"another id", schemaOf(field("a", schema.U8)), laidOut(&schema.SchemaDecl{ID: "lab.U", Record: record("T", field("a", schema.U8))}), "m id lab.T -> id lab.U\n"},
		{"units", schemaOf(field("a", schema.F64, unit("degC")), field("b", schema.F64)), schemaOf(field("a", schema.F64, unit("K")), field("b", schema.F64, unit("m"))),
			"m a: unit degC -> unit K\nm b: no unit -> unit m\n"},
		{"scale, default, time", schemaOf(field("a", schema.I64, attrs(schema.Attrs{Scale: "2", Default: &schema.Value{Text: "1"}}))), schemaOf(field("a", schema.I64, attrs(schema.Attrs{Time: schema.Timestamp, TimeUnit: "ns"}))),
			"m a: no time -> time timestamp in ns\nm a: default 1 -> no default\nm a: scale 2 -> no scale\n"},
		{"a default by another name of its number", schemaOf(level("low")), schemaOf(level("least")), ""},
		{"a default of another number", schemaOf(level("low")), schemaOf(level("high")), "m a: default low -> default high\n"},
		{"defaults of strings", schemaOf(field("a", schema.String, length(4), attrs(schema.Attrs{Default: &schema.Value{Text: ""}}))), schemaOf(field("a", schema.String, length(4))),
			"m a: default \"\" -> no default\n"},
		{"length field", schemaOf(field("m", schema.U32), field("n", schema.U32), field("b", schema.Bytes, length(4), attrs(schema.Attrs{LenField: "m"}))), schemaOf(field("m", schema.U32), field("n", schema.U32), field("b", schema.Bytes, length(4), attrs(schema.Attrs{LenField: "n"}))),
			"m b: len m -> len n\n"},
		{"enum values", schemaOf(field("s", schema.I8, enum(enumOf(schema.I8, false, value("idle", 0), value("low", -1), value("gone", 5))))), schemaOf(field("s", schema.I8, enum(enumOf(schema.I8, false, value("Idle", 0), value("low", -2), value("new", 7))))),
			"m s: value low = -1 -> value low = -2\nm s: value gone = 5 -> no value gone\nm s: no value new -> value new = 7\n"},
		{"an enum for a number", schemaOf(field("s", schema.U8)), schemaOf(field("s", schema.U8, enum(enumOf(schema.U8, false, value("a", 0))))), "m s: plain u8 -> enum State\n"},
		{"bits for an enum", schemaOf(field("s", schema.U8, enum(enumOf(schema.U8, false, value("a", 0))))), schemaOf(field("s", schema.U8, enum(enumOf(schema.U8, true, value("a", 0))))), "m s: enum State -> bits State\n"},
		{"constants", withConsts(constant("a", schema.U8, "1"), constant("b", schema.String, "x"), constant("d", schema.U8, "1")), withConsts(constant("b", schema.String, "y"), constant("c", schema.F32, "0.5"), constant("d", schema.U16, "1")),
			"m const a u8 = 1 -> no const a\nm const b string = \"x\" -> const b string = \"y\"\nm no const c -> const c f32 = 0.5\nm const d u8 = 1 -> const d u16 = 1\n"},
		{"offsets without padding between", schemaOf(field("a", schema.U32), field("b", schema.U32, at(8))), schemaOf(field("a", schema.U32), field("b", schema.U32)), "l size 12 -> size 8\nl b: offset 8 u32 -> offset 4 u32\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := compat.Diff(c.old, c.new)
			if lines(got) != c.want {
				t.Errorf("got\n%swant\n%s", lines(got), c.want)
			}
			if back := compat.Diff(c.new, c.old); (len(back) == 0) != (len(got) == 0) {
				t.Errorf("the other way round:\n%s", lines(back))
			}
		})
	}
}

func TestDiffIsEmptyExactlyIfTheSchemaHashesAreEqual(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var both []*schema.Schema
		for _, p := range []*schema.Package{
			randschema.Package(randschema.Drawn(t), "rnd.test", randschema.Options{MaxFields: 3, NoChannels: true}),
			randschema.Package(randschema.Drawn(t), "rnd.test", randschema.Options{MaxFields: 3, NoChannels: true}),
		} {
			res, problems := layout.Resolve(p)
			if len(problems) > 0 {
				t.Fatal(problems)
			}
			both = append(both, res.Packages[0].Schemas...)
		}
		for _, a := range both {
			for _, b := range both {
				checkDiff(t, a, b)
			}
		}
	})
}

func checkDiff(t *rapid.T, a, b *schema.Schema) {
	t.Helper()
	layoutA, schemaA, err := canon.Hashes(a)
	if err != nil {
		t.Fatal(err)
	}
	layoutB, schemaB, err := canon.Hashes(b)
	if err != nil {
		t.Fatal(err)
	}
	changes := compat.Diff(a, b)
	if (len(changes) == 0) != (schemaA == schemaB) {
		t.Fatalf("schema hashes equal: %v, but changes:\n%s", schemaA == schemaB, lines(changes))
	}
	deep := slices.ContainsFunc(changes, func(c schema.Change) bool { return c.Level == schema.LevelLayout })
	if layoutA != layoutB && !deep {
		t.Fatalf("layout hashes differ, but changes:\n%s", lines(changes))
	}
	if again := compat.Diff(a, b); !slices.Equal(changes, again) {
		t.Fatalf("first\n%sthen\n%s", lines(changes), lines(again))
	}
	for _, c := range changes {
		if c.Old == c.New || c.Old == "" && c.New == "" {
			t.Fatalf("a change of nothing: %+v", c)
		}
	}
}
