package datablock

import (
	"testing"

	"github.com/pylabhub/datahub/blds/schema"
)

func TestValidateLooksIntoNestedRecordsArraysAndBlobs(t *testing.T) {
	inner := &schema.Record{Name: "inner", Size: 8, Align: 1, Members: []schema.Member{
		{Name: "mask", Offset: 0, Size: 1, Type: schema.Type{Code: schema.U8}, Flags: schema.FlagPresence},
		{Name: "label", Offset: 1, Size: 3, Type: schema.Type{Code: schema.String, Len: 3}, Flags: schema.FlagOptional, Presence: schema.PresenceBit{Word: 0, Bit: 1}},
		{Name: "tags", Offset: 4, Size: 4, Type: schema.Type{Code: schema.String, Len: 2, Dims: []uint32{2}}},
	}}
	outer := &schema.Record{Name: "outer", Size: 28, Align: 4, Members: []schema.Member{
		{Name: "n", Offset: 0, Size: 4, Type: schema.Type{Code: schema.U32}},
		{Name: "data", Offset: 4, Size: 8, Type: schema.Type{Code: schema.Bytes, Len: 8}, Attrs: schema.Attrs{LenField: "n"}},
		{Name: "parts", Offset: 12, Size: 16, Type: schema.Type{Code: schema.RecordType, Record: inner, Dims: []uint32{2}}},
	}}
	table := &fieldTable{record: outer}
	for _, c := range []struct {
		name   string
		change func(b []byte)
		want   string
	}{
		{"all zero", func([]byte) {}, ""},
		{"full blob", func(b []byte) { b[0] = 8 }, ""},
		{"blob too long", func(b []byte) { b[0] = 9 }, "data: n says 9 bytes, there is room for 8"},
		{"text behind its end", func(b []byte) { b[17] = 'x' }, "parts[0].tags[0]: is no text: want UTF-8, and NULs behind its end"},
		{"absent text", func(b []byte) { b[13] = 0xff }, ""},
		{"present text", func(b []byte) { b[21], b[20] = 0xff, 2 }, "parts[1].label: is no text: want UTF-8, and NULs behind its end"},
		{"another bit", func(b []byte) { b[21], b[20] = 0xff, 1 }, ""},
	} {
		b := make([]byte, outer.Size)
		c.change(b)
		got := ""
		if err := table.validate(b); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
	if err := (*fieldTable)(nil).validate([]byte{1}); err != nil {
		t.Errorf("a raw value: %v", err)
	}
}
