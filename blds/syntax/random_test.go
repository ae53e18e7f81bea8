package syntax

import (
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/pylabhub/datahub/blds/schema"
)

// sameTree compares trees but for positions and the name of the file.
func sameTree(a, b *File) string {
	return cmp.Diff(a, b, cmpopts.IgnoreTypes(schema.Pos{}), cmpopts.IgnoreFields(File{}, "Name"), cmpopts.EquateEmpty())
}

// checkRoundTrip formats a tree and parses it back.
func checkRoundTrip(t interface{ Fatalf(string, ...any) }, f *File) {
	text := Format(f)
	again, problems := Parse("again.blds", text)
	if len(problems) > 0 {
		t.Fatalf("formatted text is refused:\n%s\n%s", show(problems), text)
	}
	if diff := sameTree(f, again); diff != "" {
		t.Fatalf("parsed tree differs (-formatted +parsed):\n%s\n%s", diff, text)
	}
	if twice := Format(again); string(twice) != string(text) {
		t.Fatalf("formatting twice differs:\n%s\nthen:\n%s", text, twice)
	}
}

func TestAnyTreeIsReadBackFromItsText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := (&treeGen{t}).file()
		f.normalise()
		checkRoundTrip(t, f)
	})
}

// A treeGen draws syntax trees: everything that the grammar allows, whether it
// means something or not.
type treeGen struct{ t *rapid.T }

func (g *treeGen) flip(label string) bool { return rapid.Bool().Draw(g.t, label) }
func (g *treeGen) rarely(label string) bool {
	return rapid.IntRange(0, 4).Draw(g.t, label) == 0
}
func (g *treeGen) count(most int) int { return rapid.IntRange(0, most).Draw(g.t, "count") }

func (g *treeGen) ident() string {
	if g.rarely("keyword") {
		words := append(append(append([]string{}, declKeywords...), memberKeywords...), otherKeywords...)
		return rapid.SampledFrom(append(words, builtins...)).Draw(g.t, "word")
	}
	return rapid.StringMatching(`[A-Za-z][A-Za-z0-9_]{0,12}`).Draw(g.t, "ident")
}

func (g *treeGen) name() Name { return Name{Text: g.ident()} }

func (g *treeGen) dotted() string {
	parts := []string{g.ident()}
	for range g.count(2) {
		parts = append(parts, g.ident())
	}
	return strings.Join(parts, ".")
}

// words draws text that a line of comment can have.
func (g *treeGen) words() string {
	s := rapid.StringMatching(`( ?[a-z/"'#{}é,@.]{1,8}){0,3}`).Draw(g.t, "words")
	return strings.TrimRight(s, " ")
}

func (g *treeGen) plain() Comment {
	text := g.words()
	if strings.HasPrefix(text, "/") && !strings.HasPrefix(text, "//") {
		text = " " + text // three slashes make a doc comment
	}
	return Comment{Text: text, Blank: g.flip("blank")}
}

func (g *treeGen) plains() (list []Comment) {
	if g.rarely("comments") {
		for range 1 + g.count(2) {
			list = append(list, g.plain())
		}
	}
	return list
}

func (g *treeGen) behind() *Comment {
	if !g.rarely("behind") {
		return nil
	}
	c := g.plain()
	c.Blank = false
	return &c
}

func (g *treeGen) comments(doc bool) Comments {
	c := Comments{Blank: g.rarely("blank"), Lead: g.plains(), Trail: g.behind()}
	if doc && g.rarely("doc") {
		for range 1 + g.count(2) {
			c.Doc = append(c.Doc, g.words())
		}
	}
	return c
}

func (g *treeGen) file() *File {
	f := &File{End: g.plains()}
	if g.flip("namespace") {
		f.Namespace = &Namespace{Comments: g.comments(false), Name: Name{Text: g.dotted()}}
	}
	if g.rarely("go_package") {
		f.GoPackage = &GoPackage{Comments: g.comments(false), Path: g.text()}
	}
	for range g.count(3) {
		imp := &Import{Comments: g.comments(false), Path: g.text()}
		if g.flip("alias") {
			imp.Alias = g.name()
		}
		f.Imports = append(f.Imports, imp)
	}
	for range g.count(6) {
		switch rapid.IntRange(0, 4).Draw(g.t, "decl") {
		case 0:
			f.Decls = append(f.Decls, g.constant())
		case 1:
			e := &Enum{Comments: g.comments(true), Bits: g.flip("bits"), Name: g.name(), Base: g.name(), Attrs: g.attrs(), Body: g.body()}
			for range g.count(3) {
				e.Values = append(e.Values, &EnumValue{Comments: g.comments(true), Name: g.name(), Value: g.expr(3), Attrs: g.attrs()})
			}
			f.Decls = append(f.Decls, e)
		case 2:
			c := &Channel{Comments: g.comments(false), Name: g.name(), Body: g.body()}
			for range g.count(3) {
				c.Policies = append(c.Policies, &Policy{Comments: g.comments(false), Key: g.name(), Value: g.expr(2)})
			}
			f.Decls = append(f.Decls, c)
		default:
			r := &Record{Comments: g.comments(true), Name: g.name(), Attrs: g.attrs(), Body: g.body(), Schema: g.flip("schema")}
			r.Members = g.members(true, r.Schema)
			if r.Schema {
				r.Version = &Version{Version: schema.Version{Major: 1, Minor: rapid.Uint16().Draw(g.t, "minor")}}
			}
			f.Decls = append(f.Decls, r)
		}
	}
	return f
}

func (g *treeGen) body() Body {
	return Body{Line: g.flip("line"), Open: g.behind(), End: g.plains()}
}

func (g *treeGen) members(groups, consts bool) (list []Member) {
	for range g.count(5) {
		switch k := rapid.IntRange(0, 7).Draw(g.t, "member"); {
		case k == 0:
			reserved := g.flip("reserved")
			list = append(list, &Pad{Comments: g.comments(reserved), Reserved: reserved, Len: g.expr(2), Attrs: g.attrs()})
		case k == 1 && consts:
			list = append(list, g.constant())
		case k == 2 && groups:
			list = append(list, &Group{Comments: g.comments(false), Name: g.name(), Attrs: g.attrs(), Body: g.body(), Members: g.members(false, false)})
		default:
			list = append(list, &Field{Comments: g.comments(true), Name: g.name(), Type: g.typ(), Attrs: g.attrs()})
		}
	}
	return list
}

func (g *treeGen) constant() *Const {
	return &Const{Comments: g.comments(true), Name: g.name(), Type: g.name(), Value: g.value()}
}

func (g *treeGen) typ() (t Type) {
	if g.flip("named") {
		t.Name.Text = g.dotted()
	} else {
		t.Code = schema.TypeCode(rapid.IntRange(int(schema.U8), int(schema.Bytes)).Draw(g.t, "code"))
		if t.Code.HasLen() {
			t.Len = g.expr(2)
		}
	}
	for range g.count(2) {
		t.Dims = append(t.Dims, g.expr(2))
	}
	return t
}

func (g *treeGen) attrs() (list []Attr) {
	if !g.rarely("attrs") {
		return nil
	}
	for range 1 + g.count(2) {
		a := Attr{Name: g.name()}
		if g.flip("argument") {
			a.Arg = g.value()
		}
		list = append(list, a)
	}
	return list
}

// text draws a string's value.
func (g *treeGen) text() string {
	return rapid.StringOfN(rapid.RuneFrom([]rune("ab \"\\\n\r\té\u202e\u0007日🙂`/*")), 0, 8, -1).Draw(g.t, "text")
}

func (g *treeGen) value() *Expr {
	switch rapid.IntRange(0, 4).Draw(g.t, "value") {
	case 0:
		return &Expr{Kind: StringExpr, Text: g.text()}
	case 1:
		return &Expr{Kind: VersionExpr, Text: "1.20." + strconv.Itoa(g.count(65535))}
	}
	return g.expr(3)
}

// expr draws an expression that needs no parentheses but those it has.
func (g *treeGen) expr(depth int) *Expr { return g.binary(1, depth) }

func (g *treeGen) binary(prec, depth int) *Expr {
	if depth == 0 || prec > 2 || g.flip("operand") {
		if prec > 2 || depth == 0 {
			return g.operand(depth)
		}
		return g.binary(prec+1, depth)
	}
	var ops []string
	for k, p := range binaryPrec {
		if p == prec {
			ops = append(ops, kindText[k])
		}
	}
	return &Expr{Kind: BinaryExpr, Op: rapid.SampledFrom(ops).Draw(g.t, "op"), X: g.binary(prec, depth-1), Y: g.binary(prec+1, depth-1)}
}

func (g *treeGen) operand(depth int) *Expr {
	switch k := rapid.IntRange(0, 5).Draw(g.t, "operand"); {
	case k == 0 && depth > 0:
		return &Expr{Kind: UnaryExpr, Op: rapid.SampledFrom([]string{"-", "~"}).Draw(g.t, "sign"), X: g.operand(depth - 1)}
	case k == 1 && depth > 0:
		return &Expr{Kind: ParenExpr, X: g.binary(1, depth-1)}
	case k == 2:
		return &Expr{Kind: FloatExpr, Text: rapid.SampledFrom([]string{"0.5", "1e-9", "1_0.2_5e+3", "2E7"}).Draw(g.t, "float")}
	case k == 3:
		return &Expr{Kind: NameExpr, Text: g.dotted()}
	}
	return &Expr{Kind: IntExpr, Text: rapid.SampledFrom([]string{"0", "7", "1_000", "0xfE", "0X1", "0b1_0", "0o17", "4k", "2m"}).Draw(g.t, "int")}
}

// TestTreesHaveNoFieldsThatComparisonsMiss fails when the tree gains a type that
// comparisons do not look into.
func TestTreesHaveNoFieldsThatComparisonsMiss(t *testing.T) {
	for _, typ := range []reflect.Type{reflect.TypeFor[File](), reflect.TypeFor[Comments](), reflect.TypeFor[Type](), reflect.TypeFor[Expr]()} {
		for i := range typ.NumField() {
			if f := typ.Field(i); !f.IsExported() {
				t.Errorf("%s.%s is not exported", typ.Name(), f.Name)
			}
		}
	}
}
