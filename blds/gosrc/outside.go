package gosrc

import (
	"fmt"
	"go/build"
	"go/build/constraint"
	"io"
	"path/filepath"
	"strings"
)

// outside says why a directive in s is refused, "" if it is not: a schema must be
// the same in every build of the package.
func (p *pkg) outside(s *source, inBuild bool) string {
	if s.test {
		return "a test file"
	}
	for _, cg := range s.file.Comments {
		if cg.Pos() > s.file.Package {
			break
		}
		for _, c := range cg.List {
			if constraint.IsGoBuild(c.Text) {
				return fmt.Sprintf("a file with the build constraint %q", strings.TrimSpace(strings.TrimPrefix(c.Text, "//go:build")))
			}
			if constraint.IsPlusBuild(c.Text) {
				return fmt.Sprintf("a file with the build constraint %q", strings.TrimSpace(strings.TrimPrefix(c.Text, "//")))
			}
		}
	}
	if base := filepath.Base(s.path); hasSystemSuffix(base) {
		return fmt.Sprintf("a file that its name %q ties to one system", base)
	}
	if !inBuild {
		return "a file that the go command leaves out of the build"
	}
	return ""
}

// hasSystemSuffix reports whether a name ends like _linux.go or _amd64.go. Which
// endings count only go/build knows: it is asked for a system that is none.
func hasSystemSuffix(base string) bool {
	none := build.Context{
		GOOS: "none", GOARCH: "none",
		OpenFile: func(string) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("package p\n")), nil },
	}
	match, err := none.MatchFile("", base)
	return err == nil && !match
}
