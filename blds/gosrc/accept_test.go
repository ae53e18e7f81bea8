package gosrc

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/pylabhub/datahub/blds/layout"
	"github.com/pylabhub/datahub/blds/schema"
)

// TestEveryAcceptedConstructGivesTheRecordedModel loads the archives of
// testdata/accept as the folders of one module, example.com, and compares what
// is found with the file "want" of each.
func TestEveryAcceptedConstructGivesTheRecordedModel(t *testing.T) {
	files, err := filepath.Glob("testdata/accept/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	dir := t.TempDir()
	archives := map[string]*txtar.Archive{}
	write(t, dir, txtar.Parse([]byte("-- go.mod --\nmodule example.com\n\ngo 1.26\n")))
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(file), ".txtar")
		archives[name] = a
		write(t, filepath.Join(dir, name), a)
	}
	res, problems := Load(context.Background(), Config{Dir: dir, Env: testEnv()}, "./...")
	if len(problems) > 0 {
		t.Errorf("problems:\n%s", format(problems))
	}
	var decls []*schema.Package
	got := map[string]string{}
	for _, p := range res.Packages {
		decls = append(decls, p.Package)
		name := strings.Split(p.ImportPath, "/")[1]
		got[name] += dump(p, res)
	}
	for name, a := range archives {
		t.Run(name, func(t *testing.T) {
			i := slices.IndexFunc(a.Files, func(f txtar.File) bool { return f.Name == "want" })
			if *update {
				if i < 0 {
					i = len(a.Files)
					a.Files = append(a.Files, txtar.File{Name: "want"})
				}
				a.Files[i].Data = []byte(got[name])
				if err := os.WriteFile("testdata/accept/"+name+".txtar", txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if i < 0 {
				t.Fatal("the archive has no file want")
			}
			if diff := cmp.Diff(string(a.Files[i].Data), got[name]); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
	laid, lproblems := layout.Resolve(decls...)
	if len(lproblems) > 0 {
		t.Errorf("layout:\n%s", format(lproblems))
	}
	for i, p := range laid.Packages {
		if len(p.Schemas) != len(decls[i].Schemas) || len(p.Records) != len(decls[i].Records) {
			t.Errorf("%s: layout dropped schemas or records", p.Namespace)
			continue
		}
		for j, s := range p.Schemas {
			if want := decls[i].Schemas[j].Record.HostSize; uint64(s.Record.Size) != want {
				t.Errorf("%s: got size %d, want %d", s.ID, s.Record.Size, want)
			}
		}
	}
}

// dump writes a package as text.
func dump(p *Package, res *Result) string {
	var b strings.Builder
	pf := func(format string, args ...any) { fmt.Fprintf(&b, format, args...) }
	pf("package %s %q namespace %q\n", p.Name, p.ImportPath, p.Namespace)
	for _, g := range p.Generated {
		pf("generated %s from %s\n", g.Name, g.Source)
	}
	names := func(what string, m map[string]schema.Pos) {
		if len(m) > 0 {
			pf("%s:", what)
			for _, name := range slices.Sorted(maps.Keys(m)) {
				pf(" %s@%s:%d", name, filepath.Base(m[name].File), m[name].Line)
			}
			pf("\n")
		}
	}
	if p.Name == "scope" {
		names("scope", p.Scope)
		names("test scope", p.TestScope)
		for _, typ := range slices.Sorted(maps.Keys(p.Methods)) {
			names("methods of "+typ, p.Methods[typ])
		}
	}
	for _, ig := range res.Ignores {
		if filepath.Dir(ig.Pos.File) == filepath.Base(p.Dir) {
			pf("ignore %d:%d-%d %q %q\n", ig.Pos.Line, ig.Pos.Col, ig.Pos.Col+ig.Pos.Len, ig.Code, ig.Reason)
		}
	}
	for _, f := range p.Files {
		pf("file %s\n", filepath.ToSlash(f.Name))
		for _, d := range f.Decls {
			switch {
			case d.Schema != nil:
				dumpSchema(pf, d.Schema, res)
			case d.Record != nil:
				dumpRecord(pf, "record", d.Record, res)
			case d.Enum != nil:
				dumpEnum(pf, d.Enum, res)
			}
		}
	}
	return b.String()
}

func dumpSchema(pf func(string, ...any), s *schema.SchemaDecl, res *Result) {
	pf("schema %s version %s", s.ID, s.Version)
	if s.Deprecated != "" {
		pf(" deprecated %q", s.Deprecated)
	}
	pf("\n")
	for _, c := range s.Consts {
		pf("  const %s (%s) %s = %s doc %q\n", c.Name, c.GoName, c.Value.Code, c.Value.Text, c.Doc)
	}
	if c := s.Channel; c != nil {
		pf("  channel %s %s capacity %d consumers %d page %d flex %q %s checksum %s %s timestamp %v spinlocks %d\n", c.Policy, c.Sync,
			c.Capacity, c.Consumers, c.PageSize, c.FlexName, c.FlexMode, c.Checksum, c.ChecksumType, c.Timestamp, c.Spinlocks)
		if s.Flex != nil {
			pf("  flex %s\n", s.Flex.ID)
		}
	}
	dumpRecord(pf, " ", s.Record, res)
}

func origin(res *Result, pos schema.Pos) string {
	o := res.Origins[pos]
	return fmt.Sprintf("%s.%s(%s)", o.ImportPath, o.Name, o.Package)
}

func dumpRecord(pf func(string, ...any), kind string, r *schema.RecordDecl, res *Result) {
	pf("%s struct %s id %s size %d align %d host %v at %d:%d is %s doc %q\n", kind, r.Name, r.ID, r.HostSize, r.Align, r.Host,
		r.Pos.Line, r.Pos.Col, origin(res, r.Pos), r.Doc)
	for _, f := range r.Fields {
		offset := "none"
		if f.Offset != nil {
			offset = fmt.Sprint(*f.Offset)
		}
		pf("    %s %s: %q %s", offset, f.Type.Code, f.Name, f.Type.String())
		for i, set := range []bool{f.Optional, f.IsPresence, f.Atomic} {
			if set {
				pf(" %s", []string{"optional", "presence", "atomic"}[i])
			}
		}
		if f.Align != 0 {
			pf(" align %d", f.Align)
		}
		if f.WantOffset != nil {
			pf(" want %d", *f.WantOffset)
		}
		if f.Type.Record != nil {
			pf(" record %s is %s", f.Type.Record.ID, origin(res, f.Type.Record.Pos))
		}
		if f.Type.Enum != nil {
			pf(" enum %s is %s", f.Type.Enum.ID, origin(res, f.Type.Enum.Pos))
		}
		a := f.Attrs
		if a.Time != schema.NoTime {
			pf(" %s %s", a.Time, a.TimeUnit)
		}
		if a.Default != nil {
			pf(" default %q", a.Default.Text)
		}
		if a.Since != nil {
			pf(" since %s", a.Since)
		}
		for _, kv := range [][2]string{{"unit", a.Unit}, {"len", a.LenField}, {"scale", a.Scale}, {"group", a.Group}, {"deprecated", a.Deprecated},
			{"was", a.Was}, {"view", a.View}, {"metric", a.Metric}, {"as", a.As}, {"name", a.NameAs}, {"doc", a.Doc}} {
			if kv[1] != "" {
				pf(" %s %q", kv[0], kv[1])
			}
		}
		pf("\n")
	}
}

func dumpEnum(pf func(string, ...any), e *schema.Enum, res *Result) {
	pf("enum %s id %s base %s bits %v is %s doc %q\n", e.Name, e.ID, e.Base, e.Bits, origin(res, e.Pos), e.Doc)
	for _, v := range e.Values {
		pf("    %s (%s) = %d doc %q", v.Name, v.GoName, int64(v.Value), v.Doc)
		if v.Deprecated != "" {
			pf(" deprecated %q", v.Deprecated)
		}
		pf("\n")
	}
}
