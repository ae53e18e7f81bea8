package syntax

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pylabhub/datahub/blds/schema"
)

// TestEachRefusalReadsAsRecorded loads the .blds files of each archive, one by
// one, and compares all problems. The archive is named after a code that each
// file must be refused with; files in folders are only imported.
func TestEachRefusalReadsAsRecorded(t *testing.T) {
	files, err := filepath.Glob("testdata/refuse/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	for _, file := range files {
		code := schema.Code(strings.TrimSuffix(filepath.Base(file), ".txtar"))
		t.Run(string(code), func(t *testing.T) {
			a := readArchive(t, file)
			var b strings.Builder
			for _, f := range a.Files {
				if filepath.Ext(f.Name) != ".blds" || strings.Contains(f.Name, "/") {
					continue
				}
				read := reader(a)
				_, _, problems := Load([]Source{{f.Name, f.Data}}, func(path string) ([]byte, error) {
					if path == "secret.blds" {
						return nil, errors.New("permission denied")
					}
					return read(path)
				})
				if !slices.ContainsFunc(problems, func(p schema.Problem) bool { return p.Code == code }) {
					t.Errorf("%s is not refused with %s:\n%s", f.Name, code, show(problems))
				}
				checkProblems(t, problems, map[string]string{f.Name: string(f.Data)})
				b.WriteString(show(problems))
			}
			compare(t, file, a, "want", b.String())
		})
	}
}

// checkProblems holds problems to the rules for all of them.
func checkProblems(t *testing.T, problems []schema.Problem, sources map[string]string) {
	t.Helper()
	perFile := map[string]int{}
	for i, p := range problems {
		line := show(problems[i : i+1])
		if perFile[p.Pos.File]++; perFile[p.Pos.File] > maxProblems+1 {
			t.Errorf("more than %d problems", maxProblems)
		}
		switch {
		case len(p.Code) != 8 || !strings.HasPrefix(string(p.Code), "BLDS02"):
			t.Errorf("no code: %s", line)
		case !p.Pos.IsValid() || p.Pos.Col < 1 || p.Pos.Len < 1:
			t.Errorf("no place: %s", line)
		case p.Message == "" || strings.HasSuffix(p.Message, ".") || strings.Contains(p.Message, "\n"):
			t.Errorf("no message: %s", line)
		}
		src, known := sources[p.Pos.File]
		if !known {
			continue
		}
		lines := strings.Split(src, "\n")
		if p.Pos.Line > len(lines) || p.Pos.Col+p.Pos.Len-1 > len(lines[p.Pos.Line-1])+1 {
			t.Errorf("outside of the text: %s", line)
		}
	}
	if !slices.IsSortedFunc(problems, func(a, b schema.Problem) int { return strings.Compare(a.Pos.File, b.Pos.File) }) {
		t.Errorf("not sorted:\n%s", show(problems))
	}
}

func TestAFileWithTooManyProblemsIsCutShort(t *testing.T) {
	src := strings.Repeat("record R { x f32 @unit() }\n", 1000)
	_, problems := Parse("many.blds", []byte(src))
	if len(problems) != maxProblems+1 {
		t.Fatalf("got %d problems", len(problems))
	}
	last := show(problems[maxProblems:])
	if want := "many.blds:51:24+1: BLDS0215: the file has more than 50 problems (mend those above first)\n"; last != want {
		t.Errorf("got  %swant %s", last, want)
	}
	src = strings.Repeat("record R { x Nothing }\n", 1000)
	_, _, problems = Load([]Source{{"many.blds", []byte(src)}}, nil)
	if n := len(problems); n != maxProblems+1 || problems[n-1].Code != schema.CodeTooMany {
		t.Errorf("got %d problems when names are resolved, the last:\n%s", n, show(problems[n-1:]))
	}
}

func TestWhatIsTooLongIsRefused(t *testing.T) {
	long := strings.Repeat("a", 5000)
	for _, tt := range []struct{ name, src, want string }{
		{"a name", "record " + long[:256] + " { x u8 }", "1:8+256: BLDS0208: name of 256 bytes, at most 255 are allowed (shorten it)"},
		{"a dotted name", "namespace " + strings.Repeat("a.", 512) + "a", "1:11+1025: BLDS0208: name of more than 1024 bytes (shorten it)"},
		{"a number", "const a u32 = " + strings.Repeat("1", 129), "1:15+129: BLDS0208: number of 129 bytes, at most 128 are allowed (shorten it)"},
		{"a string", `const a string = "` + long[:4097] + `"`, "1:18+4099: BLDS0208: string of more than 4096 bytes (shorten it)"},
		{"a comment", "//" + strings.Repeat("x", 64<<10), "1:1+65538: BLDS0208: comment of 65538 bytes on one line, at most 65536 are allowed (break it into lines)"},
		{"a file", strings.Repeat(" ", 16<<20) + "x", "1:1+1: BLDS0208: file of 16777217 bytes, at most 16777216 are allowed (break it into several)"},
	} {
		_, problems := Parse("f", []byte(tt.src))
		if got := show(problems); got != "f:"+tt.want+"\n" {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.want)
		}
	}
	for _, src := range []string{
		"record " + long[:255] + " { x u8 }",
		"const a u32 = " + strings.Repeat("1", 128),
		`const a string = "` + long[:4096] + `"`,
		"//" + strings.Repeat("x", 64<<10-2),
		strings.Repeat(" ", 16<<20),
	} {
		if _, problems := Parse("f", []byte(src)); len(problems) > 0 {
			t.Errorf("at the limit: %s", show(problems))
		}
	}
}

func TestExpressionsAreBounded(t *testing.T) {
	for _, tt := range []struct{ name, expr, want string }{
		{"parentheses", strings.Repeat("(", 1000) + "1", "expression of more than 32 levels"},
		{"a million parentheses", strings.Repeat("(", 1e6), "expression of more than 32 levels"},
		{"signs", strings.Repeat("-", 1e6) + "1", "expression of more than 32 levels"},
		{"a sum", strings.Repeat("1+", 1e6) + "1", "expression of more than 256 parts"},
		{"operators that bind tighter", strings.Repeat("1+2*", 1e5) + "1", "expression of more than 256 parts"},
	} {
		_, problems := Parse("f", []byte("const a u32 = "+tt.expr+"\nconst b u32 = 3"))
		if len(problems) == 0 || problems[0].Code != schema.CodeDeepExpr || problems[0].Message != tt.want {
			t.Errorf("%s: got %s", tt.name, show(problems))
		}
		if len(problems) > 2 {
			t.Errorf("%s: %d problems", tt.name, len(problems))
		}
	}
	var b strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&b, "const c%d u32 = c%d\n", i, i+1)
	}
	b.WriteString("const c2000 u32 = 1\n")
	_, _, problems := Load([]Source{{"f", []byte(b.String())}}, nil)
	if len(problems) == 0 || show(problems[:1]) != "f:256:18+4: BLDS0214: chain of more than 256 constants (declare constants before those that need them)\n" {
		t.Errorf("got %s", show(problems))
	}
	backwards := "const c0 u32 = 1\n"
	for i := range 2000 {
		backwards += fmt.Sprintf("const c%d u32 = c%d\n", i+1, i)
	}
	if _, _, problems := Load([]Source{{"f", []byte(backwards)}}, nil); len(problems) > 0 {
		t.Errorf("declared before they are needed: %s", show(problems))
	}
}

func TestAnImportWithoutAReaderIsRefused(t *testing.T) {
	_, _, problems := Load([]Source{{"<stdin>", []byte(`import "a.blds"`)}}, nil)
	want := "<stdin>:1:8+8: BLDS0241: import \"a.blds\" cannot be read: it does not exist (the path is relative to the folder of the importing file)\n"
	if got := show(problems); got != want {
		t.Errorf("got  %swant %s", got, want)
	}
}

func TestAFileIsLoadedOnce(t *testing.T) {
	src := map[string]string{
		"a/b.blds": "namespace t\nimport \"c.blds\"\nrecord B { c C }\n",
		"a/c.blds": "namespace t\nrecord C { x u8 }\n",
	}
	pkgs, infos, problems := Load([]Source{
		{"./a/b.blds", []byte(src["a/b.blds"])}, {"a/x/../c.blds", []byte(src["a/c.blds"])}, {"a/b.blds", nil},
	}, func(path string) ([]byte, error) { return nil, fmt.Errorf("%s was read: %w", path, fs.ErrInvalid) })
	if len(problems) > 0 || len(infos) != 2 || len(pkgs) != 1 || len(pkgs[0].Records) != 2 {
		t.Fatalf("got %d packages, %d files\n%s", len(pkgs), len(infos), show(problems))
	}
	if pos := pkgs[0].Records[0].Pos; pos.File != "./a/b.blds" {
		t.Errorf("position has file %q, want the name that was given", pos.File)
	}
}
