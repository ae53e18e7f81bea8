package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/pylabhub/datahub/blds/diag"
	"github.com/pylabhub/datahub/blds/schema"
)

func goEnv(key string) string {
	out, err := exec.Command("go", "env", key).Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

// foundBefore are samples of package gosrc whose mistake the command finds
// itself, because it looks for .blds files too.
var foundBefore = map[string]string{
	"BLDS0401-no-such-folder": "BLDS0005",
	"BLDS0402-empty-folder":   "BLDS0005",
	"BLDS0402-no-match":       "BLDS0005",
}

// TestEveryRefusalReadsAsRecorded runs each archive of testdata/refuse, named
// after the code it must be refused with, and compares what the user sees. The
// command is "gen ./...", for findings of lint "lint ./...", unless the comment of
// the archive holds another one, in a line that begins with "blds-gen ".
func TestEveryRefusalReadsAsRecorded(t *testing.T) {
	archives, err := filepath.Glob("testdata/refuse/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	base, err := filepath.Abs("testdata/refuse")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range archives {
		name := strings.TrimSuffix(filepath.Base(file), ".txtar")
		t.Run(name, func(t *testing.T) {
			dir, archive := extract(t, file)
			code, _, _ := strings.Cut(name, "-")
			if other := foundBefore[name]; other != "" {
				code = other
			}
			args := []string{"gen", "./..."}
			if diag.IsLint(schema.Code(code)) {
				args[0] = "lint"
			}
			for line := range strings.SplitSeq(string(archive.Comment), "\n") {
				if cmd, ok := strings.CutPrefix(line, "blds-gen "); ok {
					args = strings.Fields(cmd)
				}
			}
			_, stderr, exit := run(t, dir, "", args...)
			if !strings.Contains(stderr, code+": ") {
				t.Errorf("%s is not reported:\n%s", code, stderr)
			}
			if exit == 0 && diag.DefaultSeverity(schema.Code(code)) > diag.Info {
				t.Error("the exit code is 0")
			}
			if strings.Contains(stderr, dir) {
				t.Errorf("the message depends on where it runs:\n%s", stderr)
			}
			golden(t, filepath.Join(base, name+".stderr"), stderr)
		})
	}
}

// codes returns all constants of type schema.Code in the source of package
// schema, by value.
func codes(t *testing.T) map[schema.Code]string {
	t.Helper()
	files, err := filepath.Glob("../../blds/schema/code_*.go")
	if err != nil {
		t.Fatal(err)
	}
	all := map[schema.Code]string{}
	fset := token.NewFileSet()
	for _, file := range files {
		f, err := parser.ParseFile(fset, file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			v, ok := n.(*ast.ValueSpec)
			if !ok || len(v.Values) != 1 {
				return true
			}
			if typ, ok := v.Type.(*ast.Ident); !ok || typ.Name != "Code" {
				return true
			}
			value, err := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			name := v.Names[0].Name
			if other := all[schema.Code(value)]; other != "" {
				t.Errorf("%s and %s are both %s", name, other, value)
			}
			all[schema.Code(value)] = name
			return true
		})
	}
	if len(all) < 50 {
		t.Fatalf("found only %d codes", len(all))
	}
	return all
}

// TestEveryCodeIsExplainedAndShown holds the list of codes to the explanations
// and to the golden files, both ways.
func TestEveryCodeIsExplainedAndShown(t *testing.T) {
	all := codes(t)
	shown := map[schema.Code]bool{}
	for _, pattern := range []string{"testdata/refuse/*.stderr", "testdata/script/*.txtar", "testdata/mistakes/*.txtar", "interrupt_test.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for code := range all {
				if strings.Contains(string(text), string(code)+": ") {
					shown[code] = true
				}
			}
		}
	}
	for _, code := range slices.Sorted(maps.Keys(all)) {
		name := all[code]
		if _, ok := diag.Explain(code); !ok {
			t.Errorf("schema.%s: blds/diag/explain/%s.md is missing", name, code)
		}
		if !shown[code] {
			t.Errorf("schema.%s: no golden file shows %s: testdata/refuse/%s.txtar is missing", name, code, code)
		}
	}
	for _, code := range diag.Codes() {
		if all[code] == "" {
			t.Errorf("blds/diag/explain/%s.md explains a code that does not exist", code)
		}
	}
}
