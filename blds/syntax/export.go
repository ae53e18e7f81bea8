package syntax

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/pylabhub/datahub/blds/layout"
	"github.com/pylabhub/datahub/blds/naming"
	"github.com/pylabhub/datahub/blds/schema"
)

// Export makes a tree of a laid-out package. Loaded and laid out, its text has
// schemas of the same hashes. Padding, alignment and presence words are written
// where the rules of .blds alone would give another layout. Names of fields,
// values and constants become .blds names.
//
// importPath returns the path by which to import a namespace that types of the
// package belong to. If it is nil or returns "", such types are declared in the
// file itself, and so are types of the package that are used but not listed:
// hashes do not know the names of types.
//
// Not kept are the names of reserved ranges. It fails for schemas that are not
// little-endian, and for records that package layout would not have made.
func Export(p *layout.Package, importPath func(namespace string) string) (*File, error) {
	x := exporter{pkg: p, importPath: importPath, names: map[string]bool{}, types: map[any]string{}, imports: map[string]*Import{}}
	f := &File{}
	if p.Namespace != "" {
		f.Namespace = &Namespace{Name: Name{Text: p.Namespace}}
	}
	for _, s := range p.Schemas {
		x.take(typeKey(s.Record.ID, s.Record), s.Name())
	}
	for _, r := range p.Records {
		x.take(typeKey(r.ID, r), r.Name)
	}
	for _, e := range p.Enums {
		x.take(typeKey(e.ID, e), e.Name)
	}
	for i := range p.Consts {
		c, err := constDecl(&p.Consts[i])
		if err != nil {
			return nil, err
		}
		x.add(p.Consts[i].Pos, c)
	}
	for _, e := range p.Enums {
		x.add(e.Pos, x.enum(e))
	}
	for _, r := range p.Records {
		d, err := x.record(r, x.types[typeKey(r.ID, r)])
		if err != nil {
			return nil, err
		}
		x.add(r.Pos, d)
	}
	for _, s := range p.Schemas {
		if err := x.schema(s); err != nil {
			return nil, err
		}
	}
	for i := 0; i < len(x.extra); i++ { // grows
		if err := x.extra[i](); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(x.decls, func(a, b exported) int {
		return cmp.Or(-compareBool(a.pos.IsValid(), b.pos.IsValid()), a.pos.Compare(b.pos))
	})
	for _, d := range x.decls {
		f.Decls = append(f.Decls, d.decls...)
	}
	for _, imp := range x.imports {
		f.Imports = append(f.Imports, imp)
	}
	slices.SortFunc(f.Imports, func(a, b *Import) int { return cmp.Compare(a.Path, b.Path) })
	f.normalise()
	return f, nil
}

// ExportSchema makes a tree of one schema, for instance of a decoded one, and of
// all types it uses.
func ExportSchema(s *schema.Schema) (*File, error) {
	return Export(&layout.Package{Namespace: s.Namespace(), Schemas: []*schema.Schema{s}}, nil)
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// An exporter holds the state of one call of Export.
type exporter struct {
	pkg        *layout.Package
	importPath func(string) string
	names      map[string]bool    // folded names of types of the file
	types      map[any]string     // by typeKey: the name in the file
	imports    map[string]*Import // by namespace
	decls      []exported
	extra      []func() error // declarations of types that are not listed
}

// An exported is a declaration, and what follows it, with its place in the
// source.
type exported struct {
	pos   schema.Pos
	decls []Decl
}

func (x *exporter) add(pos schema.Pos, d ...Decl) { x.decls = append(x.decls, exported{pos, d}) }

// typeKey identifies a type: by its id, or by its pointer if it has none.
func typeKey(id string, ptr any) any {
	if id != "" {
		return schema.FoldID(id)
	}
	return ptr
}

// take gives a type of the file a name that is free.
func (x *exporter) take(key any, name string) string {
	if !schema.IsIdent(name) {
		name = "Type"
	}
	free := name
	for n := 2; x.names[schema.Fold(free)]; n++ {
		free = name + strconv.Itoa(n)
	}
	x.names[schema.Fold(free)] = true
	x.types[key] = free
	return free
}

// typeName returns the name of a type as the file writes it. A type of another
// namespace is imported or declared by declare.
func (x *exporter) typeName(id, name string, ptr any, declare func(name string) error) string {
	key := typeKey(id, ptr)
	if known := x.types[key]; known != "" {
		return known
	}
	ns, last := schema.SplitID(id)
	if ns != x.pkg.Namespace && x.importPath != nil {
		if p := x.importPath(ns); p != "" {
			x.types[key] = x.qualifier(ns, p) + "." + last
			return x.types[key]
		}
	}
	own := x.take(key, name)
	x.extra = append(x.extra, func() error { return declare(own) })
	return own
}

// qualifier returns the name by which the types of a namespace are qualified.
func (x *exporter) qualifier(ns, importPath string) string {
	imp := x.imports[ns]
	if imp == nil {
		imp = &Import{Path: path.Clean(importPath)}
		_, last := schema.SplitID(ns)
		for other := range x.imports {
			if _, l := schema.SplitID(other); l == last {
				imp.Alias.Text = strings.ReplaceAll(ns, ".", "_")
			}
		}
		x.imports[ns] = imp
	}
	if imp.Alias.Text != "" {
		return imp.Alias.Text
	}
	_, last := schema.SplitID(ns)
	return last
}

func (x *exporter) schema(s *schema.Schema) error {
	if s.Order != schema.LittleEndian {
		return fmt.Errorf("schema %s is %s: .blds has little-endian only", s.ID, s.Order)
	}
	d, err := x.record(s.Record, s.Name())
	if err != nil {
		return err
	}
	d.Schema, d.Version = true, &Version{Version: s.Version}
	d.Doc = docLines(s.Doc)
	if s.Deprecated != "" {
		d.Attrs = append(d.Attrs, attr("deprecated", stringExpr(s.Deprecated)))
	}
	var members []Member
	for i := range s.Consts {
		c, err := constDecl(&s.Consts[i])
		if err != nil {
			return err
		}
		members = append(members, c)
	}
	if members != nil {
		d.Members[0].comments().Blank = true
		d.Members = append(members, d.Members...)
	}
	if s.Channel == nil {
		x.add(s.Pos, d)
		return nil
	}
	x.add(s.Pos, d, channelDecl(s))
	return nil
}

func constDecl(c *schema.Const) (*Const, error) {
	if !c.Value.Code.IsNumber() && c.Value.Code != schema.Bool && c.Value.Code != schema.String {
		return nil, errors.New("constant " + c.Name + " is a " + c.Value.Code.String())
	}
	return &Const{
		Comments: Comments{Doc: docLines(c.Doc)},
		Name:     Name{Text: naming.BldsName(c.Name)},
		Type:     Name{Text: c.Value.Code.String()},
		Value:    literalExpr(c.Value),
	}, nil
}

// maxLine is the longest line that a body is written on.
const maxLine = 100

func (x *exporter) enum(e *schema.Enum) *Enum {
	d := &Enum{
		Comments: Comments{Doc: docLines(e.Doc)},
		Bits:     e.Bits,
		Name:     Name{Text: x.types[typeKey(e.ID, e)]},
		Base:     Name{Text: e.Base.String()},
	}
	width := len("enum X : u16 {  }") + len(d.Name.Text)
	for i := range e.Values {
		v := &e.Values[i]
		val := &EnumValue{
			Comments: Comments{Doc: docLines(v.Doc)},
			Name:     Name{Text: naming.BldsName(v.Name)},
			Value:    enumExpr(e, v.Value),
		}
		if v.Deprecated != "" {
			val.Attrs = []Attr{attr("deprecated", stringExpr(v.Deprecated))}
		}
		d.Values = append(d.Values, val)
		width += len(val.Name.Text) + len(exprText(val.Value, false)) + len(attrText(" ", val.Attrs)) + len(" = , ")
	}
	d.Body.Line = width <= maxLine
	return d
}

// enumExpr writes a value of an enum; of a bit set as a mask.
func enumExpr(e *schema.Enum, v uint64) *Expr {
	if !e.Bits {
		return intExpr(schema.FormatInt(e.Base, v))
	}
	if v&(v-1) != 0 {
		return &Expr{Kind: IntExpr, Text: "0x" + strconv.FormatUint(v, 16)}
	}
	for n := range 64 {
		if n > 0 && v == 1<<n {
			return &Expr{Kind: BinaryExpr, Op: "<<", X: intExpr("1"), Y: intExpr(strconv.Itoa(n))}
		}
	}
	return intExpr(strconv.FormatUint(v, 10))
}

func channelDecl(s *schema.Schema) *Channel {
	c := s.Channel
	d := &Channel{Name: Name{Text: s.Name()}}
	add := func(given bool, key string, value *Expr) {
		if given {
			d.Policies = append(d.Policies, &Policy{Key: Name{Text: key}, Value: value})
		}
	}
	number := func(n uint32) *Expr { return intExpr(strconv.FormatUint(uint64(n), 10)) }
	page := number(c.PageSize)
	switch {
	case c.PageSize != 0 && c.PageSize%(1<<20) == 0:
		page.Text = strconv.FormatUint(uint64(c.PageSize>>20), 10) + "m"
	case c.PageSize != 0 && c.PageSize%(1<<10) == 0:
		page.Text = strconv.FormatUint(uint64(c.PageSize>>10), 10) + "k"
	}
	flex := c.FlexName
	if s.Flex != nil {
		flex = s.Flex.Name()
	}
	add(c.Policy != 0, "policy", word(c.Policy.String()))
	add(c.Sync != 0, "sync", word(c.Sync.String()))
	add(c.Capacity != 0, "capacity", number(c.Capacity))
	add(c.Consumers != 0, "consumers", number(c.Consumers))
	add(c.PageSize != 0, "page", page)
	add(flex != "", "flex", word(flex))
	add(c.FlexMode > schema.DoubleBuffered, "flex_mode", word(c.FlexMode.String()))
	add(c.Checksum > schema.ChecksumNone, "checksum", word(c.Checksum.String()))
	add(c.ChecksumType != 0, "checksum_type", word(c.ChecksumType.String()))
	add(c.Timestamp, "timestamp", word("on"))
	add(c.Spinlocks != 0, "spinlocks", number(c.Spinlocks))
	width := len("channel X {  }") + len(d.Name.Text)
	for _, p := range d.Policies {
		width += len(p.Key.Text) + len(exprText(p.Value, false)) + len(" , ")
	}
	d.Body.Line = width <= maxLine
	return d
}

func word(s string) *Expr       { return &Expr{Kind: NameExpr, Text: s} }
func stringExpr(s string) *Expr { return &Expr{Kind: StringExpr, Text: s} }

// intExpr returns a decimal integer.
func intExpr(s string) *Expr {
	if digits, minus := strings.CutPrefix(s, "-"); minus {
		return &Expr{Kind: UnaryExpr, Op: "-", X: intExpr(digits)}
	}
	return &Expr{Kind: IntExpr, Text: s}
}

// literalExpr returns a value in its canonical spelling.
func literalExpr(v schema.Value) *Expr {
	switch {
	case v.Code == schema.String:
		return stringExpr(v.Text)
	case v.Code == schema.Bool:
		return word(v.Text)
	}
	e := intExpr(v.Text)
	if digits := e; strings.ContainsAny(v.Text, ".e") {
		if digits.Kind == UnaryExpr {
			digits = digits.X
		}
		digits.Kind = FloatExpr
	}
	return e
}

// docLines returns the lines of a doc comment. What a reader of the text could
// not see is replaced.
func docLines(doc string) []string {
	if doc == "" {
		return nil
	}
	lines := strings.Split(doc, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(strings.Map(func(r rune) rune {
			if r != '\t' && isInvisible(r) {
				return '\ufffd'
			}
			return r
		}, line), " \t")
	}
	return lines
}
