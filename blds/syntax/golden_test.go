package syntax

import (
	"bytes"
	"maps"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pylabhub/datahub/blds/layout"
	"github.com/pylabhub/datahub/blds/schema"
)

// TestEachConstructReadsAsRecorded holds the text in.blds of each archive to its
// canonical form fmt.blds, to the model it has after layout, with its hashes, and
// to what export makes of that. Other .blds files of an archive are imported.
func TestEachConstructReadsAsRecorded(t *testing.T) {
	files, err := filepath.Glob("testdata/golden/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			a := readArchive(t, file)
			in := []byte(section(a, "in.blds"))
			tree, problems := Parse("in.blds", in)
			if len(problems) > 0 {
				t.Fatalf("parse:\n%s", show(problems))
			}
			formatted := Format(tree)
			compare(t, file, a, "fmt.blds", string(formatted))

			pkgs, infos := resolve(t, reader(a), Source{"in.blds", in})
			var b strings.Builder
			for _, f := range infos {
				b.WriteString(f.Path + " go_package " + f.GoPackage + "\n")
			}
			for _, p := range pkgs {
				dump(&b, p, func(s *schema.Schema) string { return hash(t, s) })
			}
			compare(t, file, a, "model", b.String())

			again, _ := resolve(t, reader(a), Source{"in.blds", formatted})
			if got, want := hashes(t, again), hashes(t, pkgs); !maps.Equal(got, want) {
				t.Errorf("formatting changed hashes: %v\nwant %v", got, want)
			}
			compare(t, file, a, "export.blds", exportAgain(t, pkgs, infos))
		})
	}
}

// exportAgain exports the namespace of in.blds and checks that the text has the
// same hashes, also with what it would import declared in the file itself.
func exportAgain(t *testing.T, pkgs []*layout.Package, infos []*FileInfo) string {
	t.Helper()
	var text []byte
	for _, f := range infos {
		if f.Path != "in.blds" {
			continue
		}
		for _, p := range pkgs {
			if p.Namespace != f.Namespace {
				continue
			}
			for _, inline := range []bool{true, false} {
				tree, err := Export(p, func(ns string) string {
					if inline {
						return ""
					}
					return ns + ".blds"
				})
				if err != nil {
					t.Fatal(err)
				}
				text = Format(tree)
				if again := reformat(t, text); !bytes.Equal(again, text) {
					t.Errorf("exported text is not canonical:\n%s\nwant:\n%s", text, again)
				}
				got, _ := resolve(t, func(path string) ([]byte, error) {
					for _, q := range pkgs {
						if q.Namespace+".blds" == path {
							tree, err := Export(q, func(ns string) string { return ns + ".blds" })
							return Format(tree), err
						}
					}
					t.Fatalf("import of %q", path)
					return nil, nil
				}, Source{"in.blds", text})
				for id, h := range hashes(t, got) {
					if want := hashes(t, pkgs)[id]; h != want {
						t.Errorf("%s: exported hashes %s, want %s\n%s", id, h, want, text)
					}
				}
			}
		}
	}
	return string(text)
}

func reformat(t *testing.T, text []byte) []byte {
	t.Helper()
	tree, problems := Parse("again.blds", text)
	if len(problems) > 0 {
		t.Fatalf("parse again:\n%s\n%s", show(problems), text)
	}
	return Format(tree)
}
