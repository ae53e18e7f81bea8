package archtest

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/build/constraint"
	"go/parser"
	"go/token"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// MaxLines is how long a file of Go may be that is neither a test nor
// generated. The aim is 400: one idea a file. The tenth on top is for the file
// that would be cut in two for the sake of a number.
const MaxLines = 440

// checkSource returns what is wrong with a Go file; name is its path below the
// module, with slashes.
func checkSource(name string, src []byte) []string {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, src, parser.ParseComments)
	if err != nil {
		return []string{err.Error()}
	}
	c := sourceCheck{name: name, test: strings.HasSuffix(name, "_test.go"), fset: fset, file: file}
	c.base = strings.TrimSuffix(strings.TrimSuffix(path.Base(name), ".go"), "_test")
	c.length(src)
	c.unsafe()
	c.errorsOnly()
	c.cgo()
	c.system()
	c.generated()
	return c.bad
}

type sourceCheck struct {
	name string // path
	base string // last element without _test and .go
	test bool
	fset *token.FileSet
	file *ast.File
	bad  []string
}

// report adds a finding at p, or at the file as a whole.
func (c *sourceCheck) report(p token.Pos, what, why string) {
	where := c.name
	if p.IsValid() {
		where = c.fset.Position(p).String()
	}
	c.bad = append(c.bad, fmt.Sprintf("%s: %s: %s", where, what, why))
}

func (c *sourceCheck) imports(path string) *ast.ImportSpec {
	for _, i := range c.file.Imports {
		if s, err := strconv.Unquote(i.Path.Value); err == nil && s == path {
			return i
		}
	}
	return nil
}

func (c *sourceCheck) length(src []byte) {
	if c.test || ast.IsGenerated(c.file) {
		return
	}
	if n := bytes.Count(src, []byte("\n")); n > MaxLines {
		c.report(token.NoPos, fmt.Sprintf("%d lines", n),
			fmt.Sprintf("more than %d: one idea a file, see whether there are two", MaxLines))
	}
}

func (c *sourceCheck) unsafe() {
	spec := c.imports("unsafe")
	if spec == nil || strings.HasSuffix(c.base, "_unsafe") {
		return
	}
	if !strings.HasSuffix(c.base, "_blds") {
		c.report(spec.Pos(), "imports unsafe", "only files named *_unsafe.go may, so that a reviewer knows where to look; in *_blds.go it serves layout assertions")
		return
	}
	c.uses(spec, "unsafe", func(name string) bool { return name == "Sizeof" || name == "Offsetof" || name == "Alignof" },
		"generated code only asserts sizes, offsets and alignments")
}

// errorsOnly checks that the slot protocol takes from os nothing but errors
// that everybody knows.
func (c *sourceCheck) errorsOnly() {
	if spec := c.imports("os"); spec != nil && !c.test && within("runtime/slot", c.name) {
		c.uses(spec, "os", func(name string) bool { return strings.HasPrefix(name, "Err") },
			"the slot protocol gets its memory and its waiter handed in; of os it knows the errors")
	}
}

// uses reports each use of an imported package that is not allowed.
func (c *sourceCheck) uses(spec *ast.ImportSpec, name string, allowed func(string) bool, why string) {
	local := name
	if spec.Name != nil {
		local = spec.Name.Name
	}
	ast.Inspect(c.file, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		x, ok := sel.X.(*ast.Ident)
		if ok && x.Name == local && !allowed(sel.Sel.Name) {
			c.report(sel.Pos(), "uses "+name+"."+sel.Sel.Name, why)
		}
		return true
	})
}

// The one package that may use cgo, and what must stand above it.
const (
	cgoPackage    = "broker/transport/zmq"
	cgoConstraint = "cgo && zmq"
)

func (c *sourceCheck) cgo() {
	spec := c.imports("C")
	if spec == nil {
		return
	}
	if path.Dir(c.name) != cgoPackage {
		c.report(spec.Pos(), "uses cgo", "only "+cgoPackage+" may: everything else builds with CGO_ENABLED=0")
		return
	}
	if x := c.constraint(); x == nil || x.String() != cgoConstraint {
		c.report(spec.Pos(), "uses cgo without //go:build "+cgoConstraint, "the module builds where libzmq is not")
	}
}

// constraint returns the file's //go:build line, nil if it has none.
func (c *sourceCheck) constraint() constraint.Expr {
	for _, group := range c.file.Comments {
		if group.Pos() > c.file.Package {
			break
		}
		for _, line := range group.List {
			if constraint.IsGoBuild(line.Text) {
				if x, err := constraint.Parse(line.Text); err == nil {
					return x
				}
			}
		}
	}
	return nil
}

// Operating systems as they stand in file names and build constraints.
var systems = strings.Fields(`aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd
	plan9 solaris wasip1 windows zos unix bsd posix other nonlinux notlinux nonunix notunix`)

func (c *sourceCheck) system() {
	if c.test || within("runtime/shm", c.name) || within("runtime/internal", c.name) {
		return
	}
	const why = "what differs between systems stands in runtime/shm and runtime/internal, behind one interface"
	// A file name may end in _GOOS or _GOOS_GOARCH.
	parts := strings.Split(c.base, "_")
	for i, part := range parts {
		if i > 0 && i >= len(parts)-2 && slices.Contains(systems, part) {
			c.report(token.NoPos, "is named for "+part, why)
			return
		}
	}
	if within("bench", c.name) {
		return // pins threads where the system can
	}
	if x := c.constraint(); x != nil {
		x.Eval(func(tag string) bool {
			if slices.Contains(systems, tag) {
				c.report(token.NoPos, "is built only for some systems (//go:build "+x.String()+")", why)
			}
			return false
		})
	}
}

// generated checks what the compiler wrote.
func (c *sourceCheck) generated() {
	if c.test || !strings.HasSuffix(c.base, "_blds") {
		return
	}
	if !ast.IsGenerated(c.file) {
		c.report(token.NoPos, "bears no \"Code generated\" line", "the name *_blds.go belongs to the compiler")
	}
	if spec := c.imports("reflect"); spec != nil {
		c.report(spec.Pos(), "imports reflect", "generated code knows its types")
	}
	one, other := c.imports(Module+"/runtime/fixed"), c.imports(Module+"/runtime/datablock")
	if one != nil && other != nil {
		c.report(other.Pos(), "imports runtime/fixed and runtime/datablock", "generated code imports one package of the runtime")
	}
	for _, d := range c.file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
			c.report(f.Pos(), "has an init function", "generated code registers nothing")
		}
	}
}

// Folders of somebody's machine. Examples in documents use relative paths.
var machinePath = regexp.MustCompile(`(^|[\s"'` + "`" + `=(:,])(/(home|root|work|Users)/[A-Za-z0-9_.-]+|[A-Z]:\\Users\\\w+)`)

// checkText returns what is wrong with a file of any kind.
func checkText(name string, src []byte) []string {
	if bytes.IndexByte(src, 0) >= 0 {
		return nil // no text
	}
	var bad []string
	for i, line := range bytes.Split(src, []byte("\n")) {
		if m := machinePath.FindSubmatch(line); m != nil {
			bad = append(bad, fmt.Sprintf("%s:%d: names %s: nobody else has that folder", name, i+1, m[2]))
		}
	}
	return bad
}
