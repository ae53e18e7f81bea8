package syntax

import (
	"bytes"
	"io/fs"
	"maps"
	"testing"

	"pgregory.net/rapid"

	"github.com/pylabhub/datahub/blds/canon"
	"github.com/pylabhub/datahub/blds/layout"
	"github.com/pylabhub/datahub/blds/schema"
)

// checkExport loads a text; if it has no problems, what export makes of its model
// has the same hashes, and so has what it makes of a decoded descriptor.
func checkExport(t *testing.T, src []byte) {
	t.Helper()
	pkgs, _, problems := Load([]Source{{"f", src}}, nil)
	checkProblems(t, problems, map[string]string{"f": string(src)})
	if len(problems) > 0 || len(pkgs) != 1 {
		return
	}
	res, problems := layout.Resolve(pkgs...)
	if len(problems) > 0 {
		return
	}
	tree, err := Export(res.Packages[0], nil)
	if err != nil {
		t.Fatalf("export: %v\n%s", err, src)
	}
	text := Format(tree)
	again, _ := resolve(t, nil, Source{"exported", text})
	want := hashes(t, res.Packages)
	if got := hashes(t, again); !maps.Equal(got, want) {
		t.Fatalf("exported:\n%s\nhashes %v\nwant   %v", text, got, want)
	}
	for _, s := range res.Packages[0].Schemas {
		checkExportDecoded(t, s)
	}
}

func checkExportDecoded(t interface {
	Helper()
	Fatalf(string, ...any)
}, s *schema.Schema) {
	t.Helper()
	b, err := canon.Encode(s)
	if err != nil {
		t.Fatalf("%s: %v", s.ID, err)
	}
	d, err := canon.Decode(b)
	if err != nil {
		t.Fatalf("%s: %v", s.ID, err)
	}
	tree, err := ExportSchema(d)
	if err != nil {
		t.Fatalf("%s: %v", s.ID, err)
	}
	text := Format(tree)
	pkgs, _ := resolve(t, nil, Source{"decoded", text})
	for _, p := range pkgs {
		for _, got := range p.Schemas {
			if got.ID == s.ID && hash(t, got) != hash(t, s) {
				t.Fatalf("decoded and exported, %s has hashes %s, want %s\n%s", s.ID, hash(t, got), hash(t, s), text)
			}
		}
	}
}

// TestARecordOfAnotherLanguageIsWrittenWithTheSameLayout draws records that a Go
// compiler might have laid out, with gaps where it pleased, named presence words,
// alignment and groups, and compares hashes.
func TestARecordOfAnotherLanguageIsWrittenWithTheSameLayout(t *testing.T) {
	written := 0
	rapid.Check(t, func(t *rapid.T) {
		s := drawHost(t)
		res, problems := layout.Resolve(&schema.Package{Namespace: "t", Schemas: []*schema.SchemaDecl{s}})
		if len(problems) > 0 {
			t.Skip(show(problems))
		}
		written++
		tree, err := Export(res.Packages[0], nil)
		if err != nil {
			t.Fatal(err)
		}
		text := Format(tree)
		again, _ := resolve(t, nil, Source{"exported", text})
		want := res.Packages[0].Schemas[0]
		if got := again[0].Schemas[0]; hash(t, got) != hash(t, want) {
			t.Fatalf("got  %+v\nwant %+v\n%s", got.Record.Members, want.Record.Members, text)
		}
		checkExportDecoded(t, want)
	})
	if written < 20 {
		t.Errorf("only %d records had no problem", written)
	}
}

func drawHost(t *rapid.T) *schema.SchemaDecl {
	r := &schema.RecordDecl{Name: "Host", ID: "t.Host", Host: true}
	s := &schema.SchemaDecl{ID: "t.Host", Version: schema.Version{Major: 1}, Record: r}
	inner := &schema.RecordDecl{Name: "Inner", ID: "t.Inner", Fields: []schema.FieldDecl{
		{Name: "A", Type: schema.TypeDecl{Code: schema.U8}},
		{Name: "B", Type: schema.TypeDecl{Code: schema.F64}},
	}}
	e := &schema.Enum{Name: "State", ID: "other.State", Base: schema.I16, Values: []schema.EnumValue{{Name: "Idle"}, {Name: "Neg", Value: ^uint64(0)}}}
	off, group := uint64(0), ""
	words := rapid.IntRange(0, 2).Draw(t, "words")
	for i := range rapid.IntRange(1, 12).Draw(t, "fields") {
		f := schema.FieldDecl{Name: "Field" + string(rune('A'+i))}
		switch k := rapid.IntRange(0, 9).Draw(t, "type"); k {
		case 0:
			f.Type = schema.TypeDecl{Code: schema.RecordType, Record: inner}
		case 1:
			f.Type = schema.TypeDecl{Code: schema.I16, Enum: e}
		case 2:
			f.Type = schema.TypeDecl{Code: schema.String, Len: 5}
		case 3:
			f.Type = schema.TypeDecl{Code: schema.Reserved, Len: 3}
		default:
			f.Type = schema.TypeDecl{Code: schema.TypeCode(rapid.IntRange(1, 11).Draw(t, "code"))}
		}
		align := uint64(max(1, f.Type.Code.Size()))
		size := uint64(max(f.Type.Code.Size(), uint32(f.Type.Len)))
		if f.Type.Record != nil {
			align, size = 8, 16
		}
		if words > 0 && rapid.Bool().Draw(t, "word") {
			words--
			f.Type, f.IsPresence = schema.TypeDecl{Code: schema.U32}, true
			align, size = 4, 4
		} else if f.Type.Code != schema.Reserved {
			f.Optional = rapid.IntRange(0, 3).Draw(t, "optional") == 0
			if rapid.IntRange(0, 3).Draw(t, "array") == 0 {
				f.Type.Dims = []uint64{2, 3}
				size *= 6
			}
		}
		if rapid.IntRange(0, 4).Draw(t, "align") == 0 {
			align = uint64(rapid.SampledFrom([]int{8, 64, 128}).Draw(t, "alignment"))
			f.Align = uint32(align)
		}
		if rapid.IntRange(0, 3).Draw(t, "change group") == 0 {
			group = rapid.SampledFrom([]string{"", "hot" + f.Name}).Draw(t, "group")
			off = (off + 127) / 128 * 128
		}
		f.Attrs.Group = group
		if rapid.IntRange(0, 2).Draw(t, "gap") == 0 {
			off += rapid.Uint64Range(1, 40).Draw(t, "gap bytes")
		}
		off = (off + align - 1) / align * align
		at := off
		f.Offset = &at
		off += size
		r.Fields = append(r.Fields, f)
	}
	r.HostSize = (off + 127) / 128 * 128
	if rapid.Bool().Draw(t, "more at the end") {
		r.HostSize += 128
	}
	return s
}

func TestTypesOfOtherNamespacesAreImportedOrDeclared(t *testing.T) {
	src := map[string]string{
		"a.blds": "namespace x.geo\nrecord P { v u8 }\nenum E : u8 { a = 0 }\n",
		"b.blds": "namespace y.geo\nrecord P { v u16 }\n",
		"c.blds": "namespace t\nimport \"a.blds\" as a\nimport \"b.blds\"\nrecord P { v u32 }\nschema S version 1.0.0 { p P q a.P r geo.P e a.E }\n",
	}
	pkgs, _ := resolve(t, func(path string) ([]byte, error) { return []byte(src[path]), nil }, Source{"c.blds", []byte(src["c.blds"])})
	for _, tt := range []struct {
		name string
		path func(string) string
		want string
	}{
		{"declared", nil, "record P {\n  v  u32\n}\n\nschema S version 1.0.0 {\n  p  P\n  q  P2\n  r  P3\n  e  E\n}\n\n" +
			"record P2 {\n  v  u8\n}\n\nrecord P3 {\n  v  u16\n}\n\nenum E : u8 { a = 0 }\n"},
		{"imported", func(ns string) string { return "lib/" + ns + ".blds" }, "import \"lib/x.geo.blds\"\nimport \"lib/y.geo.blds\" as y_geo\n\n" +
			"record P {\n  v  u32\n}\n\nschema S version 1.0.0 {\n  p  P\n  q  geo.P\n  r  y_geo.P\n  e  geo.E\n}\n"},
	} {
		tree, err := Export(pkgs[0], tt.path)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(Format(tree)); got != "namespace t\n\n"+tt.want {
			t.Errorf("%s:\n got:\n%s\nwant:\nnamespace t\n\n%s", tt.name, got, tt.want)
		}
	}
}

func TestABigEndianSchemaIsNotWritten(t *testing.T) {
	pkgs, _ := resolve(t, nil, Source{"f", []byte("schema S version 1.0.0 { x u32 }")})
	s := *pkgs[0].Schemas[0]
	s.Order = schema.BigEndian
	_, err := ExportSchema(&s)
	if err == nil || err.Error() != "schema S is big-endian: .blds has little-endian only" {
		t.Errorf("got %v", err)
	}
}

func TestARecordThatLayoutWouldNotMakeIsNotWritten(t *testing.T) {
	pkgs, _ := resolve(t, nil, Source{"f", []byte("schema S version 1.0.0 { x u32 y u32 }")})
	s := *pkgs[0].Schemas[0]
	rec := *s.Record
	rec.Members = append([]schema.Member(nil), rec.Members...)
	rec.Members[1].Offset = 2
	s.Record = &rec
	_, err := ExportSchema(&s)
	if err == nil || err.Error() != `record S: member "y" would be at offset 4 instead of 2` {
		t.Errorf("got %v", err)
	}
	rec.Members[1].Offset, rec.Size = 4, 6
	_, err = ExportSchema(&s)
	if err == nil || err.Error() != "record S: it would have 8 bytes instead of 6" {
		t.Errorf("got %v", err)
	}
}

func TestDocsThatCannotBeSeenAreReplaced(t *testing.T) {
	pkgs, _ := resolve(t, nil, Source{"f", []byte("/// a\nschema S version 1.0.0 { x u32 }")})
	s := *pkgs[0].Schemas[0]
	s.Doc = "left \u202eright  \n\n\ttab\u0000"
	tree, err := ExportSchema(&s)
	if err != nil {
		t.Fatal(err)
	}
	text := Format(tree)
	if want := []byte("/// left \ufffdright\n///\n/// \ttab\ufffd\nschema S"); !bytes.HasPrefix(text, want) {
		t.Errorf("got  %q\nwant %q", text, want)
	}
	if _, _, problems := Load([]Source{{"f", text}}, func(string) ([]byte, error) { return nil, fs.ErrNotExist }); len(problems) > 0 {
		t.Error(show(problems))
	}
}
