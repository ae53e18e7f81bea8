package main

import (
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/pylabhub/datahub/blds/diag"
	"github.com/pylabhub/datahub/blds/schema"
)

// TestExamplesOfExplanationsAreTrue lints the examples of each explanation. One
// that is called wrong, by the line above it or by a comment inside, is reported
// with the code that is explained; one that is called right is not.
func TestExamplesOfExplanationsAreTrue(t *testing.T) {
	tested := 0
	for _, code := range diag.Codes() {
		text, _ := diag.Explain(code)
		for i, ex := range examples(text) {
			if ex.wrong == ex.right {
				continue // neither, or both in one
			}
			if strings.Contains(ex.text, "and so on") || strings.Contains(ex.text, ".go\n") {
				continue // too long to be shown whole, or more than one file
			}
			tested++
			dir := t.TempDir()
			put := func(name, text string) {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			if ex.lang == "go" || code == schema.CodeGoNotImportable {
				put("go.mod", "module example.org/x\n\ngo 1.26\n")
			}
			if ex.lang == "go" {
				if !strings.Contains(ex.text, "package ") {
					imports := ""
					for _, pkg := range []string{"time", "structs", "sync", "sync/atomic", "unsafe", "net/netip", "github.com/pylabhub/datahub/runtime/fixed"} {
						if strings.Contains(ex.text, path.Base(pkg)+".") && !strings.Contains(ex.text, "import ") {
							imports += "import " + strconv.Quote(pkg) + "\n"
						}
					}
					ex.text = "package x\n\n" + imports + ex.text
				}
				if strings.Contains(ex.text, "of=Reading") && !strings.Contains(ex.text, "type Reading") {
					ex.text += "\n//blds:schema id=lab.Reading version=1.0.0\ntype Reading struct{ Value float64 }\n"
				}
				if !strings.Contains(ex.text, "//blds:") {
					ex.text = strings.Replace(ex.text, "type ", "//blds:schema id=lab.X version=1.0.0\ntype ", 1)
				}
			}
			if strings.Contains(ex.text, "channel Reading") && !strings.Contains(ex.text, "schema Reading") && code != schema.CodeChannelSchema {
				ex.text += "schema Reading version 1.0.0 { value f64 }\n"
			}
			name := "x." + ex.lang
			if strings.Contains(ex.text, `import "station.blds"`) {
				name = "station.blds" // imports itself
			}
			put(name, ex.text)
			put("units.blds", "namespace units\nrecord Point { x f64  y f64 }\n") // what examples import
			cmd := "lint"
			if strings.HasPrefix(string(code), "BLDS07") {
				cmd = "gen"
			}
			if ex.lang == "go" {
				name = "."
			}
			_, stderr, _ := run(t, dir, "", cmd, name)
			if reported := strings.Contains(stderr, string(code)+": "); reported != ex.wrong {
				t.Errorf("%s, example %d: reported: %v, want %v\n%s\n%s", code, i+1, reported, ex.wrong, ex.text, stderr)
			}
		}
	}
	if tested < 30 {
		t.Errorf("only %d examples were tested", tested)
	}
}

type example struct {
	lang, text   string
	wrong, right bool
}

// examples returns the fenced blocks of .blds and Go in a text.
func examples(text string) []example {
	var out []example
	var ex *example
	before := ""
	for line := range strings.Lines(text) {
		fence, isFence := strings.CutPrefix(line, "```")
		switch {
		case isFence && ex != nil:
			if ex.lang == "blds" || ex.lang == "go" {
				said := strings.ToLower(before)
				for l := range strings.Lines(ex.text) {
					if _, c, ok := strings.Cut(l, "//"); ok {
						said += c
					}
				}
				ex.wrong, ex.right = strings.Contains(said, "wrong"), strings.Contains(said, "right")
				out = append(out, *ex)
			}
			ex, before = nil, ""
		case isFence:
			ex = &example{lang: strings.TrimSpace(fence)}
		case ex != nil:
			ex.text += line
		case strings.TrimSpace(line) != "":
			before = line
		}
	}
	return out
}
