package canon_test

import (
	"testing"

	"github.com/pylabhub/datahub/blds/schema"
)

// A modelPair is two schemas and which of their hashes are equal.
type modelPair struct {
	name                   string
	sameLayout, sameSchema bool
	a, b                   *schema.Schema
}

// mustDiffer are pairs that other systems have taken for one schema, or that
// differ in one thing only.
func mustDiffer() []modelPair {
	layoutPair := func(name string, a, b *schema.Schema) modelPair { return modelPair{name: name, a: a, b: b} }
	meaningPair := func(name string, a, b *schema.Schema) modelPair {
		return modelPair{name: name, sameLayout: true, a: a, b: b}
	}
	pos := record("Pos", field("x", schema.F32), field("y", schema.F32))
	sizes := record("Sizes", field("n", schema.U64), field("m", schema.U16))
	swapped := record("Sizes", field("m", schema.U16), field("n", schema.U64))
	inner := func(r *schema.RecordDecl) schema.FieldDecl { return field("in", schema.RecordType, nested(r)) }
	little := schemaOf(field("a", schema.U32))
	big := *little
	big.Order = schema.BigEndian
	e := func(values ...schema.EnumValue) schema.FieldDecl {
		return field("s", schema.U8, enum(enumOf("E", schema.U8, values...)))
	}
	withID := func(id string, fields ...schema.FieldDecl) *schema.Schema {
		d := decl(fields...)
		d.ID = id
		return laidOut(d)
	}
	constant := func(name string, v schema.Value) *schema.Schema {
		d := decl(field("a", schema.U8))
		d.Consts = []schema.Const{{Name: name, Value: v}}
		return laidOut(d)
	}
	raised := decl(field("a", schema.U64), field("b", schema.U64))
	raised.Record.Align = 16

	return []modelPair{
		layoutPair("two nested members swapped", schemaOf(inner(sizes)), schemaOf(inner(swapped))),
		layoutPair("two records of two members against one of each kind", schemaOf(inner(pos), field("z", schema.F32)), schemaOf(field("z", schema.F32), inner(pos))),
		layoutPair("a nested record against its fields", schemaOf(inner(pos)), schemaOf(field("x", schema.F32), field("y", schema.F32))),
		layoutPair("other packing", schemaOf(field("a", schema.U8), field("b", schema.U16)), schemaOf(field("a", schema.U8), field("b", schema.U16, at(4)))),
		layoutPair("other order", schemaOf(field("a", schema.U32), field("b", schema.F32)), schemaOf(field("b", schema.F32), field("a", schema.U32))),
		layoutPair("other array length", schemaOf(field("a", schema.U8, dims(8))), schemaOf(field("a", schema.U8, dims(16)))),
		layoutPair("dimensions [2][3] and [3][2]", schemaOf(field("a", schema.F32, dims(2, 3))), schemaOf(field("a", schema.F32, dims(3, 2)))),
		layoutPair("dimensions [6] and [2][3]", schemaOf(field("a", schema.F32, dims(6))), schemaOf(field("a", schema.F32, dims(2, 3)))),
		layoutPair("an array of one and a scalar", schemaOf(field("a", schema.F32, dims(1))), schemaOf(field("a", schema.F32))),
		layoutPair("string[4][2] and string[2][4]", schemaOf(field("a", schema.String, length(4), dims(2))), schemaOf(field("a", schema.String, length(2), dims(4)))),
		layoutPair("string and bytes of u8", schemaOf(field("a", schema.String, length(4))), schemaOf(field("a", schema.U8, dims(4)))),
		layoutPair("signed or not", schemaOf(field("a", schema.I32)), schemaOf(field("a", schema.U32))),
		layoutPair("integer or float", schemaOf(field("a", schema.U32)), schemaOf(field("a", schema.F32))),
		layoutPair("bool or u8", schemaOf(field("a", schema.Bool)), schemaOf(field("a", schema.U8))),
		layoutPair("optional or not", schemaOf(field("p", schema.U32, isPresent), field("a", schema.U32, optional)), schemaOf(field("p", schema.U32, isPresent), field("a", schema.U32))),
		layoutPair("a presence word or a field", schemaOf(field("p", schema.U32, isPresent)), schemaOf(field("p", schema.U32))),
		layoutPair("other presence bits", schemaOf(field("p", schema.U64, isPresent), field("a", schema.U8, optional), field("b", schema.U8, optional)), schemaOf(field("p", schema.U64, isPresent), field("a", schema.U8), field("b", schema.U8, optional))),
		layoutPair("atomic or not", schemaOf(field("a", schema.U32, atomic)), schemaOf(field("a", schema.U32))),
		layoutPair("reserved or padding", schemaOf(field("a", schema.U64), reserved(8)), schemaOf(field("a", schema.U64), pad(8))),
		layoutPair("one reserved range or two", schemaOf(field("a", schema.U64), reserved(8)), schemaOf(field("a", schema.U64), reserved(4), reserved(4))),
		layoutPair("other alignment of the record", schemaOf(field("a", schema.U64), field("b", schema.U64)), laidOut(raised)),
		layoutPair("other alignment of a field", schemaOf(field("a", schema.U64), field("b", schema.U64, align(16)), field("c", schema.U64)), schemaOf(field("a", schema.U64), field("b", schema.U64, at(16)), field("c", schema.U64))),
		layoutPair("other byte order", little, &big),

		meaningPair("a separator inside a name", withID("lab.a.T", field("b", schema.U8)), withID("lab.aT", field("b", schema.U8))),
		meaningPair("names that join alike", schemaOf(field("ab", schema.U8), field("c", schema.U8)), schemaOf(field("a", schema.U8), field("bc", schema.U8))),
		meaningPair("a name and a unit that join alike", schemaOf(field("am", schema.U8, unit("s"))), schemaOf(field("a", schema.U8, unit("ms")))),
		meaningPair("one struct under two ids", withID("lab.A", field("a", schema.U8)), withID("lab.B", field("a", schema.U8))),
		meaningPair("other name", schemaOf(field("a", schema.U8)), schemaOf(field("b", schema.U8))),
		meaningPair("names swapped", schemaOf(field("a", schema.U8), field("b", schema.U8)), schemaOf(field("b", schema.U8), field("a", schema.U8))),
		meaningPair("other unit", schemaOf(field("a", schema.F32, unit("degC"))), schemaOf(field("a", schema.F32, unit("K")))),
		meaningPair("unit or none", schemaOf(field("a", schema.F32, unit("degC"))), schemaOf(field("a", schema.F32))),
		meaningPair("unit ns and timestamp ns", schemaOf(field("a", schema.I64, unit("ns"))), schemaOf(field("a", schema.I64, time(schema.Timestamp, "ns")))),
		meaningPair("timestamp and duration", schemaOf(field("a", schema.I64, time(schema.Duration, "ns"))), schemaOf(field("a", schema.I64, time(schema.Timestamp, "ns")))),
		meaningPair("other unit of time", schemaOf(field("a", schema.I64, time(schema.Timestamp, "us"))), schemaOf(field("a", schema.I64, time(schema.Timestamp, "ns")))),
		meaningPair("other enum value", schemaOf(e(value("a", 0), value("b", 1))), schemaOf(e(value("a", 0), value("b", 2)))),
		meaningPair("other enum name", schemaOf(e(value("a", 0), value("b", 1))), schemaOf(e(value("a", 0), value("c", 1)))),
		meaningPair("enum values swapped", schemaOf(e(value("a", 0), value("b", 1))), schemaOf(e(value("a", 1), value("b", 0)))),
		meaningPair("one enum value more", schemaOf(e(value("a", 0))), schemaOf(e(value("a", 0), value("b", 1)))),
		meaningPair("an alias or none", schemaOf(e(value("a", 0))), schemaOf(e(value("a", 0), value("b", 0)))),
		meaningPair("enum or bits", schemaOf(e(value("a", 1))), schemaOf(field("s", schema.U8, enum(bitsOf("E", schema.U8, value("a", 1)))))),
		meaningPair("enum or integer", schemaOf(e(value("a", 1))), schemaOf(field("s", schema.U8))),
		meaningPair("other scale", schemaOf(field("a", schema.U16, scale("0.1"))), schemaOf(field("a", schema.U16, scale("0.01")))),
		meaningPair("scale 1 or none", schemaOf(field("a", schema.U16, scale("1"))), schemaOf(field("a", schema.U16))),
		meaningPair("other default", schemaOf(field("a", schema.U16, deflt("1"))), schemaOf(field("a", schema.U16, deflt("2")))),
		meaningPair("other default of an enum", schemaOf(field("s", schema.U8, enum(enumOf("E", schema.U8, value("a", 0), value("b", 1))), deflt("a"))), schemaOf(field("s", schema.U8, enum(enumOf("E", schema.U8, value("a", 0), value("b", 1))), deflt("b")))),
		meaningPair("default 0 or none", schemaOf(field("a", schema.U16, deflt("0"))), schemaOf(field("a", schema.U16))),
		meaningPair("other length field", schemaOf(field("m", schema.U32), field("n", schema.U32), field("b", schema.Bytes, length(4), lenField("n"))), schemaOf(field("m", schema.U32), field("n", schema.U32), field("b", schema.Bytes, length(4), lenField("m")))),
		meaningPair("other constant", constant("max", schema.Value{Code: schema.U8, Text: "1"}), constant("max", schema.Value{Code: schema.U8, Text: "2"})),
		meaningPair("other type of a constant", constant("max", schema.Value{Code: schema.U8, Text: "1"}), constant("max", schema.Value{Code: schema.U16, Text: "1"})),
		meaningPair("other name of a constant", constant("max", schema.Value{Code: schema.U8, Text: "1"}), constant("min", schema.Value{Code: schema.U8, Text: "1"})),
	}
}

// mustBeEqual are pairs that differ in what is no part of the identity.
func mustBeEqual() []modelPair {
	equal := func(name string, a, b *schema.Schema) modelPair {
		return modelPair{name: name, sameLayout: true, sameSchema: true, a: a, b: b}
	}
	fields := func() []schema.FieldDecl {
		return []schema.FieldDecl{field("time_ns", schema.I64), field("state", schema.U8)}
	}
	docs := decl(fields()...)
	docs.Record.Doc = "About it."
	docs.Record.Fields[0].Attrs.Doc = "More."
	version := decl(fields()...)
	version.Version = schema.Version{Major: 3, Minor: 1}
	version.Deprecated = "use another"
	marks := decl(fields()...)
	a := &marks.Record.Fields[0].Attrs
	a.Since, a.Was, a.View, a.Metric, a.As, a.NameAs, a.Deprecated = &schema.Version{Major: 2}, "t", "plot", "gauge", "time", "label", "no"
	spelling := decl(field("TimeNS", schema.I64), field("State", schema.U8))
	typeName := decl(fields()...)
	typeName.Record.Name = "Renamed"
	channel := decl(fields()...)
	channel.Channel = &schema.Channel{Policy: schema.Single, Sync: schema.LatestOnly, Consumers: 1, PageSize: 4096}
	one := func(name, id string) *schema.Schema {
		r := record(name, field("x", schema.F32))
		r.ID = id
		return schemaOf(field("in", schema.RecordType, nested(r)))
	}
	host := decl(field("a", schema.U8, at(0)), field("b", schema.U32, at(4)), field("c", schema.U8, at(8)))
	host.Record.Host, host.Record.HostSize = true, 12
	blank := decl(field("a", schema.U8, at(0)), field("_", schema.Padding, length(3), at(1)), field("b", schema.U32, at(4)), field("c", schema.U8, at(8)), field("_", schema.Padding, length(3), at(9)))
	blank.Record.Host, blank.Record.HostSize = true, 12
	text := schemaOf(field("a", schema.U8), field("b", schema.U32), field("c", schema.U8))
	order := enumOf("E", schema.I8, value("b", 1), value("a", -1), value("c", 1))
	sorted := enumOf("F", schema.I8, value("a", -1), value("C", 1), value("b", 1))
	sorted.Doc, sorted.Values[0].Doc, sorted.Values[1].GoName = "An enum.", "A value.", "FC"
	aliases := enumOf("E", schema.I8, value("a", 0), value("b", -1), value("C", -1))
	consts := func(names ...string) *schema.Schema {
		d := decl(field("a", schema.U8))
		for _, n := range names {
			d.Consts = append(d.Consts, schema.Const{Name: n, Value: schema.Value{Code: schema.U8, Text: "1"}})
		}
		return laidOut(d)
	}
	equalGroup := decl(field("a", schema.U32), field("b", schema.U32, at(64)), field("c", schema.U32, at(128)))
	equalGroup.Record.Align = 64

	return []modelPair{
		equal("docs", laidOut(decl(fields()...)), laidOut(docs)),
		equal("versions and deprecation", laidOut(decl(fields()...)), laidOut(version)),
		equal("since, was, view, metric, as, name, deprecated", laidOut(decl(fields()...)), laidOut(marks)),
		equal("spellings", laidOut(decl(fields()...)), laidOut(spelling)),
		equal("the name of the type", laidOut(decl(fields()...)), laidOut(typeName)),
		equal("channel policies", laidOut(decl(fields()...)), laidOut(channel)),
		equal("names of nested types", one("A", "lab.A"), one("B", "other.B")),
		equal("implicit padding and _ [n]byte", laidOut(host), laidOut(blank)),
		equal("implicit padding and pad", text, schemaOf(field("a", schema.U8), pad(3), field("b", schema.U32), field("c", schema.U8), pad(2), pad(1))),
		equal("a host's struct and text", laidOut(host), text),
		equal("field order in the text with explicit offsets", text, schemaOf(field("c", schema.U8, at(8)), field("a", schema.U8, at(0)), field("b", schema.U32, at(4)))),
		equal("order, spelling and docs of enum values", schemaOf(field("s", schema.I8, enum(order))), schemaOf(field("s", schema.I8, enum(sorted)))),
		equal("a default by one name or another of a number", schemaOf(field("s", schema.I8, enum(aliases), deflt("b"))), schemaOf(field("s", schema.I8, enum(aliases), deflt("C")))),
		equal("order of constants", consts("min", "max"), consts("Max", "MIN")),
		equal("a group and the same bytes without", schemaOf(field("a", schema.U32), field("b", schema.U32, group("hot")), field("c", schema.U32)), laidOut(equalGroup)),
		equal("spelling of numbers", schemaOf(field("a", schema.U16, deflt("0x10"), scale("0.10"))), schemaOf(field("a", schema.U16, deflt("16"), scale("1e-1")))),
		equal("a presence word with a name or without", schemaOf(field("a", schema.U32), field("b", schema.U32, optional)), schemaOf(field("a", schema.U32), field("Presence", schema.U32, isPresent), field("b", schema.U32, optional))),
		equal("a reserved range with a name or without", schemaOf(field("a", schema.U8), reserved(3)), schemaOf(field("a", schema.U8), field("Spare", schema.Reserved, length(3)))),
	}
}

func TestPairsAreAsEqualAsTheyShouldBe(t *testing.T) {
	var got []vectorPair
	names := map[string]bool{}
	for _, p := range append(mustDiffer(), mustBeEqual()...) {
		if names[p.name] {
			t.Errorf("two pairs are named %q", p.name)
		}
		names[p.name] = true
		v := vectorPair{Name: p.name, A: hashedOf(t, p.a), B: hashedOf(t, p.b)}
		v.Layout = equalOrDiffer(v.A.LayoutHash, v.B.LayoutHash)
		v.Schema = equalOrDiffer(v.A.SchemaHash, v.B.SchemaHash)
		if (v.Layout == "equal") != p.sameLayout || (v.Schema == "equal") != p.sameSchema {
			t.Errorf("%s: layout hashes %s, schema hashes %s", p.name, v.Layout, v.Schema)
		}
		got = append(got, v)
	}
	golden(t, "pairs.json", got)
}
