// Package gen is the frame around code generators: what a [Target] is given,
// what it returns, and how its output gets into files without ever harming one
// that somebody wrote by hand.
package gen

import (
	"go/types"

	"github.com/pylabhub/datahub/blds/schema"
)

// A Target makes source files of one language from schemas.
type Target interface {
	// Name is the word that selects the target: "go".
	Name() string
	// Generate makes the files of all packages of a run. It neither reads nor
	// writes files. If it returns problems the files are incomplete.
	Generate(pkgs []*Package) ([]File, []schema.Problem)
}

// A Package is one output folder and the sources whose output goes there.
type Package struct {
	Dir     string // the output folder, as the user would name it
	Sources []*Source
	Go      GoPackage
}

// A Source is a source file with what it declares.
type Source struct {
	Path  string // as the user would name it
	Decls []Decl // in any order; output follows their positions
	// Written says that the source is Go itself: its types, enum values and
	// constants exist and only what belongs to them is generated. Names of
	// fields and types are then Go names.
	Written bool
}

// A Decl is one declaration: exactly one of its fields is set.
type Decl struct {
	Schema *schema.Schema
	Record *schema.Record // a record that is no schema
	Enum   *schema.Enum
	Const  *schema.Const // a constant of the package
}

// Pos returns where d stands in its source.
func (d Decl) Pos() schema.Pos {
	switch {
	case d.Schema != nil:
		return d.Schema.Pos
	case d.Record != nil:
		return d.Record.Pos
	case d.Enum != nil:
		return d.Enum.Pos
	case d.Const != nil:
		return d.Const.Pos
	}
	return schema.Pos{}
}

// A GoPackage is what the Go target must know of the package it writes into.
type GoPackage struct {
	Name       string // the package's name
	ImportPath string // "" if it is not known: the folder is in no module
	// Names are the names that the package's other files declare at top level,
	// TestNames those of its test files, Methods the methods by type.
	Names     map[string]schema.Pos
	TestNames map[string]schema.Pos
	Methods   map[string]map[string]schema.Pos
	// Types tells where records and enums live that no package of the run
	// declares, by their ID.
	Types map[string]GoType
	// FieldType returns the type of a field that is written in Go, given the
	// Go names of the record's type and of the field. Nil, or a nil result, stands for
	// the type that the generator itself would give it.
	FieldType func(typeName, field string) types.Type
}

// A GoType is a type of a Go package.
type GoType struct {
	ImportPath string
	Package    string // the package's name
	Name       string
}

// A File is one output file, in memory.
type File struct {
	Path   string // where it goes, as the user would name it
	Source string // the source it is made from, as the user would name it
	Data   []byte
}
