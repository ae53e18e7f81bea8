package layout

import (
	"github.com/pylabhub/datahub/blds/schema"
)

// word places a presence word of 32 bits at the cursor.
func (p *placer) word(group string) {
	f := schema.FieldDecl{IsPresence: true, Type: schema.TypeDecl{Code: schema.U32}, Pos: p.d.Pos}
	p.put(&f, schema.Member{
		Size: 4, Align: 4, Type: schema.Type{Code: schema.U32}, Flags: schema.FlagPresence,
		Attrs: schema.Attrs{Group: group},
	}, roundUp(p.cursor, 4))
}

// presenceWord marks and checks a presence word that the source names.
func (p *placer) presenceWord(f *schema.FieldDecl, m *schema.Member) {
	if !f.IsPresence {
		return
	}
	if !f.Type.Code.IsUnsigned() || len(f.Type.Dims) > 0 || f.Type.Enum != nil {
		p.r.add(schema.CodePresenceType, typePos(f), p.r.use("u8, u16, u32 or u64"),
			"presence word %q is %s, not a single unsigned integer", f.Name, f.Type.String())
		return
	}
	m.Flags |= schema.FlagPresence
}

// presence gives each optional member its bit: words and fields count in offset
// order.
func (p *placer) presence() {
	bits, optionals := 0, 0
	for i := range p.members {
		m := &p.members[i]
		if m.Flags&schema.FlagPresence != 0 {
			bits += int(m.Size) * 8
		}
		if m.Flags&schema.FlagOptional != 0 {
			optionals++
		}
	}
	if optionals == 0 {
		return
	}
	word, wordBits, next := uint16(0), 0, 0 // the word that holds the next bit
	words := make([]int, 0, 4)              // bits of each word
	for i := range p.members {
		if m := &p.members[i]; m.Flags&schema.FlagPresence != 0 {
			words = append(words, int(m.Size)*8)
		}
	}
	for i := range p.members {
		m := &p.members[i]
		if m.Flags&schema.FlagOptional == 0 {
			continue
		}
		for int(word) < len(words) && next-wordBits >= words[word] {
			wordBits += words[word]
			word++
		}
		if int(word) == len(words) {
			p.presenceShort(m, optionals, bits)
			return
		}
		m.Presence = schema.PresenceBit{Word: word, Bit: uint8(next - wordBits)}
		next++
	}
}

// presenceShort reports the first optional member that has no bit.
func (p *placer) presenceShort(m *schema.Member, optionals, bits int) {
	if bits == 0 {
		p.r.add(schema.CodePresenceBits, m.Pos, "add a field like Presence uint32 with the tag `blds:\"presence\"`",
			"%q is optional, but the record has no presence word", m.Name)
		return
	}
	p.r.add(schema.CodePresenceBits, m.Pos, "make a presence word larger, or add another", "%q is optional, but the record has %d presence bits for %d optional fields",
		m.Name, bits, optionals)
}

// lengths checks that each blob has a length field of its own, and makes the
// name of it the one the field was written with.
func (r *resolver) lengths(rec *schema.Record) bool {
	n := len(r.problems)
	var fields map[string]int // by folded name, made for the first blob
	owners := map[int]*schema.Member(nil)
	for i := range rec.Members {
		m := &rec.Members[i]
		if m.Type.Code != schema.Bytes {
			continue
		}
		want := m.Attrs.LenField
		if want == "" {
			remedy := "add a u32 field and name it, like @len(size)"
			if r.host {
				remedy = "add a uint32 field and name it in the tag, like len=Size"
			}
			r.add(schema.CodeLenMissing, m.Pos, remedy, "blob %q does not say which field holds its length", m.Name)
			continue
		}
		if fields == nil {
			fields = fieldsByName(rec)
		}
		j, ok := fields[schema.Fold(want)]
		if !ok {
			names := func(yield func(string) bool) {
				for k := range rec.Members {
					if f := &rec.Members[k]; f.IsField() && isLen(f) && !yield(f.Name) {
						return
					}
				}
			}
			r.add(schema.CodeLenField, m.Pos, r.meant(want, names, "add a u32 field of this name to the record"),
				"length field %s of blob %q does not exist", quote(want), m.Name)
			continue
		}
		l := &rec.Members[j]
		if !isLen(l) {
			what := l.Type.String()
			if l.Flags&schema.FlagOptional != 0 {
				what = "an optional " + what
			}
			note(r.add(schema.CodeLenField, m.Pos, r.use("u32")+", and not an optional one",
				"length field %q of blob %q is %s, not a plain u32", l.Name, m.Name, what), l.Pos, "%q is declared here", l.Name)
			continue
		}
		if first := owners[j]; first != nil {
			note(r.add(schema.CodeLenShared, m.Pos, "give each blob a length field of its own",
				"blobs %q and %q share the length field %q", first.Name, m.Name, l.Name), first.Pos, "%q is declared here", first.Name)
			continue
		}
		if owners == nil {
			owners = map[int]*schema.Member{}
		}
		owners[j] = m
		m.Attrs.LenField = l.Name
	}
	return len(r.problems) == n
}

func fieldsByName(rec *schema.Record) map[string]int {
	fields := make(map[string]int, len(rec.Members))
	for i := range rec.Members {
		if m := &rec.Members[i]; m.IsField() {
			fields[schema.Fold(m.Name)] = i
		}
	}
	return fields
}

func isLen(m *schema.Member) bool {
	return m.Type.Code == schema.U32 && len(m.Type.Dims) == 0 && m.Type.Enum == nil && m.Flags&schema.FlagOptional == 0
}
