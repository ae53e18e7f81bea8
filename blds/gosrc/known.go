package gosrc

import (
	"go/parser"
	"path"
	"strings"
)

// fixedPath is the package of the shared bool.
const fixedPath = "github.com/pylabhub/datahub/runtime/fixed"

// known holds the packages that most schemas take their types from, as far as
// they do. What is here needs no package loading, and fixed.Bool works before
// its module was downloaded. Sizes do not matter: these types are recognised by
// name.
var known = map[string]string{
	"time": `package time
type Duration int64
type Time struct{ hidden int64 }`,
	"structs": `package structs
type HostLayout struct{ hidden struct{} }`,
	"sync/atomic": `package atomic
type Bool struct{ hidden uint32 }
type Int32 struct{ hidden int32 }
type Int64 struct{ hidden int64 }
type Uint32 struct{ hidden uint32 }
type Uint64 struct{ hidden uint64 }
type Uintptr struct{ hidden uint64 }
type Value struct{ hidden uint64 }
type Pointer[T any] struct{ hidden uint64 }`,
	fixedPath: `package fixed
type Bool uint8
const (
	False Bool = 0
	True  Bool = 1
)`,
}

// stubOf returns the stand-in for a well-known package, nil if there is none.
func (l *loader) stubOf(importPath string) *pkg {
	src, ok := known[importPath]
	if !ok {
		return nil
	}
	file, err := parser.ParseFile(l.fset, importPath, src, parser.SkipObjectResolution)
	if err != nil {
		return nil // held by a test
	}
	p := &pkg{path: importPath, name: file.Name.Name, stub: true, parsed: true}
	s := &source{path: importPath, name: importPath, file: file}
	p.goFiles, p.sources = []string{s.path}, []*source{s}
	l.pkgs[importPath] = p
	return p
}

// assumedName guesses the name of a package from its import path, as people
// do: the last element, but for a major version and for go- or .vN around it.
func assumedName(importPath string) string {
	base := path.Base(importPath)
	if isMajor(base) {
		base = path.Base(path.Dir(importPath))
	}
	if i := strings.LastIndexByte(base, '.'); i > 0 && isMajor(base[i+1:]) {
		base = base[:i]
	}
	base = strings.TrimPrefix(base, "go-")
	if i := strings.IndexAny(base, "-."); i > 0 {
		base = base[:i]
	}
	return base
}

func isMajor(s string) bool {
	return len(s) > 1 && s[0] == 'v' && strings.Trim(s[1:], "0123456789") == ""
}
