package layout

import (
	"slices"
	"strconv"
	"strings"

	"github.com/pylabhub/datahub/blds/schema"
)

// member checks one field and returns it without its offset. It reports false
// if the bytes of the field are not known, or if its type has a problem.
func (p *placer) member(f *schema.FieldDecl) (schema.Member, bool) {
	r := p.r
	size, align, ok := p.measure(f)
	if !ok {
		return schema.Member{}, false
	}
	attrs := r.attrs(f)
	m := schema.Member{
		Name: f.Name, Size: uint32(size), Align: align, Attrs: attrs, Pos: f.Pos,
		Type: schema.Type{Code: f.Type.Code, Enum: f.Type.Enum},
	}
	switch f.Type.Code {
	case schema.Padding:
		m.Name = ""
		m.Type.Len = uint32(f.Type.Len)
	case schema.Reserved:
		if f.Name == "_" {
			m.Name = ""
		}
		m.Type.Len = uint32(f.Type.Len)
	case schema.String, schema.Bytes:
		m.Type.Len = uint32(f.Type.Len)
	case schema.RecordType:
		m.Type.Record = r.records[f.Type.Record].rec
	}
	if n := len(f.Type.Dims); n > 0 && !isGap(f.Type.Code) {
		m.Type.Dims = make([]uint32, n)
		for i, d := range f.Type.Dims {
			m.Type.Dims[i] = uint32(d)
		}
	}
	if f.Optional && !f.IsPresence && !isGap(f.Type.Code) {
		m.Flags |= schema.FlagOptional
	}
	p.presenceWord(f, &m)
	p.atomic(f, &m)
	if f.Align != 0 {
		switch {
		case !validAlign(f.Align):
			r.badAlign(f.Pos, describe(f), f.Align)
			return m, false
		case f.Align < align:
			r.add(schema.CodeBadAlign, f.Pos, "remove it, or use a larger one",
				"%s asks for alignment %d, but %s needs %d", describe(f), f.Align, f.Type.String(), align)
			return m, false
		}
		m.Align = f.Align
	}
	return m, true
}

// typePos is where the type of f stands, or f itself if that is not known.
func typePos(f *schema.FieldDecl) schema.Pos {
	if f.TypePos.IsValid() {
		return f.TypePos
	}
	return f.Pos
}

// use is the remedy to use one of some integer types, in the words of the
// language that the record is written in.
func (r *resolver) use(types string) string {
	if r.host {
		types = strings.NewReplacer("i", "int", "u", "uint").Replace(types)
	}
	return "use " + types
}

// isGap reports whether members of this code hold no value.
func isGap(code schema.TypeCode) bool { return code == schema.Padding || code == schema.Reserved }

// measure returns the size and the natural alignment of a field's type.
func (p *placer) measure(f *schema.FieldDecl) (size uint64, align uint32, ok bool) {
	r, t := p.r, &f.Type
	switch {
	case t.Enum != nil:
		if !r.enum(t.Enum) || t.Enum.Base != t.Code {
			return 0, 0, false
		}
		align = t.Code.Size()
		size = uint64(align)
		p.st.weight += r.enums[t.Enum].weight
	case t.Code.Size() != 0:
		align = t.Code.Size()
		size = uint64(align)
	case t.Code.HasLen():
		size, align = t.Len, 1
		if size == 0 {
			r.add(schema.CodeZeroSize, typePos(f), "give it a length of at least 1", "%s has the length 0", describe(f))
			return 0, 0, false
		}
	case t.Code == schema.RecordType && t.Record != nil:
		in := r.records[t.Record]
		if in == nil || in.rec == nil {
			return 0, 0, false
		}
		size, align = uint64(in.rec.Stride), in.rec.Align
		p.contain(f, in)
	default:
		return 0, 0, false
	}
	if isGap(t.Code) || len(t.Dims) == 0 {
		return size, align, r.fits(f, size)
	}
	if len(t.Dims) > schema.MaxDims {
		r.add(schema.CodeTooManyDims, typePos(f), "put the inner dimensions into a record",
			"%s has %d dimensions, at most %d are allowed", describe(f), len(t.Dims), schema.MaxDims)
		return 0, 0, false
	}
	if t.Code == schema.Bytes {
		r.add(schema.CodeBlobArray, typePos(f), "put the blob and its length into a record and make an array of that",
			"%s is an array of blobs, which would share one length", describe(f))
		return 0, 0, false
	}
	if slices.Contains(t.Dims, 0) {
		r.add(schema.CodeZeroSize, typePos(f), "give it a length of at least 1", "%s has the array length 0", describe(f))
		return 0, 0, false
	}
	for _, d := range t.Dims {
		if size > schema.MaxSize || d > schema.MaxSize/size {
			size = schema.MaxSize + 1
			break
		}
		size *= d
	}
	return size, align, r.fits(f, size)
}

// fits reports a field that is larger than any record may be.
func (r *resolver) fits(f *schema.FieldDecl, size uint64) bool {
	if size <= schema.MaxSize {
		return true
	}
	r.add(schema.CodeTooLarge, typePos(f), "make it smaller", "%s has more than the %d bytes that a record may have", describe(f), schema.MaxSize)
	return false
}

// contain adds what the record in brings into the one being laid out.
func (p *placer) contain(f *schema.FieldDecl, in *record) {
	st := p.st
	st.fields += in.fields
	st.weight += in.weight
	st.depth = max(st.depth, in.depth+1)
	if in.depth+1 == schema.MaxDepth+1 {
		p.r.add(schema.CodeTooDeep, f.Pos, "flatten some of the records",
			"%q nests records more than %d deep", f.Name, schema.MaxDepth)
	}
	if in.atomic != "" && st.atomic == "" {
		st.atomic = f.Name + "." + in.atomic
	}
}

func (p *placer) atomic(f *schema.FieldDecl, m *schema.Member) {
	if !f.Atomic {
		return
	}
	switch f.Type.Code {
	case schema.I32, schema.I64, schema.U32, schema.U64:
		if f.IsPresence {
			break
		}
		m.Flags |= schema.FlagAtomic
		if p.st.atomic == "" {
			p.st.atomic = f.Name
		}
		return
	}
	p.r.add(schema.CodeAtomicType, typePos(f), p.r.use("i32, i64, u32 or u64")+", or remove atomic", "%s cannot be atomic", describe(f))
}

func (r *resolver) badAlign(pos schema.Pos, what string, align uint32) {
	r.add(schema.CodeBadAlign, pos, "use 1, 2, 4, 8, 16, 32, 64 or 128",
		"%s asks for alignment %s, which is no power of two up to %d", what, strconv.FormatUint(uint64(align), 10), schema.MaxAlign)
}
