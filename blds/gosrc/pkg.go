package gosrc

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/types"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pylabhub/datahub/blds/schema"
)

// A pkg is a package while it is being worked on.
type pkg struct {
	path, name, dir string
	modPath, modDir string
	goFiles         []string // of the build here, absolute
	listErr         string   // why there is nothing to read
	root            bool     // the user named it
	std             bool     // in no module
	stub            bool     // a few types of a well-known package, see known.go
	settled         bool     // of a stub: there is no other
	parsed          bool
	broken          bool // has a problem that makes others follow from it

	sources   []*source
	generated []Generated
	ignores   []Ignore
	problems  []schema.Problem

	anns      []*annotation // in the order of files and their text
	annOf     map[*ast.TypeSpec]*annotation
	consts    []*constGroup
	namespace string

	// What follow finds; see there.
	decls   map[string]*decl
	bySpec  map[ast.Spec]*decl
	imports map[*ast.ImportSpec]*importUse
	opaque  []ast.Node // what is inside is not followed, and not minded
	via     schema.Pos // the first place that made us look into a package

	check   checked
	fields  map[string]map[string]types.Type // of converted structs
	unknown []schema.Pos                     // fields whose type is not known
}

// A source is one parsed Go file.
type source struct {
	path string // absolute
	name string // as in positions
	file *ast.File
	test bool
	// made says that blds-gen made it from .blds text: its declarations count,
	// nothing is generated for them.
	made bool
	// outside says why directives are refused here, "" if they are not.
	outside string
}

// inBuild reports whether declarations in s can be used by schemas.
func (s *source) inBuild(p *pkg) bool {
	return !s.test && s.file.Name.Name == p.name && slices.Contains(p.goFiles, s.path)
}

func (p *pkg) report(code schema.Code, pos schema.Pos, remedy, format string, args ...any) *schema.Problem {
	p.problems = append(p.problems, schema.Problem{Code: code, Pos: pos, Message: fmt.Sprintf(format, args...), Remedy: remedy})
	return &p.problems[len(p.problems)-1]
}

// read reads all Go files in the folder of a package that the user named. They
// are parsed only if one mentions a directive. It is safe to call for several
// packages at a time.
func (p *pkg) read(l *loader) {
	entries, err := os.ReadDir(p.dir)
	if err != nil {
		p.report(schema.CodeGoLoad, schema.Pos{File: l.shortName(p.dir)}, "", "the folder cannot be read: %v", errors.Unwrap(err))
		return
	}
	var files []textFile
	mentioned := false
	for _, e := range entries {
		name := e.Name()
		if e.IsDir() || !strings.HasSuffix(name, ".go") || name[0] == '_' || name[0] == '.' {
			continue
		}
		path := filepath.Join(p.dir, name)
		info, err := os.Stat(path)
		if err == nil && !info.Mode().IsRegular() {
			continue // reading a pipe would never end
		}
		if err != nil && isOutputName(name) {
			continue // a link to nowhere in the output's place: told when it is written
		}
		src, err := os.ReadFile(path)
		if err != nil {
			p.report(schema.CodeGoLoad, schema.Pos{File: l.shortName(path)}, "make it readable", "the file cannot be read: %v", errors.Unwrap(err))
			continue
		}
		source, ours := generatedFrom(src)
		if ours {
			p.generated = append(p.generated, Generated{name, source})
		} else {
			mentioned = mentioned || mentionsDirective(src)
		}
		files = append(files, textFile{path, src, ours, source})
	}
	if mentioned {
		p.parse(l, p.remade(l, files))
	}
	onlyOurs := len(p.generated) > 0 && len(p.generated) == len(files)
	if len(p.goFiles) == 0 && p.listErr != "" && len(p.problems) == 0 && !onlyOurs {
		code := schema.CodeGoLoad
		if strings.HasPrefix(p.listErr, "no Go files") || strings.HasPrefix(p.listErr, "build constraints exclude") {
			code = schema.CodeGoNoFiles
		}
		if len(p.sources) == 0 || !p.hasDirectives() {
			msg, remedy := goAdvice(l.clean(p.listErr))
			p.report(code, schema.Pos{}, remedy, "%s", msg)
		}
	}
}

// readImported reads the files of a package that schemas of another one use.
func (p *pkg) readImported(l *loader) {
	if m := l.made(p.path); m != nil && m.Failed {
		p.broken, l.unmade = true, true
		return
	}
	var files []textFile
	for _, path := range p.goFiles {
		src, err := os.ReadFile(path)
		if err != nil {
			p.listErr = err.Error()
			return
		}
		source, ours := generatedFrom(src)
		files = append(files, textFile{path, src, ours, source})
	}
	p.parse(l, p.remade(l, files))
}

// A textFile is a Go file before it is parsed.
type textFile struct {
	path   string
	src    []byte
	ours   bool   // blds-gen wrote it
	source string // from this
}

// mentionsDirective tells files worth parsing from all others.
func mentionsDirective(src []byte) bool {
	return bytes.Contains(src, []byte("blds:")) || bytes.Contains(src, []byte("BLDS:"))
}

const (
	markerStart = "// Code generated by blds-gen"
	markerFrom  = " from "
	markerEnd   = "; DO NOT EDIT."
)

// generatedFrom reports whether blds-gen wrote a file, and from what.
func generatedFrom(src []byte) (source string, ours bool) {
	line, _, _ := bytes.Cut(src, []byte("\n"))
	rest, ours := strings.CutPrefix(strings.TrimRight(string(line), "\r"), markerStart)
	if rest != "" && rest[0] != ' ' {
		return "", false
	}
	return strings.TrimSuffix(strings.TrimPrefix(rest, markerFrom), markerEnd), ours
}

// isOutputName reports whether a file is called like output. If it is not Go, it
// is no source either: writing the output tells what stands in its place.
func isOutputName(base string) bool {
	return strings.HasSuffix(base, "_blds.go") || strings.HasSuffix(base, "_blds_test.go")
}

// parse parses files. What blds-gen wrote from Go is put aside, so that it
// cannot be in the way of its successor; what it wrote from .blds text declares
// types that schemas may use, unless it is broken.
func (p *pkg) parse(l *loader, files []textFile) {
	p.parsed = true
	for _, f := range files {
		if f.ours && !strings.HasSuffix(f.source, ".blds") {
			continue
		}
		s := &source{path: f.path, name: l.shortName(f.path), test: strings.HasSuffix(f.path, "_test.go"), made: f.ours}
		file, err := parser.ParseFile(l.fset, s.name, f.src, parser.ParseComments|parser.SkipObjectResolution)
		inBuild := !s.test && slices.Contains(p.goFiles, s.path)
		if file == nil || err != nil && (f.ours || isOutputName(filepath.Base(f.path))) {
			continue
		}
		if err != nil && inBuild {
			p.broken = true
			p.syntaxErrors(err)
		}
		s.file = file
		s.outside = p.outside(s, inBuild)
		p.sources = append(p.sources, s)
	}
	p.packageClause(l)
}

func (p *pkg) syntaxErrors(err error) {
	var list scanner.ErrorList
	if !errors.As(err, &list) {
		p.report(schema.CodeGoSyntax, schema.Pos{}, "", "%v", err)
		return
	}
	list.RemoveMultiples()
	for _, e := range list {
		pos := schema.Pos{File: e.Pos.Filename, Line: e.Pos.Line, Col: e.Pos.Column, Len: 1}
		p.report(schema.CodeGoSyntax, pos, "", "%s", e.Msg)
	}
}

// packageClause sets the package's name from the files of the user: an old
// generated file may still have another.
func (p *pkg) packageClause(l *loader) {
	var first *source
	for _, s := range p.sources {
		if s.test || s.made || !slices.Contains(p.goFiles, s.path) {
			continue
		}
		if first == nil {
			first, p.name = s, s.file.Name.Name
			continue
		}
		if s.file.Name.Name != p.name {
			p.broken = true
			at := func(s *source) schema.Pos { return l.pos(s.file.Name.Pos(), len(s.file.Name.Name)) }
			problem := p.report(schema.CodeGoSyntax, at(s), "give all files of a folder one package name",
				"this is package %q, other files of the folder are package %q", s.file.Name.Name, p.name)
			problem.Notes = []schema.Note{{Pos: at(first), Message: "the first of them"}}
		}
	}
}

// hasDirectives reports whether any file has a directive, good or bad.
func (p *pkg) hasDirectives() bool {
	for _, s := range p.sources {
		for _, cg := range s.file.Comments {
			for _, c := range cg.List {
				if strings.HasPrefix(c.Text, directiveStart) {
					return true
				}
			}
		}
	}
	return false
}

// checked is the outcome of the type check.
type checked struct {
	pkg   *types.Package
	info  *types.Info
	errs  []types.Error
	kept  bool  // the last error is in errs
	state uint8 // 0 not begun, 1 begun, 2 done
}
