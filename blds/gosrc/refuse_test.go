package gosrc

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/pylabhub/datahub/blds/schema"
)

var update = flag.Bool("update", false, "rewrite golden files")

// testEnv is an environment in which the go command depends on nothing around
// the test.
func testEnv(extra ...string) []string {
	return append(os.Environ(), append([]string{"GOFLAGS=", "GOWORK=off", "GOTOOLCHAIN=local"}, extra...)...)
}

// extract writes the files of an archive into a new folder.
func extract(t testing.TB, a *txtar.Archive) string {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, a)
	return dir
}

func write(t testing.TB, dir string, a *txtar.Archive) {
	t.Helper()
	for _, f := range a.Files {
		path := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// module loads a module with the given files, in txtar form.
func module(t testing.TB, files string, patterns ...string) (*Result, []schema.Problem) {
	t.Helper()
	a := txtar.Parse([]byte(files))
	if !strings.Contains(files, "-- go.mod --") {
		a.Files = append(a.Files, txtar.File{Name: "go.mod", Data: []byte("module example.com/m\n\ngo 1.26\n")})
	}
	if len(patterns) == 0 {
		patterns = []string{"./..."}
	}
	return Load(context.Background(), Config{Dir: extract(t, a), Env: testEnv()}, patterns...)
}

// format prints problems, one a line and their notes below.
func format(problems []schema.Problem) string {
	var b strings.Builder
	place := func(p schema.Pos) string {
		if !p.IsValid() {
			return p.File
		}
		return fmt.Sprintf("%s:%d:%d-%d", filepath.ToSlash(p.File), p.Line, p.Col, p.Col+p.Len)
	}
	for _, p := range problems {
		fmt.Fprintf(&b, "%s: %s: %s", place(p.Pos), p.Code, p.Message)
		if p.Remedy != "" {
			fmt.Fprintf(&b, " (%s)", p.Remedy)
		}
		b.WriteByte('\n')
		for _, n := range p.Notes {
			fmt.Fprintf(&b, "\t%s: %s\n", place(n.Pos), n.Message)
		}
	}
	return strings.TrimPrefix(b.String(), ": ")
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

// TestEveryRefusalIsWordedAsRecorded loads the samples that the command's tests
// use too, and records what this package says of each. The arguments of a command in
// the comment of an archive are the patterns.
func TestEveryRefusalIsWordedAsRecorded(t *testing.T) {
	samples, err := filepath.Glob("../../cmd/blds-gen/testdata/refuse/BLDS04*.txtar")
	if err != nil || len(samples) == 0 {
		t.Fatalf("no samples: %v", err)
	}
	texts := make([]string, len(samples))
	t.Run("samples", func(t *testing.T) {
		for i, sample := range samples {
			name := strings.TrimSuffix(filepath.Base(sample), ".txtar")
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				a, err := txtar.ParseFile(sample)
				if err != nil {
					t.Fatal(err)
				}
				patterns := []string{"./..."}
				if args := strings.Fields(string(a.Comment)); len(args) > 2 {
					patterns = args[2:]
				}
				dir := extract(t, a)
				_, problems := Load(context.Background(), Config{Dir: dir, Env: testEnv()}, patterns...)
				text := format(problems)
				if code, _, _ := strings.Cut(name, "-"); !strings.Contains(text, code+": ") {
					t.Errorf("%s is not reported; got:\n%s", code, text)
				}
				if strings.Contains(text, filepath.Dir(dir)) {
					t.Errorf("the text depends on where the module lies:\n%s", text)
				}
				texts[i] = "== " + name + "\n" + text
			})
		}
	})
	golden(t, "testdata/refuse.golden", strings.Join(texts, "\n"))
}

// TestRarerMistakesAreToldExactly holds what is refused beside the samples: odd
// Go, and mistakes in the packages around a schema.
func TestRarerMistakesAreToldExactly(t *testing.T) {
	const head = "-- a.go --\npackage m\n\n"
	const reading = "//blds:schema id=lab.Reading version=1.0.0\n"
	for _, tt := range []struct{ name, files, want string }{
		{"an interface and a func with directives", head + reading + "type Reading interface{}\n\n//blds:enum\ntype E func()\n",
			"a.go:4:6-13: BLDS0412: \"//blds:schema\" on \"Reading\", which is declared as an interface and not as a struct (declare a struct)\n" +
				"a.go:7:6-7: BLDS0412: \"//blds:enum\" on \"E\", which is declared as a func and not as an integer (use an integer type such as uint8)\n"},
		{"a struct in parentheses", head + reading + "type Reading (struct{ V, v uint8 })\n", ""},
		{"an enum of an undefined type", head + "//blds:enum\ntype E Missing\n", "a.go:4:8-15: BLDS0404: undefined: Missing\n"},
		{"two fields of one name", head + reading + "type Reading struct{ V uint8; V uint16 }\n", "a.go:4:31-32: BLDS0404: V redeclared\n"},
		{"a directive where nothing is built", "-- m.go --\npackage m\n-- x/a.go --\n//go:build ignore\n\npackage x\n\n" + reading + "type Reading struct{}\n",
			""},
		{"an import that is a pattern", head + "import all \"all\"\n\n" + reading + "type Reading struct{ V all.V }\n",
			"a.go:3:12-17: BLDS0405: a schema of this file needs this package: \"all\" is no import path\n"},
		{"a relative import", head + "import x \"../x\"\n\n" + reading + "type Reading struct{ V x.V }\n",
			"a.go:3:10-16: BLDS0405: a schema of this file needs this package: \"../x\" is no import path\n"},
		{"a name that a well-known package does not have", head + "import \"github.com/pylabhub/datahub/runtime/fixed\"\n\n" + reading + "type Reading struct{ V fixed.Bol; W fixed.Bool }\n",
			"a.go:6:30-33: BLDS0404: undefined: fixed.Bol\n"},
		{"a name that no import has", head + "import (\n\t\"os\"\n\t\"strings\"\n)\n\n" + reading + "type Reading struct{ V sync.Mutex }\n",
			"a.go:9:24-28: BLDS0404: undefined: sync\n"},
		{"what depends on a bad schema", head + "//blds:schema id=lab.Bad\ntype Bad struct{ V uint8 }\n\n" + reading +
			"//blds:channel policy=single sync=latest_only consumers=1 page=4k flex=Bad\ntype Reading struct{ V uint8 }\n\n//blds:const of=Bad\nconst BadMax = 3\n",
			"a.go:3:1-14: BLDS0419: \"//blds:schema\" has no version (add version=1.0.0)\n"},
		{"a syntax error in an imported package", head + "import \"example.com/m/geo\"\n\n" + reading + "type Reading struct{ V geo.V }\n-- geo/geo.go --\npackage geo\n\ntype V struct{ X float64 \n",
			"geo/geo.go:3:27-28: BLDS0403: expected '}', found 'EOF'\n\ta.go:6:24-27: a schema uses that package here\n"},
		{"a type error in an imported package", head + "import \"example.com/m/geo\"\n\n" + reading + "type Reading struct{ V geo.V }\n-- geo/geo.go --\npackage geo\n\ntype V struct{ X [n]float64 }\n",
			"geo/geo.go:3:19-20: BLDS0404: undefined: n\n\ta.go:6:24-27: a schema uses that package here\n"},
		{"a named pointer", head + "import \"os\"\n\n" + reading + "type Reading struct{ V [2]Handle }\n\ntype Handle *os.File\n",
			"a.go:6:24-33: BLDS0443: field \"V\" is [2]Handle: it points into the memory of one process (use the value itself, or an index into an array)\n"},
		{"a named pointer of another package", head + "import \"example.com/m/geo\"\n\n" + reading + "type Reading struct{ V geo.Handle }\n-- geo/geo.go --\npackage geo\n\nimport \"os\"\n\ntype Handle *os.File\n",
			"a.go:6:22-23: BLDS0404: the type of this field is not known (see what go vet says of the package)\n"},
		{"an old build constraint", "-- a.go --\n// +build !plan9\n\npackage m\n\n" + reading + "type Reading struct{ V uint8 }\n",
			"a.go:5:1-14: BLDS0414: \"//blds:schema\" in a file with the build constraint \"+build !plan9\" (move it to a file that is part of every build)\n"},
		{"the length of a variable", head + reading + "type Reading struct{ V [len(arr)]uint8 }\n\nvar arr = [...]string{\"a\", \"b\"}\n", ""},
		{"an embedded field of another package", head + "import \"example.com/m/geo\"\n\n" + reading + "type Reading struct{ V geo.V }\n-- geo/geo.go --\npackage geo\n\ntype V struct{ *W }\n\ntype W struct{}\n",
			"a.go:6:24-29: BLDS0451: field \"V\" is geo.V, whose field \"*W\" is embedded: only its own package can make a record of it (declare a record of your own, or ask for exported fields)\n\tgeo/geo.go:3:16-18: the field is declared here\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, problems := module(t, tt.files, ".")
			if got := format(problems); got != tt.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, tt.want)
			}
		})
	}
}

func TestDirectivesOfAFolderThatIsNotBuiltAreRefused(t *testing.T) {
	_, problems := module(t, "-- x/a.go --\n//go:build ignore\n\npackage x\n\n//blds:enum\ntype E uint8\n", "./x")
	want := "x/a.go:5:1-12: BLDS0414: \"//blds:enum\" in a file with the build constraint \"ignore\" (move it to a file that is part of every build)\n"
	if got := format(problems); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestPackagesOfOneNameHaveRecordsOfDifferentIDs(t *testing.T) {
	res, problems := module(t, "-- a.go --\npackage m\n\nimport (\n\t\"example.com/m/a/geo\"\n\tgeo2 \"example.com/m/b-2/geo\"\n)\n\n"+
		"//blds:schema id=lab.Reading version=1.0.0\ntype Reading struct {\n\tA geo.Point\n\tB geo2.Point\n}\n"+
		"-- a/geo/geo.go --\npackage geo\n\ntype Point struct{ X float64 }\n-- b-2/geo/geo.go --\npackage geo\n\ntype Point struct{ X float64 }\n", ".")
	p := one(t, res, problems)
	var got []string
	for _, f := range p.Schemas[0].Record.Fields {
		got = append(got, f.Type.Record.ID)
	}
	if want := "geo.Point example_com.m.b_2.geo.Point"; strings.Join(got, " ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
}
