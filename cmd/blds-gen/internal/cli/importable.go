package cli

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"golang.org/x/mod/module"

	"github.com/pylabhub/datahub/blds/schema"
	"github.com/pylabhub/datahub/blds/syntax"
)

// notImportable says why no Go program can import the package of the folder dir,
// whose import path is path, or why the go command does not find it: "" if it is
// a package like others. Output there would break every "go build ./...", or
// nobody would compile and test it.
func notImportable(dir, path string) string {
	if path == "" {
		return "" // no module: nobody imports anything
	}
	if err := module.CheckImportPath(path); err != nil {
		if invalid, ok := errors.AsType[*module.InvalidPathError](err); ok {
			err = invalid.Err
		}
		return fmt.Sprintf("%q is no import path: %s", path, err)
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return ""
	}
	below, err := filepath.Rel(moduleRoot(abs), abs)
	if err != nil {
		return ""
	}
	for part := range strings.SplitSeq(filepath.ToSlash(below), "/") {
		switch {
		case part == ".":
		case part == "vendor":
			return fmt.Sprintf("below a folder %q the go command wants packages of other modules", part)
		case part == "testdata", part[0] == '_', part[0] == '.':
			return fmt.Sprintf("the go command does not look into folders like %q", part)
		}
	}
	return ""
}

// importProblem reports, at what decides where the package of f is, that it
// cannot be in dir.
func importProblem(f *syntax.FileInfo, dir, out, why string) schema.Problem {
	p := schema.Problem{Code: schema.CodeGoNotImportable, Pos: namespacePos(f),
		Message: fmt.Sprintf("folder %q cannot hold the Go package of namespace %q: %s", filepath.ToSlash(dir), f.Namespace, why),
		Remedy:  fmt.Sprintf("name another folder, as in go_package %q", "generated/names"),
	}
	switch {
	case out != "":
		p.Remedy = "give -o another folder"
	case f.Tree.GoPackage != nil:
		p.Pos = f.Tree.GoPackage.PathPos
	}
	return p
}
