package lint

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/pylabhub/datahub/blds/diag"
	"github.com/pylabhub/datahub/blds/gosrc"
	"github.com/pylabhub/datahub/blds/layout"
	"github.com/pylabhub/datahub/blds/schema"
	"github.com/pylabhub/datahub/blds/syntax"
)

var update = flag.Bool("update", false, "rewrite the want sections of testdata")

// TestEveryRuleFindsItsBadInputAndPassesItsGoodOne runs testdata/RULE.txtar of
// each rule: the findings of that rule in the folder bad, none in good.
func TestEveryRuleFindsItsBadInputAndPassesItsGoodOne(t *testing.T) {
	for _, r := range Rules() {
		if r.check == nil {
			continue
		}
		t.Run(r.Name, func(t *testing.T) {
			file := filepath.Join("testdata", r.Name+".txtar")
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			want := -1
			for i, f := range archive.Files {
				if f.Name == "want" {
					want = i
					continue
				}
				name := filepath.Join(dir, f.Name)
				if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(name, f.Data, 0o666); err != nil {
					t.Fatal(err)
				}
			}
			if got := only(r.Code, check(t, filepath.Join(dir, "good"))); got != "" {
				t.Errorf("the good input has findings:\n%s", got)
			}
			got := only(r.Code, check(t, filepath.Join(dir, "bad")))
			if *update {
				archive.Files[want].Data = []byte(got)
				if err := os.WriteFile(file, txtar.Format(archive), 0o666); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(archive.Files[want].Data), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// check lints all packages and .blds files of a folder.
func check(t *testing.T, dir string) []schema.Problem {
	t.Helper()
	var decls []*schema.Package
	var problems []schema.Problem
	if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
		env := append(os.Environ(), "GOFLAGS=", "GOWORK=off")
		res, ps := gosrc.Load(context.Background(), gosrc.Config{Dir: dir, Env: env}, "./...")
		problems = append(problems, ps...)
		for _, p := range res.Packages {
			decls = append(decls, p.Package)
		}
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.blds"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		pkgs, _, ps := syntax.Load([]syntax.Source{{Path: filepath.Base(file), Data: text}}, nil)
		decls, problems = append(decls, pkgs...), append(problems, ps...)
	}
	res, ps := layout.Resolve(decls...)
	if problems = append(problems, ps...); len(problems) > 0 {
		t.Fatalf("the input has errors: %v", problems)
	}
	var found []schema.Problem
	for i, p := range res.Packages {
		found = append(found, Check(decls[i], p)...)
	}
	return found
}

// only returns the findings with one code, a line each, with their notes.
func only(code schema.Code, found []schema.Problem) string {
	slices.SortStableFunc(found, func(a, b schema.Problem) int { return a.Pos.Compare(b.Pos) })
	var b strings.Builder
	for _, p := range found {
		if p.Code != code {
			continue
		}
		fmt.Fprintf(&b, "%s:%d:%d: %s: %s (%s)\n", p.Pos.File, p.Pos.Line, p.Pos.Col, p.Code, p.Message, p.Remedy)
		for _, n := range p.Notes {
			fmt.Fprintf(&b, "%s:%d:%d: note: %s\n", n.Pos.File, n.Pos.Line, n.Pos.Col, n.Message)
		}
	}
	return b.String()
}

func TestEveryLintCodeIsOfOneRuleWithPurposeAndRemedy(t *testing.T) {
	rules := map[schema.Code]Rule{}
	for _, r := range Rules() {
		if _, twice := rules[r.Code]; twice {
			t.Errorf("two rules have code %s", r.Code)
		}
		rules[r.Code] = r
		if r.Name == "" || !strings.HasSuffix(r.Purpose, ".") || r.Remedy == "" || !diag.IsLint(r.Code) {
			t.Errorf("rule %+v is not complete", r)
		}
	}
	for _, code := range diag.Codes() {
		if _, ok := rules[code]; diag.IsLint(code) != ok {
			t.Errorf("%s: explained as lint: %v, has a rule: %v", code, diag.IsLint(code), ok)
		}
	}
}

func TestIgnoreCoversItsLineAndTheOneBelowItsComments(t *testing.T) {
	const text = `// blds:ignore BLDS0602 first
// more comment
schema A // blds:ignore BLDS0605 on the line

// blds:ignore BLDS0602 an empty line ends it

schema B "// blds:ignore BLDS0602 no comment" //blds:ignore BLDS0602 without a space
x "\"" // blds:ignore BLDS0604 behind an escaped quote
/// blds:ignore BLDS0602 doc
`
	at := func(code schema.Code, line int) schema.Problem {
		return schema.Problem{Code: code, Pos: schema.Pos{File: "a.blds", Line: line, Col: 1}}
	}
	in := []schema.Problem{at("BLDS0602", 3), at("BLDS0605", 3), at("BLDS0601", 3), at("BLDS0605", 4), at("BLDS0602", 7), at("BLDS0604", 8), at("BLDS0602", 10)}
	sources := []Source{{"a.blds", []byte(text)}, {"a.blds", []byte(text)}}
	var got []string
	for _, p := range Suppress(in, sources) {
		got = append(got, fmt.Sprintf("%d %s", p.Pos.Line, p.Code))
	}
	want := []string{"3 BLDS0601", "4 BLDS0605", "5 BLDS0610", "10 BLDS0602"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestIgnoreInGoIsADirective(t *testing.T) {
	const text = "package x\n\n// blds:ignore BLDS0602 prose\n//blds:ignore BLDS0602 above\n//blds:schema\ntype A struct {\n" +
		"\tX int // not blds:ignore BLDS0601\n\tY int //blds:ignore BLDS0601 behind\n\tZ string //blds:ignore BLDS0605\n}\n\nvar s = `\n//blds:ignore BLDS0602 text\n`\n"
	at := func(code schema.Code, line int) schema.Problem {
		return schema.Problem{Code: code, Pos: schema.Pos{File: "a.go", Line: line, Col: 1}}
	}
	in := []schema.Problem{at("BLDS0602", 6), at("BLDS0601", 7), at("BLDS0601", 8), at("BLDS0605", 9), at("BLDS0602", 14)}
	var got []string
	for _, p := range Suppress(in, []Source{{"a.go", []byte(text)}}) {
		got = append(got, fmt.Sprintf("%d %s", p.Pos.Line, p.Code))
	}
	want := []string{"7 BLDS0601", "9 BLDS0605", "9 BLDS0611", "14 BLDS0602"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
