package syntax

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/pylabhub/datahub/blds/schema"
)

// addSeeds gives a fuzz target all texts of the tests: valid and refused ones.
func addSeeds(f *testing.F) {
	for _, a := range goldenTexts(f) {
		f.Add([]byte(section(a, "in.blds")))
	}
	files, err := filepath.Glob("../../schemas/*/*.blds")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(src)
	}
}

// FuzzLexer checks that tokens and comments cover the text without overlapping,
// and that each has the place where it stands.
func FuzzLexer(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, src []byte) {
		var ps problems
		p := parser{lexer: lexer{file: "f", ps: &ps, line: 1}}
		if !p.accept(src) {
			if len(ps.list) == 0 {
				t.Fatal("not accepted without a problem")
			}
			return
		}
		end, line, lineStart := p.off, 1, 0
		for {
			var tok token
			p.next(&tok)
			if tok.off < end || tok.end < tok.off || tok.end > len(src) {
				t.Fatalf("token %v at %d..%d behind %d", tok.String(), tok.off, tok.end, end)
			}
			for i := end; i < tok.off; i++ {
				if src[i] == '\n' {
					line, lineStart = line+1, i+1
				}
			}
			if tok.kind == tEOF {
				if tok.off != len(src) {
					t.Fatalf("the end is at %d of %d", tok.off, len(src))
				}
				break
			}
			if tok.end == tok.off {
				t.Fatalf("empty token at %d", tok.off)
			}
			if tok.line != line || tok.col != tok.off-lineStart+1 {
				t.Fatalf("token %v is at %d:%d, not at %d:%d", tok.String(), line, tok.off-lineStart+1, tok.line, tok.col)
			}
			end = tok.end
		}
		for _, c := range p.comments {
			if string(src[c.off:c.off+2]) != "//" {
				t.Fatalf("comment at %d", c.off)
			}
		}
	})
}

// FuzzParser checks that a text without problems is read back from its canonical
// form, and that every problem has a code and a place inside the text.
func FuzzParser(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, src []byte) {
		tree, problems := Parse("f", src)
		checkProblems(t, problems, map[string]string{"f": string(src)})
		if len(problems) == 0 {
			checkRoundTrip(t, tree)
		}
		Format(tree) // with problems, too, there is a text
	})
}

// FuzzLoad goes on through names, constants and layout, and back by export.
func FuzzLoad(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, src []byte) {
		checkExport(t, src)
	})
}

// FuzzNumber checks that what the lexer takes for a number can be read as one.
func FuzzNumber(f *testing.F) {
	for _, s := range []string{"0", "09", "1__0", "0x1f", "4k", "1.5", "1e-9", "1.0.0", "18446744073709551616", "1.e", ".5"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) == 0 || len(s) > maxNumber || !isDigit(s[0]) {
			return
		}
		kind, what, _ := scanNumber(s)
		if what != "" {
			return
		}
		switch kind {
		case tInt:
			parseInt(s)
		case tFloat:
			if _, err := schema.ParseValue(schema.F64, s); err != nil && len(s) < 20 {
				t.Logf("%q: %v", s, err)
			}
		case tVersion:
			if _, err := schema.ParseVersion(s); err != nil {
				t.Errorf("%q: %v", s, err)
			}
		}
	})
}
