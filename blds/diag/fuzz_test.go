package diag

import (
	"bytes"
	"strings"
	"testing"

	"github.com/pylabhub/datahub/blds/schema"
)

// FuzzPrinters prints a problem at any place of any text: nothing panics, and no
// character that acts on a terminal gets through.
func FuzzPrinters(f *testing.F) {
	f.Add("namespace lab\nschema X {\r\n\tpx\ti64\n", 2, 8, 1, "a message")
	f.Add("日本 = \"ß\"\n", 1, 7, 3, "tab\there")
	f.Add("\xff\xfe\x00\x1b[2J\u202e", 1, 2, 100, "\x1b[31m")
	f.Add("", 0, -5, -5, "")
	f.Add(strings.Repeat("é", 300)+"\n", 1, 300, 2, "long")
	f.Fuzz(func(t *testing.T, text string, line, col, n int, message string) {
		pos := schema.Pos{File: "a\nb", Line: line, Col: col, Len: n}
		ds := Grade([]schema.Problem{{Code: "BLDS0201", Pos: pos, Message: message, Remedy: message, Notes: []schema.Note{{Pos: pos, Message: message}}}}, nil)
		for _, format := range Formats() {
			var b bytes.Buffer
			p, err := NewPrinter(format, &b, Options{Source: func(string) ([]byte, error) { return []byte(text), nil }})
			if err != nil {
				t.Fatal(err)
			}
			if err := p.Print(ds); err != nil {
				t.Fatal(err)
			}
			if format == "text" && strings.ContainsFunc(b.String(), func(r rune) bool { return r < ' ' && r != '\n' || r == 0x7f || r == 0x202e }) {
				t.Errorf("a control character got through: %q", b.String())
			}
		}
	})
}
