package randschema

import "github.com/pylabhub/datahub/blds/schema"

func (g *generator) record(prefix string) *schema.RecordDecl {
	d := &schema.RecordDecl{Doc: g.doc()}
	d.Name, d.ID = g.typeName(prefix)
	r := &recordState{generator: g, decl: d, explicit: g.one(3)}
	for range 1 + g.src.IntN(g.opts.MaxFields) {
		r.add()
	}
	if !r.fields {
		r.field()
	}
	r.words()
	if g.one(5) {
		d.Align = 128
	}
	g.bounds[d] = r.bound + schema.MaxAlign
	return d
}

// most returns a number of bytes that a type does not exceed.
func (g *generator) most(t *schema.TypeDecl) uint64 {
	n := max(t.Len, 8)
	if t.Record != nil {
		n = g.bounds[t.Record]
	}
	for _, d := range t.Dims {
		n *= d
	}
	return n
}

// A recordState is a record being made.
type recordState struct {
	*generator
	decl      *schema.RecordDecl
	explicit  bool   // presence words are fields of the record
	optionals int    // fields that are optional
	fields    bool   // there is a field that is neither pad nor reserved
	group     string // of the fields being made
	bound     uint64 // no field ends behind it yet
}

func (r *recordState) put(f schema.FieldDecl) {
	f.Attrs.Group = r.group
	r.decl.Fields = append(r.decl.Fields, f)
	r.bound += r.most(&f.Type) + 3*schema.MaxAlign // padding before, after, and of a presence word
}

// add appends one field, or what else stands in a record.
func (r *recordState) add() {
	if r.opts.Natural {
		r.field()
		return
	}
	switch r.src.IntN(14) {
	case 0:
		r.put(schema.FieldDecl{Type: schema.TypeDecl{Code: schema.Padding, Len: uint64(1 + r.src.IntN(9))}})
	case 1:
		f := schema.FieldDecl{Type: schema.TypeDecl{Code: schema.Reserved, Len: uint64(1 + r.src.IntN(17))}}
		f.Attrs.Doc = r.doc()
		r.put(f)
	case 2:
		if r.group == "" {
			r.group = r.name()
			r.field()
		}
		r.field()
		r.group = ""
	default:
		r.field()
		if last := &r.decl.Fields[len(r.decl.Fields)-1]; r.one(10) {
			off := (r.bound + schema.MaxAlign - 1) &^ (schema.MaxAlign - 1)
			last.Offset = &off
			r.bound = off + r.most(&last.Type)
		}
	}
}

// field appends a field with everything that fits it.
func (r *recordState) field() {
	r.fields = true
	f := schema.FieldDecl{Name: r.name()}
	f.Attrs.Doc = r.doc()
	f.Type = r.typ()
	switch {
	case f.Type.Code == schema.Bytes:
		length := schema.FieldDecl{Name: r.name(), Type: schema.TypeDecl{Code: schema.U32}}
		f.Attrs.LenField = length.Name
		r.put(length)
	case f.Type.Code.IsNumber() && f.Type.Enum == nil:
		r.number(&f)
	}
	if len(f.Type.Dims) == 0 && r.one(5) {
		switch {
		case f.Type.Enum != nil:
			f.Attrs.Default = &schema.Value{Text: pick(r.generator, f.Type.Enum.Values...).Name}
		case f.Type.Code.Size() != 0 || f.Type.Code == schema.String && f.Type.Len > 1:
			f.Attrs.Default = &schema.Value{Text: r.literal(f.Type.Code)}
		}
	}
	if r.one(5) {
		f.Optional = true
		r.optionals++
	}
	if r.atomics && f.Type.Enum == nil && f.Type.Code.IsInt() && f.Type.Code.Size() >= 4 && r.one(3) {
		f.Atomic = true
	}
	if r.one(10) {
		f.Align = pick[uint32](r.generator, 16, 32, 64, 128)
		if f.Type.Record != nil {
			f.Align = 128
		}
	}
	r.annotate(&f.Attrs)
	r.put(f)
}

func (r *recordState) number(f *schema.FieldDecl) {
	a := &f.Attrs
	timed := f.Type.Code.IsInt() && f.Type.Code.Size() >= 4
	switch {
	case timed && r.one(5):
		a.Time = pick(r.generator, schema.Timestamp, schema.Duration)
		a.TimeUnit = pick(r.generator, schema.TimeUnitWords()...)
	case r.one(4):
		a.Unit = pick(r.generator, "degC", "percent", "m/s^2", "µm")
	}
	if r.one(6) {
		a.Scale = pick(r.generator, "0.01", "-2", "1e+21")
	}
}

func (r *recordState) annotate(a *schema.Attrs) {
	for _, s := range []struct {
		text  *string
		value string
	}{
		{&a.Deprecated, "use 'other', it's better"}, {&a.Was, "old_name"}, {&a.View, "plot"},
		{&a.Metric, "gauge"}, {&a.As, "seconds"}, {&a.NameAs, "label"},
	} {
		if r.one(20) {
			*s.text = s.value
		}
	}
	if r.one(10) {
		v := r.version()
		a.Since = &v
	}
}

func (r *recordState) typ() schema.TypeDecl {
	var t schema.TypeDecl
	switch n := r.src.IntN(16); {
	case n < 11:
		t.Code = schema.TypeCode(n + 1)
	case n == 11:
		t.Code, t.Len = schema.String, uint64(1+r.src.IntN(24))
	case n == 12:
		return schema.TypeDecl{Code: schema.Bytes, Len: uint64(1 + r.src.IntN(40))}
	case n == 13 && len(r.pkg.Enums) > 0:
		t.Enum = pick(r.generator, r.pkg.Enums...)
		t.Code = t.Enum.Base
	case n > 13 && len(r.pkg.Records) > 0:
		t.Code, t.Record = schema.RecordType, pick(r.generator, r.pkg.Records...)
		if r.most(&t) > 1<<16 {
			return t // large enough without dimensions
		}
	default:
		t.Code = schema.F64
	}
	for r.one(5) && len(t.Dims) < 3 {
		t.Dims = append(t.Dims, uint64(1+r.src.IntN(4)))
	}
	return t
}

// words adds the presence words if the record names its own.
func (r *recordState) words() {
	if !r.explicit {
		return
	}
	for bits := 0; bits < r.optionals; {
		code := pick(r.generator, schema.U8, schema.U16, schema.U32, schema.U64)
		bits += int(code.Size()) * 8
		f := schema.FieldDecl{Name: r.name(), IsPresence: true, Type: schema.TypeDecl{Code: code}}
		f.Attrs.Doc = r.doc()
		r.put(f)
	}
}
