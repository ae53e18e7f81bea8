package main

import (
	"context"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pylabhub/datahub/blds/canon"
	"github.com/pylabhub/datahub/blds/gosrc"
	"github.com/pylabhub/datahub/blds/layout"
	"github.com/pylabhub/datahub/blds/schema"
	"github.com/pylabhub/datahub/blds/syntax"
)

// identity is what must be equal between the two ways to write a schema. Names
// are not in it: they are compared by the schema hash, which folds them.
type identity struct {
	ID, Version, Layout, Schema, Zone, Channel, Doc string
	Size, Align                                     uint32
}

// TestBothFrontEndsGiveEqualHashes compares, for each folder of testdata/pairs,
// the schemas of x.blds with those of x.go, and with the .blds text that export
// makes of x.go. All together show every type code, flag and attribute.
func TestBothFrontEndsGiveEqualHashes(t *testing.T) {
	folders, err := filepath.Glob("testdata/pairs/*")
	if err != nil || len(folders) == 0 {
		t.Fatalf("no pairs: %v", err)
	}
	var patterns []string
	for _, dir := range folders {
		patterns = append(patterns, "./"+filepath.ToSlash(dir))
	}
	loaded, problems := gosrc.Load(context.Background(), gosrc.Config{}, patterns...)
	if len(problems) > 0 || len(loaded.Packages) != len(folders) {
		t.Fatalf("%d packages of %d, problems %v", len(loaded.Packages), len(folders), problems)
	}
	seen := newSeen()
	for _, p := range loaded.Packages {
		dir := p.Dir
		t.Run(filepath.Base(dir), func(t *testing.T) {
			fromGo := resolve(t, p.Package)
			text, err := os.ReadFile(filepath.Join(dir, "x.blds"))
			if err != nil {
				t.Fatal(err)
			}
			fromBlds := resolve(t, parse(t, "x.blds", text)...)
			compare(t, "x.go and x.blds", fromGo, fromBlds, false)

			tree, err := syntax.Export(fromGo[0], nil)
			if err != nil {
				t.Fatal(err)
			}
			exported := syntax.Format(tree)
			compare(t, "x.go and its export", fromGo, resolve(t, parse(t, "export.blds", exported)...), true)
			seen.schemas(fromGo)
			seen.schemas(fromBlds)
		})
	}
	seen.check(t)
}

func parse(t *testing.T, name string, text []byte) []*schema.Package {
	t.Helper()
	pkgs, _, problems := syntax.Load([]syntax.Source{{Path: name, Data: text}}, nil)
	if len(problems) > 0 {
		t.Fatalf("%s: %v\n%s", name, problems, text)
	}
	return pkgs
}

func resolve(t *testing.T, pkgs ...*schema.Package) []*layout.Package {
	t.Helper()
	res, problems := layout.Resolve(pkgs...)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return res.Packages
}

func compare(t *testing.T, what string, a, b []*layout.Package, docs bool) {
	t.Helper()
	if diff := cmp.Diff(identities(t, a, docs), identities(t, b, docs)); diff != "" {
		t.Errorf("%s differ (-first +second):\n%s", what, diff)
	}
}

func identities(t *testing.T, pkgs []*layout.Package, docs bool) map[string]identity {
	t.Helper()
	out := map[string]identity{}
	for _, p := range pkgs {
		for _, s := range p.Schemas {
			l, h, err := canon.Hashes(s)
			if err != nil {
				t.Fatal(err)
			}
			id := identity{ID: schema.FoldID(s.ID), Version: s.Version.String(), Layout: string(l[:]), Schema: string(h[:]), Size: s.Record.Size, Align: s.Record.Align}
			if docs {
				id.Doc = s.Doc
			}
			if s.Channel != nil {
				c := *s.Channel
				c.Pos = schema.Pos{}
				text, err := json.Marshal(c)
				if err != nil {
					t.Fatal(err)
				}
				id.Channel = string(text)
			}
			out[schema.FoldID(s.ID)] = id
		}
	}
	return out
}

// seen collects what of the model the pairs show.
type seen struct{ names map[string]bool }

func newSeen() *seen { return &seen{map[string]bool{}} }

func (s *seen) schemas(pkgs []*layout.Package) {
	for _, p := range pkgs {
		for _, sc := range p.Schemas {
			s.record(sc.Record)
			s.fields("Channel", reflect.ValueOf(sc.Channel))
			for _, c := range sc.Consts {
				s.names["const "+c.Value.Code.String()] = true
			}
		}
	}
}

func (s *seen) record(r *schema.Record) {
	for i := range r.Members {
		m := &r.Members[i]
		s.names["type "+m.Type.Code.String()] = true
		for bit := schema.Flags(1); bit != 0; bit <<= 1 {
			if m.Flags&bit != 0 {
				s.names[flagName(bit)] = true
			}
		}
		s.fields("Attrs", reflect.ValueOf(&m.Attrs))
		if m.Type.Dims != nil {
			s.names["Type.Dims"] = true
		}
		if m.Type.Enum != nil {
			s.fields("Enum", reflect.ValueOf(m.Type.Enum))
			for i := range m.Type.Enum.Values {
				s.fields("EnumValue", reflect.ValueOf(&m.Type.Enum.Values[i]))
			}
		}
		if m.Type.Record != nil {
			s.record(m.Type.Record)
		}
	}
}

// fields notes which fields of a struct are set somewhere.
func (s *seen) fields(name string, ptr reflect.Value) {
	if ptr.IsNil() {
		return
	}
	v := ptr.Elem()
	for i := range v.NumField() {
		if !v.Field(i).IsZero() {
			s.names[name+"."+v.Type().Field(i).Name] = true
		}
	}
}

func flagName(f schema.Flags) string {
	switch f {
	case schema.FlagOptional:
		return "FlagOptional"
	case schema.FlagPresence:
		return "FlagPresence"
	case schema.FlagAtomic:
		return "FlagAtomic"
	}
	return "unknown flag"
}

// check fails for each part of the model that no pair shows. Type codes and
// flags are read from the source of package schema, so that a new one is not
// forgotten.
func (s *seen) check(t *testing.T) {
	want := []string{"Type.Dims"}
	for name, typ := range constants(t, "../../blds/schema/schema.go") {
		switch typ {
		case "TypeCode":
			code, ok := schema.ScalarCode(strings.ToLower(name))
			if !ok {
				code = map[string]schema.TypeCode{"String": schema.String, "Bytes": schema.Bytes, "RecordType": schema.RecordType,
					"Padding": schema.Padding, "Reserved": schema.Reserved}[name]
			}
			if code == 0 {
				t.Errorf("type code %s is not known to this test", name)
			}
			want = append(want, "type "+code.String())
		case "Flags":
			want = append(want, name)
		}
	}
	for _, typ := range []reflect.Type{reflect.TypeFor[schema.Attrs](), reflect.TypeFor[schema.Channel](), reflect.TypeFor[schema.EnumValue](), reflect.TypeFor[schema.Enum]()} {
		for i := range typ.NumField() {
			want = append(want, typ.Name()+"."+typ.Field(i).Name)
		}
	}
	for _, code := range []schema.TypeCode{schema.I16, schema.U32, schema.F64, schema.Bool, schema.String} {
		want = append(want, "const "+code.String())
	}
	for _, name := range want {
		if !s.names[name] {
			t.Errorf("no pair in testdata/pairs shows %s", name)
		}
	}
}

// constants returns the constants of a file with the type of each; in a group
// the type of the one before counts on.
func constants(t *testing.T, file string) map[string]string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, d := range f.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.CONST {
			continue
		}
		typ := ""
		for _, spec := range g.Specs {
			v := spec.(*ast.ValueSpec)
			if id, ok := v.Type.(*ast.Ident); ok {
				typ = id.Name
			} else if len(v.Values) > 0 {
				typ = ""
			}
			for _, name := range v.Names {
				out[name.Name] = typ
			}
		}
	}
	if len(out) == 0 {
		t.Fatalf("%s declares no constants", file)
	}
	return out
}
