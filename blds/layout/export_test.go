package layout

import "github.com/pylabhub/datahub/blds/schema"

// Weight returns the bound on the canonical form of s, which comes from d.
func Weight(d *schema.SchemaDecl, s *schema.Schema) uint64 {
	r := &resolver{}
	return r.record(d.Record).weight + weighSchema(s)
}
