package gosrc

import (
	"errors"
	"go/ast"
	"go/token"
	"go/types"
	"regexp"
	"strings"

	"github.com/pylabhub/datahub/blds/schema"
)

// sizes are those of every CPU that schemas are for.
var sizes = types.SizesFor("gc", "amd64")

var errImport = errors.New("cannot be imported")

// typeCheck checks what is needed of a package, and before it of the packages
// it imports.
func (l *loader) typeCheck(p *pkg) {
	if p.check.state != 0 {
		return
	}
	p.check.state = 1
	p.check.info = &types.Info{Defs: map[*ast.Ident]types.Object{}}
	conf := types.Config{
		Importer:                 importer(func(path string) (*types.Package, error) { return l.importPackage(path) }),
		Error:                    func(err error) { p.typeError(err) },
		Sizes:                    sizes,
		FakeImportC:              true,
		IgnoreFuncBodies:         true,
		DisableUnusedImportCheck: true,
	}
	p.check.pkg, _ = conf.Check(p.path, l.fset, p.needed(), p.check.info)
	p.check.state = 2
	p.reportErrors(l)
}

type importer func(path string) (*types.Package, error)

func (f importer) Import(path string) (*types.Package, error) { return f(path) }

func (l *loader) importPackage(path string) (*types.Package, error) {
	p := l.pkgs[path]
	switch {
	case path == "unsafe":
		return types.Unsafe, nil
	case p == nil || p.listErr != "" || p.broken || p.check.state == 1:
		return nil, errImport
	}
	l.typeCheck(p)
	return p.check.pkg, nil
}

// needed returns the files of a package with nothing in them but the needed
// declarations. Constants keep their neighbours, which iota counts.
func (p *pkg) needed() []*ast.File {
	var files []*ast.File
	for _, s := range p.sources {
		if !s.inBuild(p) {
			continue
		}
		var decls []ast.Decl
		for _, d := range s.file.Decls {
			if d := p.neededOf(d); d != nil {
				decls = append(decls, d)
			}
		}
		if decls == nil {
			continue
		}
		if imports := p.importDecl(s); imports != nil {
			decls = append([]ast.Decl{imports}, decls...)
		}
		files = append(files, &ast.File{
			Package: s.file.Package, Name: s.file.Name, Decls: decls,
			FileStart: s.file.FileStart, FileEnd: s.file.FileEnd,
		})
	}
	if files == nil { // the package's name is needed all the same
		files = append(files, &ast.File{Name: ast.NewIdent(p.name)})
	}
	return files
}

func (p *pkg) neededOf(d ast.Decl) ast.Decl {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if e := p.decls[d.Name.Name]; e != nil && e.fn == d && e.level != unneeded {
			return &ast.FuncDecl{Name: d.Name, Type: d.Type}
		}
	case *ast.GenDecl:
		gen := &ast.GenDecl{TokPos: d.TokPos, Tok: d.Tok, Lparen: d.Lparen, Rparen: d.Rparen}
		for _, spec := range d.Specs {
			if e := p.bySpec[spec]; e != nil && e.level != unneeded {
				gen.Specs = append(gen.Specs, spec)
			}
		}
		switch {
		case len(gen.Specs) == 0:
		case d.Tok == token.CONST:
			return d
		default:
			return gen
		}
	}
	return nil
}

// typeError keeps an error of the type checker that matters: inside of what a
// schema is made of, and not where we do not look anyway.
func (p *pkg) typeError(err error) {
	var te types.Error
	if !errors.As(err, &te) {
		return
	}
	if strings.HasPrefix(te.Msg, "\t") { // says more about the error before
		if last := len(p.check.errs) - 1; last >= 0 && p.check.kept {
			p.check.errs[last].Msg += "\n" + te.Msg
		}
		return
	}
	p.check.kept = false
	for _, n := range p.opaque {
		if n.Pos() <= te.Pos && te.Pos < n.End() {
			return
		}
	}
	for _, d := range p.bySpec {
		if d.level != strict {
			continue
		}
		if from, to := d.span(); from <= te.Pos && te.Pos < to {
			p.check.errs = append(p.check.errs, te)
			p.check.kept = true
			return
		}
	}
}

// reportErrors reports what the type checker and the go command object to.
func (p *pkg) reportErrors(l *loader) {
	for _, te := range p.check.errs {
		p.reportType(l, te)
	}
	for name, d := range p.decls {
		if d.level == strict && d.again != nil {
			pr := p.report(schema.CodeGoType, l.pos(d.again.Pos(), len(name)), "rename one of them", "%q is declared twice", name)
			from, _ := d.span()
			pr.Notes = []schema.Note{{Pos: l.pos(from, len(name)), Message: "the first one is here"}}
		}
	}
	for spec, u := range p.imports {
		dep := l.pkgs[importPath(spec)]
		if u.level != strict || dep == nil || dep.listErr == "" {
			continue
		}
		msg, remedy := goAdvice(l.clean(dep.listErr))
		if better := p.notThere(l, dep); better != "" {
			remedy = better
		}
		p.report(schema.CodeGoImport, l.pos(spec.Path.Pos(), len(spec.Path.Value)), remedy,
			"a schema of this file needs this package: %s", msg)
	}
}

var refersTo = regexp.MustCompile(`(\S+) refers to (\S+)`)

func (p *pkg) reportType(l *loader, te types.Error) {
	msg, rest, _ := strings.Cut(te.Msg, "\n")
	pos := l.pos(te.Pos, p.identAt(te.Pos))
	if strings.HasPrefix(msg, "invalid recursive type") {
		links := refersTo.FindAllStringSubmatch(rest+"\n"+msg, -1)
		chain := make([]string, 0, len(links)+1)
		for i, link := range links {
			if i == 0 {
				chain = append(chain, strings.TrimPrefix(link[1], "type:"))
			}
			chain = append(chain, link[2])
		}
		if len(chain) == 2 && chain[1] == "itself" {
			chain[1] = chain[0]
		}
		if len(chain) > 1 {
			p.report(schema.CodeGoRecursion, pos, "keep an index or an id instead of the struct itself",
				"%q contains itself: %s", chain[0], strings.Join(chain, " -> "))
			return
		}
	}
	if name, ok := strings.CutPrefix(msg, "undefined array length "); ok {
		msg = "undefined: " + strings.TrimSuffix(name, " or missing type constraint")
	}
	remedy := ""
	if name, ok := strings.CutPrefix(msg, "undefined: "); ok {
		names := append([]string{}, types.Universe.Names()...)
		for n := range p.decls {
			names = append(names, n)
		}
		remedy = meant(name, sorted(names), "")
	}
	p.report(schema.CodeGoType, pos, remedy, "%s", msg)
}

// identAt returns the length of the identifier at a position, 1 if there is
// none.
func (p *pkg) identAt(pos token.Pos) (n int) {
	for _, s := range p.sources {
		if pos < s.file.FileStart || pos >= s.file.FileEnd {
			continue
		}
		ast.Inspect(s.file, func(node ast.Node) bool {
			if node == nil || pos < node.Pos() || pos >= node.End() {
				return false
			}
			if id, ok := node.(*ast.Ident); ok && id.Pos() == pos {
				n = len(id.Name)
			}
			return true
		})
	}
	return n
}
