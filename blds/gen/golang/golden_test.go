package golang

import (
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite golden files")

// output generates all samples: those in .blds, and those in Go of the module in
// testdata/module.
func output(t testing.TB) (*workspace, map[string]string) {
	t.Helper()
	w := newWorkspace(t)
	if err := os.CopyFS(w.dir, os.DirFS("testdata/module")); err != nil {
		t.Fatal(err)
	}
	out := generateAll(t, parse(t, samples(t)))
	maps.Copy(out, generateAll(t, w.load()))
	for name, text := range out {
		w.write(name, text)
	}
	return w, out
}

func TestGeneratedCodeIsAsRecorded(t *testing.T) {
	_, out := output(t)
	folder := filepath.Join("testdata", "golden")
	recorded, err := filepath.Glob(filepath.Join(folder, "*.golden"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(out)) {
		file := filepath.Join(folder, filepath.Base(name)+".golden")
		recorded = slices.DeleteFunc(recorded, func(s string) bool { return s == file })
		if *update {
			if err := os.WriteFile(file, []byte(out[name]), 0o666); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), out[name]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if len(recorded) > 0 {
		t.Errorf("nothing generates %s", strings.Join(recorded, ", "))
	}
}

func TestASchemaOfTenFieldsFitsIn250Lines(t *testing.T) {
	_, out := output(t)
	text := out["generated/lab/weather/reading_blds.go"]
	if n := strings.Count(text, "\n"); n == 0 || n > 250 {
		t.Errorf("reading_blds.go has %d lines", n)
	}
}
