package golang

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/pylabhub/datahub/blds/schema"
)

// tag returns the struct tag that says in annotated Go what the schema says of a
// member: the reader of the type sees its units, and the Go front end reads a
// generated type like one that was written by hand.
func (r *record) tag(m *schema.Member) string {
	a := &m.Attrs
	var parts []string
	word := func(key string, on bool) {
		if on {
			parts = append(parts, key)
		}
	}
	pair := func(key, value string) {
		if value != "" {
			parts = append(parts, key+"="+tagValue(value))
		}
	}
	word("reserved", m.Type.Code == schema.Reserved)
	word("presence", m.Flags&schema.FlagPresence != 0)
	word("string", m.Type.Code == schema.String)
	word("bytes", m.Type.Code == schema.Bytes)
	pair("len", r.byName[a.LenField])
	word("optional", m.Flags&schema.FlagOptional != 0)
	word("atomic", m.Flags&schema.FlagAtomic != 0)
	pair("unit", a.Unit)
	if a.Time != schema.NoTime {
		pair(a.Time.String(), a.TimeUnit)
	}
	if a.Default != nil {
		parts = append(parts, "default="+tagValue(a.Default.Text))
	}
	pair("scale", a.Scale)
	if m.Align > naturalAlign(&m.Type) {
		parts = append(parts, fmt.Sprintf("align=%d", m.Align))
	}
	pair("group", a.Group)
	if a.Since != nil {
		pair("since", a.Since.String())
	}
	pair("deprecated", a.Deprecated)
	pair("was", a.Was)
	pair("view", a.View)
	pair("metric", a.Metric)
	pair("as", a.As)
	pair("name", a.NameAs)
	if len(parts) == 0 {
		return ""
	}
	tag := "blds:" + strconv.Quote(strings.Join(parts, ","))
	if strconv.CanBackquote(tag) {
		return "`" + tag + "`"
	}
	return strconv.Quote(tag)
}

// tagValue puts a value in single quotes where the tag's syntax needs them.
func tagValue(v string) string {
	if v == "" || strings.ContainsAny(v, ",'") || strings.TrimSpace(v) != v {
		return "'" + strings.ReplaceAll(v, "'", "''") + "'"
	}
	return v
}

func naturalAlign(t *schema.Type) uint32 {
	if t.Record != nil {
		return t.Record.Align
	}
	return max(t.Code.Size(), 1)
}
