package datablock

import (
	"fmt"
	"slices"

	"github.com/pylabhub/datahub/blds/canon"
	"github.com/pylabhub/datahub/blds/schema"
)

// A fieldTable tells what of a record is there. It is made from the descriptor
// once, when a channel is opened.
type fieldTable struct {
	record *schema.Record
	fields []field        // of the record itself, in offset order
	words  []presenceWord // of the record and of all records within it
}

type field struct {
	offset Field
	// word is the offset of the byte with the field's presence bit, mask the bit in
	// it; mask 0 is a field that is always there.
	word uint32
	mask byte
}

// A presenceWord is a range of bytes that says which optional fields are there.
type presenceWord struct{ offset, size uint32 }

// maxPresenceWords bounds what clearing a slot may cost.
const maxPresenceWords = 1 << 20

func newFieldTable(s *Schema) (*fieldTable, error) {
	m, err := canon.Decode([]byte(s.Descriptor))
	if err != nil {
		return nil, fmt.Errorf("descriptor of %s: %w", s.ID, err)
	}
	t := &fieldTable{record: m.Record}
	var words []presenceWord // of the outermost record, by number
	for i := range m.Record.Members {
		if e := &m.Record.Members[i]; e.Flags&schema.FlagPresence != 0 {
			words = append(words, presenceWord{e.Offset, e.Size})
		}
	}
	for i := range m.Record.Members {
		e := &m.Record.Members[i]
		if !e.IsField() {
			continue
		}
		f := field{offset: Field(e.Offset)}
		if e.Flags&schema.FlagOptional != 0 {
			// Little-endian: bit n of a word is bit n%8 of its byte n/8.
			f.word = words[e.Presence.Word].offset + uint32(e.Presence.Bit/8)
			f.mask = 1 << (e.Presence.Bit % 8)
		}
		t.fields = append(t.fields, f)
	}
	if err := t.addWords(m.Record, 0); err != nil {
		return nil, fmt.Errorf("schema %s: %w", s.ID, err)
	}
	return t, nil
}

// addWords appends the presence words of r, which stands at base, and of the
// records in it, array elements one by one.
func (t *fieldTable) addWords(r *schema.Record, base uint32) error {
	for i := range r.Members {
		e := &r.Members[i]
		switch {
		case e.Flags&schema.FlagPresence != 0:
			t.words = append(t.words, presenceWord{base + e.Offset, e.Size})
			if len(t.words) > maxPresenceWords {
				return fmt.Errorf("more than %d presence words (optional fields in a smaller array)", maxPresenceWords)
			}
		case e.Type.Code == schema.RecordType && hasPresence(e.Type.Record):
			for k := range uint32(e.Type.Count()) {
				if err := t.addWords(e.Type.Record, base+e.Offset+k*e.Type.Record.Stride); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func hasPresence(r *schema.Record) bool {
	return slices.ContainsFunc(r.Members, func(e schema.Member) bool {
		return e.Flags&schema.FlagPresence != 0 || e.Type.Code == schema.RecordType && hasPresence(e.Type.Record)
	})
}

// has reports whether value, a whole record, holds the field at offset f.
func (t *fieldTable) has(value []byte, f Field) bool {
	i, ok := slices.BinarySearchFunc(t.fields, f, func(e field, f Field) int { return int(e.offset) - int(f) })
	if !ok {
		return false
	}
	e := t.fields[i]
	return e.mask == 0 || value[e.word]&e.mask != 0
}

// clear marks every optional field of value absent.
func (t *fieldTable) clear(value []byte) {
	for _, w := range t.words {
		clear(value[w.offset : w.offset+w.size])
	}
}
