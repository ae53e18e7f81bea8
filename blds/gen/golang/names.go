package golang

import (
	"fmt"

	"github.com/pylabhub/datahub/blds/gen"
	"github.com/pylabhub/datahub/blds/schema"
)

// A scope holds the names of one folder: those that were there and those that
// are generated.
type scope struct {
	users    []*gen.GoPackage
	names    map[string]schema.Pos    // generated, at top level
	methods  map[[2]string]schema.Pos // generated methods and fields, by type and name
	fields   map[[2]string]schema.Pos // the user's
	problems []schema.Problem
}

func newScope() *scope {
	return &scope{names: make(map[string]schema.Pos), methods: make(map[[2]string]schema.Pos), fields: make(map[[2]string]schema.Pos)}
}

// enter adds what p knows of its folder.
func (sc *scope) enter(p *gen.Package) {
	sc.users = append(sc.users, &p.Go)
	for _, name := range predeclared {
		if pos, ok := p.Go.Names[name]; ok {
			sc.problems = append(sc.problems, schema.Problem{
				Code: schema.CodeNameTaken, Pos: pos,
				Message: fmt.Sprintf("%q is redeclared, and generated code needs the one of the language", name),
				Remedy:  "choose another name",
			})
		}
	}
}

// predeclared are the names of the language that generated code uses.
var predeclared = []string{
	"byte", "bool", "error", "string", "float32", "float64", "int", "int8", "int16", "int32", "int64",
	"uint8", "uint16", "uint32", "uint64", "uintptr", "nil", "true", "false", "clear", "len", "new",
}

// taken reports whether the package's own files declare name.
func (sc *scope) taken(name string) bool {
	_, found := sc.user(name)
	return found
}

func (sc *scope) user(name string) (schema.Pos, bool) {
	for _, u := range sc.users {
		if pos, ok := u.Names[name]; ok {
			return pos, true
		}
		if pos, ok := u.TestNames[name]; ok {
			return pos, true
		}
	}
	return schema.Pos{}, false
}

// method returns where the user declared a method.
func (sc *scope) method(typ, name string) (schema.Pos, bool) {
	for _, u := range sc.users {
		if pos, ok := u.Methods[typ][name]; ok {
			return pos, true
		}
	}
	return schema.Pos{}, false
}

// declare enters a generated top-level name for what stands at pos.
func (sc *scope) declare(name string, pos schema.Pos) {
	if at, ok := sc.user(name); ok {
		sc.collide(name, pos, at)
	} else if at, ok := sc.names[name]; ok {
		sc.twice(name, pos, at)
	} else {
		sc.names[name] = pos
	}
}

// declareMethod enters a generated method, or a field of a generated type.
func (sc *scope) declareMethod(typ, name string, pos schema.Pos) {
	full, key := typ+"."+name, [2]string{typ, name}
	if at, ok := sc.method(typ, name); ok {
		sc.collide(full, pos, at)
	} else if at, ok := sc.fields[key]; ok {
		sc.collide(full, pos, at)
	} else if at, ok := sc.methods[key]; ok {
		sc.twice(full, pos, at)
	} else {
		sc.methods[key] = pos
	}
}

func (sc *scope) collide(name string, pos, at schema.Pos) {
	sc.problems = append(sc.problems, schema.Problem{
		Code: schema.CodeNameTaken, Pos: pos,
		Message: fmt.Sprintf("the generated name %q is declared by hand in the same package", name),
		Remedy:  "rename one of the two",
		Notes:   []schema.Note{{Pos: at, Message: fmt.Sprintf("%q is declared here", name)}},
	})
}

func (sc *scope) twice(name string, pos, at schema.Pos) {
	sc.problems = append(sc.problems, schema.Problem{
		Code: schema.CodeNameTwice, Pos: pos,
		Message: fmt.Sprintf("the name %q is generated twice", name),
		Remedy:  "rename one of the two",
		Notes:   []schema.Note{{Pos: at, Message: "it is also generated for this"}},
	})
}
