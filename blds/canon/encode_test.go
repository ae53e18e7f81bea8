package canon_test

import (
	"errors"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pylabhub/datahub/blds/canon"
	"github.com/pylabhub/datahub/blds/schema"
)

// What only a program can build, because no bytes stand for it.
func TestModelsThatBreakARuleAreNotEncoded(t *testing.T) {
	ok := func() *schema.Schema { return copyOf(schemaOf(field("a", schema.U32), field("b", schema.U8))) }
	cases := map[string]func() *schema.Schema{
		"nil":       func() *schema.Schema { return nil },
		"no record": func() *schema.Schema { return &schema.Schema{ID: "a.B", Order: schema.LittleEndian} },
		"a record without its type": func() *schema.Schema {
			s := ok()
			s.Record.Members[0].Type.Code = schema.RecordType
			return s
		},
		"a record that holds itself": func() *schema.Schema {
			s := ok()
			s.Record.Members[0].Type = schema.Type{Code: schema.RecordType, Record: s.Record}
			return s
		},
		"a record under the id of another": func() *schema.Schema {
			v, w := record("V", field("x", schema.F32)), record("W", field("x", schema.F64))
			s := copyOf(schemaOf(field("v", schema.RecordType, nested(v)), field("w", schema.RecordType, nested(w))))
			s.Record.Members[2].Type.Record.ID = "lab.V"
			return s
		},
		"an enum under the id of another": func() *schema.Schema {
			e, f := enumOf("E", schema.U8, value("a", 1)), enumOf("F", schema.U8, value("b", 1))
			s := copyOf(schemaOf(field("e", schema.U8, enum(e)), field("f", schema.U8, enum(f))))
			s.Record.Members[1].Type.Enum.ID = "lab.E"
			return s
		},
		"another id than its record":  func() *schema.Schema { s := ok(); s.Record.ID = "lab.Other"; return s },
		"another doc than its record": func() *schema.Schema { s := ok(); s.Record.Doc = "Other."; return s },
		"padding with a name":         func() *schema.Schema { s := ok(); s.Record.Members[2].Name = "p"; return s },
		"padding with a doc":          func() *schema.Schema { s := ok(); s.Record.Members[2].Attrs.Doc = "p"; return s },
		"a presence bit of a field that is always there": func() *schema.Schema {
			s := ok()
			s.Record.Members[1].Presence.Bit = 1
			return s
		},
		"a scale that is not spelled canonically": func() *schema.Schema { s := ok(); s.Record.Members[0].Attrs.Scale = "0.10"; return s },
		"a value of another type than its field": func() *schema.Schema {
			s := ok()
			s.Record.Members[0].Attrs.Default = &schema.Value{Code: schema.U8, Text: "1"}
			return s
		},
		"a reserved range with a unit": func() *schema.Schema {
			s := copyOf(schemaOf(reserved(4)))
			s.Record.Members[0].Attrs.Unit = "m"
			return s
		},
	}
	for name, model := range cases {
		if _, err := canon.Encode(model()); !errors.Is(err, canon.ErrInvalid) {
			t.Errorf("%s: got %v, want ErrInvalid", name, err)
		}
		if _, err := canon.LayoutHash(model()); !errors.Is(err, canon.ErrInvalid) {
			t.Errorf("%s: layout hash: got %v, want ErrInvalid", name, err)
		}
	}
	if _, err := canon.Encode(ok()); err != nil {
		t.Errorf("the model before the changes: %v", err)
	}
}

// Two records that are equal but not one count as one type.
func TestEqualRecordsAreOneType(t *testing.T) {
	v := record("V", field("x", schema.F32))
	s := schemaOf(field("a", schema.RecordType, nested(v)), field("b", schema.RecordType, nested(v)))
	twin := copyOf(s)
	r := *twin.Record.Members[1].Type.Record
	twin.Record.Members[1].Type.Record = &r
	if got, want := mustEncode(t, twin), mustEncode(t, s); string(got) != string(want) {
		t.Errorf("got %x, want %x", got, want)
	}
}

// Beyond a handful, types are looked up in another way.
func TestManyTypesKeepTheirNumbers(t *testing.T) {
	var fields []schema.FieldDecl
	for i := range 40 {
		n := strconv.Itoa(i)
		r := record("R"+n, field("x", schema.U8))
		e := enumOf("E"+n, schema.U8, value("v"+n, int64(i)))
		for _, again := range []string{"a", "b"} {
			fields = append(fields, field("r"+again+n, schema.RecordType, nested(r)), field("e"+again+n, schema.U8, enum(e)))
		}
	}
	s := schemaOf(fields...)
	got, err := canon.Decode(mustEncode(t, s))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s, got, keptOut); diff != "" {
		t.Errorf("decoded schema differs (-want +got):\n%s", diff)
	}
	for i := 0; i < len(got.Record.Members); i += 4 {
		m := got.Record.Members[i:]
		if m[0].Type.Record != m[2].Type.Record || m[1].Type.Enum != m[3].Type.Enum {
			t.Fatalf("%q: two uses of one type became two types", m[0].Name)
		}
	}
}
