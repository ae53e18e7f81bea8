package doccheck

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var (
	testFunc  = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	faultTest = regexp.MustCompile(`^TestFault(\d+)[A-Z]`)
	faultRow  = regexp.MustCompile(`^\| (\d+) \|`)
	codeMark  = regexp.MustCompile("`([^`]+)`")
)

// testNames returns the names of all tests of the module.
func testNames(t *testing.T) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && d.Name() != ".." || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		if strings.HasSuffix(p, "_test.go") {
			for _, m := range testFunc.FindAllSubmatch(readFile(t, p), -1) {
				names = append(names, string(m[1]))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// TestEachFaultHasTheTestsThatTheTableNames compares docs/faults.md with the tests: a
// test called TestFault and a number stands in the row of that number, and every test
// that a row names is there. -update writes the former anew.
func TestEachFaultHasTheTestsThatTheTableNames(t *testing.T) {
	path := filepath.Join(root, "docs", "faults.md")
	names := testNames(t)
	byNumber := map[int][]string{}
	for _, name := range names {
		if m := faultTest.FindStringSubmatch(name); m != nil {
			n, _ := strconv.Atoi(m[1])
			byNumber[n] = append(byNumber[n], name)
		}
	}
	lines, rows := strings.Split(string(readFile(t, path)), "\n"), 0
	for i, line := range lines {
		m := faultRow.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		rows++
		n, _ := strconv.Atoi(m[1])
		if n != rows {
			t.Errorf("line %d: number %d, want %d", i+1, n, rows)
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		if len(cells) != 4 {
			t.Fatalf("line %d has %d columns, want 4", i+1, len(cells))
		}
		want := slices.Clone(byNumber[n])
		delete(byNumber, n)
		for _, mark := range codeMark.FindAllStringSubmatch(cells[3], -1) {
			if name := mark[1]; !faultTest.MatchString(name) {
				if !slices.Contains(names, name) {
					t.Errorf("line %d: there is no test %s", i+1, name)
				}
				want = append(want, name)
			}
		}
		for k, name := range want {
			want[k] = "`" + name + "`"
		}
		cells[3] = " " + strings.Join(want, ", ") + " "
		if new := "|" + strings.Join(cells, "|") + "|"; new != line {
			lines[i] = new
			if !*update {
				t.Errorf("line %d: the tests of fault %d are %s (go test ./internal/doccheck -update)", i+1, n, cells[3])
			}
		}
	}
	if rows != 48 {
		t.Errorf("%d rows, want 48", rows)
	}
	for n, tests := range byNumber {
		t.Errorf("there is no row %d for %v", n, tests)
	}
	if *update {
		if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
