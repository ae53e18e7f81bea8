package golang

import (
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestGeneratedCodeCompilesVetsAndPassesItsTests(t *testing.T) {
	w, _ := output(t)
	for file, folder := range map[string]string{
		"optional_test.go": "generated/test/optional",
		"enums_test.go":    "generated/test/enums",
		"station_test.go":  "station",
	} {
		text, err := os.ReadFile(filepath.Join("testdata", "behaviour", file))
		if err != nil {
			t.Fatal(err)
		}
		w.write(folder+"/"+file, string(text))
	}
	w.mustRun(nil, "vet", "./...")
	w.mustRun(nil, "test", "./...")
	for _, target := range []string{"linux/arm64", "darwin/arm64", "windows/amd64", "freebsd/amd64"} {
		goos, goarch, _ := strings.Cut(target, "/")
		w.mustRun([]string{"GOOS=" + goos, "GOARCH=" + goarch}, "build", "./...")
	}
	for goarch, want := range map[string]string{
		"386":   "shared records need a 64-bit CPU: this GOARCH is 32-bit",
		"s390x": "shared records are little-endian: this GOARCH is big-endian",
	} {
		out, err := w.run([]string{"GOOS=linux", "GOARCH=" + goarch}, "build", "./...")
		if err == nil || !strings.Contains(out, want) {
			t.Errorf("GOARCH=%s go build: %v, want %q\n%s", goarch, err, want, out)
		}
	}
}

// A struct that is not what its schema says does not compile, and the messages
// have both numbers.
func TestAWrongLayoutIsShownWithBothNumbers(t *testing.T) {
	w := newWorkspace(t)
	text := generateAll(t, parse(t, samples(t)))["generated/test/geo/geo_blds.go"]
	text = strings.Replace(text, "\tY        float64\n", "\tY        float32\n", 1)
	w.write("geo.go", strings.Replace(text, "\tLabel    [4]byte", "\tLabel    [24]byte", 1))
	out, err := w.run(nil, "build", ".")
	if err == nil {
		t.Error("it compiles")
	}
	for _, want := range []string{
		"cannot use [unsafe.Sizeof(Point{})]byte{} (value of type [40]byte) as [24]byte value",
		"cannot use [unsafe.Offsetof(Point{}.Presence)]byte{} (value of type [12]byte) as [16]byte value",
		"cannot use [unsafe.Offsetof(Point{}.Label)]byte{} (value of type [16]byte) as [20]byte value",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the compiler does not say %q:\n%s", want, out)
		}
	}
}

// Fields of other types of the same size keep every size and offset, so that it
// compiles: the test that was generated sees them.
func TestAChangedTypeOfOneSizeFailsTheGeneratedTest(t *testing.T) {
	w := newWorkspace(t)
	const before = `package app

import "github.com/pylabhub/datahub/runtime/fixed"

//blds:schema id=lab.app.Reading version=1.0.0
type Reading struct {
	Grid  [2][3]uint32
	Time  int64
	Kind  Kind
	On    fixed.Bool
	Name  Text ` + "`blds:\"string\"`" + `
	Alias [2]Number
	At    Point
}

type (
	Text   = [4]byte
	Number = float32
	Point  struct{ X uint16 }
	Other  struct{ Y uint16 }
)

//blds:enum
type Kind uint8

const KindNone Kind = 0
`
	w.write("app/app.go", before)
	for name, text := range generateAll(t, w.load()) {
		w.write(name, text)
	}
	w.mustRun(nil, "test", "./...")
	after := strings.NewReplacer("[2][3]uint32", "[3][2]float32", "int64", "float64", "Kind  Kind", "Kind  uint8",
		"On    fixed.Bool", "On    uint8", "[2]Number", "[2]int32", "At    Point", "At    Other", "import", "//").Replace(before)
	w.write("app/app.go", after)
	w.mustRun(nil, "vet", "./...")
	out, err := w.run(nil, "test", "./...")
	if err == nil {
		t.Error("the generated test passes")
	}
	for _, want := range []string{
		"Grid: type [3][2]float32, want [2][3]uint32",
		"Time: type float64, want int64",
		"Kind: type uint8, want app.Kind",
		"On: type uint8, want fixed.Bool",
		"Alias: type [2]int32, want [2]float32",
		"At: type app.Other, want app.Point",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the test does not say %q:\n%s", want, out)
		}
	}
}

func TestTheLargestRecordsCompileAndPassTheirTests(t *testing.T) {
	w := newWorkspace(t)
	for name, text := range generateAll(t, parse(t, map[string]string{"big.blds": `namespace big
schema Big version 1.0.0 {
  size u32
  data bytes[0x20000000] @len(size) @optional
  name string[0x10000000]
  grid f64[1024][1024][30] @optional
  rest u8
}
`})) {
		w.write(name, text)
	}
	w.mustRun(nil, "vet", "./...")
	w.mustRun(nil, "test", "./...")
}

func TestGeneratedCodeImportsAsLittleAsItSays(t *testing.T) {
	_, out := output(t)
	for _, name := range slices.Sorted(maps.Keys(out)) {
		allowed := []string{"unsafe", fixedPath}
		if strings.Contains(out[name], "//blds:schema") && strings.Contains(out[name], "datablock.Spec") {
			allowed[1] = datablockPath
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, out[name], parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range f.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case slices.Contains(allowed, path):
			case strings.HasPrefix(path, module+"/"): // types of other packages
			case name == "station/station_blds.go" && (path == "time" || path == "sync/atomic"): // types of fields
			case strings.HasSuffix(name, "_test.go") && (path == "testing" || path == "reflect" || path == "strings" || path == datablockPath):
			default:
				t.Errorf("%s imports %s", name, path)
			}
		}
		for _, use := range regexp.MustCompile(`unsafe(?:pkg)?\.(\w+)`).FindAllStringSubmatch(out[name], -1) {
			if use[1] != "Sizeof" && use[1] != "Offsetof" {
				t.Errorf("%s uses %s", name, use[0])
			}
		}
	}
}
