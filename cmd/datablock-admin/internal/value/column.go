package value

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/pylabhub/datahub/blds/schema"
)

// A Column is a field, a nested one or an element of an array, with the way to
// it: wind.speed, gusts[1].direction.
type Column struct {
	Path   string
	field  *field
	base   uint32 // of the record that the field belongs to
	offset uint32 // of the first element
	dims   []uint32
	guards []guard
}

// there reports whether the field and all it is in are there.
func (c *Column) there(b []byte) bool {
	for _, g := range c.guards {
		if !g.there(b) {
			return false
		}
	}
	return true
}

// isScalar reports whether c is one value, no array and no record.
func (c *Column) isScalar() bool { return len(c.dims) == 0 && c.field.record == nil }

// A PathError says where a path leaves the schema.
type PathError struct {
	Path, Part string
	Reason     string
	Near       string // a field it may have been meant to be
	Fields     []string
}

func (e *PathError) Error() string {
	s := fmt.Sprintf("field %q: %s", e.Path, e.Reason)
	switch {
	case e.Near != "":
		s += fmt.Sprintf("; did you mean %q?", e.Near)
	case len(e.Fields) > 0:
		s += "; there is " + strings.Join(e.Fields, ", ")
	}
	return s
}

// Column returns the field that a path leads to. Names are compared as schemas
// do it: without regard to case and underscores. The error is a *PathError.
func (t *Type) Column(path string) (*Column, error) {
	c := &Column{}
	var base uint32
	parts := strings.Split(path, ".")
	for i, part := range parts {
		name, indexes, err := splitIndexes(part)
		if err != nil {
			return nil, &PathError{Path: path, Part: part, Reason: err.Error()}
		}
		f := t.find(name)
		if f == nil {
			e := &PathError{Path: path, Part: part, Reason: fmt.Sprintf("there is no %q", name), Fields: t.names()}
			e.Near = schema.Nearest(name, e.Fields)
			return nil, e
		}
		if f.guard.mask != 0 {
			c.guards = append(c.guards, f.guard.at(base))
		}
		c.field, c.base, c.offset, c.dims = f, base, base+f.offset, f.dims
		if i > 0 {
			c.Path += "."
		}
		c.Path += f.name
		for _, n := range indexes {
			if len(c.dims) == 0 {
				return nil, &PathError{Path: path, Part: part, Reason: fmt.Sprintf("%s is no array that deep", c.Path)}
			}
			if n >= uint64(c.dims[0]) {
				return nil, &PathError{Path: path, Part: part, Reason: fmt.Sprintf("index %d, but %s has the elements 0 to %d", n, c.Path, c.dims[0]-1)}
			}
			c.Path += "[" + strconv.FormatUint(n, 10) + "]"
			c.dims = c.dims[1:]
			c.offset += uint32(n) * count(c.dims) * f.stride
		}
		if i == len(parts)-1 {
			return c, nil
		}
		switch {
		case f.record == nil:
			return nil, &PathError{Path: path, Part: part, Reason: fmt.Sprintf("%s is no record", c.Path)}
		case len(c.dims) > 0:
			return nil, &PathError{Path: path, Part: part, Reason: fmt.Sprintf("%s is an array: say which element, %s[0]", c.Path, c.Path)}
		}
		t, base = f.record, c.offset
	}
	return nil, &PathError{Path: path, Reason: "empty"}
}

func (t *Type) find(name string) *field {
	for _, f := range t.fields {
		if schema.SameName(f.name, name) {
			return f
		}
	}
	return nil
}

func (t *Type) names() []string {
	var out []string
	for _, f := range t.fields {
		out = append(out, f.name)
	}
	return out
}

func splitIndexes(part string) (name string, indexes []uint64, err error) {
	name, rest, ok := strings.Cut(part, "[")
	for ok {
		var number string
		if number, rest, ok = strings.Cut(rest, "]"); !ok {
			return "", nil, fmt.Errorf("%q lacks a ]", part)
		}
		n, err := strconv.ParseUint(number, 10, 32)
		if err != nil {
			return "", nil, fmt.Errorf("%q is no index", number)
		}
		indexes = append(indexes, n)
		if rest == "" {
			break
		}
		if rest, ok = strings.CutPrefix(rest, "["); !ok {
			return "", nil, fmt.Errorf("%q: expected . or [ behind ]", part)
		}
	}
	if name == "" {
		return "", nil, fmt.Errorf("%q has no name", part)
	}
	return name, indexes, nil
}

func count(dims []uint32) uint32 {
	n := uint32(1)
	for _, d := range dims {
		n *= d
	}
	return n
}

// Leaves returns the fields of t in offset order, those of nested records in
// place of the record. An array is one field, whatever its elements are.
func (t *Type) Leaves() []*Column {
	var out []*Column
	t.leaves("", 0, nil, &out)
	return out
}

func (t *Type) leaves(prefix string, base uint32, guards []guard, out *[]*Column) {
	for _, f := range t.fields {
		c := &Column{Path: prefix + f.name, field: f, base: base, offset: base + f.offset, dims: f.dims, guards: guards}
		if f.guard.mask != 0 {
			c.guards = append(guards[:len(guards):len(guards)], f.guard.at(base))
		}
		if f.record != nil && len(f.dims) == 0 {
			f.record.leaves(c.Path+".", c.offset, c.guards, out)
			continue
		}
		*out = append(*out, c)
	}
}

// Top returns the fields of t itself in offset order.
func (t *Type) Top() []*Column {
	var out []*Column
	for _, f := range t.fields {
		c := &Column{Path: f.name, field: f, offset: f.offset, dims: f.dims}
		if f.guard.mask != 0 {
			c.guards = []guard{f.guard}
		}
		out = append(out, c)
	}
	return out
}
