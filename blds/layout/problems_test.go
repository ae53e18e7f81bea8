package layout_test

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pylabhub/datahub/blds/layout"
	"github.com/pylabhub/datahub/blds/schema"
)

var update = flag.Bool("update", false, "write testdata anew")

// A refusal is a package that has problems.
type refusal struct {
	name string
	pkgs []*schema.Package
}

// refused is a package of one schema with the given fields.
func refused(name string, fields ...schema.FieldDecl) refusal {
	return refusal{name, []*schema.Package{packageOf(schemaDecl(record("T", fields...)))}}
}

// refusedRecord is a package of one schema of the given record.
func refusedRecord(name string, d *schema.RecordDecl) refusal {
	return refusal{name, []*schema.Package{packageOf(schemaDecl(d))}}
}

func refusedEnum(name string, e *schema.Enum) refusal {
	return refusal{name, []*schema.Package{{Namespace: "lab", Enums: []*schema.Enum{e}}}}
}

func enumOf(name string, base schema.TypeCode, values ...schema.EnumValue) *schema.Enum {
	e := &schema.Enum{Name: name, ID: "lab." + name, Base: base, Values: values, Pos: schema.Pos{File: name, Line: 1, Col: 6, Len: 1}}
	for i := range values {
		values[i].Pos = schema.Pos{File: name, Line: 2 + i, Col: 3, Len: 1}
	}
	return e
}

func value(name string, n int64) schema.EnumValue {
	return schema.EnumValue{Name: name, Value: uint64(n)}
}

func u32s(prefix string, n int) []schema.FieldDecl {
	out := make([]schema.FieldDecl, n)
	for i := range out {
		out[i] = field(fmt.Sprintf("%s%d", prefix, i), schema.U32)
	}
	return out
}

// deepRecord nests records n deep.
func deepRecord(n int) *schema.RecordDecl {
	d := record("R1", field("leaf", schema.U8))
	for i := 2; i <= n; i++ {
		d = record(fmt.Sprintf("R%d", i), field("in", schema.RecordType, nested(d)))
	}
	return d
}

func refusals() []refusal {
	state := enumOf("State", schema.U8, value("idle", 0), value("running", 1))
	small := record("Small", field("a", schema.U8))

	self := record("Self", field("a", schema.U8))
	appendField(self, field("again", schema.RecordType, nested(self)))
	ping, pong := record("Ping", field("a", schema.U8)), record("Pong", field("b", schema.U8))
	appendField(ping, field("pong", schema.RecordType, nested(pong)))
	appendField(pong, field("ping", schema.RecordType, nested(ping)))

	ring := make([]*schema.RecordDecl, 20)
	for i := range ring {
		ring[i] = record(fmt.Sprintf("Link%d", i), field("next", schema.RecordType))
	}
	for i := range ring {
		ring[i].Fields[0].Type.Record = ring[(i+1)%len(ring)]
	}

	badID := schemaDecl(record("T", field("a", schema.U8)))
	badID.ID = "lab..T"
	owned := schemaDecl(record("T", field("a", schema.U8)))
	owned.ID = "blds.sub.T"
	other := record("t", field("a", schema.U8))
	other.ID = "LAB.T"
	other.Pos.File = "other"

	aligned := record("T", field("a", schema.U64))
	aligned.Align = 4
	oddAlign := record("T", field("a", schema.U8))
	oddAlign.Align = 96
	hostAligned := host(record("T", field("a", schema.U64, at(0))), 8)
	hostAligned.Align = 64
	emptyName := record("", field("a", schema.U8))
	longDoc := record("T", field("a", schema.U8))
	longDoc.Doc = strings.Repeat("d", schema.MaxDoc+1)

	wide := record("Wide", u32s("f", 300)...)
	wider := record("Wider", field("a", schema.U8))
	for i := range 300 {
		wider.Fields = append(wider.Fields, field(fmt.Sprintf("w%d", i), schema.RecordType, nested(wide)))
	}
	docs := record("T", u32s("f", 20)...)
	for i := range docs.Fields {
		docs.Fields[i].Attrs.Doc = strings.Repeat("d", schema.MaxDoc)
	}
	half := record("Half", field("a", schema.U8, dims(1<<29)))

	bits := enumOf("Mask", schema.I8, value("a", 1))
	bits.Bits = true
	consts := schemaDecl(record("T", field("a", schema.U8)))
	for i, c := range []schema.Const{
		{Name: "max", Value: schema.Value{Code: schema.U8, Text: "256"}},
		{Name: "pi", Value: schema.Value{Code: schema.F64, Text: "three"}},
		{Name: "huge", Value: schema.Value{Code: schema.F32, Text: "1e39"}},
		{Name: "yes", Value: schema.Value{Code: schema.Bool, Text: "1"}},
		{Name: "text", Value: schema.Value{Code: schema.String, Text: "a\x00b"}},
		{Name: "blob", Value: schema.Value{Code: schema.Bytes, Text: "a"}},
		{Name: "min", Value: schema.Value{Code: schema.U8, Text: "-1"}},
		{Name: "octal", Value: schema.Value{Code: schema.U8, Text: "010"}},
		{Name: "M_AX", Value: schema.Value{Code: schema.U8, Text: "1"}},
		{Name: "2nd", Value: schema.Value{Code: schema.U8, Text: "1"}},
	} {
		c.Pos = schema.Pos{File: "T", Line: 10 + i, Col: 3, Len: 1}
		consts.Consts = append(consts.Consts, c)
	}

	return []refusal{
		refused("names that are no identifiers", field("größe", schema.U8), field("_x", schema.U8), field("", schema.U8), field(strings.Repeat("n", 256), schema.U8)),
		refusedRecord("a record without a name", emptyName),
		refused("two names that fold alike", field("time_ns", schema.U8), field("TimeNS", schema.U8), field("time_ns", schema.U8)),
		refused("two names that fold alike among many", append(u32s("f", 20), field("F_3", schema.U8))...),
		{"ids that are none", []*schema.Package{packageOf(badID)}},
		{"a namespace that belongs to the language", []*schema.Package{packageOf(owned)}},
		{"one id in two packages", []*schema.Package{
			packageOf(schemaDecl(record("T", field("a", schema.U8)))),
			{Namespace: "LAB", Records: []*schema.RecordDecl{other}},
		}},
		refusedRecord("a record that contains itself", self),
		refusedRecord("two records that contain each other", ping),
		refusedRecord("a long cycle", ring[0]),
		refused("no fields"),
		refused("lengths of zero", field("s", schema.String, length(0)), field("a", schema.U8, dims(3, 0, 1<<40)), pad(0), reserved(0), field("b", schema.Bytes, length(0), lenField("n"))),
		refused("sizes past the limit", field("s", schema.String, length(1<<63)), field("a", schema.U64, dims(1<<32, 1<<32)), field("o", schema.U64, dims(1<<61, 8)), field("b", schema.U8, dims(1<<30+1))),
		refused("offsets past the limit", field("a", schema.U8), field("b", schema.U64, at(1<<64-8)), field("c", schema.U8)),
		refused("fields that only together pass the limit", field("a", schema.U8, dims(1<<29)), field("b", schema.U8, dims(1<<29)), field("c", schema.U8)),
		refused("padding that passes the limit", field("a", schema.U64, dims(1<<27-1)), field("b", schema.U32, align(128))),
		refused("records that only together pass the limit", field("a", schema.RecordType, nested(half), dims(3))),
		refusedRecord("records seventeen deep", deepRecord(17)),
		refusedRecord("too many fields in one record", record("T", u32s("f", schema.MaxFields+1)...)),
		refusedRecord("too many fields with nested ones inlined", wider),
		refused("offsets that overlap", field("a", schema.U64), field("b", schema.U32, at(4)), pad(4, at(6)), reserved(2, at(7))),
		refused("an offset before the one that overlaps it", field("b", schema.U32, at(4)), field("a", schema.U64, at(0))),
		refused("an offset that is not aligned", field("a", schema.U64, at(12)), field("b", schema.U16, align(32), at(48))),
		refused("alignments that are impossible", field("a", schema.U8, align(3)), field("b", schema.U8, align(256)), field("c", schema.U64, align(4))),
		refusedRecord("a record's alignment below its fields'", aligned),
		refusedRecord("a record's alignment that is no power of two", oddAlign),
		refusedRecord("Go fields that are elsewhere", host(record("T", field("a", schema.U32, at(0), want(0)), field("b", schema.U32, at(4), want(16)), field("c", schema.U32, at(8), want(4))), 12)),
		refusedRecord("a Go field without its alignment", host(record("T", field("a", schema.U32, at(0)), field("b", schema.U32, at(4), align(64))), 128)),
		refusedRecord("a Go struct without its alignment", hostAligned),
		refusedRecord("remedies in the words of Go", host(record("T", field("a", schema.F64, at(0), attrs(schema.Attrs{Time: schema.Timestamp, TimeUnit: "s"})), field("b", schema.U16, at(8), atomic), field("p", schema.I32, at(12), presence), field("d", schema.Bytes, length(8), at(16))), 24)),
		refusedRecord("a Go field beyond the limit", host(record("T", field("a", schema.U8, at(1<<31))), 1<<31+8)),
		refusedRecord("one presence bit too few", host(record("T", append(optionalsAt(9), field("p", schema.U8, at(9), presence))...), 10)),
		refused("a group in two parts", field("a", schema.U32, group("hot")), field("b", schema.U32), field("c", schema.U32, group("hot"))),
		refusedRecord("a Go group that shares its lines", host(record("T", field("a", schema.U32, at(0)), field("b", schema.U32, at(4), group("hot")), field("c", schema.U32, at(8)), field("d", schema.U32, at(12), group("cold"))), 64)),
		refused("a group at an offset that splits a line", field("a", schema.U32, group("hot"), at(32)), field("b", schema.U32, at(96))),
		refused("a field in a group's line", field("a", schema.U32, group("hot")), field("b", schema.U32, at(60))),
		refused("a group name that is no identifier", field("a", schema.U32, group("h-t"))),
		refusedRecord("a canonical form past the limit", docs),
		refused("nine dimensions", field("a", schema.U8, dims(1, 1, 1, 1, 1, 1, 1, 1, 1))),
		refused("texts that cannot be kept", field("a", schema.U8, unit("\xff")), field("b", schema.U8, unit("a\x1b[0m")), field("c", schema.U8, attrs(schema.Attrs{Deprecated: strings.Repeat("x", schema.MaxText+1)})), field("d", schema.U8, attrs(schema.Attrs{Doc: "a\rb"}))),
		refusedRecord("a doc comment that is too long", longDoc),

		refused("presence words that are none", field("p", schema.F32, presence), field("q", schema.U8, presence, dims(2)), field("r", schema.U8, presence, enum(state)), field("s", schema.I8, presence)),
		refused("too few presence bits", append([]schema.FieldDecl{field("p", schema.U8, presence)}, optionals(9)...)...),
		refusedRecord("no presence bits in Go", host(record("T", field("a", schema.U8, at(0), optional)), 1)),
		refused("what cannot be optional", field("p", schema.U8, presence, optional), pad(2, optional), reserved(2, optional)),
		refused("what cannot be atomic", field("a", schema.F64, atomic), field("b", schema.U16, atomic), field("p", schema.U32, presence, atomic), field("r", schema.RecordType, nested(small), atomic)),

		refused("a blob without a length", field("b", schema.Bytes, length(4))),
		refused("length fields that do not fit", field("n", schema.U16), field("o", schema.U32, optional), field("length", schema.U32),
			field("b", schema.Bytes, length(4), lenField("n")), field("c", schema.Bytes, length(4), lenField("o")), field("d", schema.Bytes, length(4), lenField("lenght")), field("e", schema.Bytes, length(4), lenField("zzz"))),
		refused("two blobs with one length", field("n", schema.U32), field("b", schema.Bytes, length(4), lenField("N")), field("c", schema.Bytes, length(4), lenField("n"))),
		refused("an array of blobs", field("n", schema.U32), field("b", schema.Bytes, length(4), dims(2), lenField("n"))),
		refused("units where there is no number", field("a", schema.Bool, unit("m")), field("s", schema.String, length(4), unit("m")), field("e", schema.U8, enum(state), unit("m")), field("r", schema.RecordType, nested(small), unit("m"))),
		refused("times where there is no integer", field("a", schema.F64, attrs(schema.Attrs{Time: schema.Timestamp, TimeUnit: "ns"})), field("b", schema.U16, attrs(schema.Attrs{Time: schema.Duration, TimeUnit: "s"})), field("c", schema.I64, attrs(schema.Attrs{Time: schema.Duration, TimeUnit: "s", Unit: "s"}))),
		refused("an unknown unit of time", field("a", schema.I64, attrs(schema.Attrs{Time: schema.Timestamp, TimeUnit: "min"}))),
		refused("defaults that cannot be", field("a", schema.U8, deflt("300")), field("b", schema.U8, deflt("x")), field("c", schema.F32, deflt("1e99")), field("d", schema.Bool, deflt("yes")),
			field("e", schema.U8, enum(state), deflt("runing")), field("f", schema.U8, enum(state), deflt("1")), field("g", schema.U8, dims(2), deflt("1")), field("s", schema.String, length(2), deflt("abc")),
			field("r", schema.RecordType, nested(small), deflt("1")), field("h", schema.F64, deflt("nan"))),
		refused("scales that cannot be", field("a", schema.U8, scale("0")), field("b", schema.U8, scale("x")), field("c", schema.Bool, scale("2")), field("d", schema.F64, scale("inf")), field("e", schema.F64, scale("1e400"))),
		refused("attributes in the wrong place", pad(4, attrs(schema.Attrs{Since: &schema.Version{}})), reserved(4, unit("m")), field("p", schema.U8, presence, deflt("1")), field("a", schema.U32, lenField("b")),
			pad(4, attrs(schema.Attrs{Was: "x"})), reserved(4, scale("2")), reserved(4, attrs(schema.Attrs{Time: schema.Duration, TimeUnit: "s"})), reserved(4, lenField("n"))),

		refusedEnum("a bit set of signed integers", bits),
		refusedEnum("an enum of floats", enumOf("E", schema.F32, value("a", 1))),
		refusedEnum("an enum without values", enumOf("E", schema.U8)),
		refusedEnum("enum values that do not fit", enumOf("E", schema.U8, value("a", 256), value("b", -1))),
		refusedEnum("signed enum values that do not fit", enumOf("E", schema.I8, value("a", 128), value("b", -129))),
		refusedEnum("enum names that fold alike", enumOf("E", schema.U8, value("A_b", 1), value("ab", 1), value("c d", 3))),
		{"constants that cannot be", []*schema.Package{packageOf(consts)}},
	}
}

// optionals returns n optional fields.
func optionals(n int) []schema.FieldDecl {
	out := u32s("o", n)
	for i := range out {
		out[i].Optional = true
	}
	return out
}

// optionalsAt returns n optional bytes one after the other.
func optionalsAt(n int) []schema.FieldDecl {
	out := make([]schema.FieldDecl, n)
	for i := range out {
		out[i] = field(fmt.Sprintf("o%d", i), schema.U8, optional, at(uint64(i)))
	}
	return out
}

// show prints problems with positions, remedies and notes.
func show(problems []schema.Problem) string {
	var b strings.Builder
	for _, p := range problems {
		fmt.Fprintf(&b, "%s:%d:%d: %s: %s", p.Pos.File, p.Pos.Line, p.Pos.Col, p.Code, p.Message)
		if p.Remedy != "" {
			fmt.Fprintf(&b, " (%s)", p.Remedy)
		}
		b.WriteByte('\n')
		for _, n := range p.Notes {
			fmt.Fprintf(&b, "    %s:%d:%d: %s\n", n.Pos.File, n.Pos.Line, n.Pos.Col, n.Message)
		}
	}
	return b.String()
}

// golden compares text with a file of testdata, or writes the file.
func golden(t *testing.T, file, got string) {
	t.Helper()
	path := filepath.Join("testdata", file)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got); write it anew with -update:\n%s", path, diff)
	}
}

func TestRefusalsSayWhatIsWrongAndWhatToDo(t *testing.T) {
	var b strings.Builder
	for _, c := range append(refusals(), channelRefusals()...) {
		res, problems := layout.Resolve(c.pkgs...)
		if len(problems) == 0 {
			t.Errorf("%s: no problem", c.name)
		}
		for i, p := range res.Packages {
			if len(p.Schemas) > 0 && len(c.pkgs) == 1 && len(c.pkgs[i].Schemas) == 1 {
				t.Errorf("%s: the schema is in the result", c.name)
			}
		}
		fmt.Fprintf(&b, "== %s\n%s\n", c.name, show(problems))
	}
	golden(t, "problems.txt", b.String())
}

func TestEveryCodeOfTheModelIsReported(t *testing.T) {
	reported := map[string]bool{}
	for _, c := range append(refusals(), channelRefusals()...) {
		_, problems := layout.Resolve(c.pkgs...)
		for _, p := range problems {
			reported[string(p.Code)] = true
		}
	}
	for _, file := range []string{"../schema/code_model.go", "../schema/code_channel.go"} {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		ast.Inspect(f, func(node ast.Node) bool {
			if lit, ok := node.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				n++
				if code := strings.Trim(lit.Value, `"`); !reported[code] {
					t.Errorf("no refusal reports %s", code)
				}
			}
			return true
		})
		if n == 0 {
			t.Errorf("%s has no codes", file)
		}
	}
}
