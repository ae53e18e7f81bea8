package usertest

import (
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

// Release is what the scripts know as the version of this module.
var release = module.Version{Path: "github.com/pylabhub/datahub", Version: "v0.0.1"}

// pack lays the checkout at root out under dir as a module proxy serves it.
func pack(root, dir string) error {
	dir = filepath.Join(dir, filepath.FromSlash(release.Path), "@v")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	gomod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		return err
	}
	info, err := json.Marshal(map[string]any{"Version": release.Version, "Time": time.Unix(1, 0).UTC()})
	if err != nil {
		return err
	}
	for name, data := range map[string][]byte{
		"list":                    []byte(release.Version + "\n"),
		release.Version + ".info": info,
		release.Version + ".mod":  gomod,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o666); err != nil {
			return err
		}
	}
	files, err := sources(root)
	if err != nil {
		return err
	}
	w, err := os.Create(filepath.Join(dir, release.Version+".zip"))
	if err != nil {
		return err
	}
	if err := zip.Create(w, release, files); err != nil {
		w.Close()
		return err
	}
	return w.Close()
}

// A source is a file of the checkout: a zip.File.
type source struct{ root, name string }

func (s source) Path() string { return filepath.ToSlash(s.name) }

func (s source) Lstat() (fs.FileInfo, error) { return os.Lstat(filepath.Join(s.root, s.name)) }

func (s source) Open() (io.ReadCloser, error) { return os.Open(filepath.Join(s.root, s.name)) }

// sources lists the files of the checkout without what git ignores, commits
// that are not made yet included.
func sources(root string) ([]zip.File, error) {
	cmd := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("git ls-files: %w", err)
	}
	var files []zip.File
	for name := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		s := source{root, filepath.FromSlash(name)}
		if info, err := s.Lstat(); err != nil || !info.Mode().IsRegular() {
			continue // removed but not committed, or a link
		}
		files = append(files, s)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("git knows no file in %s", root)
	}
	return files, nil
}

func fileURL(path string) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // a drive
	}
	return (&url.URL{Scheme: "file", Path: path}).String()
}

func goEnv(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.Command("go", "env", name).Output()
	if err != nil {
		t.Fatalf("go env %s: %v", name, err)
	}
	return strings.TrimSpace(string(out))
}
