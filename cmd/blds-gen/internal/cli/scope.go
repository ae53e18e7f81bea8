package cli

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/modfile"

	"github.com/pylabhub/datahub/blds/gen"
	"github.com/pylabhub/datahub/blds/naming"
	"github.com/pylabhub/datahub/blds/schema"
)

// goPackage tells what the Go target must know of a folder that output of .blds
// files goes to: it may hold files of the user's. Files that do not parse are
// taken as far as they do: the go command will tell about them.
func goPackage(dir string) gen.GoPackage {
	p := gen.GoPackage{
		ImportPath: importPath(dir),
		Names:      map[string]schema.Pos{}, TestNames: map[string]schema.Pos{},
		Methods: map[string]map[string]schema.Pos{},
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		abs = dir
	}
	p.Name = naming.GoPackageName(filepath.ToSlash(abs))
	entries, _ := os.ReadDir(dir) // a folder that is not there yet has no names
	named := false
	for _, e := range entries {
		file := filepath.Join(dir, e.Name())
		if filepath.Ext(file) != ".go" || e.Name()[0] == '_' || e.Name()[0] == '.' || !e.Type().IsRegular() {
			continue
		}
		text, err := readFile(file)
		if err != nil {
			continue
		}
		if _, ours := gen.MarkedSource(text); ours {
			continue
		}
		fset := token.NewFileSet()
		f, _ := parser.ParseFile(fset, file, text, parser.SkipObjectResolution)
		if f == nil || f.Name == nil {
			continue
		}
		test := strings.HasSuffix(file, "_test.go")
		if !test && !named && f.Name.Name != "_" {
			p.Name, named = f.Name.Name, true
		}
		if test && strings.HasSuffix(f.Name.Name, "_test") {
			continue // a package of its own
		}
		scanFile(fset, f, test, &p)
	}
	return p
}

// scanFile enters the names that a file declares at top level.
func scanFile(fset *token.FileSet, f *ast.File, test bool, p *gen.GoPackage) {
	names := p.Names
	if test {
		names = p.TestNames
	}
	at := func(id *ast.Ident) schema.Pos {
		pos := fset.PositionFor(id.Pos(), false)
		return schema.Pos{File: pos.Filename, Line: pos.Line, Col: pos.Column, Len: len(id.Name)}
	}
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil {
				names[d.Name.Name] = at(d.Name)
			} else if typ := receiver(d.Recv); typ != "" {
				if p.Methods[typ] == nil {
					p.Methods[typ] = map[string]schema.Pos{}
				}
				p.Methods[typ][d.Name.Name] = at(d.Name)
			}
		case *ast.GenDecl:
			for _, s := range d.Specs {
				switch s := s.(type) {
				case *ast.TypeSpec:
					names[s.Name.Name] = at(s.Name)
				case *ast.ValueSpec:
					for _, id := range s.Names {
						names[id.Name] = at(id)
					}
				}
			}
		}
	}
}

// receiver returns the name of a method's type.
func receiver(fields *ast.FieldList) string {
	if len(fields.List) == 0 {
		return ""
	}
	t := fields.List[0].Type
	for {
		switch x := t.(type) {
		case *ast.StarExpr:
			t = x.X
		case *ast.ParenExpr:
			t = x.X
		case *ast.IndexExpr:
			t = x.X
		case *ast.Ident:
			return x.Name
		default:
			return ""
		}
	}
}

// importPath returns the import path of the package in a folder, "" if it is in
// no module. The folder need not exist.
func importPath(dir string) string {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return ""
	}
	root := moduleRoot(abs)
	if root == "" {
		return ""
	}
	text, err := readFile(filepath.Join(root, "go.mod"))
	if err != nil {
		return ""
	}
	rel, err := filepath.Rel(root, abs)
	module := modfile.ModulePath(text)
	if err != nil || module == "" {
		return ""
	}
	return strings.TrimSuffix(module+"/"+filepath.ToSlash(rel), "/.")
}
