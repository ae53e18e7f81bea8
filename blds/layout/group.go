package layout

import (
	"strconv"

	"github.com/pylabhub/datahub/blds/schema"
)

// minLine is the smallest cache line that a group keeps for itself.
const minLine = 64

// A group is a run of fields with cache lines of their own.
type group struct {
	name string
	line uint32 // bytes
}

// noteGroup enters the group of f when its first field is met and returns its
// line.
func (p *placer) noteGroup(f *schema.FieldDecl, align uint32) uint32 {
	name := f.Attrs.Group
	if name == "" {
		return 0
	}
	for i := range p.groups {
		if p.groups[i].name == name {
			return p.groups[i].line
		}
	}
	line := max(minLine, align)
	p.groups = append(p.groups, group{name, line})
	p.align = max(p.align, line)
	return line
}

// enterGroup moves the cursor to where f's group may start, if f starts one.
func (p *placer) enterGroup(f *schema.FieldDecl, align uint32) {
	if f.Attrs.Group == p.group {
		return
	}
	p.leaveGroup()
	p.group = f.Attrs.Group
	if p.line = p.noteGroup(f, align); p.line != 0 {
		p.cursor = roundUp(p.cursor, p.line)
	}
}

// leaveGroup moves the cursor behind the last line of the group.
func (p *placer) leaveGroup() {
	if p.line != 0 {
		p.cursor = roundUp(p.cursor, p.line)
	}
	p.group, p.line = "", 0
}

// groupLines checks that the fields of each group stand together and share
// their cache lines with nobody.
func (p *placer) groupLines() {
	if len(p.groups) == 0 {
		return
	}
	closed := map[string]*schema.Member{} // last members of groups that have ended
	var last *schema.Member               // the last member that is no padding
	end, owner := uint64(0), ""           // where the lines of the last group end
	for i := range p.members {
		m := &p.members[i]
		if m.Type.Code == schema.Padding {
			continue
		}
		name := m.Attrs.Group
		same := last != nil && last.Attrs.Group == name
		if last != nil && !same && last.Attrs.Group != "" {
			closed[last.Attrs.Group] = last
			owner = last.Attrs.Group
			end = roundUp(uint64(last.Offset)+uint64(last.Size), p.lineOf(owner))
		}
		if !same && uint64(m.Offset) < end {
			gap := end - uint64(m.Offset)
			p.r.add(schema.CodeGroupLines, m.Pos, p.insert(gap, label(m)),
				"%s at offset %d is in the last cache line of group %q, which ends at offset %d", label(m), m.Offset, owner, end)
		} else if !same && name != "" {
			line := p.lineOf(name)
			if rest := uint64(m.Offset) % uint64(line); rest != 0 {
				p.r.add(schema.CodeGroupLines, m.Pos, p.insert(uint64(line)-rest, label(m)),
					"group %q starts at offset %d, which is no multiple of %d", name, m.Offset, line)
			}
		}
		if first := closed[name]; !same && first != nil && name != "" {
			note(p.r.add(schema.CodeGroupSplit, m.Pos, "move it to the other fields of the group",
				"%s belongs to group %q, but other fields stand between", label(m), name), first.Pos, "the group ended here")
		}
		last = m
	}
}

func (p *placer) lineOf(name string) uint32 {
	for i := range p.groups {
		if p.groups[i].name == name {
			return p.groups[i].line
		}
	}
	return minLine
}

// insert is the remedy that moves a member by n bytes.
func (p *placer) insert(n uint64, before string) string {
	bytes := strconv.FormatUint(n, 10)
	if p.d.Host {
		return "insert _ [" + bytes + "]byte before " + before
	}
	return "move it by " + bytes + " bytes"
}
