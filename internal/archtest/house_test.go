package archtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// root is the top of the module.
var root = filepath.Join("..", "..")

// A listed package, as go list -json prints it.
type listed struct {
	ImportPath string
	Imports    []string
	Error      *struct{ Err string }
}

func TestEveryPackageImportsOnlyWhatItMay(t *testing.T) {
	for _, goos := range []string{"linux", "darwin", "freebsd", "windows"} {
		t.Run(goos, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command("go", "list", "-e", "-json=ImportPath,Imports,Error", "./...")
			cmd.Dir = root
			cmd.Env = append(os.Environ(), "GOOS="+goos, "GOARCH=amd64", "CGO_ENABLED=0")
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			out, err := cmd.Output()
			if err != nil {
				t.Fatalf("go list: %v\n%s", err, stderr.Bytes())
			}
			sysUsers := map[string]bool{}
			n := 0
			for d := json.NewDecoder(bytes.NewReader(out)); ; n++ {
				var p listed
				if err := d.Decode(&p); err == io.EOF {
					break
				} else if err != nil {
					t.Fatal(err)
				}
				pkg := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, Module), "/")
				if p.Error != nil {
					t.Errorf("%s does not load: %s", pkg, p.Error.Err)
				}
				for _, bad := range checkImports(pkg, p.Imports) {
					t.Error(bad)
				}
				for _, i := range p.Imports {
					if within("runtime", pkg) && matches([]string{xsys}, i) {
						sysUsers[pkg] = true
					}
				}
			}
			if n < 3 {
				t.Fatalf("go list found %d packages: this test looks at nothing", n)
			}
			if len(sysUsers) > 1 {
				t.Errorf("golang.org/x/sys is imported by %v: there is one door to system calls", sysUsers)
			}
		})
	}
}

// walk calls f for each file of the module that belongs to the source.
func walk(t *testing.T, f func(name string, src []byte)) {
	t.Helper()
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(rel)
		if d.IsDir() {
			if name == ".git" || name == ".cache" || name == "bin" {
				return filepath.SkipDir
			}
			return nil
		}
		if name == ".git" { // a file in a second work tree
			return nil
		}
		src, err := os.ReadFile(p)
		if errors.Is(err, fs.ErrNotExist) { // a test elsewhere has removed its own file
			return nil
		}
		if err != nil {
			return err
		}
		f(name, src)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestEveryFileKeepsTheRules(t *testing.T) {
	files := 0
	walk(t, func(name string, src []byte) {
		for _, bad := range checkText(name, src) {
			t.Error(bad)
		}
		if path.Ext(name) != ".go" || strings.Contains("/"+name, "/testdata/") {
			return
		}
		files++
		for _, bad := range checkSource(name, src) {
			t.Error(bad)
		}
	})
	if files < 10 {
		t.Fatalf("looked at %d Go files: this test looks at nothing", files)
	}
}

func TestGoModHasNoReplaceAndToolsAndDependenciesAreTold(t *testing.T) {
	read := func(name string) []byte {
		b, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for _, bad := range checkGoMod(read("go.mod"), read("tools.go"), read("docs/dependencies.md")) {
		t.Error(bad)
	}
}
