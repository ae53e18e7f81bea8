package compat

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/pylabhub/datahub/blds/schema"
)

// attrs compares what two fields mean.
func (d *differ) attrs(path string, old, new *schema.Member) {
	if !schema.SameName(old.Name, new.Name) {
		d.meaning(path, "name "+old.Name, "name "+new.Name)
	}
	a, b := &old.Attrs, &new.Attrs
	d.text(path, "unit", a.Unit, b.Unit)
	d.text(path, "time", timeOf(a), timeOf(b))
	if !schema.SameName(a.LenField, b.LenField) {
		d.text(path, "len", a.LenField, b.LenField)
	}
	if !sameNumber(old, new) {
		d.text(path, "default", defaultOf(a), defaultOf(b))
	}
	d.text(path, "scale", a.Scale, b.Scale)
	d.table(path, &old.Type, &new.Type)
}

// text compares an attribute that may be missing.
func (d *differ) text(path, key, old, new string) {
	if old == new {
		return
	}
	show := func(s string) string {
		if s == "" {
			return "no " + key
		}
		return key + " " + s
	}
	d.meaning(path, show(old), show(new))
}

func timeOf(a *schema.Attrs) string {
	if a.Time == schema.NoTime {
		return ""
	}
	return a.Time.String() + " in " + a.TimeUnit
}

// sameNumber reports whether two members with value tables have one number as
// their default: by which of its names makes no difference.
func sameNumber(old, new *schema.Member) bool {
	a, inOld := defaultNumber(old)
	b, inNew := defaultNumber(new)
	return inOld && inNew && a == b
}

func defaultNumber(m *schema.Member) (number uint64, ok bool) {
	if m.Type.Enum == nil || m.Attrs.Default == nil {
		return 0, false
	}
	for i := range m.Type.Enum.Values {
		if v := &m.Type.Enum.Values[i]; schema.SameName(v.Name, m.Attrs.Default.Text) {
			return v.Value, true
		}
	}
	return 0, false
}

func defaultOf(a *schema.Attrs) string {
	switch {
	case a.Default == nil:
		return ""
	case a.Default.Code == schema.String:
		return strconv.Quote(a.Default.Text)
	}
	return a.Default.Text
}

// table compares two value tables, by the numbers: a number that has another
// name, a name that has another number.
func (d *differ) table(path string, old, new *schema.Type) {
	o, n := old.Enum, new.Enum
	switch {
	case o == n:
		return
	case o == nil || n == nil || o.Bits != n.Bits:
		d.meaning(path, tableKind(old), tableKind(new))
		return
	}
	byName := func(e *schema.Enum) map[string]*schema.EnumValue {
		m := make(map[string]*schema.EnumValue, len(e.Values))
		for i := range e.Values {
			m[schema.Fold(e.Values[i].Name)] = &e.Values[i]
		}
		return m
	}
	oldBy, newBy := byName(o), byName(n)
	for _, v := range sortedValues(o) {
		was := "value " + v.Name + " = " + schema.FormatInt(o.Base, v.Value)
		switch w := newBy[schema.Fold(v.Name)]; {
		case w == nil:
			d.meaning(path, was, "no value "+v.Name)
		case w.Value != v.Value:
			d.meaning(path, was, "value "+w.Name+" = "+schema.FormatInt(n.Base, w.Value))
		}
	}
	for _, w := range sortedValues(n) {
		if oldBy[schema.Fold(w.Name)] == nil {
			d.meaning(path, "no value "+w.Name, "value "+w.Name+" = "+schema.FormatInt(n.Base, w.Value))
		}
	}
}

// sortedValues returns the values of e by number, then by name.
func sortedValues(e *schema.Enum) []schema.EnumValue {
	values := slices.Clone(e.Values)
	slices.SortFunc(values, func(a, b schema.EnumValue) int {
		byNumber := cmp.Compare(a.Value, b.Value)
		if !e.Base.IsUnsigned() {
			byNumber = cmp.Compare(int64(a.Value), int64(b.Value))
		}
		return cmp.Or(byNumber, cmp.Compare(schema.Fold(a.Name), schema.Fold(b.Name)))
	})
	return values
}

func tableKind(t *schema.Type) string {
	switch {
	case t.Enum == nil:
		return "plain " + t.Code.String()
	case t.Enum.Bits:
		return "bits " + t.Enum.Name
	}
	return "enum " + t.Enum.Name
}

// consts compares two lists of constants in folded name order.
func (d *differ) consts(old, new []schema.Const) {
	show := func(c *schema.Const) string {
		text := c.Value.Text
		if c.Value.Code == schema.String {
			text = strconv.Quote(text)
		}
		return "const " + c.Name + " " + c.Value.Code.String() + " = " + text
	}
	for len(old) > 0 || len(new) > 0 {
		order := 0
		switch {
		case len(old) == 0:
			order = 1
		case len(new) == 0:
			order = -1
		default:
			order = cmp.Compare(schema.Fold(old[0].Name), schema.Fold(new[0].Name))
		}
		switch {
		case order < 0:
			d.meaning("", show(&old[0]), "no const "+old[0].Name)
			old = old[1:]
		case order > 0:
			d.meaning("", "no const "+new[0].Name, show(&new[0]))
			new = new[1:]
		default:
			if old[0].Value != new[0].Value {
				d.meaning("", show(&old[0]), show(&new[0]))
			}
			old, new = old[1:], new[1:]
		}
	}
}
