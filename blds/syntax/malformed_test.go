package syntax

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/pylabhub/datahub/blds/layout"
)

// tokens returns the tokens of a text without problems.
func tokens(t *testing.T, src string) (list []token) {
	t.Helper()
	var ps problems
	l := lexer{src: src, ps: &ps, line: 1}
	for {
		var tok token
		if l.next(&tok); tok.kind == tEOF {
			break
		}
		list = append(list, tok)
	}
	if len(ps.list) > 0 {
		t.Fatal(show(ps.list))
	}
	return list
}

// goldenTexts returns the archives of valid text by name.
func goldenTexts(t testing.TB) map[string]*txtar.Archive {
	t.Helper()
	files, err := filepath.Glob("testdata/golden/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	all := map[string]*txtar.Archive{}
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all[strings.TrimSuffix(filepath.Base(file), ".txtar")] = a
	}
	return all
}

// survive loads and lays out hostile text: whatever it is, there are problems
// with a code and a place, or none and a tree that is read back from its text.
func survive(t *testing.T, src string, read func(string) ([]byte, error)) (problems int) {
	t.Helper()
	defer func() {
		if r := recover(); r != nil {
			t.Fatalf("panic: %v\n%s", r, src)
		}
	}()
	tree, _ := Parse("in.blds", []byte(src))
	Format(tree)
	pkgs, infos, list := Load([]Source{{"in.blds", []byte(src)}}, read)
	checkProblems(t, list, map[string]string{"in.blds": src})
	if t.Failed() {
		t.Fatalf("of:\n%s", src)
	}
	if pkgs == nil {
		return len(list)
	}
	_, more := layout.Resolve(pkgs...)
	for _, f := range infos {
		if f.Asked {
			text := Format(f.Tree)
			again, problems := Parse("again.blds", text)
			if twice := Format(again); len(problems) > 0 || string(twice) != string(text) {
				t.Fatalf("formatted:\n%s\nformatted again:\n%s\n%s", text, twice, show(problems))
			}
		}
	}
	return len(list) + len(more)
}

// TestTextThatIsMalformedAtAnyTokenIsAnswered deletes, doubles, cuts off after
// and replaces each token of all golden texts.
func TestTextThatIsMalformedAtAnyTokenIsAnswered(t *testing.T) {
	others := []string{"{", "}", "(", ")", "[", ",", "@", "=", "name", "record", "1.0.0", "42", "1.5", `"text"`, "-", "\x00", "é", "///x\n", "`q`"}
	for name, a := range goldenTexts(t) {
		t.Run(name, func(t *testing.T) {
			src := section(a, "in.blds")
			read := reader(a)
			refused := 0
			list := tokens(t, src)
			for _, tok := range list {
				before, word, after := src[:tok.off], src[tok.off:tok.end], src[tok.end:]
				mutants := []string{before + after, before + word + " " + word + after, before + word}
				for _, o := range others {
					mutants = append(mutants, before+" "+o+" "+after)
				}
				for _, m := range mutants {
					if survive(t, m, read) > 0 {
						refused++
					}
				}
			}
			if most := len(list) * (len(others) + 3); refused < most*2/3 {
				t.Errorf("only %d of %d malformed texts were refused", refused, most)
			}
		})
	}
}

func TestAnyByteOfATextMayBeWrong(t *testing.T) {
	src := section(goldenTexts(t)["comments"], "in.blds") + section(goldenTexts(t)["groups"], "in.blds")
	for i := range len(src) {
		for _, b := range []string{"", "\x00", "\xff", "\n", "`", "\"", "/", "{", "}", "\r"} {
			survive(t, src[:i]+b+src[i+1:], nil)
		}
	}
}

// TestTenMegabytesOfGarbageEndQuickly is about time that grows faster than the
// text: the bound is generous, quadratic work would be minutes.
func TestTenMegabytesOfGarbageEndQuickly(t *testing.T) {
	const size, small = 10 << 20, 1 << 20 // small where a tree is built
	rnd := rand.New(rand.NewPCG(1, 2))
	random := make([]byte, size)
	ascii := make([]byte, size)
	for i := range random {
		random[i] = byte(rnd.Uint32())
		ascii[i] = " \n(){}[]@,=:-+abcdefgu8/\"`0123456789"[rnd.IntN(36)]
	}
	fill := func(s string) string { return strings.Repeat(s, size/len(s)) }
	some := func(s string) string { return strings.Repeat(s, small/len(s)) }
	for _, tt := range []struct{ name, src string }{
		{"random bytes", string(random)},
		{"random marks", string(ascii)},
		{"zeros", fill("\x00")},
		{"one name", fill("a")},
		{"one number", fill("1")},
		{"one string", `const a string = "` + fill("x")},
		{"escapes", `const a string = "` + fill(`\u{41}`) + `"`},
		{"one comment", "//" + fill("/")},
		{"comments", some("// x\n")},
		{"doc comments", some("/// x\n")},
		{"one doc comment", some("/// x\n") + "record a { x u8 }"},
		{"block comments", fill("/* */")},
		{"empty lines", fill("\n")},
		{"backquotes", fill("`")},
		{"braces", fill("{")},
		{"closing braces", fill("}")},
		{"records without end", fill("record a {")},
		{"groups without end", "record a {" + fill("group a {")},
		{"parentheses", "const a u32 = " + fill("(")},
		{"a sum", "const a u32 = " + fill("1+")},
		{"dimensions", "record a { x u8" + some("[1]") + "}"},
		{"a dotted name", "namespace a" + fill(".a")},
		{"attributes", "record a { x u8" + some(" @a") + "}"},
		{"attributes given twice", "record a { x u8" + some(" @atomic") + "}"},
		{"fields", "record a {" + some(" x u8") + "}"},
		{"fields of no type", "record a {" + some(" x y") + "}"},
		{"groups", "record a {" + some("group a { a u8 } ") + "}"},
		{"values", "enum a : u8 {" + some("a=1,") + "}"},
		{"values that need the one before", "enum a : u8 { a=1," + some("a=a,") + "}"},
		{"records", some("record a{a u8}")},
		{"records that hold each other", some("record a{a b} record b{b a}")},
		{"constants", some("const a u8=1\n")},
		{"constants that are missing", some("const a u8=b\n")},
		{"policies", "schema a version 1.0.0 { x u8 } channel a {" + some("policy ring,") + "}"},
		{"channels", "schema a version 1.0.0 { x u8 }" + some("channel a { policy ring }")},
		{"imports", some("import \"a.blds\"\n")},
		{"strange letters", fill("é")},
		{"strange signs", fill("→ ")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			start := time.Now()
			_, _, problems := Load([]Source{{"garbage.blds", []byte(tt.src)}}, nil)
			checkProblems(t, problems, nil)
			if took := time.Since(start); took > 20*time.Second {
				t.Errorf("took %v", took)
			}
			t.Logf("%v, %d problems", time.Since(start).Round(time.Millisecond), len(problems))
			if len(problems) > 0 {
				t.Logf("the first: %.200s", fmt.Sprint(problems[0].Message))
			}
		})
	}
}
