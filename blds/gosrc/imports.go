package gosrc

import (
	"go/ast"
	"go/token"
	"strconv"
)

// An importUse is an import that a needed declaration uses.
type importUse struct {
	src   *source
	level int
}

// use notes that d needs an import.
func (p *pkg) use(spec *ast.ImportSpec, d *decl) {
	if p.imports == nil {
		p.imports = map[*ast.ImportSpec]*importUse{}
	}
	u := p.imports[spec]
	if u == nil {
		u = &importUse{src: d.src}
		p.imports[spec] = u
	}
	u.level = max(u.level, d.level)
}

// importNamed finds the import that a name stands for in the file of the
// declaration being walked. An import without a name of its own has that of its
// package: if that is not known yet, the likely ones are listed first.
func (f *follower) importNamed(name string) *ast.ImportSpec {
	var likely, unknown []string
	for _, spec := range f.decl.src.file.Imports {
		path := importPath(spec)
		switch {
		case path == "":
		case spec.Name != nil:
			if spec.Name.Name == name {
				return spec
			}
		case path == "unsafe" || path == "C":
			if path == name {
				return spec
			}
		default:
			p := f.packageAt(path)
			switch {
			case p == nil && assumedName(path) == name:
				likely = append(likely, path)
			case p == nil:
				unknown = append(unknown, path)
			case p.name == name, p.name == "" && assumedName(path) == name:
				return spec
			}
		}
	}
	if len(likely) == 0 {
		likely = unknown
	}
	for _, path := range likely {
		f.miss(path)
	}
	return nil
}

// importPath returns the path of an import, "" if it is no string.
func importPath(spec *ast.ImportSpec) string {
	path, err := strconv.Unquote(spec.Path.Value)
	if err != nil {
		return ""
	}
	return path
}

// importDecl is a declaration of the imports of s that are used.
func (p *pkg) importDecl(s *source) *ast.GenDecl {
	gen := &ast.GenDecl{Tok: token.IMPORT}
	for _, spec := range s.file.Imports {
		if u := p.imports[spec]; u != nil && u.src == s {
			gen.Specs = append(gen.Specs, spec)
			gen.TokPos = gen.Specs[0].Pos()
		}
	}
	if len(gen.Specs) == 0 {
		return nil
	}
	return gen
}
