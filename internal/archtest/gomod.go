package archtest

import (
	"fmt"
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strconv"

	"golang.org/x/mod/modfile"
)

// checkGoMod returns what is wrong with go.mod, with tools.go beside it and
// with the table of docs/dependencies.md.
func checkGoMod(gomod, tools, doc []byte) []string {
	mod, err := modfile.Parse("go.mod", gomod, nil)
	if err != nil {
		return []string{err.Error()}
	}
	var bad []string
	for _, r := range mod.Replace {
		bad = append(bad, fmt.Sprintf("go.mod:%d: replaces %s: go install and go get -tool refuse a module with replace, or ignore it",
			r.Syntax.Start.Line, r.Old.Path))
	}

	var want, got []string
	for _, t := range mod.Tool {
		want = append(want, t.Path)
	}
	file, err := parser.ParseFile(token.NewFileSet(), "tools.go", tools, parser.ImportsOnly)
	if err != nil {
		return append(bad, err.Error())
	}
	for _, i := range file.Imports {
		if path, err := strconv.Unquote(i.Path.Value); err == nil {
			got = append(got, path)
		}
	}
	bad = append(bad, difference(want, got, "tools.go does not import %s: it mirrors the tool lines of go.mod",
		"tools.go imports %s, which is no tool line of go.mod")...)

	want, got = nil, nil
	for _, r := range mod.Require {
		if !r.Indirect {
			want = append(want, r.Mod.Path)
		}
	}
	for _, m := range dependencyRow.FindAllSubmatch(doc, -1) {
		got = append(got, string(m[1]))
	}
	return append(bad, difference(want, got, "docs/dependencies.md has no row for %s: say why it is worth having",
		"docs/dependencies.md has a row for %s, which is no direct dependency")...)
}

// A row of the table begins with the module's path in backquotes.
var dependencyRow = regexp.MustCompile("(?m)^\\| `([^`]+)` \\|")

func difference(want, got []string, missing, extra string) []string {
	var bad []string
	for _, s := range want {
		if !slices.Contains(got, s) {
			bad = append(bad, fmt.Sprintf(missing, s))
		}
	}
	for _, s := range got {
		if !slices.Contains(want, s) {
			bad = append(bad, fmt.Sprintf(extra, s))
		}
	}
	return bad
}
