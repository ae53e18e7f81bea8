package syntax

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Format writes a tree that [Parse] or [Export] made in the canonical style: two
// spaces of indentation, LF, and columns for what belongs together: names, types,
// attributes and comments of fields without an empty line between them. The same
// tree gives the same bytes, and Parse gives the tree back.
func Format(f *File) []byte {
	p := printer{}
	if n := f.Namespace; n != nil {
		p.row(lineRow, &n.Comments, "namespace "+n.Name.Text)
	}
	if n := f.GoPackage; n != nil {
		p.row(lineRow, &n.Comments, "go_package "+quoted(n.Path))
	}
	for _, n := range f.Imports {
		text := "import " + quoted(n.Path)
		if n.Alias.Text != "" {
			text += " as " + n.Alias.Text
		}
		p.row(lineRow, &n.Comments, text)
	}
	for _, d := range f.Decls {
		p.decl(d)
	}
	p.flush()
	p.lines(f.End)
	return p.out
}

// A printer appends text to out. Rows wait until the columns of their section
// are known.
type printer struct {
	out    []byte
	indent int
	kind   rowKind
	rows   []row
}

// A rowKind says which rows can share columns, and how wide the gaps are.
type rowKind uint8

const (
	lineRow  rowKind = iota // one cell
	constRow                // const name, type, = value
	fieldRow                // name, type, attributes
	valueRow                // name, = value, attributes
	pairRow                 // key, value
)

const columns = 3

// gaps holds the spaces before each cell but the first.
var gaps = [...][columns]int{
	constRow: {0, 1, 1},
	fieldRow: {0, 2, 2},
	valueRow: {0, 1, 2},
	pairRow:  {0, 2, 0},
}

const commentGap = 2

type row struct {
	c     *Comments
	cells [columns]string
}

func (p *printer) row(k rowKind, c *Comments, cells ...string) {
	if k != p.kind || c.spaced() {
		p.flush()
	}
	p.kind = k
	r := row{c: c}
	copy(r.cells[:], cells)
	p.rows = append(p.rows, r)
}

// flush writes the rows that wait, in columns. A cell takes part in its column
// only if something stands behind it on its line.
func (p *printer) flush() {
	var width [columns]int
	for i := range p.rows {
		r := &p.rows[i]
		for j, cell := range r.cells {
			if r.after(j) {
				width[j] = max(width[j], textWidth(cell))
			}
		}
	}
	for i := range p.rows {
		r := &p.rows[i]
		p.before(r.c)
		p.spaces(p.indent)
		for j, cell := range r.cells {
			last := !r.after(j)
			if cell != "" || !last && width[j] > 0 {
				p.spaces(gaps[p.kind][j])
				p.text(cell)
				if !last {
					p.spaces(width[j] - textWidth(cell))
				}
			}
			if last {
				break
			}
		}
		p.trail(r.c.Trail)
	}
	p.rows = p.rows[:0]
}

// after reports whether anything stands behind cell j.
func (r *row) after(j int) bool {
	return r.c.Trail != nil || slices.ContainsFunc(r.cells[j+1:], func(s string) bool { return s != "" })
}

func textWidth(s string) int { return utf8.RuneCountInString(s) }

func (p *printer) text(s string) { p.out = append(p.out, s...) }

func (p *printer) spaces(n int) {
	for range n {
		p.out = append(p.out, ' ')
	}
}

// before writes the comments that stand before a node.
func (p *printer) before(c *Comments) {
	p.lines(c.Lead)
	p.blank(c.Blank)
	for _, line := range c.Doc {
		p.spaces(p.indent)
		if p.text("///"); line != "" {
			p.text(" " + line)
		}
		p.text("\n")
	}
}

func (p *printer) lines(list []Comment) {
	for i := range list {
		p.blank(list[i].Blank)
		p.spaces(p.indent)
		p.text("//" + list[i].Text + "\n")
	}
}

func (p *printer) blank(blank bool) {
	if blank {
		p.text("\n")
	}
}

// trail ends a line.
func (p *printer) trail(c *Comment) {
	if c != nil {
		p.spaces(commentGap)
		p.text("//" + c.Text)
	}
	p.text("\n")
}

func (p *printer) decl(d Decl) {
	switch d := d.(type) {
	case *Const:
		p.constant(d)
	case *Enum:
		p.enum(d)
	case *Channel:
		p.channel(d)
	case *Record:
		head := "record " + d.Name.Text
		if d.Schema {
			head = "schema " + d.Name.Text
		}
		if d.Version != nil {
			head += " version " + d.Version.String()
		}
		p.members(&d.Comments, head+attrText(" ", d.Attrs), &d.Body, d.Members)
	}
}

func (p *printer) constant(c *Const) {
	p.row(constRow, &c.Comments, "const "+c.Name.Text, c.Type.Text, "= "+exprText(c.Value, false))
}

// head writes the line that opens a body.
func (p *printer) head(c *Comments, text string, b *Body) {
	p.flush()
	p.before(c)
	p.spaces(p.indent)
	p.text(text + " {")
	p.trail(b.Open)
	p.indent += 2
}

// foot writes the end of a body.
func (p *printer) foot(c *Comments, b *Body) {
	p.flush()
	p.lines(b.End)
	p.indent -= 2
	p.spaces(p.indent)
	p.text("}")
	p.trail(c.Trail)
}

func (p *printer) enum(e *Enum) {
	head := "enum "
	if e.Bits {
		head = "bits "
	}
	head += e.Name.Text + " : " + e.Base.Text + attrText(" ", e.Attrs)
	if e.Body.Line {
		items := make([]string, len(e.Values))
		for i, v := range e.Values {
			items[i] = v.Name.Text + " = " + exprText(v.Value, false) + attrText(" ", v.Attrs)
		}
		p.row(lineRow, &e.Comments, inline(head, items))
		return
	}
	p.head(&e.Comments, head, &e.Body)
	for _, v := range e.Values {
		value, attrs := "= "+exprText(v.Value, false), attrText("", v.Attrs)
		if attrs == "" {
			value += ","
		} else {
			attrs += ","
		}
		p.row(valueRow, &v.Comments, v.Name.Text, value, attrs)
	}
	p.foot(&e.Comments, &e.Body)
}

func (p *printer) channel(c *Channel) {
	head := "channel " + c.Name.Text
	if c.Body.Line {
		items := make([]string, len(c.Policies))
		for i, v := range c.Policies {
			items[i] = v.Key.Text + " " + exprText(v.Value, false)
		}
		p.row(lineRow, &c.Comments, inline(head, items))
		return
	}
	p.head(&c.Comments, head, &c.Body)
	for _, v := range c.Policies {
		p.row(pairRow, &v.Comments, v.Key.Text, exprText(v.Value, false)+",")
	}
	p.foot(&c.Comments, &c.Body)
}

func inline(head string, items []string) string {
	if len(items) == 0 {
		return head + " {}"
	}
	return head + " { " + strings.Join(items, ", ") + " }"
}

func (p *printer) members(c *Comments, head string, b *Body, members []Member) {
	p.head(c, head, b)
	for _, m := range members {
		switch m := m.(type) {
		case *Field:
			name := m.Name.Text
			if slices.Contains(memberKeywords, name) {
				name = "`" + name + "`"
			}
			p.row(fieldRow, &m.Comments, name, typeText(&m.Type), attrText("", m.Attrs))
		case *Pad:
			word := "pad"
			if m.Reserved {
				word = "reserved"
			}
			p.row(fieldRow, &m.Comments, word, exprText(m.Len, true), attrText("", m.Attrs))
		case *Const:
			p.constant(m)
		case *Group:
			p.members(&m.Comments, "group "+m.Name.Text+attrText(" ", m.Attrs), &m.Body, m.Members)
		}
	}
	p.foot(c, b)
}

func typeText(t *Type) string {
	text := typeName(t.Name.Text)
	if t.Code != 0 {
		text = t.Code.String()
	}
	if t.Len != nil {
		text += "[" + exprText(t.Len, true) + "]"
	}
	for _, d := range t.Dims {
		text += "[" + exprText(d, true) + "]"
	}
	return text
}

// typeName returns a dotted name, in backquotes as far as it would be read as a
// type of the language.
func typeName(name string) string {
	first, rest, dotted := strings.Cut(name, ".")
	if !isBuiltin(first) {
		return name
	}
	if dotted {
		rest = "." + rest
	}
	return "`" + first + "`" + rest
}

// attrText returns attributes with a space between them; before stands before
// the first.
func attrText(before string, attrs []Attr) string {
	var b strings.Builder
	for i := range attrs {
		a := &attrs[i]
		if i > 0 {
			before = " "
		}
		b.WriteString(before + "@" + a.Name.Text)
		if a.Arg != nil {
			b.WriteString("(" + exprText(a.Arg, true) + ")")
		}
	}
	return b.String()
}

func quoted(s string) string { return string(appendQuoted(nil, s)) }

// exprText returns an expression, with spaces around operators unless it is to
// be tight.
func exprText(e *Expr, tight bool) string {
	return string(appendExpr(nil, e, tight))
}

func appendExpr(b []byte, e *Expr, tight bool) []byte {
	if e == nil {
		return b // in a tree with problems
	}
	switch e.Kind {
	case StringExpr:
		return appendQuoted(b, e.Text)
	case UnaryExpr:
		return appendExpr(append(b, e.Op...), e.X, tight)
	case ParenExpr:
		return append(appendExpr(append(b, '('), e.X, tight), ')')
	case BinaryExpr:
		b = appendExpr(b, e.X, tight)
		if tight {
			b = append(b, e.Op...)
		} else {
			b = append(append(append(b, ' '), e.Op...), ' ')
		}
		return appendExpr(b, e.Y, tight)
	}
	return append(b, e.Text...)
}
