package gosrc

import (
	"fmt"
	"go/ast"
	"go/token"
	"strings"

	"github.com/pylabhub/datahub/blds/schema"
)

// A placed directive is one at its place in a file.
type placed struct {
	directive
	pos token.Pos // of the comment
	bad bool      // some of it was not understood
}

// An annotation is a type declaration with its directives.
type annotation struct {
	src   *source
	gen   *ast.GenDecl
	spec  *ast.TypeSpec
	dirs  map[string]*placed
	kinds []string // of dirs, in the order of the text
}

// A constGroup is a const declaration, or one line of it, with //blds:const.
type constGroup struct {
	src   *source
	gen   *ast.GenDecl
	specs []*ast.ValueSpec
	dir   *placed
}

// doc returns the comment above the type.
func (a *annotation) doc() string { return docText(a.spec.Doc, a.gen) }

// docText returns the text of a comment without directives, or that of the
// declaration around it if it holds nothing else.
func docText(doc *ast.CommentGroup, gen *ast.GenDecl) string {
	if doc == nil && gen != nil && !gen.Lparen.IsValid() {
		doc = gen.Doc
	}
	return strings.TrimSpace(doc.Text())
}

// A target is what a comment stands directly above.
type target struct {
	gen  *ast.GenDecl
	spec ast.Spec // nil: the const declaration as a whole
}

// attach finds the directives of a package and the declarations they belong
// to. Only those of a package the user named are reported if they are wrong.
func (p *pkg) attach(l *loader) {
	if p.annOf != nil {
		return
	}
	p.annOf = map[*ast.TypeSpec]*annotation{}
	for _, s := range p.sources {
		f := attacher{p: p, l: l, src: s, quiet: !p.root || s.made}
		f.run()
	}
}

type attacher struct {
	p       *pkg
	l       *loader
	src     *source
	quiet   bool
	targets map[*ast.CommentGroup]target
}

func (f *attacher) report(code schema.Code, pos schema.Pos, remedy, format string, args ...any) *schema.Problem {
	if f.quiet {
		return &schema.Problem{}
	}
	return f.p.report(code, pos, remedy, format, args...)
}

func (f *attacher) run() {
	for _, cg := range f.src.file.Comments {
		for _, c := range cg.List {
			d, errs, ok := parseDirective(c.Text)
			if !ok {
				continue
			}
			if !strings.HasPrefix(c.Text, directiveStart) && !f.isDoc(cg) {
				continue // prose
			}
			at := &placed{directive: d, pos: c.Pos(), bad: len(errs) > 0}
			if d.name == "ignore" {
				f.p.ignores = append(f.p.ignores, Ignore{f.l.within(c.Pos(), d.nameAt), schema.Code(d.ignoreCode), d.ignoreReason})
				continue
			}
			if f.src.outside != "" && d.name != "" {
				f.report(schema.CodeDirectiveFile, f.l.within(c.Pos(), d.nameAt), "move it to a file that is part of every build",
					"%q in %s", directiveStart+d.name, f.src.outside)
				continue
			}
			for _, e := range errs {
				f.report(e.code, f.l.within(c.Pos(), e.at), e.remedy, "%s", e.msg)
			}
			if d.name != "" {
				f.place(at, cg)
			}
		}
	}
}

// isDoc reports whether a comment stands directly above a type or a constant.
func (f *attacher) isDoc(cg *ast.CommentGroup) bool {
	if f.targets == nil {
		f.targets = targets(f.src.file)
	}
	_, ok := f.targets[cg]
	return ok
}

// place gives a directive to the declaration that its comment stands above.
func (f *attacher) place(d *placed, cg *ast.CommentGroup) {
	ok := f.isDoc(cg)
	t := f.targets[cg]
	if d.name == "const" {
		if !ok || t.gen.Tok != token.CONST {
			f.misplaced(d, "a const declaration")
			return
		}
		g := &constGroup{src: f.src, gen: t.gen, dir: d}
		for _, spec := range t.gen.Specs {
			if t.spec == nil || t.spec == spec {
				g.specs = append(g.specs, spec.(*ast.ValueSpec))
			}
		}
		f.p.consts = append(f.p.consts, g)
		return
	}
	spec, isType := t.spec.(*ast.TypeSpec)
	if !ok || !isType {
		f.misplaced(d, "a type declaration")
		return
	}
	a := f.p.annOf[spec]
	if a == nil {
		a = &annotation{src: f.src, gen: t.gen, spec: spec, dirs: map[string]*placed{}}
		f.p.annOf[spec] = a
		f.p.anns = append(f.p.anns, a)
	}
	for _, other := range a.kinds {
		if other == d.name || exclusive(other) && exclusive(d.name) {
			msg := fmt.Sprintf("type %q is %q already", spec.Name.Name, directiveStart+other)
			if other == d.name {
				msg = fmt.Sprintf("type %q has %q twice", spec.Name.Name, directiveStart+other)
			}
			pr := f.report(schema.CodeDirectiveTwice, f.l.within(d.pos, d.nameAt), "remove one of them", "%s", msg)
			pr.Notes = []schema.Note{{Pos: f.l.within(a.dirs[other].pos, a.dirs[other].nameAt), Message: "the first one is here"}}
			return
		}
	}
	a.dirs[d.name] = d
	a.kinds = append(a.kinds, d.name)
}

// exclusive directives say what a type is; it can be one thing only.
func exclusive(name string) bool { return name == "schema" || name == "enum" || name == "bits" }

// targets maps doc comments to what they stand above.
func targets(file *ast.File) map[*ast.CommentGroup]target {
	m := map[*ast.CommentGroup]target{}
	for _, d := range file.Decls {
		gen, ok := d.(*ast.GenDecl)
		if !ok || gen.Tok != token.TYPE && gen.Tok != token.CONST {
			continue
		}
		single := !gen.Lparen.IsValid() && len(gen.Specs) == 1
		switch {
		case gen.Doc == nil:
		case gen.Tok == token.CONST:
			m[gen.Doc] = target{gen, nil}
		case single:
			m[gen.Doc] = target{gen, gen.Specs[0]}
		}
		for _, spec := range gen.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				if spec.Doc != nil {
					m[spec.Doc] = target{gen, spec}
				}
			case *ast.ValueSpec:
				if spec.Doc != nil {
					m[spec.Doc] = target{gen, spec}
				}
			}
		}
	}
	return m
}

// misplaced reports a directive that stands above nothing it could belong to.
func (f *attacher) misplaced(d *placed, what string) {
	remedy := "put it directly above " + what + ", without an empty line between"
	for _, decl := range f.src.file.Decls {
		if d.pos > decl.End() {
			continue
		}
		fn, isFunc := decl.(*ast.FuncDecl)
		gen, isGen := decl.(*ast.GenDecl)
		switch {
		case isFunc && fn.Body != nil && d.pos > fn.Body.Pos():
			remedy = "move the type out of the function, and the directive with it"
		case isGen && d.pos > gen.TokPos && gen.Tok == token.TYPE && what == "a type declaration":
			remedy = "put it directly above the type, not inside of it"
		case isGen && gen.Doc != nil && d.pos >= gen.Doc.Pos() && d.pos < gen.Doc.End() && gen.Tok == token.TYPE && gen.Lparen.IsValid():
			remedy = "put it above one type inside of the parentheses"
		}
		break
	}
	f.report(schema.CodeDirectivePlace, f.l.within(d.pos, d.nameAt), remedy,
		"%q is not directly above %s", directiveStart+d.name, what)
}
