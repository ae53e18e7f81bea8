package syntax

import (
	"cmp"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/pylabhub/datahub/blds/naming"
	"github.com/pylabhub/datahub/blds/schema"
)

// A Source is a file given to [Load].
type Source struct {
	Path string // slash-separated; as in positions
	Data []byte
}

// A FileInfo says what one loaded file holds. The declarations are those of the
// packages, in the order of the text.
type FileInfo struct {
	Path      string // cleaned
	Asked     bool   // given to Load, not only imported
	Namespace string
	GoPackage string // folder below the module's root, slash-separated
	Imports   []*FileInfo
	Tree      *File

	Schemas []*schema.SchemaDecl
	Records []*schema.RecordDecl
	Enums   []*schema.Enum
	Consts  []schema.Const
}

// Load parses files and what they import, and resolves names and constants.
// It returns one package per namespace, in the order of their names; declarations
// stand in the order of the paths of their files, then of the text.
//
// An imported file is asked of read by its path: that of the import, relative to
// the importing file, cleaned. A file that is given and imported is loaded once
// if its cleaned path is the same. read may be nil if nothing can be imported.
//
// If a file cannot be read or parsed, no packages are returned. With other
// problems they hold what was understood, in the form that package layout takes
// without reporting the same again. Problems are in order of their places.
func Load(files []Source, read func(path string) ([]byte, error)) ([]*schema.Package, []*FileInfo, []schema.Problem) {
	l := loader{read: read, byPath: make(map[string]*unit, len(files))}
	for i := range files {
		name := path.Clean(files[i].Path)
		if l.byPath[name] == nil {
			l.parse(name, files[i].Path, files[i].Data).info.Asked = true
		}
	}
	for i := 0; i < len(l.units); i++ { // grows
		l.imports(l.units[i])
	}
	l.cycles()
	slices.SortFunc(l.units, func(a, b *unit) int { return cmp.Compare(a.info.Path, b.info.Path) })
	infos := make([]*FileInfo, len(l.units))
	sound := true
	for i, u := range l.units {
		infos[i] = u.info
		sound = sound && len(u.ps.list) == 0
	}
	var pkgs []*schema.Package
	if sound {
		l.goPackages()
		pkgs = l.lower()
	}
	var list []schema.Problem
	for _, u := range l.units {
		list = append(list, u.ps.list...)
	}
	sortProblems(list)
	return pkgs, infos, list
}

// A loader holds the files of one call of Load.
type loader struct {
	read   func(string) ([]byte, error)
	byPath map[string]*unit
	units  []*unit
	stack  []*constant // constants being evaluated
}

// A unit is one file while it is loaded.
type unit struct {
	info    *FileInfo
	ast     *File
	ps      *problems
	imports []edge
	types   map[string]any // *schema.Enum, *schema.RecordDecl, *schema.SchemaDecl
	consts  map[string]*constant
	visit   uint8 // by cycles: 1 on the way, 2 done
}

// An edge is an import that could be read.
type edge struct {
	decl   *Import
	target *unit
}

// name returns what the import's names are qualified by, besides the full
// namespace.
func (e *edge) name() string {
	if e.decl.Alias.Text != "" {
		return e.decl.Alias.Text
	}
	_, last := schema.SplitID(e.target.info.Namespace)
	return last
}

func (l *loader) parse(name, shown string, data []byte) *unit {
	ast, list := Parse(shown, data)
	u := &unit{ast: ast, ps: &problems{list: list}, info: &FileInfo{Path: name, Tree: ast}}
	if n := len(list); n > 0 && list[n-1].Code == schema.CodeTooMany {
		u.ps.full = true
	}
	if ast.Namespace != nil {
		u.info.Namespace = ast.Namespace.Name.Text
	}
	u.info.GoPackage = naming.GoPackageDir(u.info.Namespace)
	if ast.GoPackage != nil {
		u.info.GoPackage = ast.GoPackage.Path
	}
	l.byPath[name] = u
	l.units = append(l.units, u)
	return u
}

// imports loads what a file imports.
func (l *loader) imports(u *unit) {
	for _, imp := range u.ast.Imports {
		if what := badPath(imp.Path); what != "" || path.Ext(imp.Path) != ".blds" {
			if what == "" {
				what = "does not end in .blds"
			}
			u.ps.add(schema.CodeBadPath, imp.PathPos, "write the path of a .blds file relative to this one, with slashes",
				"import path %s %s", quote(imp.Path), what)
			continue
		}
		name := path.Join(path.Dir(u.info.Path), imp.Path)
		target := l.byPath[name]
		if target == nil {
			data, err := l.readFile(name)
			if err != nil {
				what, remedy := err.Error(), ""
				if errors.Is(err, fs.ErrNotExist) {
					what, remedy = "it does not exist", "the path is relative to the folder of the importing file"
				}
				u.ps.add(schema.CodeImport, imp.PathPos, remedy, "import %s cannot be read: %s", quote(imp.Path), what)
				continue
			}
			target = l.parse(name, name, data)
		}
		l.link(u, edge{imp, target})
	}
}

func (l *loader) readFile(name string) ([]byte, error) {
	if l.read == nil {
		return nil, fs.ErrNotExist
	}
	return l.read(name)
}

// link enters an import unless it clashes with another.
func (l *loader) link(u *unit, e edge) {
	for i := range u.imports {
		f := &u.imports[i]
		switch {
		case f.target == e.target:
			note(u.ps.add(schema.CodeImportName, e.decl.PathPos, "remove one of them", "%s is imported twice", quote(e.decl.Path)),
				f.decl.PathPos, "it is imported here first")
			return
		case f.name() == e.name() && f.target.info.Namespace != e.target.info.Namespace:
			note(u.ps.add(schema.CodeImportName, e.decl.PathPos, "give one of them another name with as",
				"two imports are called %s", quote(e.name())),
				f.decl.PathPos, "the other is namespace %s", quote(f.target.info.Namespace))
			return
		}
	}
	u.imports = append(u.imports, e)
	u.info.Imports = append(u.info.Imports, e.target.info)
}

// badPath says why a path is not one that means the same on every system.
func badPath(p string) string {
	switch {
	case p == "":
		return "is empty"
	case strings.ContainsRune(p, '\\'):
		return "has a backslash"
	case strings.ContainsFunc(p, func(r rune) bool { return r < ' ' || strings.ContainsRune(`:*?"<>|`, r) }):
		return "has a character that file names cannot have everywhere"
	case p[0] == '/':
		return "is absolute"
	}
	return ""
}

// cycles reports files that import themselves, by whatever way.
func (l *loader) cycles() {
	var way []*unit
	var walk func(u *unit)
	walk = func(u *unit) {
		u.visit = 1
		way = append(way, u)
		for i := range u.imports {
			e := &u.imports[i]
			switch e.target.visit {
			case 0:
				walk(e.target)
			case 1:
				var b strings.Builder
				for _, v := range way[slices.Index(way, e.target):] {
					b.WriteString(v.info.Path + " -> ")
				}
				u.ps.add(schema.CodeImportCycle, e.decl.PathPos, "move what both need into a third file",
					"files import each other: %s%s", b.String(), e.target.info.Path)
			}
		}
		way = way[:len(way)-1]
		u.visit = 2
	}
	for _, u := range l.units {
		if u.visit == 0 {
			walk(u)
		}
	}
}

// goPackages checks that namespaces and Go packages belong to each other.
func (l *loader) goPackages() {
	byNamespace := make(map[string]*unit, len(l.units))
	byDir := make(map[string]*unit, len(l.units))
	for _, u := range l.units {
		if n := u.ast.GoPackage; n != nil {
			what := badPath(n.Path)
			if what == "" && (path.Clean(n.Path) != n.Path || n.Path == "." || n.Path == ".." || strings.HasPrefix(n.Path, "../")) {
				what = "does not lie below the module's root, or is not in its shortest form"
			}
			if what != "" {
				u.ps.add(schema.CodeBadPath, n.PathPos, `write the folder below the module's root, like "generated/weather"`,
					"go_package %s %s", quote(n.Path), what)
				continue
			}
		}
		if v := byNamespace[u.info.Namespace]; v == nil {
			byNamespace[u.info.Namespace] = u
		} else if v.info.GoPackage != u.info.GoPackage {
			note(u.ps.add(schema.CodeGoPackage, u.goPackagePos(), "give all files of the namespace the same go_package",
				"namespace %s is in two Go packages, %s and %s",
				quote(u.info.Namespace), quote(v.info.GoPackage), quote(u.info.GoPackage)),
				v.goPackagePos(), "the other is named here")
			continue
		}
		if v := byDir[u.info.GoPackage]; v == nil {
			byDir[u.info.GoPackage] = u
		} else if v.info.Namespace != u.info.Namespace {
			note(u.ps.add(schema.CodeGoPackage, u.goPackagePos(), "give each namespace a go_package of its own",
				"Go package %s has two namespaces, %s and %s",
				quote(u.info.GoPackage), quote(v.info.Namespace), quote(u.info.Namespace)),
				v.goPackagePos(), "the other is named here")
		}
	}
}

// goPackagePos returns the place that decides in which Go package a file is.
func (u *unit) goPackagePos() schema.Pos {
	switch {
	case u.ast.GoPackage != nil:
		return u.ast.GoPackage.PathPos
	case u.ast.Namespace != nil:
		return u.ast.Namespace.Name.Pos
	}
	return schema.Pos{File: u.ast.Name, Line: 1, Col: 1, Len: 1}
}
