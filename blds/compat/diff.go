package compat

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/pylabhub/datahub/blds/schema"
)

// Diff lists what differs between two schemas, in offset order: of the old
// offsets, and of the new ones for what was added. Fields are matched by folded
// name; one that has another name but is otherwise in the same place counts as
// renamed. Fields of nested records come with the names around them, at
// offsets within their own record.
//
// It returns nil if and only if the schema hashes are equal. If the layout
// hashes differ, at least one change is of the layout level. Versions, docs and
// other annotations are not compared.
//
// Both schemas must come from package layout or from [canon.Decode].
func Diff(old, new *schema.Schema) []schema.Change {
	d := &differ{}
	if old.ID != new.ID && schema.FoldID(old.ID) != schema.FoldID(new.ID) {
		d.meaning("", "id "+old.ID, "id "+new.ID)
	}
	if old.Order != new.Order {
		d.layout("", "byte order "+old.Order.String(), "byte order "+new.Order.String())
	}
	d.record("", old.Record, new.Record)
	d.consts(old.Consts, new.Consts)
	return d.changes
}

type differ struct {
	changes []schema.Change
}

func (d *differ) layout(path, old, new string) {
	d.changes = append(d.changes, schema.Change{Path: path, Level: schema.LevelLayout, Old: old, New: new})
}

func (d *differ) meaning(path, old, new string) {
	d.changes = append(d.changes, schema.Change{Path: path, Level: schema.LevelMeaning, Old: old, New: new})
}

// A pair is a member of the old record and the one of the new that it became;
// one of the two may be nil.
type pair struct{ old, new *schema.Member }

func (p pair) offset() uint32 {
	if p.old != nil {
		return p.old.Offset
	}
	return p.new.Offset
}

// record compares two records; path names the field they are the type of.
func (d *differ) record(path string, old, new *schema.Record) {
	if old == new {
		return
	}
	if old.Size != new.Size {
		d.layout(path, "size "+number(old.Size), "size "+number(new.Size))
	}
	if old.Align != new.Align {
		d.layout(path, "alignment "+number(old.Align), "alignment "+number(new.Align))
	}
	pairs := match(old, new)
	n := len(d.changes)
	for _, p := range pairs {
		d.member(path, p)
	}
	if n == len(d.changes) || !slices.ContainsFunc(d.changes[n:], func(c schema.Change) bool { return c.Level == schema.LevelLayout }) {
		d.padding(path, old, new)
	}
}

// match pairs the members of two records, padding left out.
func match(old, new *schema.Record) []pair {
	oldBy, newBy := byKey(old), byKey(new)
	var pairs []pair
	gone := map[uint32]*schema.Member{} // old members without a namesake, by offset
	for i := range old.Members {
		m := &old.Members[i]
		switch other := newBy[key(m)]; {
		case m.Type.Code == schema.Padding:
		case other != nil:
			pairs = append(pairs, pair{m, other})
		default:
			gone[m.Offset] = m
		}
	}
	for i := range new.Members {
		m := &new.Members[i]
		if m.Type.Code == schema.Padding || oldBy[key(m)] != nil {
			continue
		}
		// What went and came in the same place with the same bytes was renamed.
		o := gone[m.Offset]
		if o != nil && samePlace(o, m) {
			delete(gone, m.Offset)
		} else {
			o = nil
		}
		pairs = append(pairs, pair{o, m})
	}
	for _, m := range gone {
		pairs = append(pairs, pair{m, nil})
	}
	slices.SortFunc(pairs, func(a, b pair) int {
		return cmp.Or(cmp.Compare(a.offset(), b.offset()), cmp.Compare(b2i(a.old == nil), b2i(b.old == nil)))
	})
	return pairs
}

// key is what members are matched by: the folded name of a field; reserved
// ranges and presence words have no name that counts, so their offset.
func key(m *schema.Member) string {
	if m.IsField() {
		return schema.Fold(m.Name)
	}
	return "@" + m.Type.Code.String() + strconv.FormatUint(uint64(m.Offset), 10)
}

func byKey(r *schema.Record) map[string]*schema.Member {
	by := make(map[string]*schema.Member, len(r.Members))
	for i := range r.Members {
		by[key(&r.Members[i])] = &r.Members[i]
	}
	return by
}

// samePlace reports whether two members have the same bytes, nested records
// aside. Only what holds values can be renamed.
func samePlace(a, b *schema.Member) bool {
	return a.IsField() && b.IsField() && a.Offset == b.Offset && sameBytes(a, b)
}

func sameBytes(a, b *schema.Member) bool {
	return a.Size == b.Size && a.Align == b.Align && a.Flags == b.Flags && a.Presence == b.Presence &&
		a.Type.Code == b.Type.Code && a.Type.Len == b.Type.Len && slices.Equal(a.Type.Dims, b.Type.Dims)
}

func (d *differ) member(path string, p pair) {
	switch {
	case p.old == nil:
		d.layout(join(path, p.new), "", place(p.new, p.new))
		return
	case p.new == nil:
		d.layout(join(path, p.old), place(p.old, p.old), "")
		return
	}
	path = join(path, p.old)
	// A nested record's own size and alignment show among its changes.
	nested := p.old.Type.Record != nil && p.new.Type.Record != nil
	o, n := *p.old, *p.new
	if nested {
		o.Size, n.Size = 0, 0
		if o.Align == o.Type.Record.Align && n.Align == n.Type.Record.Align {
			o.Align, n.Align = 0, 0
		}
	}
	if o.Offset != n.Offset || !sameBytes(&o, &n) {
		d.layout(path, place(p.old, p.new), place(p.new, p.old))
	}
	if p.old.IsField() && p.new.IsField() {
		d.attrs(path, p.old, p.new)
	}
	if nested {
		d.record(path, p.old.Type.Record, p.new.Type.Record)
	}
}

// padding compares the bytes without meaning of two records whose fields are
// alike.
func (d *differ) padding(path string, old, new *schema.Record) {
	gaps := func(r *schema.Record) map[uint32]*schema.Member {
		m := map[uint32]*schema.Member{}
		for i := range r.Members {
			if r.Members[i].Type.Code == schema.Padding {
				m[r.Members[i].Offset] = &r.Members[i]
			}
		}
		return m
	}
	oldGaps, newGaps := gaps(old), gaps(new)
	for i := range old.Members {
		o := &old.Members[i]
		if o.Type.Code != schema.Padding {
			continue
		}
		n := newGaps[o.Offset]
		delete(newGaps, o.Offset)
		switch {
		case n == nil:
			d.layout(path, place(o, o), "")
		case n.Size != o.Size:
			d.layout(path, place(o, n), place(n, o))
		}
	}
	for i := range new.Members {
		if n := &new.Members[i]; n.Type.Code == schema.Padding && newGaps[n.Offset] != nil && oldGaps[n.Offset] == nil {
			d.layout(path, "", place(n, n))
		}
	}
}

// place describes where m stands and what it is. What it shares with other is
// left out unless it always shows.
func place(m, other *schema.Member) string {
	s := "offset " + number(m.Offset) + " " + m.Type.String()
	switch {
	case m.Flags&schema.FlagOptional != 0:
		s += " optional"
		if m.Presence != other.Presence && other.Flags&schema.FlagOptional != 0 {
			s += " (word " + strconv.Itoa(int(m.Presence.Word)) + ", bit " + strconv.Itoa(int(m.Presence.Bit)) + ")"
		}
	case m.Flags&schema.FlagPresence != 0:
		s += " presence"
	}
	if m.Flags&schema.FlagAtomic != 0 {
		s += " atomic"
	}
	if m.Align != other.Align && m.Type.Code == other.Type.Code {
		s += " align " + number(m.Align)
	}
	return s
}

// join appends m's name to path. Nameless members leave it as it is.
func join(path string, m *schema.Member) string {
	switch {
	case m.Name == "":
		return path
	case path == "":
		return m.Name
	}
	return path + "." + m.Name
}

func number(n uint32) string { return strconv.FormatUint(uint64(n), 10) }

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
