package layout

import (
	"strconv"

	"github.com/pylabhub/datahub/blds/schema"
)

// A placer lays out the fields of one record.
type placer struct {
	r         *resolver
	d         *schema.RecordDecl
	st        *record
	asked     uint32 // alignment that the record asks for, 0 for none
	members   []schema.Member
	align     uint32
	size      uint64 // of the whole record
	broken    bool   // something reported before, or elsewhere: no layout, no more problems
	stopped   bool   // places are not known from here on
	misplaced bool   // a field stands where its alignment does not allow: overlaps follow from that

	cursor    uint64 // where the next field may start
	group     string // the group the last field is in
	line      uint32 // its cache lines, in bytes
	groups    []group
	explicit  bool // the record names its presence words itself
	optionals int  // optional fields so far
}

// run places all fields and reports whether the record is laid out.
func (p *placer) run() bool {
	p.align = max(1, p.asked)
	for i := range p.d.Fields {
		if p.d.Fields[i].IsPresence {
			p.explicit = true
		}
	}
	before := len(p.r.problems)
	for i := range p.d.Fields {
		f := &p.d.Fields[i]
		m, ok := p.member(f)
		if !ok {
			p.broken = true
			continue
		}
		if !p.broken && !p.stopped {
			p.place(f, m)
		}
	}
	if p.broken || p.stopped {
		return false
	}
	p.leaveGroup()
	sortMembers(p.members)
	if p.misplaced || !p.overlaps() || len(p.r.problems) != before {
		return false
	}
	if p.asked != 0 && p.asked < p.align {
		p.r.add(schema.CodeBadAlign, p.d.Pos, "remove it, or use a larger one",
			"record %q asks for alignment %d, but its fields need %d", p.d.Name, p.asked, p.align)
		return false
	}
	if !p.end() {
		return false
	}
	p.fill()
	p.presence()
	p.groupLines()
	return len(p.r.problems) == before
}

// place gives m its offset and adds it to the members.
func (p *placer) place(f *schema.FieldDecl, m schema.Member) {
	if p.d.Host {
		p.hostPlace(f, m)
		return
	}
	p.enterGroup(f, m.Align)
	if f.Optional && !p.explicit {
		if p.optionals%32 == 0 {
			p.word(f.Attrs.Group)
		}
		p.optionals++
	}
	off := roundUp(p.cursor, m.Align)
	if f.Offset != nil {
		off = *f.Offset
		if off <= schema.MaxSize && off%uint64(m.Align) != 0 {
			p.misplaced = true
			p.r.add(schema.CodeMisaligned, f.Pos, "use offset "+strconv.FormatUint(roundUp(off, m.Align), 10),
				"%s is at offset %d, which is no multiple of its alignment %d", describe(f), off, m.Align)
		}
	}
	p.put(f, m, off)
}

// put adds m at offset off.
func (p *placer) put(f *schema.FieldDecl, m schema.Member, off uint64) {
	if off > schema.MaxSize || off+uint64(m.Size) > schema.MaxSize {
		p.r.add(schema.CodeTooLarge, f.Pos, "make the record smaller",
			"%s at offset %d ends beyond the %d bytes that a record may have", describe(f), off, schema.MaxSize)
		p.stopped = true
		return
	}
	m.Offset = uint32(off)
	p.cursor = off + uint64(m.Size)
	if m.Type.Code == schema.Padding {
		m.Align = 1
	}
	p.align = max(p.align, m.Align)
	p.members = append(p.members, m)
}

// hostPlace checks the place that the source language gave f, and puts m there.
func (p *placer) hostPlace(f *schema.FieldDecl, m schema.Member) {
	if f.Offset == nil {
		p.broken = true
		return
	}
	p.noteGroup(f, m.Align)
	off := *f.Offset
	rest := off % uint64(m.Align)
	switch want := f.WantOffset; {
	case off > schema.MaxSize: // put reports it
	case want != nil && *want > off:
		p.r.add(schema.CodeHostOffset, f.Pos, "insert _ ["+strconv.FormatUint(*want-off, 10)+"]byte before it",
			"%s is at offset %d, not at %d", describe(f), off, *want)
	case want != nil && *want < off:
		p.r.add(schema.CodeHostOffset, f.Pos, "move it up, or remove "+strconv.FormatUint(off-*want, 10)+" bytes before it",
			"%s is at offset %d, not at %d", describe(f), off, *want)
	case rest != 0:
		p.r.add(schema.CodeHostAlign, f.Pos, "insert _ ["+strconv.FormatUint(uint64(m.Align)-rest, 10)+"]byte before it",
			"%s is at offset %d, which is no multiple of its alignment %d", describe(f), off, m.Align)
	}
	p.put(f, m, off)
}

// overlaps reports whether no byte belongs to two members.
func (p *placer) overlaps() bool {
	ok := true
	for i := 1; i < len(p.members); i++ {
		a, b := &p.members[i-1], &p.members[i]
		end := a.Offset + a.Size
		if end <= b.Offset {
			continue
		}
		ok = false
		if b.Pos.Compare(a.Pos) < 0 {
			a, b = b, a
		}
		pr := p.r.add(schema.CodeFieldOverlap, b.Pos, "start it at offset "+strconv.FormatUint(uint64(a.Offset)+uint64(a.Size), 10)+" or later",
			"%s (offset %d, %d bytes) overlaps %s (offset %d, %d bytes)",
			label(b), b.Offset, b.Size, label(a), a.Offset, a.Size)
		note(pr, a.Pos, "%s is declared here", label(a))
	}
	return ok
}

// end computes the size of the record.
func (p *placer) end() bool {
	last := &p.members[len(p.members)-1]
	end := uint64(last.Offset) + uint64(last.Size)
	p.size = roundUp(end, p.align)
	if p.d.Host && p.d.HostSize != 0 {
		if rest := p.d.HostSize % uint64(p.align); rest != 0 {
			p.r.add(schema.CodeHostAlign, p.d.Pos, "append _ ["+strconv.FormatUint(uint64(p.align)-rest, 10)+"]byte to it",
				"struct %q has %d bytes, which is no multiple of its alignment %d", p.d.Name, p.d.HostSize, p.align)
			return false
		}
		p.size = max(p.size, p.d.HostSize)
	}
	if p.size > schema.MaxSize {
		p.r.add(schema.CodeTooLarge, p.d.Pos, "make the record smaller",
			"record %q has %d bytes, at most %d are allowed", p.d.Name, p.size, schema.MaxSize)
		return false
	}
	return true
}

// fill names the bytes that no field has, and makes one of adjacent paddings.
func (p *placer) fill() {
	clean, off := true, uint32(0)
	for i := range p.members {
		m := &p.members[i]
		clean = clean && m.Offset == off && m.Type.Code != schema.Padding
		off = m.Offset + m.Size
	}
	if clean && uint64(off) == p.size {
		return
	}
	out := make([]schema.Member, 0, len(p.members)+4)
	off = 0
	for _, m := range p.members {
		if m.Type.Code == schema.Padding {
			continue
		}
		if m.Offset > off {
			out = append(out, padding(off, m.Offset))
		}
		out = append(out, m)
		off = m.Offset + m.Size
	}
	if uint64(off) < p.size {
		out = append(out, padding(off, uint32(p.size)))
	}
	p.members = out
}

// padding returns the member that names the bytes from one offset to another.
func padding(from, to uint32) schema.Member {
	return schema.Member{
		Offset: from, Size: to - from, Align: 1,
		Type: schema.Type{Code: schema.Padding, Len: to - from},
	}
}

// label names a member in a message.
func label(m *schema.Member) string {
	switch {
	case m.Type.Code == schema.Padding:
		return "padding"
	case m.Type.Code == schema.Reserved:
		return "a reserved range"
	case m.Name == "":
		return "the presence word"
	}
	return strconv.Quote(m.Name)
}

func roundUp(n uint64, align uint32) uint64 {
	a := uint64(align)
	return (n + a - 1) &^ (a - 1)
}

func validAlign(a uint32) bool { return a != 0 && a <= schema.MaxAlign && a&(a-1) == 0 }
