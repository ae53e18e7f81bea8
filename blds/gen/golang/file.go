package golang

import (
	"bytes"
	"fmt"
	"go/build/constraint"
	"go/format"
	"path/filepath"
	"slices"
	"strings"

	"github.com/dave/jennifer/jen"

	"github.com/pylabhub/datahub/blds/gen"
	"github.com/pylabhub/datahub/blds/schema"
)

// The packages that generated code stands on: one of the two, besides unsafe.
const (
	fixedPath     = "github.com/pylabhub/datahub/runtime/fixed"
	datablockPath = "github.com/pylabhub/datahub/runtime/datablock"
)

// A file is one Go file in the making. The helper between the generator and
// jennifer is here: code is written as it will read, with %v where jennifer
// has to see what is imported.
type file struct {
	jen     *jen.File
	ix      *index
	scope   *scope
	pkg     *gen.Package
	src     *gen.Source
	path    string
	runtime string // import path
	empty   bool
}

func newFile(ix *index, sc *scope, p *gen.Package, src *gen.Source, suffix string) *file {
	f := &file{
		jen: jen.NewFilePathName(p.Go.ImportPath, p.Go.Name),
		ix:  ix, scope: sc, pkg: p, src: src, empty: true,
		path:    filepath.Join(p.Dir, outputName(src.Path)+suffix+".go"),
		runtime: fixedPath,
	}
	for _, d := range src.Decls {
		if d.Schema != nil && d.Schema.Channel != nil {
			f.runtime = datablockPath
		}
	}
	f.jen.HeaderComment("// " + gen.Marker(src.Path))
	for path, name := range map[string]string{
		fixedPath: "fixed", datablockPath: "datablock", "unsafe": "unsafe", "testing": "testing", "reflect": "reflect",
	} {
		f.importName(path, name)
	}
	return f
}

// outputName returns the name of the output of a source without its extension.
// The go command would not look at names that begin with a dot or underscore.
func outputName(source string) string {
	base := filepath.Base(source)
	base = strings.TrimLeft(strings.TrimSuffix(base, filepath.Ext(base)), "._")
	if base == "" {
		return "blds"
	}
	return base + "_blds"
}

// importName says what a package is called. The name must differ from what the
// package being written declares and from every variable in generated code.
func (f *file) importName(path, name string) {
	alias := name
	for f.scope.taken(alias) || locals[alias] {
		alias += "pkg"
	}
	if alias != name {
		f.jen.ImportAlias(path, alias)
		return
	}
	f.jen.ImportName(path, name)
}

// locals are the names of variables in generated code.
var locals = map[string]bool{
	"r": true, "v": true, "s": true, "p": true, "c": true, "t": true, "f": true, "i": true, "j": true, "k": true, "l": true,
	"m": true, "n": true, "o": true, "name": true, "opts": true, "err": true, "typ": true, "got": true, "want": true, "ok": true,
}

// code returns code given as a format. Arguments that are code themselves belong
// to %v.
func code(format string, args ...any) *jen.Statement {
	var nested []jen.Code
	plain := make([]any, len(args))
	for i, a := range args {
		plain[i] = a
		if c, ok := a.(jen.Code); ok {
			plain[i] = "\x00"
			nested = append(nested, c)
		}
	}
	s := new(jen.Statement)
	for i, text := range strings.Split(fmt.Sprintf(format, plain...), "\x00") {
		if i > 0 {
			s.Add(nested[i-1])
		}
		if text != "" {
			s.Op(text)
		}
	}
	return s
}

// decl adds a top-level declaration and a blank line. An empty doc is no
// comment.
func (f *file) decl(doc string, format string, args ...any) {
	f.directed(doc, "", format, args...)
}

// directed is decl for a declaration with a directive: generated types can be
// used in annotated Go, which then has to know what they are.
func (f *file) directed(doc, directive, format string, args ...any) {
	f.empty = false
	if doc != "" {
		f.jen.Op(comment(doc))
		if directive != "" {
			f.jen.Op("//")
		}
	}
	if directive != "" {
		f.jen.Op(directive)
	}
	f.jen.Add(code(format, args...))
	f.jen.Line()
}

// rt names something of the runtime package.
func (f *file) rt(name string) *jen.Statement { return jen.Qual(f.runtime, name) }

// unsafe names something of package unsafe.
func (f *file) unsafe(name string) *jen.Statement { return jen.Qual("unsafe", name) }

func (f *file) render() (gen.File, *schema.Problem) {
	var b bytes.Buffer
	f.jen.NoFormat = true
	err := f.jen.Render(&b)
	if err == nil {
		var text []byte
		if text, err = format.Source(groupImports(b.Bytes())); err == nil {
			err = checkComments(text)
		}
		if err == nil {
			return gen.File{Path: f.path, Source: f.src.Path, Data: text}, nil
		}
	}
	// Not reached by any input the tests know of: what goes into the code is
	// checked before. If it is, the user must hear of it.
	return gen.File{}, &schema.Problem{
		Code: schema.CodeOutputFailed, Pos: schema.Pos{File: f.path},
		Message: "the generated code is not Go: " + firstLine(err.Error()),
	}
}

// checkComments refuses formatted code with a line comment that means something
// to a program. Ours are text or begin with //blds: and no gofmt makes others of
// them; a build constraint among them would take the file out of the build.
func checkComments(src []byte) error {
	for line := range bytes.Lines(src) {
		line = bytes.TrimSpace(line)
		rest, ok := bytes.CutPrefix(line, []byte("//"))
		if !ok {
			continue
		}
		text := len(rest) == 0 || rest[0] == ' ' || rest[0] == '\t' || bytes.HasPrefix(rest, []byte("blds:"))
		if !text || constraint.IsPlusBuild(string(line)) {
			return fmt.Errorf("a comment is a directive: %q", line)
		}
	}
	return nil
}

// groupImports puts the standard library's packages first, as goimports does.
func groupImports(src []byte) []byte {
	before, rest, ok := bytes.Cut(src, []byte("\nimport (\n"))
	if !ok {
		return src
	}
	block, after, _ := bytes.Cut(rest, []byte("\n)\n"))
	var groups [2][]byte
	for line := range bytes.Lines(append(block, '\n')) {
		path := line[bytes.IndexByte(line, '"')+1:]
		first, _, _ := bytes.Cut(path, []byte("/"))
		i := 0
		if bytes.IndexByte(first, '.') >= 0 {
			i = 1
		}
		groups[i] = append(groups[i], line...)
	}
	return slices.Concat(before, []byte("\nimport (\n"), groups[0], []byte("\n"), groups[1], []byte(")\n"), after)
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// comment returns text as line comments. It cannot end the comment or hide
// characters that Go does not allow, and no line of it is a directive: those have
// no space after the slashes, but for +build, which is quoted here.
func comment(text string) string {
	var b strings.Builder
	for i, line := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString("//")
		if line = strings.TrimRight(line, " \t\r"); line != "" {
			line = strings.Map(func(r rune) rune {
				if r < ' ' && r != '\t' || r == '\uFEFF' {
					return '\uFFFD'
				}
				return r
			}, line)
			if constraint.IsPlusBuild("//" + line) {
				line = strings.Replace(line, "+build", `"+build"`, 1)
			}
			b.WriteByte(' ')
			b.WriteString(line)
		}
	}
	return b.String()
}

// docOf returns the doc comment of a declaration: the author's text, or other if
// there is none, and why it is deprecated. In the author's text the name as it
// is written becomes the Go name, as Go's documentation wants it.
func docOf(doc, deprecated, written, goName, other string) string {
	if rest, ok := strings.CutPrefix(doc, written); ok && written != "" && (rest == "" || !isIdentByte(rest[0])) {
		doc = goName + rest
	}
	if doc == "" {
		doc = other
	}
	if deprecated != "" {
		if doc != "" {
			doc = strings.TrimRight(doc, "\n") + "\n\n"
		}
		doc += "Deprecated: " + deprecated
	}
	return doc
}

func isIdentByte(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}
