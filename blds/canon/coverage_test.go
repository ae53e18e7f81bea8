package canon_test

import (
	"encoding/hex"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/pylabhub/datahub/blds/canon"
	"github.com/pylabhub/datahub/blds/schema"
)

// values says which constant of package schema has which number. A constant of
// these types that is not here fails the test, so that it gets a vector.
var values = map[string]any{
	"U8": schema.U8, "U16": schema.U16, "U32": schema.U32, "U64": schema.U64,
	"I8": schema.I8, "I16": schema.I16, "I32": schema.I32, "I64": schema.I64,
	"F32": schema.F32, "F64": schema.F64, "Bool": schema.Bool, "String": schema.String, "Bytes": schema.Bytes,
	"RecordType": schema.RecordType, "Padding": schema.Padding, "Reserved": schema.Reserved,
	"FlagOptional": schema.FlagOptional, "FlagPresence": schema.FlagPresence, "FlagAtomic": schema.FlagAtomic,
	"NoTime": schema.NoTime, "Timestamp": schema.Timestamp, "Duration": schema.Duration,
	"LittleEndian": schema.LittleEndian, "BigEndian": schema.BigEndian,
}

func TestEveryConstantOfTheModelHasAVector(t *testing.T) {
	used := usedInVectors(t)
	for name, typ := range schemaConstants(t) {
		v, ok := values[name]
		if !ok {
			t.Errorf("schema.%s is a %s that this test does not know", name, typ)
			continue
		}
		if !used[v] {
			t.Errorf("no vector has schema.%s", name)
		}
	}
}

// schemaConstants reads from the source of package schema which constants it has
// of the types that stand in a canonical form.
func schemaConstants(t *testing.T) map[string]string {
	t.Helper()
	types := map[string]bool{"TypeCode": true, "Flags": true, "TimeKind": true, "ByteOrder": true}
	found := map[string]string{}
	files, err := filepath.Glob("../schema/*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err, fs.ErrNotExist)
	}
	for _, file := range files {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.CONST {
				continue
			}
			typ := ""
			for _, s := range g.Specs {
				spec := s.(*ast.ValueSpec)
				if id, ok := spec.Type.(*ast.Ident); ok {
					typ = id.Name
				} else if len(spec.Values) > 0 {
					typ = ""
				}
				for _, name := range spec.Names {
					if types[typ] {
						found[name.Name] = typ
					}
				}
			}
		}
	}
	if len(found) < len(values) {
		t.Errorf("found %d constants in the source, want %d", len(found), len(values))
	}
	return found
}

// usedInVectors collects the constants that the vectors have, and as strings
// the fields of Attrs and the constructs.
func usedInVectors(t *testing.T) map[any]bool {
	t.Helper()
	used := map[any]bool{}
	var visit func(r *schema.Record)
	visit = func(r *schema.Record) {
		for i := range r.Members {
			m := &r.Members[i]
			used[m.Type.Code] = true
			for f := schema.Flags(1); f != 0; f <<= 1 {
				used[m.Flags&f] = true
			}
			used[m.Attrs.Time] = true
			use := func(what ...string) { used[strings.Join(what, " ")] = true }
			if m.Type.Dims != nil {
				use("array")
			}
			if m.Flags&schema.FlagPresence != 0 {
				use("presence", m.Type.Code.String())
				if m.Name == "" {
					use("presence word of the compiler")
				}
			}
			if e := m.Type.Enum; e != nil {
				switch {
				case e.Bits:
					use("bits")
				case e.Base.IsUnsigned():
					use("unsigned enum")
				default:
					use("signed enum")
				}
			}
			if d := m.Attrs.Default; d != nil && m.Type.Enum != nil {
				use("default enum")
				if first := m.Type.Enum.Values[0]; first.Value == 0 && d.Text != schema.Fold(first.Name) {
					use("default alias")
				}
			} else if d != nil {
				use("default", d.Code.String())
			}
			use("time unit", m.Attrs.TimeUnit)
			attrs := reflect.ValueOf(m.Attrs)
			for j := range attrs.NumField() {
				if !attrs.Field(j).IsZero() {
					use("Attrs." + attrs.Type().Field(j).Name)
				}
			}
			if m.Type.Record != nil {
				visit(m.Type.Record)
			}
		}
	}
	for _, v := range readJSON(t, "testdata/vectors.json", []vector{}) {
		b, err := hex.DecodeString(v.Descriptor)
		if err != nil {
			t.Fatal(err)
		}
		s, err := canon.Decode(b)
		if err != nil {
			t.Fatalf("%s: %v", v.Name, err)
		}
		used[s.Order] = true
		visit(s.Record)
		for _, c := range s.Consts {
			used["const "+c.Value.Code.String()] = true
		}
	}
	return used
}

func TestEveryConstructHasAVector(t *testing.T) {
	used := usedInVectors(t)
	want := []string{"array", "presence word of the compiler", "bits", "unsigned enum", "signed enum", "default enum", "default alias", "default string", "const string"}
	for c := schema.U8; c <= schema.Bool; c++ {
		want = append(want, "default "+c.String(), "const "+c.String())
		if c.IsUnsigned() {
			want = append(want, "presence "+c.String())
		}
	}
	for _, u := range schema.TimeUnitWords() {
		want = append(want, "time unit "+u)
	}
	attrs := reflect.TypeFor[schema.Attrs]()
	for i := range attrs.NumField() {
		want = append(want, "Attrs."+attrs.Field(i).Name)
	}
	for _, w := range want {
		if !used[w] {
			t.Errorf("no vector has: %s", w)
		}
	}
}
