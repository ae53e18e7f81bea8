package doccheck

import (
	"bytes"
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the code blocks of the documents anew")

// root is the top of the repository.
var root = filepath.Join("..", "..")

// documents returns the paths of all documents.
func documents(t *testing.T) []string {
	t.Helper()
	var docs []string
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && d.Name() != ".." || d.Name() == "testdata" || d.Name() == "bin") {
			return filepath.SkipDir
		}
		if filepath.Ext(p) == ".md" {
			docs = append(docs, p)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(docs) < 3 {
		t.Fatalf("found %d documents: this test looks at nothing", len(docs))
	}
	return docs
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n"))
}

func TestCodeInDocumentsIsCodeOfTheRepository(t *testing.T) {
	for _, path := range documents(t) {
		doc := readFile(t, path)
		want, err := refresh(doc, func(p string) ([]byte, error) {
			b, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(p)))
			return bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n")), err
		})
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if bytes.Equal(doc, want) {
			continue
		}
		if *update {
			if err := os.WriteFile(path, want, 0o666); err != nil {
				t.Fatal(err)
			}
			continue
		}
		t.Errorf("%s differs from the source (-document +source), run go test ./internal/doccheck -update:\n%s",
			path, cmp.Diff(string(doc), string(want)))
	}
}

func TestReadmeShowsTestedCode(t *testing.T) {
	if !marker.Match(bytes.TrimSpace(firstMarker(readFile(t, filepath.Join(root, "README.md"))))) {
		t.Error("README.md has no code block with a source")
	}
}

func firstMarker(doc []byte) []byte {
	for line := range bytes.Lines(doc) {
		if bytes.HasPrefix(line, []byte("<!-- source: ")) {
			return line
		}
	}
	return nil
}

func TestLinksInDocumentsLeadSomewhere(t *testing.T) {
	for _, path := range documents(t) {
		for _, target := range links(readFile(t, path)) {
			file, anchor, _ := strings.Cut(target, "#")
			to := path
			if file != "" {
				to = filepath.Join(filepath.Dir(path), filepath.FromSlash(file))
			}
			if _, err := os.Stat(to); errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s links to %s, which is not there", path, target)
				continue
			}
			if anchor != "" && filepath.Ext(to) == ".md" && !slices.Contains(anchors(readFile(t, to)), anchor) {
				t.Errorf("%s links to %s: no such heading", path, target)
			}
		}
	}
}

func TestMarkedBlockIsReplacedByItsSource(t *testing.T) {
	const source = `package a

// T is a type.
type T struct {
	X int
}

func ExampleT() {
	t := T{X: 1}
	if t.X > 0 {
		println(t.X)
	}
	// Output: 1
}

func f() {}
`
	read := func(path string) ([]byte, error) {
		if path != "a/a.go" {
			return nil, errors.New("no such file")
		}
		return []byte(source), nil
	}
	for _, c := range []struct{ name, block, want string }{
		{"a type with its comment", "<!-- source: a/a.go#T -->\n```go\nold\n```\n",
			"<!-- source: a/a.go#T -->\n```go\n// T is a type.\ntype T struct {\n\tX int\n}\n```\n"},
		{"the body of an example", "<!-- source: a/a.go#ExampleT -->\n```go\n```\n",
			"<!-- source: a/a.go#ExampleT -->\n```go\nt := T{X: 1}\nif t.X > 0 {\n\tprintln(t.X)\n}\n```\n"},
		{"a function", "<!-- source: a/a.go#f -->\n```go\n```\n", "<!-- source: a/a.go#f -->\n```go\nfunc f() {}\n```\n"},
		{"a whole file", "<!-- source: a/a.go -->\n```go\n```\n", "<!-- source: a/a.go -->\n```go\n" + source + "```\n"},
		{"an unmarked block", "```go\nx\n```\n", "```go\nx\n```\n"},
		{"no such file", "<!-- source: b.go -->\n```go\n```\n", "error: no such file"},
		{"no such declaration", "<!-- source: a/a.go#X -->\n```go\n```\n", "error: a/a.go: no declaration X"},
		{"no block", "x\n<!-- source: a/a.go -->\n\n", "error: line 2: no code block follows"},
		{"no end", "<!-- source: a/a.go -->\n```go\n", "error: line 2: the code block has no end"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := refresh([]byte(c.block), read)
			if err != nil {
				got = []byte("error: " + err.Error())
			}
			if diff := cmp.Diff(c.want, string(got)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestLinksAndAnchorsAreFound(t *testing.T) {
	doc := []byte("# One `thing`, and more\n[a](b.md#x) [c](http://d) `[e](f)`\n```\n[g](h)\n# no\n```\n[i](#one-thing-and-more)\n")
	if diff := cmp.Diff([]string{"b.md#x", "#one-thing-and-more"}, links(doc)); diff != "" {
		t.Errorf("links, -want +got:\n%s", diff)
	}
	if diff := cmp.Diff([]string{"one-thing-and-more"}, anchors(doc)); diff != "" {
		t.Errorf("anchors, -want +got:\n%s", diff)
	}
}
