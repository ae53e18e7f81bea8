package syntax

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/pylabhub/datahub/blds/naming"
	"github.com/pylabhub/datahub/blds/schema"
)

// record makes the declaration of a record.
func (x *exporter) record(r *schema.Record, name string) (*Record, error) {
	write := func(implicit bool) (*Record, error) {
		d := &Record{Comments: Comments{Doc: docLines(r.Doc)}, Name: Name{Text: name}}
		w := recordWriter{x: x, r: r, d: d, implicit: implicit}
		return d, w.run()
	}
	if implicitWords(r) {
		if d, err := write(true); err == nil {
			return d, nil
		}
	}
	d, err := write(false)
	if err != nil {
		return nil, fmt.Errorf("record %s: %w", name, err)
	}
	return d, nil
}

// A recordWriter writes members in offset order and keeps account of where
// package layout would put them, by the same rules: see its placer.
type recordWriter struct {
	x         *exporter
	r         *schema.Record
	d         *Record
	implicit  bool   // presence words are placed by the compiler
	cursor    uint64 // where the next member would begin at the earliest
	align     uint32 // of the record so far
	group     *Group // nil outside
	line      uint32 // cache lines of group, in bytes
	optionals int
	words     int // presence words that were given a name
}

func (w *recordWriter) run() error {
	w.align = 1
	for i := range w.r.Members {
		m := &w.r.Members[i]
		if m.Type.Code == schema.Padding || w.implicit && m.Flags&schema.FlagPresence != 0 {
			continue
		}
		if err := w.member(m); err != nil {
			return err
		}
	}
	w.leave()
	end := roundUp(w.cursor, w.align)
	if w.r.Align > w.align {
		w.d.Attrs = append(w.d.Attrs, attr("align", intExpr(strconv.Itoa(int(w.r.Align)))))
		end = roundUp(w.cursor, w.r.Align)
	}
	size := uint64(w.r.Size)
	if end > size {
		return fmt.Errorf("it would have %d bytes instead of %d", end, size)
	}
	if end < size {
		w.pad(size - w.cursor)
	}
	return nil
}

// member writes one member, and the padding before it that it needs.
func (w *recordWriter) member(m *schema.Member) error {
	natural := m.Align
	if n := naturalAlign(&m.Type); n != 0 {
		natural = n
	}
	if g := m.Attrs.Group; g == "" && w.group != nil || g != "" && (w.group == nil || w.group.Name.Text != g) {
		w.leave()
		if g != "" {
			w.line = max(64, m.Align)
			w.align = max(w.align, w.line)
			w.gap(uint64(w.first(m))/uint64(w.line)*uint64(w.line), w.line)
			w.enter(g, m, natural)
		}
	}
	w.gap(uint64(w.first(m)), w.firstAlign(m))
	if w.wantsWord(m) {
		w.cursor = roundUp(w.cursor, 4) + 4
		w.align = max(w.align, 4)
	}
	if m.Flags&schema.FlagOptional != 0 {
		w.optionals++
	}
	if off := roundUp(w.cursor, m.Align); off != uint64(m.Offset) {
		return fmt.Errorf("member %q would be at offset %d instead of %d", m.Name, off, m.Offset)
	}
	w.cursor = uint64(m.Offset) + uint64(m.Size)
	w.align = max(w.align, m.Align)
	w.add(w.syntax(m, natural))
	return nil
}

// wantsWord reports whether the compiler places a presence word before m.
func (w *recordWriter) wantsWord(m *schema.Member) bool {
	return w.implicit && m.Flags&schema.FlagOptional != 0 && w.optionals%32 == 0
}

// first returns the offset of what stands in the record for m: a presence word
// that is not written, or m itself.
func (w *recordWriter) first(m *schema.Member) uint32 {
	if !w.wantsWord(m) {
		return m.Offset
	}
	n := w.optionals / 32
	for i := range w.r.Members {
		if w.r.Members[i].Flags&schema.FlagPresence != 0 {
			if n == 0 {
				return w.r.Members[i].Offset
			}
			n--
		}
	}
	return m.Offset
}

func (w *recordWriter) firstAlign(m *schema.Member) uint32 {
	if w.wantsWord(m) {
		return 4
	}
	return m.Align
}

// gap writes padding if the cursor, rounded up, does not reach offset.
func (w *recordWriter) gap(offset uint64, align uint32) {
	if roundUp(w.cursor, align) < offset {
		w.pad(offset - w.cursor)
	}
}

func (w *recordWriter) pad(n uint64) {
	w.add(&Pad{Len: intExpr(strconv.FormatUint(n, 10))})
	w.cursor += n
}

func (w *recordWriter) add(m Member) {
	if w.group != nil {
		w.group.Members = append(w.group.Members, m)
	} else {
		w.d.Members = append(w.d.Members, m)
	}
}

// enter begins the group of m.
func (w *recordWriter) enter(name string, m *schema.Member, natural uint32) {
	w.cursor = roundUp(w.cursor, w.line)
	g := &Group{Name: Name{Text: name}}
	if m.Align > natural && m.Align > 64 {
		g.Attrs = []Attr{attr("align", intExpr(strconv.Itoa(int(m.Align))))}
	}
	w.d.Members = append(w.d.Members, g)
	w.group = g
}

// leave ends the group, if there is one.
func (w *recordWriter) leave() {
	if w.group != nil {
		w.cursor = roundUp(w.cursor, w.line)
		w.group = nil
	}
}

// syntax makes the field of a member.
func (w *recordWriter) syntax(m *schema.Member, natural uint32) Member {
	attrs := fieldAttrs(m)
	inGroupHead := w.group != nil && len(w.group.Members) == 0 && w.group.Attrs != nil
	if m.Align > natural && !inGroupHead {
		attrs = append(attrs, attr("align", intExpr(strconv.Itoa(int(m.Align)))))
	}
	c := Comments{Doc: docLines(m.Attrs.Doc)}
	if m.Type.Code == schema.Reserved {
		return &Pad{Comments: c, Reserved: true, Len: intExpr(strconv.Itoa(int(m.Type.Len))), Attrs: attrs}
	}
	f := &Field{Comments: c, Name: Name{Text: naming.BldsName(m.Name)}, Attrs: attrs}
	if f.Name.Text == "" {
		f.Name.Text = w.wordName()
	}
	w.fieldType(&m.Type, &f.Type)
	return f
}

// wordName names a presence word that the source did not name.
func (w *recordWriter) wordName() string {
	for {
		w.words++
		name := "presence"
		if w.words > 1 {
			name += strconv.Itoa(w.words)
		}
		if !slices.ContainsFunc(w.r.Members, func(m schema.Member) bool { return schema.SameName(m.Name, name) }) {
			return name
		}
	}
}

func (w *recordWriter) fieldType(t *schema.Type, out *Type) {
	switch {
	case t.Enum != nil:
		e := t.Enum
		out.Name.Text = w.x.typeName(e.ID, e.Name, e, func(name string) error {
			w.x.add(schema.Pos{}, w.x.enum(e))
			return nil
		})
	case t.Code == schema.RecordType:
		r := t.Record
		out.Name.Text = w.x.typeName(r.ID, r.Name, r, func(name string) error {
			d, err := w.x.record(r, name)
			if err == nil {
				w.x.add(schema.Pos{}, d)
			}
			return err
		})
	default:
		out.Code = t.Code
		if t.Code.HasLen() {
			out.Len = intExpr(strconv.Itoa(int(t.Len)))
		}
	}
	for _, n := range t.Dims {
		out.Dims = append(out.Dims, intExpr(strconv.Itoa(int(n))))
	}
}

// fieldAttrs returns the attributes of a member, but for its alignment.
func fieldAttrs(m *schema.Member) []Attr {
	var list []Attr
	add := func(given bool, name string, arg *Expr) {
		if given {
			list = append(list, attr(name, arg))
		}
	}
	a := &m.Attrs
	add(a.Unit != "", "unit", text(a.Unit))
	add(a.Time == schema.Timestamp, "timestamp", word(a.TimeUnit))
	add(a.Time == schema.Duration, "duration", word(a.TimeUnit))
	if a.Scale != "" {
		add(true, "scale", literalExpr(schema.Value{Code: schema.F64, Text: a.Scale}))
	}
	if a.Default != nil {
		add(true, "default", defaultExpr(m))
	}
	add(m.Flags&schema.FlagOptional != 0, "optional", nil)
	add(m.Flags&schema.FlagPresence != 0, "presence", nil)
	add(m.Flags&schema.FlagAtomic != 0, "atomic", nil)
	add(a.LenField != "", "len", word(naming.BldsName(a.LenField)))
	if a.Since != nil {
		add(true, "since", &Expr{Kind: VersionExpr, Text: a.Since.String()})
	}
	add(a.Deprecated != "", "deprecated", stringExpr(a.Deprecated))
	if schema.IsIdent(a.Was) {
		add(true, "was", word(naming.BldsName(a.Was)))
	}
	add(a.View != "", "view", text(a.View))
	add(a.Metric != "", "metric", text(a.Metric))
	add(a.As != "", "as", text(a.As))
	add(a.NameAs != "", "name", text(a.NameAs))
	return list
}

func attr(name string, arg *Expr) Attr { return Attr{Name: Name{Text: name}, Arg: arg} }

// text returns a text as a word if it is one, else as a string.
func text(s string) *Expr {
	if schema.IsID(s) && !isBuiltin(s) {
		return word(s)
	}
	return stringExpr(s)
}

func defaultExpr(m *schema.Member) *Expr {
	d := m.Attrs.Default
	if e := m.Type.Enum; e != nil {
		for i := range e.Values {
			if schema.SameName(e.Values[i].Name, d.Text) {
				return word(naming.BldsName(e.Values[i].Name))
			}
		}
	}
	return literalExpr(*d)
}

// naturalAlign returns the alignment a type has by itself, 0 if it is unknown.
func naturalAlign(t *schema.Type) uint32 {
	switch {
	case t.Code == schema.RecordType:
		return t.Record.Align
	case t.Code.HasLen():
		return 1
	}
	return t.Code.Size()
}

// implicitWords reports whether the presence words of a record are those that
// the compiler would place: 32 bits each, without a name, one for 32 optional
// fields, each before the first of them in the text.
func implicitWords(r *schema.Record) bool {
	var words, optionals int
	word := false // the member before is a presence word
	for i := range r.Members {
		m := &r.Members[i]
		switch {
		case m.Flags&schema.FlagPresence != 0:
			if m.Type.Code != schema.U32 || m.Name != "" || m.Align != 4 {
				return false
			}
			words++
			word = true
		case m.Type.Code == schema.Padding:
		default:
			first := m.Flags&schema.FlagOptional != 0 && optionals%32 == 0
			if first != word {
				return false
			}
			word = false
			if m.Flags&schema.FlagOptional != 0 {
				optionals++
			}
		}
	}
	return !word && words == (optionals+31)/32
}

func roundUp(n uint64, align uint32) uint64 {
	a := uint64(max(align, 1))
	return (n + a - 1) / a * a
}
