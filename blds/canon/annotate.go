package canon

import (
	"slices"

	"github.com/pylabhub/datahub/blds/schema"
)

// The bits of the word that tells which annotations of a member follow.
const (
	hasName = 1 << iota
	hasDoc
	hasGroup
	hasSince
	hasDeprecated
	hasWas
	hasView
	hasMetric
	hasAs
	hasNameAs
	hasDefault

	allAnnotations = 1<<iota - 1
)

// annotations writes section 3.
func (e *encoder) annotations(s *schema.Schema) {
	e.spelling(s.ID)
	e.version(s.Version)
	e.text(s.Doc)
	e.text(s.Deprecated)
	name := s.Record.Name
	if name == s.Name() {
		name = ""
	}
	e.text(name)
	e.members(s.Record)
	for i := range s.Consts {
		if e.full() {
			return
		}
		e.spelling(s.Consts[i].Name)
		e.text(s.Consts[i].Doc)
	}
}

func (e *encoder) version(v schema.Version) {
	e.uint(uint64(v.Major))
	e.uint(uint64(v.Minor))
	e.uint(uint64(v.Patch))
}

// members writes the annotations of all members but padding.
func (e *encoder) members(r *schema.Record) {
	for i := range r.Members {
		m := &r.Members[i]
		if m.Type.Code == schema.Padding {
			continue
		}
		if e.full() {
			return
		}
		e.member(m)
		if m.Type.Record != nil {
			e.recordRef(m.Type.Record)
		}
		if m.Type.Enum != nil {
			e.enumRef(m.Type.Enum)
		}
	}
}

func (e *encoder) member(m *schema.Member) {
	a := &m.Attrs
	name := m.Name
	if m.IsField() && isFolded(name) {
		name = ""
	}
	alias := ""
	if a.Default != nil && m.Type.Enum != nil {
		_, alias = enumDefault(m)
	}
	texts := [...]string{name, a.Doc, a.Group, "", a.Deprecated, a.Was, a.View, a.Metric, a.As, a.NameAs, alias}
	mask := uint64(0)
	for i, t := range texts {
		if t != "" {
			mask |= 1 << i
		}
	}
	if a.Since != nil {
		mask |= hasSince
	}
	e.uint(mask)
	for _, t := range texts[:3] {
		e.textIfAny(t)
	}
	if a.Since != nil {
		e.version(*a.Since)
	}
	for _, t := range texts[4:] {
		e.textIfAny(t)
	}
}

func (e *encoder) textIfAny(s string) {
	if s != "" {
		e.text(s)
	}
}

// recordRef writes the number of a record type among those of this section, and
// its annotations where it comes for the first time.
func (e *encoder) recordRef(r *schema.Record) {
	n, first := e.records.add(r.ID)
	e.uint(uint64(n))
	if !first {
		return
	}
	e.typeName(r.ID, r.Name)
	e.text(r.Doc)
	e.members(r)
}

// typeName writes the id of a type, and its name if it is not the id's last part.
func (e *encoder) typeName(id, name string) {
	e.text(id)
	if _, last := schema.SplitID(id); last == name {
		name = ""
	}
	e.text(name)
}

func (e *encoder) enumRef(t *schema.Enum) {
	n, first := e.enums.add(t.ID)
	e.uint(uint64(n))
	if !first {
		return
	}
	e.typeName(t.ID, t.Name)
	e.text(t.Doc)
	place := make([]int, len(t.Values))
	for sorted, declared := range tableOrder(t) {
		place[declared] = sorted
	}
	for i := range t.Values {
		if e.full() {
			return
		}
		v := &t.Values[i]
		e.uint(uint64(place[i]))
		e.spelling(v.Name)
		e.text(v.Doc)
		e.text(v.Deprecated)
	}
}

// An index numbers types in the order they come. Most schemas have few, so it
// begins as a list.
type index struct {
	list   []string
	number map[string]int
}

// add returns the number of the type with this id, and whether it came for the
// first time.
func (x *index) add(id string) (n int, first bool) {
	const small = 16
	if x.number == nil {
		if n := slices.Index(x.list, id); n >= 0 {
			return n, false
		}
		if len(x.list) == small {
			x.number = make(map[string]int, 4*small)
			for i, known := range x.list {
				x.number[known] = i
			}
		}
	} else if n, ok := x.number[id]; ok {
		return n, false
	}
	n = len(x.list)
	if x.number != nil {
		x.number[id] = n
	}
	x.list = append(x.list, id)
	return n, true
}
