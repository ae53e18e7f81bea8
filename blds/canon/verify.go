package canon

import (
	"bytes"
	"slices"

	"github.com/pylabhub/datahub/blds/schema"
)

// verify checks everything that package layout guarantees of a schema. It stops
// at the first rule that is broken.
func verify(s *schema.Schema) error {
	var v verifier
	v.schema(s)
	return v.err
}

type verifier struct {
	err     error
	records map[*schema.Record]extent // those checked, the outermost aside
	enums   map[*schema.Enum][]string // their folded names, sorted
	ids     map[string]*schema.Record // the first checked with each id
	enumIDs map[string]*schema.Enum
}

// An extent is how much a record holds.
type extent struct {
	fields uint64 // members with nested records inlined
	depth  int    // records inside each other
}

func (v *verifier) fail(format string, args ...any) {
	if v.err == nil {
		v.err = invalid(format, args...)
	}
}

func (v *verifier) text(what, s string) {
	if s != "" {
		if wrong := schema.CheckText(s); wrong != "" {
			v.fail("%s %s", what, wrong)
		}
	}
}

func (v *verifier) doc(s string) {
	if s != "" {
		if wrong := schema.CheckDoc(s); wrong != "" {
			v.fail("doc %s", wrong)
		}
	}
}

func (v *verifier) schema(s *schema.Schema) {
	if s == nil || s.Record == nil {
		v.fail("no record")
		return
	}
	if s.Order != schema.LittleEndian && s.Order != schema.BigEndian {
		v.fail("byte order %d", s.Order)
	}
	if !schema.IsID(s.ID) {
		v.fail("id %.80q", s.ID)
	}
	if s.Record.ID != s.ID || s.Record.Doc != s.Doc {
		v.fail("id or doc of %q differ from those of its record", s.ID)
	}
	v.text("deprecated", s.Deprecated)
	x := v.record(s.Record, 1)
	if x.fields > schema.MaxFields {
		v.fail("%d members, at most %d are allowed", x.fields, schema.MaxFields)
	}
	last := ""
	for i := range s.Consts {
		c := &s.Consts[i]
		if !schema.IsIdent(c.Name) {
			v.fail("constant name %.80q", c.Name)
		}
		folded := schema.Fold(c.Name)
		if folded <= last {
			v.fail("constant %q is not in folded name order", c.Name)
		}
		last = folded
		v.doc(c.Doc)
		v.value(c.Value)
	}
}

// value checks that a literal is spelled canonically.
func (v *verifier) value(val schema.Value) {
	canonical, err := schema.ParseValue(val.Code, val.Text)
	if err != nil {
		v.fail("%s", err)
	} else if canonical.Text != val.Text {
		v.fail("value %.80q is not spelled %.80q", val.Text, canonical.Text)
	}
}

// record checks a record that stands at the given depth. Each is checked once,
// so that many records that share each other cost no more than they hold.
func (v *verifier) record(r *schema.Record, depth int) extent {
	if x, done := v.records[r]; done {
		return x
	}
	if depth > schema.MaxDepth {
		v.fail("records more than %d deep", schema.MaxDepth)
		return extent{}
	}
	v.typeName("record", r.ID, r.Name, r.Doc)
	if !validAlign(r.Align) {
		v.fail("alignment %d of record %q", r.Align, r.Name)
		return extent{}
	}
	if r.Size == 0 || r.Size > schema.MaxSize || r.Size%r.Align != 0 || r.Stride != r.Size {
		v.fail("size %d, alignment %d and stride %d of record %q", r.Size, r.Align, r.Stride, r.Name)
	}
	if len(r.Members) > schema.MaxFields {
		v.fail("%d members in record %q", len(r.Members), r.Name)
	}
	x := extent{fields: uint64(len(r.Members)), depth: 1}
	off, wasPadding := uint64(0), false
	for i := range r.Members {
		m := &r.Members[i]
		if v.err != nil {
			return x
		}
		if uint64(m.Offset) != off {
			v.fail("member %d of record %q is at offset %d instead of %d", i, r.Name, m.Offset, off)
		}
		off += uint64(m.Size)
		isPadding := m.Type.Code == schema.Padding
		if isPadding && wasPadding {
			v.fail("two paddings side by side in record %q", r.Name)
		}
		wasPadding = isPadding
		v.member(r, m)
		if m.Type.Record != nil && v.err == nil {
			in := v.record(m.Type.Record, depth+1)
			x.fields = min(x.fields+in.fields, schema.MaxFields+1)
			x.depth = max(x.depth, in.depth+1)
			v.place(r, m, uint64(m.Type.Record.Size), m.Type.Record.Align)
		}
	}
	if off != uint64(r.Size) {
		v.fail("members of record %q fill %d of %d bytes", r.Name, off, r.Size)
	}
	if x.depth+depth-1 > schema.MaxDepth {
		v.fail("records more than %d deep", schema.MaxDepth)
	}
	if v.err == nil {
		v.names(r)
		v.presence(r)
		v.lengths(r)
	}
	if v.err == nil && depth > 1 {
		v.recordDone(r, x)
	}
	return x
}

// recordDone remembers r, and checks that records with one id are the same.
func (v *verifier) recordDone(r *schema.Record, x extent) {
	if v.records == nil {
		v.records = map[*schema.Record]extent{}
		v.ids = map[string]*schema.Record{}
	}
	v.records[r] = x
	first, again := v.ids[r.ID]
	if !again {
		v.ids[r.ID] = r
		return
	}
	var a, b encoder
	for _, p := range []struct {
		*encoder
		*schema.Record
	}{{&a, first}, {&b, r}} {
		p.record(p.Record)
		p.fields(p.Record)
		p.recordRef(p.Record)
	}
	if !bytes.Equal(a.out, b.out) {
		v.fail("two records have the id %q", r.ID)
	}
}

func (v *verifier) typeName(what, id, name, doc string) {
	if !schema.IsIdent(name) {
		v.fail("%s name %.80q", what, name)
	}
	if !schema.IsID(id) {
		v.fail("%s id %.80q", what, id)
	}
	v.doc(doc)
}

func (v *verifier) enum(t *schema.Enum) {
	if _, done := v.enums[t]; done {
		return
	}
	v.typeName("enum", t.ID, t.Name, t.Doc)
	if !t.Base.IsInt() || t.Bits && !t.Base.IsUnsigned() {
		v.fail("enum %q has base type %s", t.Name, t.Base)
		return
	}
	if len(t.Values) == 0 {
		v.fail("enum %q has no values", t.Name)
	}
	names := make([]string, len(t.Values))
	for i := range t.Values {
		e := &t.Values[i]
		if !schema.IsIdent(e.Name) {
			v.fail("value name %.80q", e.Name)
		}
		if !schema.FitsInt(t.Base, e.Value) {
			v.fail("value %q of enum %q does not fit %s", e.Name, t.Name, t.Base)
		}
		v.doc(e.Doc)
		v.text("deprecated", e.Deprecated)
		names[i] = schema.Fold(e.Name)
	}
	v.unique(names, t.Name)
	if v.err == nil {
		v.enumDone(t, names)
	}
}

// enumDone remembers t, and checks that enums with one id are the same.
func (v *verifier) enumDone(t *schema.Enum, names []string) {
	if v.enums == nil {
		v.enums = map[*schema.Enum][]string{}
		v.enumIDs = map[string]*schema.Enum{}
	}
	v.enums[t] = names
	first, again := v.enumIDs[t.ID]
	if !again {
		v.enumIDs[t.ID] = t
		return
	}
	var a, b encoder
	a.table(first)
	a.enumRef(first)
	b.table(t)
	b.enumRef(t)
	if first.Base != t.Base || !bytes.Equal(a.out, b.out) {
		v.fail("two enums have the id %q", t.ID)
	}
}

// unique checks that no two of the folded names are equal; it sorts them.
func (v *verifier) unique(names []string, where string) {
	slices.Sort(names)
	for i := 1; i < len(names); i++ {
		if names[i] == names[i-1] {
			v.fail("%q has two of the name %q", where, names[i])
			return
		}
	}
}

func validAlign(a uint32) bool { return a != 0 && a <= schema.MaxAlign && a&(a-1) == 0 }
