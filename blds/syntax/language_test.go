package syntax

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pylabhub/datahub/blds/gosrc"
	"github.com/pylabhub/datahub/blds/layout"
	"github.com/pylabhub/datahub/blds/schema"
)

// languageTexts returns the examples of docs/language.md in .blds by folder.
func languageTexts(t *testing.T) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob("testdata/language/*/x.blds")
	if err != nil || len(files) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	texts := map[string][]byte{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		texts[filepath.Base(filepath.Dir(file))] = text
	}
	return texts
}

// TestTheExamplesOfTheLanguageMeanTheSameInBothSpellings compares the hashes of
// x.blds and x.go in each folder.
func TestTheExamplesOfTheLanguageMeanTheSameInBothSpellings(t *testing.T) {
	var patterns []string
	for dir := range languageTexts(t) {
		if _, err := os.Stat(filepath.Join("testdata/language", dir, "x.go")); err == nil {
			patterns = append(patterns, "./testdata/language/"+dir)
		}
	}
	loaded, problems := gosrc.Load(context.Background(), gosrc.Config{}, patterns...)
	if len(problems) > 0 || len(loaded.Packages) != len(patterns) {
		t.Fatalf("%d packages of %d\n%s", len(loaded.Packages), len(patterns), show(problems))
	}
	fromGo := map[string]map[string]string{}
	for _, p := range loaded.Packages {
		res, problems := layout.Resolve(p.Package)
		if len(problems) > 0 {
			t.Fatal(show(problems))
		}
		fromGo[filepath.Base(p.Dir)] = hashes(t, res.Packages)
	}
	for dir, text := range languageTexts(t) {
		path := "testdata/language/" + dir + "/x.blds"
		tree, problems := Parse(path, text)
		if got := string(Format(tree)); len(problems) > 0 || got != string(text) {
			t.Errorf("%s is not in the canonical style:\n%s\n%s", path, got, show(problems))
		}
		pkgs, infos := resolve(t, os.ReadFile, Source{path, text})
		if want := fromGo[dir]; want != nil {
			if diff := cmp.Diff(want, hashes(t, pkgs)); diff != "" {
				t.Errorf("%s (-Go +.blds):\n%s", dir, diff)
			}
		}
		if len(infos[0].Schemas)+len(infos[0].Records) == 0 {
			t.Errorf("%s shows nothing", path)
		}
	}
}

// TestEveryExampleOfTheDocumentationIsTested finds each example of
// docs/language.md in a folder of testdata/language.
func TestEveryExampleOfTheDocumentationIsTested(t *testing.T) {
	doc, err := os.ReadFile("../../docs/language.md")
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, pattern := range []string{"testdata/language/*/*.blds", "testdata/language/*/*/*.blds", "testdata/language/*/x.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			all.Write(text)
		}
	}
	for _, kind := range []string{"blds", "go"} {
		rest, n := string(doc), 0
		for {
			_, after, ok := strings.Cut(rest, "```"+kind+"\n")
			if !ok {
				break
			}
			example, after, _ := strings.Cut(after, "```")
			if !strings.Contains(all.String(), example) {
				t.Errorf("no file of testdata/language has this example:\n%s", example)
			}
			rest = after
			n++
		}
		if n < 10 {
			t.Errorf("only %d examples of %s", n, kind)
		}
	}
	for _, spec := range attrTable {
		if !strings.Contains(string(doc), "`@"+spec.name) {
			t.Errorf("@%s is not documented", spec.name)
		}
	}
	for _, spec := range policyTable {
		if !strings.Contains(string(doc), "`"+spec.key+"`") {
			t.Errorf("policy %s is not documented", spec.key)
		}
		if spec.words == nil {
			continue
		}
		for _, w := range spec.words() {
			if !strings.Contains(string(doc), "`"+w+"`") {
				t.Errorf("the word %s of policy %s is not documented", w, spec.key)
			}
		}
	}
	for _, unit := range schema.TimeUnitWords() {
		if !strings.Contains(string(doc), "`"+unit+"`") {
			t.Errorf("the unit %s is not documented", unit)
		}
	}
}
