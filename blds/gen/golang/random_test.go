package golang

import (
	"flag"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/pylabhub/datahub/blds/gen"
	"github.com/pylabhub/datahub/blds/internal/randschema"
	"github.com/pylabhub/datahub/blds/layout"
	"github.com/pylabhub/datahub/blds/schema"
)

var seedFlag = flag.Uint64("seed", 0, "seed of random tests, 0 for another each time")

// seed returns the seed of a random test.
func seed(t testing.TB) uint64 {
	s := *seedFlag
	if s == 0 {
		s = rand.Uint64()
	}
	t.Logf("-seed %d", s)
	return s
}

// randomPackages returns n random packages with an output folder each.
func randomPackages(t testing.TB, seed uint64, n int) []*gen.Package {
	t.Helper()
	var decls []*schema.Package
	src := randschema.Seeded(seed)
	for i := range n {
		decls = append(decls, randschema.Package(src, fmt.Sprintf("random.p%d", i), randschema.Options{}))
	}
	res, problems := layout.Resolve(decls...)
	if len(problems) > 0 {
		t.Fatal(show(problems))
	}
	var out []*gen.Package
	for i, p := range res.Packages {
		name := fmt.Sprintf("p%d", i)
		q := &gen.Package{Dir: "random/" + name, Sources: fileSources(p), Go: gen.GoPackage{Name: name, ImportPath: module + "/random/" + name}}
		for _, s := range q.Sources {
			s.Path = name + ".blds" // random declarations have no position
		}
		out = append(out, q)
	}
	return out
}

func TestRandomSchemasGiveCodeThatTypeChecks(t *testing.T) {
	out := generateAll(t, randomPackages(t, seed(t), 150))
	w := newWorkspace(t)
	list, err := w.run(nil, "list", "-export", "-deps", "-f", "{{.ImportPath}} {{.Export}}",
		"testing", "reflect", "strings", fixedPath, datablockPath)
	if err != nil {
		t.Fatalf("%v\n%s", err, list)
	}
	exports := make(map[string]string)
	for line := range strings.Lines(list) {
		path, file, _ := strings.Cut(strings.TrimSpace(line), " ")
		exports[path] = file
	}
	fset := token.NewFileSet()
	imp := importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })
	folders := make(map[string][]*ast.File)
	for _, name := range slices.Sorted(maps.Keys(out)) {
		f, err := parser.ParseFile(fset, name, out[name], parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		folders[path.Dir(name)] = append(folders[path.Dir(name)], f)
	}
	for dir, files := range folders {
		cfg := types.Config{Importer: imp, Sizes: types.SizesFor("gc", "amd64"), Error: func(err error) { t.Error(err) }}
		_, _ = cfg.Check(dir, fset, files, nil)
	}
}

func TestRandomSchemasCompileAndPassTheirTests(t *testing.T) {
	w := newWorkspace(t)
	for name, text := range generateAll(t, randomPackages(t, seed(t), 25)) {
		w.write(name, text)
	}
	w.mustRun(nil, "vet", "./...")
	w.mustRun(nil, "test", "./random/p0", "./random/p1", "./random/p2", "./random/p3")
}

func TestTheSameInputGivesTheSameBytes(t *testing.T) {
	s := seed(t)
	first := generateAll(t, append(parse(t, samples(t)), randomPackages(t, s, 20)...))
	again := append(parse(t, samples(t)), randomPackages(t, s, 20)...)
	for _, p := range again {
		for _, src := range p.Sources {
			if src.Decls[0].Pos().IsValid() { // random declarations keep the order they are given in
				rand.Shuffle(len(src.Decls), func(i, j int) { src.Decls[i], src.Decls[j] = src.Decls[j], src.Decls[i] })
			}
		}
	}
	rand.Shuffle(len(again), func(i, j int) { again[i], again[j] = again[j], again[i] })
	second := generateAll(t, again)
	if len(first) != len(second) {
		t.Errorf("%d files, then %d", len(first), len(second))
	}
	for name, text := range first {
		if second[name] != text {
			t.Errorf("%s differs", name)
		}
	}
}
