package syntax

import (
	"maps"
	"slices"
	"strings"

	"github.com/pylabhub/datahub/blds/schema"
)

// scopes calls visit with each file in which an unqualified name, or one
// qualified by qual, may be declared.
func (u *unit) scopes(qual string, visit func(*unit) (stop bool)) {
	if qual == "" || qual == u.info.Namespace {
		if visit(u) {
			return
		}
	}
	for i := range u.imports {
		e := &u.imports[i]
		ns := e.target.info.Namespace
		if qual == "" && ns == u.info.Namespace || qual != "" && (qual == ns || qual == e.name()) {
			if visit(e.target) {
				return
			}
		}
	}
}

// findType returns the type of a maybe qualified name, nil if there is none.
func (u *unit) findType(name string) (t any) {
	if t := u.types[name]; t != nil {
		return t
	}
	qual, last := schema.SplitID(name)
	u.scopes(qual, func(v *unit) bool {
		t = v.types[last]
		return t != nil
	})
	return t
}

// findConst does the same for a constant of a file.
func (u *unit) findConst(name string) (c *constant) {
	if c := u.consts[name]; c != nil {
		return c
	}
	qual, last := schema.SplitID(name)
	u.scopes(qual, func(v *unit) bool {
		c = v.consts[last]
		return c != nil
	})
	return c
}

// foreignTypes are the words that other languages have for types of ours.
var foreignTypes = map[string]string{
	"int": "i32 or i64", "uint": "u32 or u64", "long": "i64", "short": "i16", "byte": "u8", "char": "u8, or string[n]",
	"int8": "i8", "int16": "i16", "int32": "i32", "int64": "i64", "rune": "i32",
	"uint8": "u8", "uint16": "u16", "uint32": "u32", "uint64": "u64",
	"int8_t": "i8", "int16_t": "i16", "int32_t": "i32", "int64_t": "i64",
	"uint8_t": "u8", "uint16_t": "u16", "uint32_t": "u32", "uint64_t": "u64",
	"float": "f32", "double": "f64", "float32": "f32", "float64": "f64", "single": "f32", "real": "f64",
	"boolean": "bool", "Bool": "bool", "str": "string[n]", "text": "string[n]", "String": "string[n]",
	"blob": "bytes[n]", "buffer": "bytes[n]", "size_t": "u64", "usize": "u64", "isize": "i64",
	"uintptr": "u64", "time": "i64 @timestamp(ns)", "timestamp": "i64 @timestamp(ns)", "duration": "i64 @duration(ns)",
	"u128": "u64[2]", "i128": "u64[2]", "f16": "u16, or f32", "f128": "f64", "complex": "f64[2]",
	"vector": "an array of fixed length: f32[16]", "list": "an array of fixed length: f32[16]",
	"map": "an array of records of fixed length", "any": "a record", "void": "reserved 4",
}

var builtins = []string{"u8", "u16", "u32", "u64", "i8", "i16", "i32", "i64", "f32", "f64", "bool", "string", "bytes"}

// unknownType reports a type that does not exist. field is the name before it.
func (l *loader) unknownType(u *unit, n Name, field string) {
	if c := u.findConst(n.Text); c != nil {
		note(u.ps.add(schema.CodeNotType, n.Pos, "name a type here", "%s is a constant, not a type", quote(n.Text)),
			c.decl.Name.Pos, "it is declared here")
		return
	}
	remedy := ""
	if w := foreignTypes[n.Text]; w != "" {
		remedy = "use " + w
	} else if isBuiltin(field) {
		remedy = "a field's name comes first: " + n.Text + " " + field
	} else if w := foreignTypes[field]; w != "" {
		remedy = "a field's name comes first: " + n.Text + " " + strings.TrimSuffix(w, ", or string[n]")
	}
	p := u.ps.add(schema.CodeUnknownType, n.Pos, remedy, "unknown type %s", quote(n.Text))
	if p == nil || remedy != "" {
		return
	}
	if v, pos, how := l.elsewhere(u, n.Text, func(v *unit, last string) bool { return v.types[last] != nil }); v != nil {
		p.Remedy = how
		note(p, pos, "a type of that name is declared here")
		return
	}
	p.Remedy = didYouMean(n.Text, u.typeNames(), "declare it, or import the file that does")
}

// elsewhere looks for a name in the files that were loaded but are not visible
// under that name, and returns the file, the place, and how to name it.
func (l *loader) elsewhere(u *unit, name string, has func(*unit, string) bool) (*unit, schema.Pos, string) {
	_, last := schema.SplitID(name)
	for _, v := range l.units {
		if v == u || !has(v, last) {
			continue
		}
		how := "import " + quote(relative(u.info.Path, v.info.Path))
		for i := range u.imports {
			if e := &u.imports[i]; e.target == v {
				how = "write " + e.name() + "." + last
			}
		}
		return v, v.declPos(last), how
	}
	return nil, schema.Pos{}, ""
}

// declPos returns the place of a declaration.
func (u *unit) declPos(name string) schema.Pos {
	switch t := u.types[name].(type) {
	case *schema.Enum:
		return t.Pos
	case *schema.RecordDecl:
		return t.Pos
	case *schema.SchemaDecl:
		return t.Pos
	}
	if c := u.consts[name]; c != nil {
		return c.decl.Name.Pos
	}
	return schema.Pos{}
}

// relative returns the path of a file as another one imports it.
func relative(from, to string) string {
	a, b := strings.Split(from, "/"), strings.Split(to, "/")
	for len(a) > 1 && len(b) > 1 && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	return strings.Repeat("../", len(a)-1) + strings.Join(b, "/")
}

// typeNames returns the names that could have been meant by a type.
func (u *unit) typeNames() []string {
	names := append([]string(nil), builtins...)
	return append(names, u.names(func(v *unit) []string { return slices.Collect(maps.Keys(v.types)) })...)
}

func (u *unit) constNames() []string {
	return u.names(func(v *unit) []string { return slices.Collect(maps.Keys(v.consts)) })
}

// maxNames is how many names are looked through for one that was meant.
const maxNames = 4096

// names returns the names of a file and of its imports as the file writes them,
// or none if there are very many.
func (u *unit) names(of func(*unit) []string) []string {
	list := of(u)
	for i := range u.imports {
		e := &u.imports[i]
		for _, n := range of(e.target) {
			if e.target.info.Namespace != u.info.Namespace {
				n = e.name() + "." + n
			}
			list = append(list, n)
		}
	}
	if len(list) > maxNames {
		return nil
	}
	slices.Sort(list)
	return list
}
