package layout_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pylabhub/datahub/blds/layout"
	"github.com/pylabhub/datahub/blds/schema"
)

// channel declares a schema with a channel that has no problem, and changes it.
func channel(do func(c *schema.Channel)) *schema.SchemaDecl {
	d := schemaDecl(record("T", field("a", schema.U32)))
	d.Channel = &schema.Channel{
		Policy: schema.Ring, Sync: schema.SyncReaders, Capacity: 16, Consumers: 4, PageSize: 4096,
		Pos: schema.Pos{File: "T", Line: 20, Col: 9, Len: 1},
	}
	do(d.Channel)
	return d
}

func channelRefusals() []refusal {
	refused := func(name string, do func(c *schema.Channel)) refusal {
		return refusal{name, []*schema.Package{packageOf(channel(do))}}
	}
	calib := schemaDecl(record("Calib", field("gain", schema.F64)))
	misspelled := channel(func(c *schema.Channel) { c.FlexName = "Calb" })
	unguarded := channel(func(c *schema.Channel) { c.FlexName, c.FlexMode = "Calib", schema.Shared })
	unguarded.Flex = calib
	own := channel(func(c *schema.Channel) { c.FlexName = "T" })
	own.Flex = own
	foreign := channel(func(c *schema.Channel) { c.FlexName = "Calib" })
	foreign.Flex = calib
	counter := record("Counter", field("n", schema.U64, atomic))
	slot := channel(func(*schema.Channel) {})
	appendField(slot.Record, field("inner", schema.RecordType, nested(counter)))
	direct := channel(func(*schema.Channel) {})
	direct.Record.Fields[0].Atomic = true

	return []refusal{
		refused("a channel that says nothing", func(c *schema.Channel) { *c = schema.Channel{Pos: c.Pos} }),
		refused("a ring without capacity", func(c *schema.Channel) { c.Capacity = 0 }),
		refused("a single value with capacity", func(c *schema.Channel) { c.Policy, c.Sync = schema.Single, schema.LatestOnly }),
		refused("a double value in order", func(c *schema.Channel) { c.Policy, c.Capacity = schema.Double, 0 }),
		refused("numbers out of range", func(c *schema.Channel) { c.Capacity, c.Consumers, c.Spinlocks = 65537, 1025, 257 }),
		refused("single_reader with two consumers", func(c *schema.Channel) { c.Sync, c.Consumers = schema.SingleReader, 2 }),
		refused("a page size of its own", func(c *schema.Channel) { c.PageSize = 8192 }),
		refused("a checksum without its type", func(c *schema.Channel) { c.Checksum = schema.ChecksumEnforced }),
		refused("a checksum type without checksum", func(c *schema.Channel) { c.ChecksumType = schema.CRC32C }),
		refused("a flex_mode without flex", func(c *schema.Channel) { c.FlexMode = schema.Shared }),
		{"a shared flexible zone without spinlocks", []*schema.Package{packageOf(unguarded, calib)}},
		{"a flexible zone that is misspelled", []*schema.Package{packageOf(misspelled, calib)}},
		{"a flexible zone of another package", []*schema.Package{packageOf(foreign), packageOf(calib)}},
		{"a flexible zone with a channel", []*schema.Package{packageOf(own, calib)}},
		{"atomic fields in a slot", []*schema.Package{packageOf(direct)}},
		{"atomic fields deep in a slot", []*schema.Package{packageOf(slot)}},
	}
}

func TestAChannelGetsThePoliciesThatWereNotGiven(t *testing.T) {
	flex := schemaDecl(record("Calib", field("gain", schema.F64, atomic)))
	flex.Record.Fields[0].Type.Code = schema.U64
	d := channel(func(c *schema.Channel) { c.FlexName = "Calib" })
	d.Flex = flex
	res, problems := layout.Resolve(packageOf(d, flex))
	if len(problems) > 0 {
		t.Fatal(show(problems))
	}
	got := res.Packages[0].Schemas[0]
	want := *d.Channel
	want.FlexMode, want.Checksum = schema.DoubleBuffered, schema.ChecksumNone
	if diff := cmp.Diff(&want, got.Channel); diff != "" {
		t.Errorf("channel (-want +got):\n%s", diff)
	}
	if got.Flex != res.Packages[0].Schemas[1] {
		t.Errorf("flexible zone: got %v, want the schema Calib", got.Flex)
	}
	if d.Channel.Checksum != 0 {
		t.Error("the declaration was changed")
	}
}

func TestAChannelWhoseFlexibleZoneHasAProblemIsLeftOut(t *testing.T) {
	flex := schemaDecl(record("Calib"))
	d := channel(func(c *schema.Channel) { c.FlexName = "Calib" })
	d.Flex = flex
	res, problems := layout.Resolve(packageOf(d, flex))
	if len(problems) != 1 || problems[0].Code != schema.CodeEmptyRecord {
		t.Errorf("got %s, want only the empty record", show(problems))
	}
	if n := len(res.Packages[0].Schemas); n != 0 {
		t.Errorf("got %d schemas, want none", n)
	}
}
