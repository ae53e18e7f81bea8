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

// validate looks at all fields of the record in b that are there. It only
// allocates if it finds something.
func validate(r *schema.Record, b []byte) *ValueError {
	for i := range r.Members {
		m := &r.Members[i]
		if !m.IsField() || m.Flags&schema.FlagOptional != 0 && !present(r, m, b) {
			continue
		}
		n := m.Type.Count()
		size := uint64(m.Size) / n
		for k := range n {
			err := validateOne(r, m, b, b[uint64(m.Offset)+k*size:][:size])
			if err == nil {
				continue
			}
			at := m.Name
			if len(m.Type.Dims) != 0 {
				at = fmt.Sprintf("%s[%d]", at, k)
			}
			if err.Field != "" {
				at += "." + err.Field
			}
			err.Field = at
			return err
		}
	}
	return nil
}

// present reports whether the optional member m of the record in b is there.
func present(r *schema.Record, m *schema.Member, b []byte) bool {
	word := 0
	for i := range r.Members {
		w := &r.Members[i]
		if w.Flags&schema.FlagPresence == 0 {
			continue
		}
		if word == int(m.Presence.Word) {
			return b[w.Offset+uint32(m.Presence.Bit/8)]>>(m.Presence.Bit%8)&1 != 0 // as in newFieldTable
		}
		word++
	}
	return false
}

// validateOne looks at one element e of the member m of the record in b.
func validateOne(r *schema.Record, m *schema.Member, b, e []byte) *ValueError {
	switch m.Type.Code {
	case schema.String:
		if !fixed.ValidText(e) {
			return &ValueError{Reason: "is no text: want UTF-8, and NULs behind its end"}
		}
	case schema.Bytes:
		for i := range r.Members {
			n := &r.Members[i]
			if n.Name != m.Attrs.LenField {
				continue
			}
			if got := binary.LittleEndian.Uint32(b[n.Offset:]); got > m.Type.Len {
				return &ValueError{Reason: fmt.Sprintf("%s says %d bytes, there is room for %d", n.Name, got, m.Type.Len)}
			}
		}
	case schema.RecordType:
		return validate(m.Type.Record, e)
	}
	return nil
}

// validate reports whether the fields of a value hold what their types allow. Raw
// values have no fields.
func (t *fieldTable) validate(value []byte) error {
	if t == nil {
		return nil
	}
	if err := validate(t.record, value); err != nil {
		return err
	}
	return nil
}
