package golang

import (
	"fmt"
	"go/ast"
	"go/build"
	"go/format"
	"go/parser"
	"go/token"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/pylabhub/datahub/blds/gen"
	"github.com/pylabhub/datahub/blds/schema"
)

func TestDocsBecomeGoComments(t *testing.T) {
	for _, c := range []struct{ doc, deprecated, want string }{
		{"", "", "other"},
		{"time_ns is a time.", "", "TimeNS is a time."},
		{"time_ns", "", "TimeNS"},
		{"time_nsx is another word", "", "time_nsx is another word"},
		{"A time_ns.", "", "A time_ns."},
		{"time_ns is old.", "say when", "TimeNS is old.\n\nDeprecated: say when"},
		{"", "say when", "other\n\nDeprecated: say when"},
	} {
		if got := docOf(c.doc, c.deprecated, "time_ns", "TimeNS", "other"); got != c.want {
			t.Errorf("docOf(%q, %q) = %q, want %q", c.doc, c.deprecated, got, c.want)
		}
	}
}

func TestNoTextGetsOutOfItsComment(t *testing.T) {
	rnd := rand.New(rand.NewPCG(seed(t), 0))
	parts := []string{"\n", "\r", "\r\n", "*/", "/*", "//", "//go:build ignore", "//line x.go:1", "\x00", "\uFEFF", "\u2028", "`", "\"", "\\", "\xff", "é", " ", "\t", "package x", "type T int", "# Title", " - item", "+build linux", "+build", "go:build linux", "\u00a0", "go:embed x", "line x.go:1", "export f", "\x1b[31m"}
	for range 3000 {
		var doc strings.Builder
		for range rnd.IntN(8) {
			doc.WriteString(parts[rnd.IntN(len(parts))])
		}
		text := strings.ToValidUTF8(doc.String(), "?")
		src, err := format.Source([]byte("package p\n\n" + comment(text) + "\nvar v int\n"))
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if err := checkComments(src); err != nil {
			t.Fatalf("%q: %v\n%s", text, err, src)
		}
		f, err := parser.ParseFile(token.NewFileSet(), "", src, parser.ParseComments)
		if err != nil || len(f.Decls) != 1 {
			t.Fatalf("%q: %v\n%s", text, err, src)
		}
		for _, cg := range f.Comments {
			for _, c := range cg.List {
				if strings.HasPrefix(c.Text, "//go:") || strings.HasPrefix(c.Text, "//line") || strings.HasPrefix(c.Text, "//blds:") {
					t.Fatalf("%q: a directive came out: %s", text, c.Text)
				}
			}
		}
	}
}

// A doc is text, also where it reads like what the go command looks for: for
// gofmt, "// +build" is a constraint wherever it stands, and moves to the head.
func TestNoDocIsADirective(t *testing.T) {
	lines := []string{
		"+build ignore", "  +build linux", "\t+build !linux", "+build", "go:build ignore", "go:embed x", "go:generate x", "go:linkname a b",
		"line x.go:1", "line /x.go:1:2", "export f", "extern f", "blds:schema id=x", "nolint:all", "#include <x.h>", "#cgo LDFLAGS: -lx",
	}
	for _, line := range lines {
		// At once for all places that carry a doc.
		text := fmt.Sprintf(`namespace lab
/// %[1]s
const limit u8 = 4
/// Kind is one.
/// %[1]s
enum Kind : u8 {
  /// %[1]s
  none = 0
}
/// Inner is one.
/// %[1]s
record Inner {
  /// %[1]s
  a u32
}
/// %[1]s
schema Reading version 1.0.0 {
  /// %[1]s
  const size u8 = 4
  /// %[1]s
  name string[4]
  /// %[1]s
  maybe Inner @optional
}
`, line)
		files := generateAll(t, parse(t, map[string]string{"lab.blds": text}))
		out := files["generated/lab/lab_blds.go"]
		if err := checkComments([]byte(out)); err != nil {
			t.Errorf("%q: %v", line, err)
		}
		if head, _, _ := strings.Cut(out, "\npackage "); strings.Count(head, "\n") > 1 {
			t.Errorf("%q: something stands before the package clause:\n%s", line, head)
		}
		if word, _, _ := strings.Cut(strings.TrimSpace(line), " "); !strings.Contains(out, strings.TrimPrefix(word, "#")) {
			t.Errorf("%q is in no comment:\n%s", line, out)
		}
		ok, err := matches(t, out)
		if err != nil || !ok {
			t.Errorf("%q: the file is not part of a build: %v", line, err)
		}
	}
}

// matches reports whether the go command builds a file of this text for every
// system: whether for one that none of the lines above names.
func matches(t *testing.T, src string) (bool, error) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "x.go"), []byte(src), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, system := range []string{"linux", "darwin"} {
		c := build.Default
		c.GOOS = system
		if ok, err := c.MatchFile(dir, "x.go"); err != nil || !ok {
			return false, err
		}
	}
	return true, nil
}

// What the text of a comment cannot do, a fault of the generator shall not do.
func TestCodeWithADirectiveIsNotEmitted(t *testing.T) {
	for _, c := range []struct {
		src  string
		want bool
	}{
		{"// Code generated.\n\npackage p\n", true},
		{"//\n//\tcode\n//blds:schema id=x\n// go:build x\n// \"+build\" x\n// +builder\n", true},
		{"//go:build linux\n", false},
		{"// +build linux\n", false},
		{"type T struct {\n\t//   +build linux\n}\n", false},
		{"//+build linux\n", false},
		{"//line x.go:1\n", false},
		{"//export f\n", false},
	} {
		if err := checkComments([]byte(c.src)); (err == nil) != c.want {
			t.Errorf("checkComments(%q) = %v", c.src, err)
		}
	}
}

func TestADescriptorLiteralHoldsTheSameBytes(t *testing.T) {
	rnd := rand.New(rand.NewPCG(seed(t), 0))
	for n := range 600 {
		data := make([]byte, n)
		for i := range data {
			if data[i] = byte(rnd.Uint32()); rnd.IntN(2) == 0 {
				data[i] = ` "\abc0`[rnd.IntN(7)]
			}
		}
		var got strings.Builder
		for line := range strings.SplitSeq(stringLiteral(data), " +\n") {
			s, err := strconv.Unquote(line)
			if err != nil || len(line) > 110 {
				t.Fatalf("line %q: %v", line, err)
			}
			got.WriteString(s)
		}
		if got.String() != string(data) {
			t.Fatalf("%q became %q", data, got.String())
		}
	}
}

// Whatever the values of a tag hold, Go and the Go front end read them back.
func TestATagHoldsWhatItsFieldSays(t *testing.T) {
	w := newWorkspace(t)
	text := `namespace lab
/// Reading has values that need quotes.
schema Reading version 1.0.0 {
  a f64 @unit("a,b") @was(older) @metric(" x ")
  b f64 @unit("\"q\"") @since(1.2.3) @scale(1e-07)
  c u8  @default(7) @as("back` + "`" + `tick") @view("a=b")
  d i32 @deprecated("no, 'never'") @name("ä/µ")
}
`
	in := parse(t, map[string]string{"lab.blds": text})
	out := generateAll(t, in)["generated/lab/lab_blds.go"]
	f, err := parser.ParseFile(token.NewFileSet(), "", out, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(f, func(n ast.Node) bool {
		if field, ok := n.(*ast.Field); ok && field.Tag != nil {
			tag, err := strconv.Unquote(field.Tag.Value)
			if _, ok := reflect.StructTag(tag).Lookup("blds"); err != nil || !ok {
				t.Errorf("tag %s: %v", field.Tag.Value, err)
			}
		}
		return true
	})
	_, byHand, _ := strings.Cut(out, "\n")
	w.write("lab/lab.go", byHand)
	want, got := members(in), members(w.load())
	for i := range want {
		a, b := want[i].Attrs, got[i].Attrs
		a.Doc, b.Doc = "", ""
		if !reflect.DeepEqual(a, b) {
			t.Errorf("%s: %+v, read back as %+v", want[i].Name, a, b)
		}
	}
}

func members(pkgs []*gen.Package) []schema.Member {
	return pkgs[0].Sources[0].Decls[0].Schema.Record.Members
}
