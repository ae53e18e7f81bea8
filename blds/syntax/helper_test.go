package syntax

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/pylabhub/datahub/blds/canon"
	"github.com/pylabhub/datahub/blds/layout"
	"github.com/pylabhub/datahub/blds/schema"
)

var update = flag.Bool("update", false, "write the golden files")

// show returns problems as a user would see them, one by line, with the bytes
// that are underlined.
func show(problems []schema.Problem) string {
	var b strings.Builder
	for i := range problems {
		p := &problems[i]
		fmt.Fprintf(&b, "%s:%d:%d+%d: %s: %s", p.Pos.File, p.Pos.Line, p.Pos.Col, p.Pos.Len, p.Code, p.Message)
		if p.Remedy != "" {
			fmt.Fprintf(&b, " (%s)", p.Remedy)
		}
		b.WriteByte('\n')
		for _, n := range p.Notes {
			fmt.Fprintf(&b, "\t%s:%d:%d: %s\n", n.Pos.File, n.Pos.Line, n.Pos.Col, n.Message)
		}
	}
	return b.String()
}

// reader reads the files of an archive for [Load].
func reader(a *txtar.Archive) func(string) ([]byte, error) {
	return func(name string) ([]byte, error) {
		for _, f := range a.Files {
			if f.Name == name {
				return f.Data, nil
			}
		}
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
}

func readArchive(t *testing.T, file string) *txtar.Archive {
	t.Helper()
	a, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// section returns a file of an archive.
func section(a *txtar.Archive, name string) string {
	for _, f := range a.Files {
		if f.Name == name {
			return string(f.Data)
		}
	}
	return ""
}

// compare checks a section of a golden archive, or writes it with -update.
func compare(t *testing.T, file string, a *txtar.Archive, name, got string) {
	t.Helper()
	if section(a, name) == got {
		return
	}
	if !*update {
		t.Errorf("%s, %s:\n got:\n%s\nwant:\n%s", file, name, got, section(a, name))
		return
	}
	found := false
	for i := range a.Files {
		if a.Files[i].Name == name {
			a.Files[i].Data, found = []byte(got), true
		}
	}
	if !found {
		a.Files = append(a.Files, txtar.File{Name: name, Data: []byte(got)})
	}
	if err := os.WriteFile(file, txtar.Format(a), 0o666); err != nil {
		t.Fatal(err)
	}
}

// resolve loads and lays out text that has no problems.
func resolve(t interface {
	Helper()
	Fatalf(string, ...any)
}, read func(string) ([]byte, error), files ...Source) ([]*layout.Package, []*FileInfo) {
	t.Helper()
	pkgs, infos, problems := Load(files, read)
	if len(problems) > 0 {
		t.Fatalf("load:\n%s\n%s", show(problems), files[0].Data)
	}
	res, problems := layout.Resolve(pkgs...)
	if len(problems) > 0 {
		t.Fatalf("layout:\n%s\n%s", show(problems), files[0].Data)
	}
	return res.Packages, infos
}

// hashes returns the hashes of all schemas of packages, by folded id.
func hashes(t interface {
	Helper()
	Fatalf(string, ...any)
}, pkgs []*layout.Package) map[string]string {
	t.Helper()
	m := map[string]string{}
	for _, p := range pkgs {
		for _, s := range p.Schemas {
			m[schema.FoldID(s.ID)] = hash(t, s)
		}
	}
	return m
}

func hash(t interface {
	Helper()
	Fatalf(string, ...any)
}, s *schema.Schema) string {
	t.Helper()
	lh, err := canon.LayoutHash(s)
	if err != nil {
		t.Fatalf("%s: %v", s.ID, err)
	}
	sh, err := canon.SchemaHash(s)
	if err != nil {
		t.Fatalf("%s: %v", s.ID, err)
	}
	return fmt.Sprintf("%x %x", lh, sh)
}
