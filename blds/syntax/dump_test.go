package syntax

import (
	"fmt"
	"strings"

	"github.com/pylabhub/datahub/blds/layout"
	"github.com/pylabhub/datahub/blds/schema"
)

// dump prints a laid-out package: everything that golden files hold a model to.
func dump(b *strings.Builder, p *layout.Package, hash func(*schema.Schema) string) {
	fmt.Fprintf(b, "namespace %q\n", p.Namespace)
	for i := range p.Consts {
		dumpConst(b, &p.Consts[i], "")
	}
	for _, e := range p.Enums {
		kind := "enum"
		if e.Bits {
			kind = "bits"
		}
		fmt.Fprintf(b, "%s %s : %s%s\n", kind, e.ID, e.Base, dumpDoc(e.Doc))
		for _, v := range e.Values {
			fmt.Fprintf(b, "  %s = %s%s%s\n", v.Name, schema.FormatInt(e.Base, v.Value), dumpText("deprecated", v.Deprecated), dumpDoc(v.Doc))
		}
	}
	for _, r := range p.Records {
		fmt.Fprintf(b, "record %s", r.ID)
		dumpRecord(b, r)
	}
	for _, s := range p.Schemas {
		fmt.Fprintf(b, "schema %s %s%s", s.ID, s.Version, dumpText("deprecated", s.Deprecated))
		dumpRecord(b, s.Record)
		for i := range s.Consts {
			dumpConst(b, &s.Consts[i], "  ")
		}
		if c := s.Channel; c != nil {
			fmt.Fprintf(b, "  channel policy=%s sync=%s capacity=%d consumers=%d page=%d flex=%q flex_mode=%s checksum=%s checksum_type=%s timestamp=%t spinlocks=%d\n",
				c.Policy, c.Sync, c.Capacity, c.Consumers, c.PageSize, c.FlexName, c.FlexMode, c.Checksum, c.ChecksumType, c.Timestamp, c.Spinlocks)
			if s.Flex != nil {
				fmt.Fprintf(b, "  flex %s\n", s.Flex.ID)
			}
		}
		layoutHash, schemaHash, _ := strings.Cut(hash(s), " ")
		fmt.Fprintf(b, "  layout %s\n  schema %s\n", layoutHash, schemaHash)
	}
}

func dumpConst(b *strings.Builder, c *schema.Const, indent string) {
	fmt.Fprintf(b, "%sconst %s %s = %q%s\n", indent, c.Name, c.Value.Code, c.Value.Text, dumpDoc(c.Doc))
}

func dumpRecord(b *strings.Builder, r *schema.Record) {
	fmt.Fprintf(b, " size=%d align=%d%s\n", r.Size, r.Align, dumpDoc(r.Doc))
	for i := range r.Members {
		m := &r.Members[i]
		a := &m.Attrs
		fmt.Fprintf(b, "  %4d %4d %s %s", m.Offset, m.Size, m.Name, m.Type.String())
		if n := naturalAlign(&m.Type); m.Align != n {
			fmt.Fprintf(b, " align=%d", m.Align)
		}
		if m.Flags&schema.FlagOptional != 0 {
			fmt.Fprintf(b, " optional=%d.%d", m.Presence.Word, m.Presence.Bit)
		}
		if m.Flags&schema.FlagPresence != 0 {
			b.WriteString(" presence")
		}
		if m.Flags&schema.FlagAtomic != 0 {
			b.WriteString(" atomic")
		}
		if a.Time != schema.NoTime {
			fmt.Fprintf(b, " %s=%s", a.Time, a.TimeUnit)
		}
		if a.Default != nil {
			fmt.Fprintf(b, " default=%q", a.Default.Text)
		}
		if a.Since != nil {
			fmt.Fprintf(b, " since=%s", a.Since)
		}
		b.WriteString(dumpText("unit", a.Unit) + dumpText("scale", a.Scale) + dumpText("len", a.LenField) +
			dumpText("group", a.Group) + dumpText("deprecated", a.Deprecated) + dumpText("was", a.Was) +
			dumpText("view", a.View) + dumpText("metric", a.Metric) + dumpText("as", a.As) + dumpText("name", a.NameAs) +
			dumpDoc(a.Doc) + "\n")
	}
}

func dumpText(key, s string) string {
	if s == "" {
		return ""
	}
	return fmt.Sprintf(" %s=%q", key, s)
}

func dumpDoc(s string) string {
	if s == "" {
		return ""
	}
	return fmt.Sprintf(" // %q", s)
}
