package gosrc

import (
	"cmp"
	"context"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/pylabhub/datahub/blds/schema"
)

// Config says where packages are looked for.
type Config struct {
	// Dir is the folder that patterns and reported positions are relative to;
	// "" is the current one.
	Dir string
	// Env is the environment of the go command; nil is that of the process.
	// GOPROXY is always off, as loading never uses the network, and CGO_ENABLED on,
	// so that what is found does not depend on whether there is a C compiler.
	Env []string
	// Made tells what .blds files make of a package in this run, nil if nothing; it
	// is asked for packages that schemas use. It may be nil, and is called from
	// several goroutines.
	Made func(importPath string) *Made
	// Source names the .blds file that a package which does not exist is generated
	// from, "" if there is none. It may be nil.
	Source func(importPath string) string
}

// A Result is what the packages of one call declare.
type Result struct {
	// Packages have directives, or files that blds-gen wrote, in the order of
	// their import paths. Others are left out.
	Packages []*Package
	// Ignores are the //blds:ignore comments, in the order of their positions.
	Ignores []Ignore
	// Origins tells for each record and enum that the packages declare or use,
	// by the position of its declaration, which Go type it is.
	Origins map[schema.Pos]Origin
}

// An Origin is the Go type that a record or an enum was declared as.
type Origin struct {
	ImportPath string
	Package    string // the package's name
	Name       string
}

// A Package is one Go package.
type Package struct {
	*schema.Package // what it declares; its namespace is the package's name if it has no schema

	Name       string
	ImportPath string
	Dir        string // absolute
	ModulePath string // "" outside of modules
	ModuleDir  string // absolute

	Files     []*File     // those that declare something, by name
	Generated []Generated // files that blds-gen wrote, by name

	// Scope holds the names declared at top level and the methods by type, with
	// the files of other operating systems but without generated files. TestScope
	// holds those of the package's test files. Both are empty if the package has no
	// directives.
	Scope     map[string]schema.Pos
	TestScope map[string]schema.Pos
	Methods   map[string]map[string]schema.Pos

	fields map[string]map[string]types.Type
}

// FieldType returns the type of a field of a struct that the package declares
// as a schema or record, nil if there is none or its type is not known.
func (p *Package) FieldType(typeName, field string) types.Type { return p.fields[typeName][field] }

// A File is one source file with its declarations in the order of the text.
type File struct {
	Name  string // as in positions
	Decls []Decl
}

// A Decl is one declaration; exactly one of its fields is set. A record is
// listed if a schema of its package uses it.
type Decl struct {
	Schema *schema.SchemaDecl
	Record *schema.RecordDecl
	Enum   *schema.Enum
}

// A Generated is a file that blds-gen wrote.
type Generated struct {
	Name   string // base name
	Source string // base name of the file it was made from
}

// An Ignore is a //blds:ignore comment. Neither code nor reason is checked:
// which codes can be ignored is known where findings are reported.
type Ignore struct {
	Pos    schema.Pos
	Code   schema.Code // "" if it is missing
	Reason string
}

// Load reads the Go packages that match the patterns of the go command, "."
// if there are none. A pattern that ends in .go stands for the package in that
// file's folder.
//
// Problems come sorted by position. Result is never nil. Schemas with problems
// are in it: types that could not be understood have the type code 0, which
// layout passes over. Load may be called concurrently.
func Load(ctx context.Context, cfg Config, patterns ...string) (*Result, []schema.Problem) {
	l, err := newLoader(ctx, cfg)
	if err != nil {
		return &Result{}, []schema.Problem{{Code: schema.CodeGoLoad, Message: err.Error()}}
	}
	folders := folders(patterns)
	listed, err := l.list(folders)
	if err != nil {
		l.loadProblem(schema.CodeGoLoad, err.Error())
	}
	res := l.run(l.roots(folders, listed))
	if ctx.Err() != nil {
		return &Result{}, []schema.Problem{{Code: schema.CodeInterrupted, Message: context.Cause(ctx).Error()}}
	}
	return res, l.problems
}

// run does everything but the listing of the packages that the user named.
func (l *loader) run(roots []*pkg) *Result {
	l.parallel(len(roots), func(i int) { roots[i].read(l) })
	roots = slices.DeleteFunc(roots, func(p *pkg) bool { return !p.parsed && len(p.generated) == 0 })
	for _, p := range roots {
		if p.parsed { // else it is done when a schema turns out to use it
			p.attach(l)
		}
	}
	l.follow(roots)
	l.tooWide()
	l.nameSpaces()
	res := &Result{Origins: map[schema.Pos]Origin{}}
	for _, p := range roots {
		res.Packages = append(res.Packages, l.convert(p))
		res.Ignores = append(res.Ignores, p.ignores...)
	}
	l.origins(res)
	l.collect()
	slices.SortFunc(res.Ignores, func(a, b Ignore) int { return a.Pos.Compare(b.Pos) })
	slices.SortStableFunc(l.problems, func(a, b schema.Problem) int {
		return cmp.Or(a.Pos.Compare(b.Pos), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Message, b.Message))
	})
	l.problems = slices.CompactFunc(l.problems, func(a, b schema.Problem) bool {
		return a.Code == b.Code && a.Pos == b.Pos && a.Message == b.Message
	})
	return res
}

// collect takes the problems of all packages together.
func (l *loader) collect() {
	for _, p := range l.pkgs {
		for _, pr := range p.problems {
			if !p.root && p.via.IsValid() && p.via != pr.Pos {
				pr.Notes = append(pr.Notes, schema.Note{Pos: p.via, Message: "a schema uses that package here"})
			}
			l.report(pr)
		}
	}
	if len(l.problems) > 0 || l.unmade {
		return
	}
	for _, p := range l.pkgs { // nothing explains these
		for _, pos := range p.unknown {
			l.report(schema.Problem{Code: schema.CodeGoType, Pos: pos, Message: "the type of this field is not known",
				Remedy: "see what go vet says of the package"})
		}
	}
}

// A loader holds the state of one call of Load.
type loader struct {
	ctx      context.Context
	cfg      Config
	unmade   bool   // a package that a schema uses could not be made
	dir      string // absolute
	env      []string
	fset     *token.FileSet
	pkgs     map[string]*pkg // by import path
	records  map[*types.TypeName]*recordInfo
	infoOf   map[*schema.RecordDecl]*recordInfo
	enums    map[*types.TypeName]*schema.Enum
	problems []schema.Problem
}

func newLoader(ctx context.Context, cfg Config) (*loader, error) {
	dir, err := filepath.Abs(cfg.Dir)
	if err != nil {
		return nil, err
	}
	env := cfg.Env
	if env == nil {
		env = os.Environ()
	}
	return &loader{
		ctx: ctx, cfg: cfg, dir: dir, fset: token.NewFileSet(),
		env:     append(env[:len(env):len(env)], "GOPROXY=off", "CGO_ENABLED=1"),
		pkgs:    map[string]*pkg{},
		records: map[*types.TypeName]*recordInfo{},
		infoOf:  map[*schema.RecordDecl]*recordInfo{},
		enums:   map[*types.TypeName]*schema.Enum{},
	}, nil
}

// parallel calls f for 0 to n-1, on as many goroutines as there are CPUs.
func (l *loader) parallel(n int, f func(int)) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n || l.ctx.Err() != nil {
					return
				}
				f(i)
			}
		})
	}
	wg.Wait()
}

// shortName returns a file name as the user would give it: relative to the
// working folder if that is shorter.
func (l *loader) shortName(path string) string {
	if rel, err := filepath.Rel(l.dir, path); err == nil && len(rel) < len(path) {
		return rel
	}
	return path
}

// pos returns the position of n bytes at p.
func (l *loader) pos(p token.Pos, n int) schema.Pos {
	if !p.IsValid() {
		return schema.Pos{}
	}
	at := l.fset.PositionFor(p, false)
	return schema.Pos{File: at.Filename, Line: at.Line, Col: at.Column, Len: max(n, 1)}
}

// within returns the position of a part of the text that begins at p.
func (l *loader) within(p token.Pos, s span) schema.Pos {
	pos := l.pos(p, s.len)
	pos.Col += s.off
	return pos
}

func (l *loader) report(p schema.Problem) { l.problems = append(l.problems, p) }

// clean removes the working folder from a text of the go command.
func (l *loader) clean(text string) string {
	text = strings.ReplaceAll(text, l.dir+string(filepath.Separator), "")
	return strings.ReplaceAll(text, l.dir, ".")
}
