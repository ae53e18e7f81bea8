package layout

import (
	"strconv"

	"github.com/pylabhub/datahub/blds/schema"
)

// channel checks the channel of d and returns it with the policies that were
// not given, and the schema of its flexible zone.
func (r *resolver) channel(p *schema.Package, d *schema.SchemaDecl) (*schema.Channel, *schema.Schema, bool) {
	n := len(r.problems)
	c := *d.Channel
	name := d.Record.Name
	r.required(&c, name)
	if c.Policy == schema.Single || c.Policy == schema.Double {
		if c.Capacity != 0 {
			r.add(schema.CodeChannelCapacity, c.Pos, "remove capacity, or use policy ring",
				"channel %q has a capacity, but policy %s keeps a fixed number of values", name, c.Policy)
		}
		if c.Sync != 0 && c.Sync != schema.LatestOnly {
			r.add(schema.CodeChannelSync, c.Pos, "use sync latest_only, or policy ring",
				"channel %q has policy %s, which cannot keep the values that sync %s needs", name, c.Policy, c.Sync)
		}
	}
	r.upTo(&c, name, "capacity", c.Capacity, schema.MaxCapacity)
	r.upTo(&c, name, "consumers", c.Consumers, schema.MaxConsumers)
	r.upTo(&c, name, "spinlocks", c.Spinlocks, schema.MaxSpinlocks)
	if c.Sync == schema.SingleReader && c.Consumers > 1 {
		r.add(schema.CodeChannelReaders, c.Pos, "use consumers 1, or sync sync_readers",
			"channel %q has %d consumers, but sync single_reader serves exactly one", name, c.Consumers)
	}
	if c.PageSize != 0 && c.PageSize != 4096 && c.PageSize != 2<<20 {
		r.add(schema.CodeChannelPage, c.Pos, "use page 4k or page 2m", "channel %q has pages of %d bytes", name, c.PageSize)
	}
	r.checksum(&c, name)
	flex := r.flex(p, d, &c, name)
	if st := r.records[d.Record]; st != nil && st.rec != nil && st.atomic != "" {
		r.add(schema.CodeChannelAtomic, c.Pos, "move it to the flexible zone, or remove atomic",
			"the slots of channel %q have the atomic field %q: a slot is written by one process and then only read", name, st.atomic)
	}
	return &c, flex, len(r.problems) == n && (c.FlexName == "" || flex != nil)
}

// required reports each policy that must be given and is not.
func (r *resolver) required(c *schema.Channel, name string) {
	missing := func(key, remedy string) {
		r.add(schema.CodeChannelMissing, c.Pos, remedy, "channel %q has no %s", name, key)
	}
	if c.Policy == 0 {
		missing("policy", "add policy single, double or ring")
	}
	if c.Sync == 0 {
		missing("sync", "add sync latest_only, single_reader, sync_readers or overwrite")
	}
	if c.Policy == schema.Ring && c.Capacity == 0 {
		missing("capacity", "add capacity, the number of values a reader can fall behind")
	}
	if c.Consumers == 0 {
		missing("consumers", "add consumers, the most that attach at once")
	}
	if c.PageSize == 0 {
		missing("page", "add page 4k or page 2m")
	}
}

func (r *resolver) upTo(c *schema.Channel, name, key string, n, most uint32) {
	if n > most {
		r.add(schema.CodeChannelRange, c.Pos, "use at most "+strconv.FormatUint(uint64(most), 10),
			"channel %q has %s %d, at most %d are allowed", name, key, n, most)
	}
}

func (r *resolver) checksum(c *schema.Channel, name string) {
	if c.Checksum == 0 {
		c.Checksum = schema.ChecksumNone
	}
	switch {
	case c.Checksum == schema.ChecksumNone && c.ChecksumType != 0:
		r.add(schema.CodeChannelChecksum, c.Pos, "add checksum manual or enforced, or remove checksum_type",
			"channel %q has checksum_type %s, but no checksum", name, c.ChecksumType)
	case c.Checksum != schema.ChecksumNone && c.ChecksumType == 0:
		r.add(schema.CodeChannelChecksum, c.Pos, "add checksum_type crc32c or blake3",
			"channel %q has checksum %s, but no checksum_type", name, c.Checksum)
	}
}

// flex returns the schema of the flexible zone. It is nil if there is none, or
// if it has a problem.
func (r *resolver) flex(p *schema.Package, d *schema.SchemaDecl, c *schema.Channel, name string) *schema.Schema {
	if c.FlexName == "" {
		if c.FlexMode != 0 {
			r.add(schema.CodeChannelFlexMode, c.Pos, "add flex and a schema, or remove flex_mode",
				"channel %q has flex_mode %s, but no flexible zone", name, c.FlexMode)
		}
		return nil
	}
	if c.FlexMode == 0 {
		c.FlexMode = schema.DoubleBuffered
	}
	if c.FlexMode == schema.Shared && c.Spinlocks == 0 {
		r.add(schema.CodeChannelMissing, c.Pos, "add spinlocks 1, or more for other uses",
			"channel %q has no spinlocks, but lock 0 guards a shared flexible zone", name)
	}
	own := func(yield func(string) bool) { // those it could be
		for _, s := range p.Schemas {
			if s != d && s.Channel == nil && s.Record != nil && !yield(s.Record.Name) {
				return
			}
		}
	}
	switch {
	case d.Flex == nil || r.owner[d.Flex] != p:
		r.add(schema.CodeChannelFlex, c.Pos, r.meant(c.FlexName, own, "name a schema of the same package that has no channel"),
			"the flexible zone %s of channel %q is no schema of this package", quote(c.FlexName), name)
	case d.Flex.Channel != nil:
		note(r.add(schema.CodeChannelFlexOwner, c.Pos, r.meant(c.FlexName, own, "name a schema without a channel"),
			"the flexible zone %q of channel %q has a channel of its own", c.FlexName, name), d.Flex.Channel.Pos, "its channel is declared here")
	default:
		return r.schemas[d.Flex]
	}
	return nil
}
