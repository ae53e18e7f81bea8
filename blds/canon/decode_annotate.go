package canon

import "github.com/pylabhub/datahub/blds/schema"

// annotations reads section 3.
func (d *decoder) annotations(s *schema.Schema) {
	s.ID = d.spelling(s.ID)
	s.Version = d.version()
	s.Doc = d.text()
	s.Deprecated = d.text()
	r := s.Record
	r.ID, r.Doc = s.ID, s.Doc
	if r.Name = d.text(); r.Name == "" {
		r.Name = s.Name()
	}
	d.annotateMembers(r)
	for i := range s.Consts {
		s.Consts[i].Name = d.spelling(s.Consts[i].Name)
		s.Consts[i].Doc = d.text()
	}
}

// spelling reads how a name is written whose folded form is given.
func (d *decoder) spelling(folded string) string {
	if s := d.text(); s != "" {
		return d.spelled(s, folded)
	}
	return folded
}

func (d *decoder) spelled(s, folded string) string {
	if schema.Fold(s) != folded {
		d.fail("%.80q is not a spelling of %.80q", s, folded)
	}
	return s
}

func (d *decoder) version() schema.Version {
	return schema.Version{Major: d.uint16(), Minor: d.uint16(), Patch: d.uint16()}
}

func (d *decoder) annotateMembers(r *schema.Record) {
	for i := range r.Members {
		m := &r.Members[i]
		if m.Type.Code == schema.Padding {
			continue
		}
		alias := d.annotate(m)
		if m.Type.Record != nil {
			m.Type.Record = d.recordRef(m.Type.Record)
		}
		if m.Type.Enum != nil {
			m.Type.Enum = d.enumRef(m.Type.Enum)
			d.nameDefault(m, alias)
		}
		if d.err != nil {
			return
		}
	}
	d.lenFields(r)
}

// lenFields makes the names of length fields those the fields are written with.
func (d *decoder) lenFields(r *schema.Record) {
	var written map[string]string // by folded name, made for the first blob
	for i := range r.Members {
		a := &r.Members[i].Attrs
		if a.LenField == "" {
			continue
		}
		if written == nil {
			written = make(map[string]string)
			for j := range r.Members {
				if l := &r.Members[j]; l.IsField() && l.Type.Code == schema.U32 {
					written[schema.Fold(l.Name)] = l.Name
				}
			}
		}
		if name, ok := written[a.LenField]; ok {
			a.LenField = name
		}
	}
}

// nameDefault makes the number that is the default of a field with a table the
// name that it has there: the given one, or its first.
func (d *decoder) nameDefault(m *schema.Member, alias string) {
	def, t := m.Attrs.Default, m.Type.Enum
	if def == nil || d.err != nil {
		return
	}
	number := def.Bits()
	for i := range t.Values {
		if v := &t.Values[i]; schema.CutInt(t.Base, v.Value) == number {
			if def.Text = alias; alias == "" {
				def.Text = schema.Fold(v.Name)
			}
			return
		}
	}
	d.fail("default %s of %.80q is not in its table", def.Text, m.Name)
}

// annotate reads the annotations of a member, and returns the name that its
// default has among those of one number.
func (d *decoder) annotate(m *schema.Member) (alias string) {
	a := &m.Attrs
	mask := d.uint()
	if mask&^allAnnotations != 0 || mask&hasDefault != 0 && (a.Default == nil || m.Type.Enum == nil) {
		d.fail("annotations %#x", mask)
		return ""
	}
	if mask&hasName != 0 {
		name := d.text()
		if m.IsField() {
			name = d.spelled(name, m.Name)
		}
		m.Name = name
	}
	for _, t := range [...]struct {
		bit  uint64
		text *string
	}{{hasDoc, &a.Doc}, {hasGroup, &a.Group}} {
		if mask&t.bit != 0 {
			*t.text = d.text()
		}
	}
	if mask&hasSince != 0 {
		v := d.version()
		a.Since = &v
	}
	for _, t := range [...]struct {
		bit  uint64
		text *string
	}{
		{hasDeprecated, &a.Deprecated}, {hasWas, &a.Was}, {hasView, &a.View},
		{hasMetric, &a.Metric}, {hasAs, &a.As}, {hasNameAs, &a.NameAs}, {hasDefault, &alias},
	} {
		if mask&t.bit != 0 {
			*t.text = d.text()
		}
	}
	return alias
}

// recordRef reads what r, known from the sections before, is called. If it came
// before, the earlier one takes its place; whether they are the same shows when
// the whole is encoded again.
func (d *decoder) recordRef(r *schema.Record) *schema.Record {
	n := d.uint()
	switch {
	case n < uint64(len(d.records)):
		return d.records[n]
	case n > uint64(len(d.records)):
		d.fail("record type %d of %d", n, len(d.records))
		return r
	}
	d.records = append(d.records, r)
	r.ID, r.Name = d.typeName()
	r.Doc = d.text()
	d.annotateMembers(r)
	return r
}

func (d *decoder) typeName() (id, name string) {
	id = d.text()
	if name = d.text(); name == "" {
		_, name = schema.SplitID(id)
	}
	return id, name
}

func (d *decoder) enumRef(t *schema.Enum) *schema.Enum {
	n := d.uint()
	switch {
	case n < uint64(len(d.enums)):
		if len(d.enums[n].Values) != len(t.Values) {
			d.fail("enum type %d has %d values, not %d", n, len(d.enums[n].Values), len(t.Values))
		}
		return d.enums[n]
	case n > uint64(len(d.enums)):
		d.fail("enum type %d of %d", n, len(d.enums))
		return t
	}
	d.enums = append(d.enums, t)
	t.ID, t.Name = d.typeName()
	t.Doc = d.text()
	sorted := t.Values
	t.Values = make([]schema.EnumValue, 0, len(sorted))
	for range sorted {
		place := d.uint()
		if place >= uint64(len(sorted)) {
			d.fail("value %d of %d", place, len(sorted))
		}
		if d.err != nil {
			return t
		}
		v := sorted[place]
		v.Name = d.spelling(v.Name)
		v.Doc = d.text()
		v.Deprecated = d.text()
		t.Values = append(t.Values, v)
	}
	return t
}
