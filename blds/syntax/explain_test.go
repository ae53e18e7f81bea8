package syntax

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pylabhub/datahub/blds/layout"
	"github.com/pylabhub/datahub/blds/schema"
)

// TestTheExamplesOfExplanationsAreTrue runs the examples of the explanations of
// this package's codes: of two, the first has the problem and the second none.
func TestTheExamplesOfExplanationsAreTrue(t *testing.T) {
	files, err := filepath.Glob("../diag/explain/BLDS02*.md")
	if err != nil || len(files) == 0 {
		t.Fatalf("no explanations: %v", err)
	}
	for _, file := range files {
		code := schema.Code(strings.TrimSuffix(filepath.Base(file), ".md"))
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		examples := fences(string(text))
		if len(examples) == 0 {
			continue
		}
		if len(examples) != 2 {
			t.Errorf("%s: %d examples, want a wrong and a right one", code, len(examples))
			continue
		}
		if ps := load(examples[0]); !slices.ContainsFunc(ps, func(p schema.Problem) bool { return p.Code == code }) {
			t.Errorf("%s: the wrong example is not refused with it:\n%s", code, show(ps))
		}
		if ps := load(examples[1]); len(ps) > 0 {
			t.Errorf("%s: the right example is refused:\n%s", code, show(ps))
		}
	}
}

// fences returns the .blds examples of a Markdown text.
func fences(text string) (list []string) {
	for {
		_, rest, ok := strings.Cut(text, "```blds\n")
		if !ok {
			return list
		}
		example, rest, _ := strings.Cut(rest, "```")
		list = append(list, example)
		text = rest
	}
}

// load loads and lays out one file, station.blds, that can import units.blds.
func load(src string) []schema.Problem {
	pkgs, _, problems := Load([]Source{{"station.blds", []byte(src)}}, func(path string) ([]byte, error) {
		if path == "units.blds" {
			return []byte("namespace units\nrecord Point { x f32 y f32 }\nconst dims u32 = 2\n"), nil
		}
		return nil, fs.ErrNotExist
	})
	if len(problems) > 0 {
		return problems
	}
	_, problems = layout.Resolve(pkgs...)
	return problems
}

// TestEachCodeHasSamples loads the archives of the command's tests.
func TestEachCodeHasSamples(t *testing.T) {
	seen := map[schema.Code]bool{}
	files, err := filepath.Glob("../../cmd/blds-gen/testdata/refuse/BLDS02*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		name, _, _ := strings.Cut(strings.TrimSuffix(filepath.Base(file), ".txtar"), "-")
		a := readArchive(t, file)
		var sources []Source
		for _, f := range a.Files {
			sources = append(sources, Source{f.Name, f.Data})
		}
		_, _, problems := Load(sources, reader(a))
		for _, p := range problems {
			seen[p.Code] = seen[p.Code] || string(p.Code) == name
		}
	}
	explained, err := filepath.Glob("../diag/explain/BLDS02*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range explained {
		if code := strings.TrimSuffix(filepath.Base(file), ".md"); !seen[schema.Code(code)] {
			t.Errorf("no archive of cmd/blds-gen/testdata/refuse shows %s", code)
		}
	}
}
