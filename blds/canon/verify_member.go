package canon

import (
	"slices"

	"github.com/pylabhub/datahub/blds/schema"
)

// member checks everything of m but what its nested record has to say.
func (v *verifier) member(r *schema.Record, m *schema.Member) {
	t := &m.Type
	if !t.Code.IsValid() || (t.Code == schema.RecordType) != (t.Record != nil) {
		v.fail("type code %d of %q", t.Code, m.Name)
		return
	}
	if t.Code.HasLen() != (t.Len != 0) {
		v.fail("length %d of %s %q", t.Len, t.Code, m.Name)
	}
	if t.Enum != nil {
		v.enum(t.Enum)
		if t.Enum.Base != t.Code {
			v.fail("%q is %s, its enum %s", m.Name, t.Code, t.Enum.Base)
		}
	}
	if len(t.Dims) > schema.MaxDims {
		v.fail("%d dimensions of %q", len(t.Dims), m.Name)
	}
	if v.err != nil {
		return
	}
	switch t.Code {
	case schema.RecordType: // placed when the record is known
	case schema.String, schema.Bytes, schema.Padding, schema.Reserved:
		v.place(r, m, uint64(t.Len), 1)
	default:
		v.place(r, m, uint64(t.Code.Size()), t.Code.Size())
	}
	v.flags(m)
	v.attrs(m)
}

// place checks size and alignment of a member with elements of the given ones.
func (v *verifier) place(r *schema.Record, m *schema.Member, size uint64, align uint32) {
	for _, d := range m.Type.Dims {
		if d == 0 || size == 0 || size > schema.MaxSize || uint64(d) > schema.MaxSize/size {
			v.fail("dimensions of %q", m.Name)
			return
		}
		size *= uint64(d)
	}
	if size != uint64(m.Size) {
		v.fail("size %d of %q, which needs %d", m.Size, m.Name, size)
	}
	if !validAlign(m.Align) || m.Align < align || m.Align > r.Align || m.Offset%m.Align != 0 {
		v.fail("alignment %d of %q at offset %d in a record of alignment %d", m.Align, m.Name, m.Offset, r.Align)
	}
}

func (v *verifier) flags(m *schema.Member) {
	const known = schema.FlagOptional | schema.FlagPresence | schema.FlagAtomic
	code, f := m.Type.Code, m.Flags
	gap := code == schema.Padding || code == schema.Reserved
	switch {
	case f&^known != 0:
		v.fail("flags %#x of %q", f, m.Name)
	case gap && (f != 0 || m.Type.Dims != nil):
		v.fail("flags %#x or dimensions of %s", f, code)
	case code == schema.Padding && (m.Name != "" || m.Align != 1 || m.Attrs != (schema.Attrs{})):
		v.fail("padding with a name, an alignment or attributes")
	case f&schema.FlagPresence != 0 &&
		(f != schema.FlagPresence || !code.IsUnsigned() || m.Type.Dims != nil || m.Type.Enum != nil):
		v.fail("presence word %q is %s with flags %#x", m.Name, m.Type.String(), f)
	case f&schema.FlagAtomic != 0 && (!code.IsInt() || code.Size() < 4):
		v.fail("%q is atomic and %s", m.Name, code)
	case f&schema.FlagOptional == 0 && m.Presence != (schema.PresenceBit{}):
		v.fail("presence bit of %q, which is not optional", m.Name)
	case m.IsField() && !schema.IsIdent(m.Name), m.Name != "" && !schema.IsIdent(m.Name):
		v.fail("member name %.80q", m.Name)
	}
}

func (v *verifier) attrs(m *schema.Member) {
	a := &m.Attrs
	if m.Type.Code == schema.Padding {
		return
	}
	v.doc(a.Doc)
	v.text("unit", a.Unit)
	v.text("deprecated", a.Deprecated)
	v.text("was", a.Was)
	v.text("view", a.View)
	v.text("metric", a.Metric)
	v.text("as", a.As)
	v.text("name", a.NameAs)
	if a.Group != "" && !schema.IsIdent(a.Group) {
		v.fail("group %.80q", a.Group)
	}
	if !m.IsField() {
		if a.Unit != "" || a.Time != 0 || a.TimeUnit != "" || a.LenField != "" || a.Default != nil || a.Scale != "" {
			v.fail("member %q is no field, but has a meaning", m.Name)
		}
		return
	}
	code := m.Type.Code
	number := code.IsNumber() && m.Type.Enum == nil
	if !number && (a.Unit != "" || a.Time != 0 || a.Scale != "") {
		v.fail("unit, time or scale of %q, which is no number", m.Name)
	}
	if a.Time > schema.Duration || (a.Time == 0) != (a.TimeUnit == "") {
		v.fail("time of %q", m.Name)
	}
	if a.Time != 0 {
		if _, ok := schema.TimeUnitNumber(a.TimeUnit); !ok || !code.IsInt() || code.Size() < 4 || a.Unit != "" {
			v.fail("%s in %q of %q", a.Time, a.TimeUnit, m.Name)
		}
	}
	if (code == schema.Bytes) != (a.LenField != "") || code == schema.Bytes && m.Type.Dims != nil {
		v.fail("length field or dimensions of %q", m.Name)
	}
	if a.Scale != "" {
		v.value(schema.Value{Code: schema.F64, Text: a.Scale})
		if a.Scale == "0" {
			v.fail("scale of %q is zero", m.Name)
		}
	}
	v.deflt(m)
}

func (v *verifier) deflt(m *schema.Member) {
	d := m.Attrs.Default
	if d == nil {
		return
	}
	code := m.Type.Code
	switch {
	case m.Type.Dims != nil || d.Code != code:
		v.fail("default of %q", m.Name)
	case m.Type.Enum != nil:
		if _, ok := slices.BinarySearch(v.enums[m.Type.Enum], d.Text); !ok {
			v.fail("default %.80q of %q is not in its table", d.Text, m.Name)
		}
	default:
		v.value(*d)
		if code == schema.String && len(d.Text) > int(m.Type.Len) {
			v.fail("default of %q is too long", m.Name)
		}
	}
}

// names checks that no two members of r have one name.
func (v *verifier) names(r *schema.Record) {
	if len(r.Members) <= 12 {
		for i := range r.Members {
			for j := range r.Members[:i] {
				if a, b := r.Members[i].Name, r.Members[j].Name; a != "" && b != "" && schema.SameName(a, b) {
					v.fail("record %q has %q and %q", r.Name, b, a)
				}
			}
		}
		return
	}
	names := make([]string, 0, len(r.Members))
	for i := range r.Members {
		if name := r.Members[i].Name; name != "" {
			names = append(names, schema.Fold(name))
		}
	}
	v.unique(names, r.Name)
}

// presence checks that the optional members have the bits that follow from
// their order.
func (v *verifier) presence(r *schema.Record) {
	var words []uint32 // bits of each
	optional := false
	for i := range r.Members {
		if m := &r.Members[i]; m.Flags&schema.FlagPresence != 0 {
			words = append(words, m.Size*8)
		}
		optional = optional || r.Members[i].Flags&schema.FlagOptional != 0
	}
	if !optional {
		return
	}
	word, bit := 0, uint32(0)
	for i := range r.Members {
		m := &r.Members[i]
		if m.Flags&schema.FlagOptional == 0 {
			continue
		}
		for word < len(words) && bit >= words[word] {
			word, bit = word+1, 0
		}
		if word == len(words) || int(m.Presence.Word) != word || uint32(m.Presence.Bit) != bit {
			v.fail("presence bit of %q", m.Name)
			return
		}
		bit++
	}
}

// lengths checks that each blob has a length field of its own.
func (v *verifier) lengths(r *schema.Record) {
	var lens map[string]*schema.Member // u32 fields by name, made for the first blob
	for i := range r.Members {
		m := &r.Members[i]
		if m.Type.Code != schema.Bytes {
			continue
		}
		if lens == nil {
			lens = make(map[string]*schema.Member)
			for j := range r.Members {
				if l := &r.Members[j]; l.IsField() && l.Type.Code == schema.U32 {
					lens[l.Name] = l
				}
			}
		}
		l := lens[m.Attrs.LenField]
		if l == nil || l.Type.Dims != nil || l.Type.Enum != nil || l.Flags&schema.FlagOptional != 0 {
			v.fail("length field %.80q of %q", m.Attrs.LenField, m.Name)
			return
		}
		delete(lens, l.Name) // no second blob has it
	}
}
