package gosrc

import (
	"context"
	"errors"
	"fmt"
	"go/token"
	"go/types"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/pylabhub/datahub/blds/schema"
)

// one returns the only package of a load without problems.
func one(t testing.TB, res *Result, problems []schema.Problem) *Package {
	t.Helper()
	if len(problems) > 0 || len(res.Packages) != 1 {
		t.Fatalf("got %d packages, want 1; problems:\n%s", len(res.Packages), format(problems))
	}
	return res.Packages[0]
}

func TestOffsetsAreThoseOfTheCompilerOnEveryCPU(t *testing.T) {
	seed := rand.Uint64()
	rnd := rand.New(rand.NewPCG(seed, 1))
	scalars := []string{"uint8", "int8", "uint16", "int32", "float32", "uint64", "int64", "float64", "fixed.Bool", "time.Duration", "atomic.Int32", "atomic.Uint64"}
	var src strings.Builder
	src.WriteString("package p\n\nimport (\n\t\"sync/atomic\"\n\t\"time\"\n\n\t\"github.com/pylabhub/datahub/runtime/fixed\"\n)\n")
	const n = 200
	for i := range n {
		fmt.Fprintf(&src, "\n//blds:schema id=p.S%d version=1.0.0\ntype S%d struct {\n", i, i)
		for j := range 1 + rnd.IntN(8) {
			typ := scalars[rnd.IntN(len(scalars))]
			if i > 0 && rnd.IntN(4) == 0 {
				typ = fmt.Sprintf("S%d", max(0, i-1-rnd.IntN(3)))
			}
			for range rnd.IntN(3) {
				typ = fmt.Sprintf("[%d]%s", 1+rnd.IntN(3), typ)
			}
			if i%20 == 19 || i%20 == 0 { // keeps sizes small
				typ = scalars[rnd.IntN(len(scalars))]
			}
			fmt.Fprintf(&src, "\tF%d %s\n", j, typ)
		}
		src.WriteString("}\n")
	}
	src.WriteString("\nvar _ atomic.Int32\nvar _ time.Duration\nvar _ fixed.Bool\n")
	res, problems := module(t, "-- p.go --\n"+src.String())
	p := one(t, res, problems)
	if len(p.Schemas) != n {
		t.Fatalf("got %d schemas, want %d", len(p.Schemas), n)
	}
	for _, arch := range []string{"amd64", "arm64", "riscv64", "loong64", "ppc64le", "mips64le"} {
		sizes := types.SizesFor("gc", arch)
		for _, s := range p.Schemas {
			var fields []*types.Var
			for _, f := range s.Record.Fields {
				fields = append(fields, types.NewField(token.NoPos, nil, f.Name, p.FieldType(s.Record.Name, f.Name), false))
			}
			for i, want := range sizes.Offsetsof(fields) {
				if got := *s.Record.Fields[i].Offset; got != uint64(want) {
					t.Errorf("seed %d: %s: %s.%s: got offset %d, want %d", seed, arch, s.ID, fields[i].Name(), got, want)
				}
			}
			if want := sizes.Sizeof(types.NewStruct(fields, nil)); s.Record.HostSize != uint64(want) {
				t.Errorf("seed %d: %s: %s: got size %d, want %d", seed, arch, s.ID, s.Record.HostSize, want)
			}
		}
	}
}

func TestTwoMembersALevelThirtyDeepTakeNoTime(t *testing.T) {
	var src strings.Builder
	src.WriteString("package p\n\n//blds:schema id=p.Top version=1.0.0\ntype Top struct{ A, B R30 }\n\ntype R0 struct{ V uint8 }\n")
	for i := 1; i <= 30; i++ {
		fmt.Fprintf(&src, "\ntype R%d struct{ A, B R%d }\n", i, i-1)
	}
	_, problems := module(t, "-- p.go --\n"+src.String())
	want := "p.go:42:6-9: BLDS0311: record \"R18\" has more than 65536 members with nested records inlined (use arrays, or split the record)\n"
	if got := format(problems); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestPackagesAreFoundInEveryModeOfTheGoCommand(t *testing.T) {
	const schemaFile = "package weather\n\nimport \"example.com/dep\"\n\n//blds:schema id=lab.Reading version=1.0.0\ntype Reading struct{ At dep.Point }\n"
	const dep = "package dep\n\ntype Point struct{ X, Y float64 }\n"
	for _, tt := range []struct {
		name, files, dir string
		env, patterns    []string
	}{
		{name: "workspace", dir: "app", patterns: []string{"./..."}, env: []string{"GOWORK="},
			files: "-- go.work --\ngo 1.26\n\nuse (\n\t./app\n\t./dep\n)\n-- app/go.mod --\nmodule example.com/app\n\ngo 1.26\n-- app/a.go --\n" + schemaFile +
				"-- dep/go.mod --\nmodule example.com/dep\n\ngo 1.26\n-- dep/dep.go --\n" + dep},
		{name: "vendor", dir: ".", patterns: []string{"."}, env: []string{"GOFLAGS=-mod=vendor"},
			files: "-- go.mod --\nmodule example.com/app\n\ngo 1.26\n\nrequire example.com/dep v1.0.0\n-- a.go --\n" + schemaFile +
				"-- vendor/modules.txt --\n# example.com/dep v1.0.0\n## explicit; go 1.26\nexample.com/dep\n-- vendor/example.com/dep/dep.go --\n" + dep},
		{name: "replace", dir: ".", patterns: []string{"example.com/app"},
			files: "-- go.mod --\nmodule example.com/app\n\ngo 1.26\n\nrequire example.com/dep v1.0.0\n\nreplace example.com/dep => ./dep\n-- a.go --\n" + schemaFile +
				"-- dep/go.mod --\nmodule example.com/dep\n\ngo 1.26\n-- dep/dep.go --\n" + dep},
		{name: "file name", dir: "app", patterns: []string{"sub/a.go"},
			files: "-- app/go.mod --\nmodule example.com\n\ngo 1.26\n-- app/sub/a.go --\n" + schemaFile + "-- app/dep/dep.go --\n" + dep},
		{name: "folder outside of the working folder", dir: "app/cmd", patterns: []string{"../sub"},
			files: "-- app/go.mod --\nmodule example.com\n\ngo 1.26\n-- app/sub/a.go --\n" + schemaFile + "-- app/dep/dep.go --\n" + dep + "-- app/cmd/main.go --\npackage main\n"},
		{name: "no pattern", dir: "app/sub",
			files: "-- app/go.mod --\nmodule example.com\n\ngo 1.26\n-- app/sub/a.go --\n" + schemaFile + "-- app/dep/dep.go --\n" + dep},
		{name: "other system without cgo", dir: "app/sub", env: []string{"GOOS=windows", "GOARCH=arm64", "CGO_ENABLED=0"},
			files: "-- app/go.mod --\nmodule example.com\n\ngo 1.26\n-- app/sub/a.go --\n" + schemaFile + "-- app/dep/dep.go --\n" + dep},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := extract(t, txtar.Parse([]byte(tt.files)))
			res, problems := Load(context.Background(), Config{Dir: filepath.Join(dir, tt.dir), Env: testEnv(tt.env...)}, tt.patterns...)
			p := one(t, res, problems)
			if len(p.Schemas) != 1 || p.Schemas[0].Record.HostSize != 16 {
				t.Errorf("got %d schemas, want one of 16 bytes", len(p.Schemas))
			}
			if p.ModulePath == "" || p.ModuleDir == "" || p.Dir == "" {
				t.Errorf("got module %q in %q, folder %q; want them all", p.ModulePath, p.ModuleDir, p.Dir)
			}
		})
	}
}

func TestBrokenGeneratedFilesAreNeverInTheWay(t *testing.T) {
	const src = "-- z.go --\npackage weather\n\n//blds:schema id=lab.Reading version=1.0.0\ntype Reading struct{ V float64 }\n\nvar _ = ReadingSchema\n"
	marker := "// Code generated by blds-gen from z.go; DO NOT EDIT.\n"
	for name, generated := range map[string]string{
		"empty behind the marker": marker,
		"no package clause":       marker + "func f() {}\n",
		"garbage":                 marker + "\x00\xff\xfe{{{",
		"another package name":    marker + "package climate\n",
		"half an import":          marker + "package weather\nimport (\n\t\"fm",
		"missing import":          marker + "package weather\nimport \"example.org/gone\"\n",
		"import C":                marker + "package weather\nimport \"C\"\n",
		"type error":              marker + "package weather\nvar x int = \"y\"\n",
		"the user's names":        marker + "package weather\ntype Reading struct{}\nvar ReadingSchema = 3\n",
		"CRLF":                    strings.ReplaceAll(marker, "\n", "\r\n") + "package climate\r\n",
		"another version":         "// Code generated by blds-gen v0.1.0 from z.go\npackage climate\n",
	} {
		t.Run(name, func(t *testing.T) {
			res, problems := module(t, src+"-- a_blds.go --\n"+generated)
			p := one(t, res, problems)
			if p.Name != "weather" || len(p.Schemas) != 1 || len(p.Generated) != 1 || p.Generated[0].Name != "a_blds.go" {
				t.Errorf("got package %s with %d schemas and generated files %v", p.Name, len(p.Schemas), p.Generated)
			}
			for _, name := range []string{"f", "x", "ReadingSchema"} {
				if pos, ok := p.Scope[name]; ok {
					t.Errorf("scope has %s of the generated file, at %v", name, pos)
				}
			}
		})
	}
}

func TestUnreadableFileIsReported(t *testing.T) {
	if runtime.GOOS == "windows" || os.Geteuid() == 0 {
		t.Skip("root and Windows users can read every file: run this as another user")
	}
	dir := extract(t, txtar.Parse([]byte("-- go.mod --\nmodule example.com/m\n\ngo 1.26\n-- a.go --\npackage m\n-- b.go --\npackage m\n")))
	if err := os.Chmod(filepath.Join(dir, "b.go"), 0); err != nil {
		t.Fatal(err)
	}
	_, problems := Load(context.Background(), Config{Dir: dir, Env: testEnv()}, ".")
	want := "b.go: BLDS0401: the file cannot be read: permission denied (make it readable)\n"
	if got := format(problems); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestLoadWithoutAGoCommandSaysSo(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, problems := Load(context.Background(), Config{Dir: t.TempDir(), Env: []string{"PATH=" + os.Getenv("PATH")}}, ".")
	if len(problems) != 1 || problems[0].Code != schema.CodeGoLoad || !strings.Contains(problems[0].Message, "executable file not found") {
		t.Errorf("got:\n%s", format(problems))
	}
}

func TestCancelledLoadReportsNothingElse(t *testing.T) {
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(errors.New("enough"))
	res, problems := Load(ctx, Config{Dir: t.TempDir(), Env: testEnv()}, ".")
	if got, want := format(problems), "BLDS0016: enough\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if res == nil || len(res.Packages) != 0 {
		t.Errorf("got result %v, want an empty one", res)
	}
}

func TestConcurrentLoadsDoNotDisturbEachOther(t *testing.T) {
	dir := extract(t, txtar.Parse([]byte("-- go.mod --\nmodule example.com/m\n\ngo 1.26\n-- a.go --\npackage m\n\n//blds:schema id=lab.R version=1.0.0\ntype R struct{ N int }\n")))
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if _, problems := Load(context.Background(), Config{Dir: dir, Env: testEnv()}); len(problems) != 1 {
				t.Errorf("got:\n%s\nwant one problem", format(problems))
			}
		})
	}
	wg.Wait()
}

func TestStandInsAgreeWithTheRealPackages(t *testing.T) {
	for path := range known {
		l, err := newLoader(context.Background(), Config{Dir: ".", Env: testEnv()})
		if err != nil {
			t.Fatal(err)
		}
		stub := l.stubOf(path)
		if stub == nil {
			t.Fatalf("%s: the stand-in is not Go", path)
		}
		stub.index()
		l.pkgs = map[string]*pkg{}
		l.listImports([]string{path})
		real := l.pkgs[path]
		if real == nil || real.listErr != "" {
			t.Fatalf("%s: not found", path)
		}
		real.readImported(l)
		real.index()
		if real.name != stub.name {
			t.Errorf("%s: got name %s, want %s", path, stub.name, real.name)
		}
		for name := range stub.decls {
			if real.decls[name] == nil {
				t.Errorf("%s has no %s", path, name)
			}
		}
	}
}

func TestOnlyWhatASchemaNeedsIsListed(t *testing.T) {
	dir := extract(t, txtar.Parse([]byte("-- go.mod --\nmodule example.com/m\n\ngo 1.26\n-- a.go --\npackage m\n\nimport (\n\t\"net/http\"\n\t\"time\"\n)\n\n"+
		"//blds:schema id=lab.R version=1.0.0\ntype R struct{ Wait time.Duration }\n\nvar _ http.Handler\n")))
	l, err := newLoader(context.Background(), Config{Dir: dir, Env: testEnv()})
	if err != nil {
		t.Fatal(err)
	}
	listed, err := l.list([]string{"."})
	if err != nil {
		t.Fatal(err)
	}
	l.run(l.roots([]string{"."}, listed))
	if len(l.problems) > 0 {
		t.Errorf("problems:\n%s", format(l.problems))
	}
	if len(l.pkgs) != 2 || !l.pkgs["time"].stub {
		t.Errorf("got packages %v, want example.com/m and the stand-in for time", keys(l.pkgs))
	}
}

func TestWhatIsNoRegularFileIsPassedOver(t *testing.T) {
	dir := extract(t, txtar.Parse([]byte("-- go.mod --\nmodule example.com/m\n\ngo 1.26\n-- a.go --\npackage m\n\n//blds:schema id=lab.R version=1.0.0\ntype R struct{ N uint8 }\n-- b.go/x.txt --\n")))
	if err := os.Symlink(dir, filepath.Join(dir, "c.go")); err != nil {
		t.Skipf("this system lets this user make no symbolic links: %v", err)
	}
	res, problems := Load(context.Background(), Config{Dir: dir, Env: testEnv()})
	if p := one(t, res, problems); len(p.Schemas) != 1 {
		t.Errorf("got %d schemas, want 1", len(p.Schemas))
	}
}

// What cannot be laid out has no type: layout passes over it and over all that
// holds it, and says nothing of them again.
func TestARecordThatWasNotUnderstoodIsNoTypeOfAField(t *testing.T) {
	res, problems := module(t, `
-- a.go --
package a

type Bad struct {
	Wide int
	Good uint32
}

//blds:schema id=lab.Outer version=1.0.0
type Outer struct {
	Seq   uint64
	Inner Bad
}

type Ring struct{ Next [2]Ring }

//blds:schema id=lab.Loop version=1.0.0
type Loop struct {
	Seq   uint64
	Inner Ring
}
`)
	want := `a.go:4:7-10: BLDS0440: field "Wide" is int: its width depends on the CPU (use int64 or int32)
a.go:14:6-10: BLDS0449: "Ring" contains itself: Ring -> Ring (keep an index or an id instead of the struct itself)
`
	if got := format(problems); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if len(res.Packages) != 1 || len(res.Packages[0].Schemas) != 2 {
		t.Fatalf("packages %+v, want one with two schemas", res.Packages)
	}
	for _, s := range res.Packages[0].Schemas {
		seq, inner := s.Record.Fields[0], s.Record.Fields[1]
		if seq.Type.Code != schema.U64 || inner.Type.Code != 0 || inner.Type.Record != nil {
			t.Errorf("%s: Seq is %s, Inner %s of %v, want u64 and no type", s.ID, seq.Type.Code, inner.Type.Code, inner.Type.Record)
		}
	}
}
