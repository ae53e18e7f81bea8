package golang

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pylabhub/datahub/blds/gen"
	"github.com/pylabhub/datahub/blds/gosrc"
	"github.com/pylabhub/datahub/blds/layout"
	"github.com/pylabhub/datahub/blds/schema"
)

// A workspace is a user's module in a folder of its own, which sees the checkout
// through a go.work.
type workspace struct {
	t   testing.TB
	dir string
}

func newWorkspace(t testing.TB) *workspace {
	t.Helper()
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	w := &workspace{t: t, dir: t.TempDir()}
	w.write("go.mod", "module "+module+"\n\ngo 1.26.0\n")
	w.write("go.work", fmt.Sprintf("go 1.26.0\n\nuse .\nuse %q\n", filepath.ToSlash(root)))
	return w
}

func (w *workspace) write(name, text string) {
	w.t.Helper()
	path := filepath.Join(w.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		w.t.Fatal(err)
	}
}

// run runs the go command and returns what it printed.
func (w *workspace) run(env []string, args ...string) (string, error) {
	cmd := exec.Command("go", args...)
	cmd.Dir = w.dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOPROXY=off", "GOFLAGS=", "GOWORK=")
	cmd.Env = append(cmd.Env, env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// mustRun is run for commands that must succeed.
func (w *workspace) mustRun(env []string, args ...string) {
	w.t.Helper()
	if out, err := w.run(env, args...); err != nil {
		w.t.Errorf("%s go %s: %v\n%s", strings.Join(env, " "), strings.Join(args, " "), err, out)
	}
}

// load reads the annotated Go of the workspace.
func (w *workspace) load() []*gen.Package {
	w.t.Helper()
	cfg := gosrc.Config{Dir: w.dir, Env: append(os.Environ(), "GOFLAGS=", "GOWORK=")}
	in, problems := gosrc.Load(context.Background(), cfg, "./...")
	if len(problems) > 0 {
		w.t.Fatal(show(problems))
	}
	var decls []*schema.Package
	for _, p := range in.Packages {
		decls = append(decls, p.Package)
	}
	res, problems := layout.Resolve(decls...)
	if len(problems) > 0 {
		w.t.Fatal(show(problems))
	}
	var out []*gen.Package
	for i, p := range in.Packages {
		dir, err := filepath.Rel(w.dir, p.Dir)
		if err != nil {
			w.t.Fatal(err)
		}
		q := &gen.Package{Dir: dir, Sources: fileSources(res.Packages[i]), Go: gen.GoPackage{
			Name: p.Name, ImportPath: p.ImportPath, Names: p.Scope, TestNames: p.TestScope, Methods: p.Methods,
			FieldType: p.FieldType, Types: map[string]gen.GoType{},
		}}
		for _, src := range q.Sources {
			src.Written = true
			for _, d := range src.Decls {
				if d.Schema != nil {
					foreign(d.Schema.Record, in.Origins, q.Go.Types)
				}
			}
		}
		out = append(out, q)
	}
	return out
}

// foreign enters the Go types that the fields of rec have.
func foreign(rec *schema.Record, origins map[schema.Pos]gosrc.Origin, types map[string]gen.GoType) {
	for i := range rec.Members {
		id, pos := "", schema.Pos{}
		switch t := &rec.Members[i].Type; {
		case t.Record != nil:
			id, pos = t.Record.ID, t.Record.Pos
			foreign(t.Record, origins, types)
		case t.Enum != nil:
			id, pos = t.Enum.ID, t.Enum.Pos
		}
		if o, ok := origins[pos]; ok && id != "" {
			types[id] = gen.GoType(o)
		}
	}
}
