package golang

import (
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"math/rand/v2"
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
	parts := []string{"\n", "\r", "\r\n", "*/", "/*", "//", "//go:build ignore", "//line x.go:1", "\x00", "\uFEFF", "\u2028", "`", "\"", "\\", "\xff", "é", " ", "\t", "package x", "type T int", "# Title", " - item", "\x1b[31m"}
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
