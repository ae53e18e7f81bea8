package layout

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/pylabhub/datahub/blds/schema"
)

// A record is what the resolver knows of one declaration.
type record struct {
	decl   *schema.RecordDecl
	rec    *schema.Record // nil while open, and if there was a problem
	open   bool           // on the stack: meeting it again is a recursion
	cyclic bool           // it was reported to contain itself
	fields uint64         // members with nested records inlined, itself not counted
	depth  int            // records inside each other, 1 for a record without records
	atomic string         // path of an atomic member, "" if there is none
	weight uint64         // bytes that the canonical form of rec does not exceed
}

// A frame is one record of the path that record walks down, and the field it
// looks at next.
type frame struct {
	st   *record
	next int
}

// record lays out d and, before it, every record that d holds. It keeps its own
// stack: a chain of a million records is a problem to report, not a reason to
// run out of stack.
func (r *resolver) record(d *schema.RecordDecl) *record {
	if st := r.records[d]; st != nil {
		return st
	}
	if r.records == nil {
		r.records = map[*schema.RecordDecl]*record{}
	}
	stack := []frame{{st: r.open(d)}}
	for {
		top := &stack[len(stack)-1]
		if top.next == len(top.st.decl.Fields) {
			top.st.open = false
			r.layOut(top.st)
			stack = stack[:len(stack)-1]
			if len(stack) == 0 {
				return r.records[d]
			}
			continue
		}
		f := &top.st.decl.Fields[top.next]
		top.next++
		if f.Type.Code != schema.RecordType || f.Type.Record == nil {
			continue
		}
		switch st := r.records[f.Type.Record]; {
		case st == nil:
			stack = append(stack, frame{st: r.open(f.Type.Record)})
		case st.open && !st.cyclic: // one cycle is enough to say of each record
			st.cyclic = true
			r.recursion(stack, st)
		}
	}
}

func (r *resolver) open(d *schema.RecordDecl) *record {
	st := &record{decl: d, open: true, depth: 1}
	r.records[d] = st
	return st
}

// recursion reports that the last field looked at leads back to st.
func (r *resolver) recursion(stack []frame, st *record) {
	for stack[0].st != st {
		stack = stack[1:]
	}
	const most = 8 // links that a message shows
	var b strings.Builder
	for i, fr := range stack {
		if i == most && len(stack) > most+1 {
			b.WriteString("... -> ")
			fr = stack[len(stack)-1]
		}
		b.WriteString(fr.st.decl.Name + "." + fr.st.decl.Fields[fr.next-1].Name + " -> ")
		if i == most {
			break
		}
	}
	b.WriteString(st.decl.Name)
	last := stack[len(stack)-1]
	f := &last.st.decl.Fields[last.next-1]
	p := r.add(schema.CodeRecursion, f.Pos, "keep an index or an id instead of the record itself",
		"record %q contains itself: %s", st.decl.Name, b.String())
	if len(stack) > 1 {
		note(p, st.decl.Pos, "%q is declared here", st.decl.Name)
	}
}

// layOut computes the record of st. Every record it holds was laid out before.
func (r *resolver) layOut(st *record) {
	d := st.decl
	n := len(r.problems)
	r.host = d.Host
	if !schema.IsIdent(d.Name) {
		r.badName(d.Pos, "record", d.Name)
	} else {
		r.id(d.ID, d.Pos)
		r.declareID(d, d.ID, d.Pos)
	}
	r.doc(d.Pos, d.Doc)
	if len(d.Fields) == 0 {
		r.add(schema.CodeEmptyRecord, d.Pos, "give it a field", "record %q has no fields", d.Name)
		return
	}
	if len(d.Fields) > schema.MaxFields {
		r.tooManyFields(d, uint64(len(d.Fields)))
		return
	}
	asked := d.Align
	if asked != 0 && !validAlign(asked) {
		r.badAlign(d.Pos, "record "+strconv.Quote(d.Name), asked)
		asked = 0
	}
	r.names(d)
	p := placer{r: r, d: d, st: st, asked: asked, members: make([]schema.Member, 0, len(d.Fields)+4)}
	if !p.run() || len(r.problems) != n {
		return
	}
	rec := &schema.Record{
		Name: d.Name, ID: d.ID, Doc: d.Doc, Pos: d.Pos,
		Size: uint32(p.size), Align: p.align, Stride: uint32(p.size), Members: p.members,
	}
	st.fields += uint64(len(rec.Members))
	if st.fields > schema.MaxFields {
		r.tooManyFields(d, st.fields)
		return
	}
	if r.lengths(rec) {
		st.rec = rec
		st.weight += weigh(rec)
	}
}

// weigh returns a bound on the bytes that r takes in all sections of the
// canonical form, records and enums that it holds not counted.
func weigh(r *schema.Record) uint64 {
	n := 64 + 2*len(r.ID) + len(r.Name) + len(r.Doc)
	for i := range r.Members {
		m := &r.Members[i]
		a := &m.Attrs
		n += 160 + 5*len(m.Type.Dims) + 2*len(m.Name) + len(a.Unit) + len(a.LenField) + len(a.Doc) + len(a.Group) +
			len(a.Deprecated) + len(a.Was) + len(a.View) + len(a.Metric) + len(a.As) + len(a.NameAs)
		if a.Default != nil {
			n += 16 + len(a.Default.Text)
		}
	}
	return uint64(n)
}

func (r *resolver) tooManyFields(d *schema.RecordDecl, n uint64) {
	r.add(schema.CodeTooManyFields, d.Pos, "use arrays, or split the record",
		"record %q has %d members with nested records inlined, at most %d are allowed", d.Name, n, schema.MaxFields)
}

// names checks that each field has a name and that no two are the same.
func (r *resolver) names(d *schema.RecordDecl) {
	seen := map[string]int(nil)
	if len(d.Fields) > 12 {
		seen = make(map[string]int, len(d.Fields))
	}
	for i := range d.Fields {
		f := &d.Fields[i]
		if f.Type.Code == schema.Padding || f.Type.Code == schema.Reserved && (f.Name == "" || f.Name == "_") {
			continue
		}
		if !schema.IsIdent(f.Name) {
			r.badName(f.Pos, "field", f.Name)
			continue
		}
		first := -1
		if seen != nil {
			folded := schema.Fold(f.Name)
			if j, dup := seen[folded]; dup {
				first = j
			} else {
				seen[folded] = i
			}
		} else {
			first = slices.IndexFunc(d.Fields[:i], func(g schema.FieldDecl) bool {
				return g.Type.Code != schema.Padding && g.Name != "_" && schema.SameName(g.Name, f.Name)
			})
		}
		if first >= 0 {
			g := &d.Fields[first]
			r.sameName(schema.CodeDuplicateField, "record "+strconv.Quote(d.Name), g.Name, g.Pos, f.Name, f.Pos)
		}
	}
}

// sortMembers puts members in offset order; they mostly are already.
func sortMembers(ms []schema.Member) {
	byOffset := func(a, b schema.Member) int { return cmp.Compare(a.Offset, b.Offset) }
	if !slices.IsSortedFunc(ms, byOffset) {
		slices.SortStableFunc(ms, byOffset)
	}
}
