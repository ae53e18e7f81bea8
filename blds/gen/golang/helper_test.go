package golang

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pylabhub/datahub/blds/gen"
	"github.com/pylabhub/datahub/blds/layout"
	"github.com/pylabhub/datahub/blds/naming"
	"github.com/pylabhub/datahub/blds/schema"
	"github.com/pylabhub/datahub/blds/syntax"
)

// module is the import path of the modules that tests generate into.
const module = "example.com/user"

// parse loads .blds files, named by their path and with their text, and returns
// what they generate: each file into the folder it names.
func parse(t testing.TB, files map[string]string) []*gen.Package {
	t.Helper()
	var in []syntax.Source
	for name, text := range files {
		in = append(in, syntax.Source{Path: name, Data: []byte(text)})
	}
	pkgs, infos, problems := syntax.Load(in, func(name string) ([]byte, error) { return nil, fmt.Errorf("%s is not there", name) })
	if len(problems) > 0 {
		t.Fatal(show(problems))
	}
	res, problems := layout.Resolve(pkgs...)
	if len(problems) > 0 {
		t.Fatal(show(problems))
	}
	byFile := make(map[string]*gen.Source)
	for _, p := range res.Packages {
		for _, src := range fileSources(p) {
			byFile[src.Path] = src
		}
	}
	byDir := make(map[string]*gen.Package)
	var out []*gen.Package
	for _, info := range infos {
		dir := info.GoPackage
		if byDir[dir] == nil {
			byDir[dir] = &gen.Package{Dir: dir, Go: gen.GoPackage{Name: naming.GoPackageName(dir), ImportPath: module + "/" + dir}}
			out = append(out, byDir[dir])
		}
		if src := byFile[info.Path]; src != nil {
			byDir[dir].Sources = append(byDir[dir].Sources, src)
		}
	}
	return out
}

// fileSources returns the sources of a laid-out package, one per file.
func fileSources(p *layout.Package) []*gen.Source {
	byFile := make(map[string]*gen.Source)
	var out []*gen.Source
	add := func(d gen.Decl) {
		path := d.Pos().File
		if byFile[path] == nil {
			byFile[path] = &gen.Source{Path: path}
			out = append(out, byFile[path])
		}
		byFile[path].Decls = append(byFile[path].Decls, d)
	}
	for _, s := range p.Schemas {
		add(gen.Decl{Schema: s})
	}
	for _, r := range p.Records {
		add(gen.Decl{Record: r})
	}
	for _, e := range p.Enums {
		add(gen.Decl{Enum: e})
	}
	for i := range p.Consts {
		add(gen.Decl{Const: &p.Consts[i]})
	}
	return out
}

// generateAll returns the output of packages, by path.
func generateAll(t testing.TB, pkgs []*gen.Package) map[string]string {
	t.Helper()
	files, problems := Target{}.Generate(pkgs)
	if len(problems) > 0 {
		t.Fatal(show(problems))
	}
	out := make(map[string]string)
	for _, f := range files {
		out[filepath.ToSlash(f.Path)] = string(f.Data)
	}
	return out
}

// show returns problems as text, with their notes.
func show(ps []schema.Problem) string {
	var b strings.Builder
	for _, p := range ps {
		fmt.Fprintf(&b, "%s:%d:%d: %s: %s (%s)\n", p.Pos.File, p.Pos.Line, p.Pos.Col, p.Code, p.Message, p.Remedy)
		for _, n := range p.Notes {
			fmt.Fprintf(&b, "\t%s:%d:%d: %s\n", n.Pos.File, n.Pos.Line, n.Pos.Col, n.Message)
		}
	}
	return b.String()
}

// samples returns the .blds files of testdata by their base name.
func samples(t testing.TB) map[string]string {
	t.Helper()
	names, err := filepath.Glob("testdata/blds/*.blds")
	if err != nil || len(names) == 0 {
		t.Fatalf("no samples: %v", err)
	}
	files := make(map[string]string)
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Base(name)] = string(text)
	}
	return files
}
