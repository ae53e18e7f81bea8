// Package view shows a laid-out schema: as a list of fields, as text tables,
// and as a picture.
package view

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/pylabhub/datahub/blds/schema"
)

// A Field is one field of a schema with its place in the outermost record.
type Field struct {
	Name   string // as written; nested fields under dotted names
	Offset uint32 // from the start of the outermost record; in an array of records, of its first element
	Size   uint32 // of all array elements together
	Type   string // .blds notation, enums as their base type, records as "record"
	Depth  int    // 0 for the fields of the outermost record
	Member *schema.Member
}

// Fields lists the fields of a record in offset order, each record before the
// fields inside it. Padding, reserved ranges and presence words are left out.
func Fields(r *schema.Record) []Field {
	var out []Field
	walk(r, func(f Field) {
		if f.Member.IsField() {
			out = append(out, f)
		}
	})
	return out
}

// walk calls visit for every member, nested ones included.
func walk(r *schema.Record, visit func(Field)) { walkAt(r, "", 0, 0, visit) }

func walkAt(r *schema.Record, prefix string, base uint32, depth int, visit func(Field)) {
	for i := range r.Members {
		m := &r.Members[i]
		visit(Field{prefix + m.Name, base + m.Offset, m.Size, PlainType(&m.Type), depth, m})
		if m.Type.Code == schema.RecordType {
			walkAt(m.Type.Record, prefix+m.Name+".", base+m.Offset, depth+1, visit)
		}
	}
}

// PlainType returns a type in .blds notation without names: an enum as its base
// type, a record as "record".
func PlainType(t *schema.Type) string {
	plain := *t
	plain.Record, plain.Enum = nil, nil
	return plain.String()
}

// Zone says what the bytes of a schema are for.
type Zone string

const (
	Slot     Zone = "slot"     // each slot of a channel holds one
	Flexible Zone = "flexible" // the flexible zone of a channel is one
	Record   Zone = "record"   // it has no channel
)

// Zones returns the zone of each schema.
func Zones(all []*schema.Schema) map[*schema.Schema]Zone {
	zones := make(map[*schema.Schema]Zone, len(all))
	for _, s := range all {
		if s.Channel != nil {
			zones[s] = Slot
		} else if zones[s] == "" {
			zones[s] = Record
		}
		if s.Flex != nil {
			zones[s.Flex] = Flexible
		}
	}
	return zones
}

// ChannelText returns the policies of a channel in one line, in the words of
// the language.
func ChannelText(c *schema.Channel) string {
	parts := []string{"policy " + c.Policy.String()}
	add := func(key, value string) { parts = append(parts, key+" "+value) }
	if c.Capacity != 0 {
		add("capacity", strconv.Itoa(int(c.Capacity)))
	}
	add("sync", c.Sync.String())
	add("consumers", strconv.Itoa(int(c.Consumers)))
	add("page", Bytes(uint64(c.PageSize)))
	if c.FlexName != "" {
		add("flex", c.FlexName)
	}
	if c.FlexMode != 0 {
		add("flex_mode", c.FlexMode.String())
	}
	if c.Checksum > schema.ChecksumNone {
		add("checksum", c.Checksum.String())
	}
	if c.ChecksumType != 0 {
		add("checksum_type", c.ChecksumType.String())
	}
	if c.Timestamp {
		add("timestamp", "on")
	}
	if c.Spinlocks != 0 {
		add("spinlocks", strconv.Itoa(int(c.Spinlocks)))
	}
	return strings.Join(parts, ", ")
}

// ExactBytes is Bytes with the number of bytes before what is rounded: 3032 bytes
// (3 KiB).
func ExactBytes(n uint64) string {
	if n < 1024 {
		return Bytes(n)
	}
	return fmt.Sprintf("%d bytes (%s)", n, Bytes(n))
}

// Bytes returns a size as people read it: 40 bytes, 4 KiB, 1.5 MiB.
func Bytes(n uint64) string {
	units := []string{"KiB", "MiB", "GiB", "TiB", "PiB"}
	if n < 1024 {
		if n == 1 {
			return "1 byte"
		}
		return strconv.FormatUint(n, 10) + " bytes"
	}
	f, i := float64(n)/1024, 0
	for f >= 1024 && i < len(units)-1 {
		f, i = f/1024, i+1
	}
	s := strconv.FormatFloat(f, 'f', 1, 64)
	return strings.TrimSuffix(s, ".0") + " " + units[i]
}
