package layout_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/pylabhub/datahub/blds/layout"
	"github.com/pylabhub/datahub/blds/schema"
)

// table prints a record: offset, size, alignment, what it is, flags.
func table(r *schema.Record) string {
	var b strings.Builder
	for i := range r.Members {
		m := &r.Members[i]
		fmt.Fprintf(&b, "%d+%d/%d", m.Offset, m.Size, m.Align)
		if m.Name != "" {
			b.WriteString(" " + m.Name)
		}
		b.WriteString(" " + m.Type.String())
		if m.Flags&schema.FlagPresence != 0 {
			b.WriteString(" presence")
		}
		if m.Flags&schema.FlagOptional != 0 {
			fmt.Fprintf(&b, " bit %d.%d", m.Presence.Word, m.Presence.Bit)
		}
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "= %d/%d\n", r.Size, r.Align)
	return b.String()
}

func TestRecordsAreLaidOutByTheRules(t *testing.T) {
	vec := record("Vec", field("x", schema.F32), field("y", schema.F64))
	raised := record("T", field("a", schema.U8))
	raised.Align = 32
	small := record("Small", field("a", schema.U8), field("b", schema.U8))
	for _, c := range []struct {
		name string
		decl *schema.RecordDecl
		want string
	}{
		{"natural alignment with padding between and behind", record("T", field("a", schema.U8), field("b", schema.U32), field("c", schema.U16)),
			"0+1/1 a u8\n1+3/1 pad 3\n4+4/4 b u32\n8+2/2 c u16\n10+2/1 pad 2\n= 12/4\n"},
		{"no padding where none is needed", record("T", field("a", schema.U64), field("b", schema.U32), field("c", schema.U32)),
			"0+8/8 a u64\n8+4/4 b u32\n12+4/4 c u32\n= 16/8\n"},
		{"strings and blobs need no alignment", record("T", field("a", schema.U8), field("s", schema.String, length(3), dims(2)), field("n", schema.U32, at(8)), field("b", schema.Bytes, length(5), lenField("n"))),
			"0+1/1 a u8\n1+6/1 s string[3][2]\n7+1/1 pad 1\n8+4/4 n u32\n12+5/1 b bytes[5]\n17+3/1 pad 3\n= 20/4\n"},
		{"arrays of records", record("T", field("a", schema.U8), field("v", schema.RecordType, nested(vec), dims(2, 2))),
			"0+1/1 a u8\n1+7/1 pad 7\n8+64/8 v Vec[2][2]\n= 72/8\n"},
		{"written padding is merged with what is around it", record("T", field("a", schema.U8), pad(1), pad(1), field("b", schema.U32), pad(2), pad(2), pad(3)),
			"0+1/1 a u8\n1+3/1 pad 3\n4+4/4 b u32\n8+8/1 pad 8\n= 16/4\n"},
		{"reserved ranges are not", record("T", field("a", schema.U8), reserved(2), reserved(1), field("b", schema.U32), reserved(4)),
			"0+1/1 a u8\n1+2/1 reserved 2\n3+1/1 reserved 1\n4+4/4 b u32\n8+4/1 reserved 4\n= 12/4\n"},
		{"what follows an offset continues there", record("T", field("a", schema.U8, at(5)), field("b", schema.U8), field("c", schema.U32)),
			"0+5/1 pad 5\n5+1/1 a u8\n6+1/1 b u8\n7+1/1 pad 1\n8+4/4 c u32\n= 12/4\n"},
		{"offsets may go back", record("T", field("b", schema.U16, at(8)), field("a", schema.U64, at(0))),
			"0+8/8 a u64\n8+2/2 b u16\n10+6/1 pad 6\n= 16/8\n"},
		{"a wanted alignment moves a field and the record", record("T", field("a", schema.U8), field("b", schema.U8, align(16)), field("c", schema.U8)),
			"0+1/1 a u8\n1+15/1 pad 15\n16+1/16 b u8\n17+1/1 c u8\n18+14/1 pad 14\n= 32/16\n"},
		{"a wanted alignment of the record pads its end", raised, "0+1/1 a u8\n1+31/1 pad 31\n= 32/32\n"},
		{"a group has its lines to itself", record("T", field("a", schema.U8), field("h", schema.U8, group("hot")), field("i", schema.U32, group("hot")), field("z", schema.U8)),
			"0+1/1 a u8\n1+63/1 pad 63\n64+1/1 h u8\n65+3/1 pad 3\n68+4/4 i u32\n72+56/1 pad 56\n128+1/1 z u8\n129+63/1 pad 63\n= 192/64\n"},
		{"a group with lines of 128 bytes", record("T", field("h", schema.U8, group("hot"), align(128)), field("z", schema.U8)),
			"0+1/128 h u8\n1+127/1 pad 127\n128+1/1 z u8\n129+127/1 pad 127\n= 256/128\n"},
		{"two groups side by side", record("T", field("h", schema.U8, group("hot")), field("c", schema.U8, group("cold"))),
			"0+1/1 h u8\n1+63/1 pad 63\n64+1/1 c u8\n65+63/1 pad 63\n= 128/64\n"},
		{"padding and reserved bytes in a group", record("T", field("h", schema.U8, group("hot")), pad(2, group("hot")), reserved(1, group("hot")), field("i", schema.U8, group("hot"))),
			"0+1/1 h u8\n1+2/1 pad 2\n3+1/1 reserved 1\n4+1/1 i u8\n5+59/1 pad 59\n= 64/64\n"},
		{"the compiler places presence words before the first optional field", record("T", field("a", schema.U8), field("b", schema.U16, optional), field("c", schema.U8), field("d", schema.U8, optional)),
			"0+1/1 a u8\n1+3/1 pad 3\n4+4/4 u32 presence\n8+2/2 b u16 bit 0.0\n10+1/1 c u8\n11+1/1 d u8 bit 0.1\n= 12/4\n"},
		{"named presence words count in offset order", record("T", field("a", schema.U8, optional), field("q", schema.U8, presence, at(3)), field("p", schema.U8, presence, at(1)), field("b", schema.U8, optional)),
			"0+1/1 a u8 bit 0.0\n1+1/1 p u8 presence\n2+1/1 b u8 bit 0.1\n3+1/1 q u8 presence\n= 4/1\n"},
		{"a host's offsets are kept", host(record("T", field("a", schema.U8, at(0)), field("b", schema.U64, at(8), want(8)), field("c", schema.U8, at(16))), 24),
			"0+1/1 a u8\n1+7/1 pad 7\n8+8/8 b u64\n16+1/1 c u8\n17+7/1 pad 7\n= 24/8\n"},
		{"a host's group raises the alignment", host(record("T", field("a", schema.U64, at(0), group("hot")), field("_", schema.Padding, length(56), at(8))), 64),
			"0+8/8 a u64\n8+56/1 pad 56\n= 64/64\n"},
		{"padding of a host inside a group does not split it", host(record("T", field("a", schema.U64, at(0), group("hot")), field("_", schema.Padding, length(4), at(8)), field("b", schema.U32, at(12), group("hot")), field("c", schema.U64, at(64))), 128),
			"0+8/8 a u64\n8+4/1 pad 4\n12+4/4 b u32\n16+48/1 pad 48\n64+8/8 c u64\n72+56/1 pad 56\n= 128/64\n"},
		{"a record of alignment 1", record("T", field("v", schema.RecordType, nested(small), dims(3)), field("z", schema.U8)), "0+6/1 v Small[3]\n6+1/1 z u8\n= 7/1\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, problems := resolve(c.decl)
			if len(problems) > 0 {
				t.Fatal(show(problems))
			}
			if table(got) != c.want {
				t.Errorf("got\n%swant\n%s", table(got), c.want)
			}
		})
	}
}

func TestManyOptionalFieldsGetAWordForEach32(t *testing.T) {
	r, problems := resolve(record("T", optionals(65)...))
	if len(problems) > 0 {
		t.Fatal(show(problems))
	}
	words := 0
	for i := range r.Members {
		m := &r.Members[i]
		if m.Flags&schema.FlagPresence != 0 {
			words++
			if m.Name != "" || m.Offset != uint32((words-1)*33*4) {
				t.Errorf("word %d: got %q at offset %d", words, m.Name, m.Offset)
			}
		}
	}
	last := r.Members[len(r.Members)-1]
	if words != 3 || last.Presence != (schema.PresenceBit{Word: 2, Bit: 0}) {
		t.Errorf("got %d words and the last bit %v, want 3 and 2.0", words, last.Presence)
	}
}

func TestAFieldWithoutATypeHidesItsRecordAndNothingElse(t *testing.T) {
	broken := record("Broken", field("a", 0))
	user := record("User", field("b", schema.RecordType, nested(broken)))
	unresolved := record("Unresolved", field("c", schema.RecordType))
	fine := record("Fine", field("d", schema.U8))
	res, problems := layout.Resolve(&schema.Package{Namespace: "lab", Records: []*schema.RecordDecl{broken, user, unresolved, fine}})
	if len(problems) > 0 {
		t.Errorf("got %s, want no problems", show(problems))
	}
	if rs := res.Packages[0].Records; len(rs) != 1 || rs[0].Name != "Fine" {
		t.Errorf("got %d records, want Fine only", len(rs))
	}
}

func TestProblemsOfOneRecordDoNotHideThoseOfAnother(t *testing.T) {
	a := record("A", field("x", schema.Bool, unit("m")), field("y", schema.U64, at(4)))
	b := record("B", field("s", schema.String))
	_, problems := layout.Resolve(packageOf(schemaDecl(b), schemaDecl(a)))
	var codes []schema.Code
	for _, p := range problems {
		codes = append(codes, p.Code)
	}
	want := []schema.Code{schema.CodeUnitType, schema.CodeMisaligned, schema.CodeZeroSize}
	if !slices.Equal(codes, want) {
		t.Errorf("got %v, want %v, sorted by position", codes, want)
	}
}

func TestTheSchemasConstantsAreSortedAndCanonical(t *testing.T) {
	d := schemaDecl(record("T", field("a", schema.U8)))
	d.Consts = []schema.Const{
		{Name: "z", Value: schema.Value{Code: schema.U8, Text: "0x10"}},
		{Name: "B_c", Value: schema.Value{Code: schema.F32, Text: "0.10"}},
		{Name: "bA", Value: schema.Value{Code: schema.I8, Text: "-0b11"}},
	}
	res, problems := layout.Resolve(packageOf(d))
	if len(problems) > 0 {
		t.Fatal(show(problems))
	}
	got := fmt.Sprint(res.Packages[0].Schemas[0].Consts[0].Value, res.Packages[0].Schemas[0].Consts[1].Value, res.Packages[0].Schemas[0].Consts[2].Value)
	if want := "{i8 -3} {f32 0.1} {u8 16}"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if d.Consts[0].Name != "z" || d.Consts[0].Value.Text != "0x10" {
		t.Error("the declaration was changed")
	}
}

// Two members a level double the fields at each; 30 levels would be a billion.
// Each of these must be seen without multiplying out, and say what it is. There
// is no clock here: what is multiplied out does not end.
func TestHostileShapesAreRefusedAtOnce(t *testing.T) {
	doubling := record("D0", field("leaf", schema.U8))
	for i := range 30 {
		doubling = record(fmt.Sprintf("D%d", i+1), field("a", schema.RecordType, nested(doubling)), field("b", schema.RecordType, nested(doubling)))
	}
	chain := record("C0", field("leaf", schema.U8))
	for i := range 100_000 {
		chain = record("C"+fmt.Sprint(i+1), field("in", schema.RecordType, nested(chain)))
	}
	cycle := make([]*schema.RecordDecl, 100_000)
	for i := range cycle {
		cycle[i] = record("L"+fmt.Sprint(i), field("next", schema.RecordType))
		if i > 0 {
			cycle[i-1].Fields[0].Type.Record = cycle[i]
		}
	}
	cycle[len(cycle)-1].Fields[0].Type.Record = cycle[0]
	clique := make([]*schema.RecordDecl, 300)
	for i := range clique {
		clique[i] = record("Q" + fmt.Sprint(i))
	}
	for _, r := range clique {
		for j, other := range clique {
			appendField(r, field("f"+fmt.Sprint(j), schema.RecordType, nested(other)))
		}
	}
	blobs := record("Blobs")
	for i := range 20_000 {
		appendField(blobs, field(fmt.Sprintf("n%d", i), schema.U32))
		appendField(blobs, field(fmt.Sprintf("b%d", i), schema.Bytes, length(1), lenField(fmt.Sprintf("n%d", i))))
	}
	big := &schema.Enum{Name: "Big", ID: "lab.Big", Base: schema.U32}
	for i := range 100_000 {
		big.Values = append(big.Values, schema.EnumValue{Name: fmt.Sprintf("v%d", i), Value: uint64(i)})
	}
	defaults := record("Defaults")
	for i := range 30_000 {
		appendField(defaults, field(fmt.Sprintf("e%d", i), schema.U32, enum(big), deflt("v99999")))
	}
	misnamed := record("Misnamed")
	for i := range 30_000 {
		appendField(misnamed, field(fmt.Sprintf("e%d", i), schema.U32, enum(big), deflt("w99999")))
	}
	for _, c := range []struct {
		name string
		decl *schema.RecordDecl
		code schema.Code
	}{
		{"30,000 defaults that are no value of 100,000", misnamed, schema.CodeBadDefault},
		{"two members a level, 30 deep", doubling, schema.CodeTooManyFields},
		{"a chain of 100,000 records", chain, schema.CodeTooDeep},
		{"a cycle of 100,000 records", cycle[0], schema.CodeRecursion},
		{"300 records that all hold each other", clique[0], schema.CodeRecursion},
		{"dimensions whose product overflows", record("T", field("a", schema.U64, dims(1<<32, 1<<32, 1<<32, 1<<32))), schema.CodeTooLarge},
		{"dimensions whose product wraps to zero", record("T", field("a", schema.U64, dims(1<<63, 2))), schema.CodeTooLarge},
		{"an offset near 2^64", record("T", field("a", schema.U64, at(math.MaxUint64-7))), schema.CodeTooLarge},
		{"an offset near 2^64 of a host", host(record("T", field("a", schema.U64, at(math.MaxUint64-7))), math.MaxUint64), schema.CodeTooLarge},
		{"a host's size near 2^64", host(record("T", field("a", schema.U8, at(0))), math.MaxUint64), schema.CodeTooLarge},
		{"a million fields", record("T", u32s("f", 1_000_000)...), schema.CodeTooManyFields},
		{"20,000 blobs, each with its length", blobs, schema.CodeCanonicalTooLarge},
		{"30,000 fields of an enum with 100,000 values", defaults, schema.CodeCanonicalTooLarge},
	} {
		t.Run(c.name, func(t *testing.T) {
			rec, problems := resolve(c.decl)
			if rec != nil || len(problems) == 0 || !slices.ContainsFunc(problems, func(p schema.Problem) bool { return p.Code == c.code }) {
				first := ""
				if len(problems) > 0 {
					first = show(problems[:1])
				}
				t.Errorf("got %d problems, the first %s, want %s", len(problems), first, c.code)
			}
		})
	}
}
