package gosrc

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/pylabhub/datahub/blds/schema"
)

var update = flag.Bool("update", false, "rewrite golden files")

// testEnv is an environment in which the go command depends on nothing around
// the test.
func testEnv(extra ...string) []string {
	return append(os.Environ(), append([]string{"GOFLAGS=", "GOWORK=off", "GOTOOLCHAIN=local"}, extra...)...)
}

// extract writes the files of an archive into a new folder.
func extract(t testing.TB, a *txtar.Archive) string {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, a)
	return dir
}

func write(t testing.TB, dir string, a *txtar.Archive) {
	t.Helper()
	for _, f := range a.Files {
		path := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// module loads a module with the given files, in txtar form.
func module(t testing.TB, files string, patterns ...string) (*Result, []schema.Problem) {
	t.Helper()
	a := txtar.Parse([]byte(files))
	if !strings.Contains(files, "-- go.mod --") {
		a.Files = append(a.Files, txtar.File{Name: "go.mod", Data: []byte("module example.com/m\n\ngo 1.26\n")})
	}
	if len(patterns) == 0 {
		patterns = []string{"./..."}
	}
	return Load(context.Background(), Config{Dir: extract(t, a), Env: testEnv()}, patterns...)
}

// format prints problems, one a line and their notes below.
func format(problems []schema.Problem) string {
	var b strings.Builder
	place := func(p schema.Pos) string {
		if !p.IsValid() {
			return p.File
		}
		return fmt.Sprintf("%s:%d:%d-%d", filepath.ToSlash(p.File), p.Line, p.Col, p.Col+p.Len)
	}
	for _, p := range problems {
		fmt.Fprintf(&b, "%s: %s: %s", place(p.Pos), p.Code, p.Message)
		if p.Remedy != "" {
			fmt.Fprintf(&b, " (%s)", p.Remedy)
		}
		b.WriteByte('\n')
		for _, n := range p.Notes {
			fmt.Fprintf(&b, "\t%s: %s\n", place(n.Pos), n.Message)
		}
	}
	return strings.TrimPrefix(b.String(), ": ")
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

// TestEveryRefusalIsWordedAsRecorded loads the samples that the command's tests
// use too, and records what this package says of each. The arguments of a command in
// the comment of an archive are the patterns.
func TestEveryRefusalIsWordedAsRecorded(t *testing.T) {
	samples, err := filepath.Glob("../../cmd/blds-gen/testdata/refuse/BLDS04*.txtar")
	if err != nil || len(samples) == 0 {
		t.Fatalf("no samples: %v", err)
	}
	texts := make([]string, len(samples))
	t.Run("samples", func(t *testing.T) {
		for i, sample := range samples {
			name := strings.TrimSuffix(filepath.Base(sample), ".txtar")
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				a, err := txtar.ParseFile(sample)
				if err != nil {
					t.Fatal(err)
				}
				patterns := []string{"./..."}
				if args := strings.Fields(string(a.Comment)); len(args) > 2 {
					patterns = args[2:]
				}
				dir := extract(t, a)
				_, problems := Load(context.Background(), Config{Dir: dir, Env: testEnv()}, patterns...)
				text := format(problems)
				if code, _, _ := strings.Cut(name, "-"); !strings.Contains(text, code+": ") {
					t.Errorf("%s is not reported; got:\n%s", code, text)
				}
				if strings.Contains(text, filepath.Dir(dir)) {
					t.Errorf("the text depends on where the module lies:\n%s", text)
				}
				texts[i] = "== " + name + "\n" + text
			})
		}
	})
	golden(t, "testdata/refuse.golden", strings.Join(texts, "\n"))
}
