package datablock

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/pylabhub/datahub/blds/schema"
	"github.com/pylabhub/datahub/runtime/fixed"
)

// ErrValue is the class of a [ValueError].
var ErrValue = errors.New("value breaks its schema")

// A ValueError names a field that holds what its type does not allow: a text that
// is no UTF-8 or has something behind its end, or a blob that claims to be longer
// than its room. It is an [ErrValue].
type ValueError struct {
	Field  string // the path to it: wind.name[2]
	Reason string
}

func (e *ValueError) Error() string { return e.Field + ": " + e.Reason }

func (e *ValueError) Unwrap() error { return ErrValue }

// validate looks at all fields of the record in b that are there. at says where it
// stands in the value.
func validate(r *schema.Record, b []byte, at string) error {
	var words []*schema.Member
	for i := range r.Members {
		if m := &r.Members[i]; m.Flags&schema.FlagPresence != 0 {
			words = append(words, m)
		}
	}
	for i := range r.Members {
		m := &r.Members[i]
		if !m.IsField() {
			continue
		}
		if m.Flags&schema.FlagOptional != 0 {
			// As in newFieldTable.
			if w := words[m.Presence.Word]; b[w.Offset+uint32(m.Presence.Bit/8)]>>(m.Presence.Bit%8)&1 == 0 {
				continue
			}
		}
		size := uint64(m.Size) / m.Type.Count()
		for k := range m.Type.Count() {
			e := b[uint64(m.Offset)+k*size:][:size]
			if err := validateOne(r, m, b, e, at, k); err != nil {
				return err
			}
		}
	}
	return nil
}

// validateOne looks at the k-th element e of the member m of the record in b.
func validateOne(r *schema.Record, m *schema.Member, b, e []byte, at string, k uint64) error {
	path := func() string {
		if len(m.Type.Dims) != 0 {
			return fmt.Sprintf("%s%s[%d]", at, m.Name, k)
		}
		return at + m.Name
	}
	switch m.Type.Code {
	case schema.String:
		if !fixed.ValidText(e) {
			return &ValueError{path(), "is no text: want UTF-8, and NULs behind its end"}
		}
	case schema.Bytes:
		for i := range r.Members {
			n := &r.Members[i]
			if n.Name != m.Attrs.LenField {
				continue
			}
			if got := binary.LittleEndian.Uint32(b[n.Offset:]); got > m.Type.Len {
				return &ValueError{path(), fmt.Sprintf("%s says %d bytes, there is room for %d", n.Name, got, m.Type.Len)}
			}
		}
	case schema.RecordType:
		if m.Type.Record.Size > uint32(len(e)) {
			return nil
		}
		return validate(m.Type.Record, e, path()+".")
	}
	return nil
}

// validate reports whether the fields of a value hold what their types allow. Raw
// values have no fields.
func (t *fieldTable) validate(value []byte) error {
	if t == nil {
		return nil
	}
	return validate(t.record, value, "")
}
