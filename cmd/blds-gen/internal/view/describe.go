package view

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/pylabhub/datahub/blds/schema"
)

// WriteDescription writes all that a schema says, in words.
func WriteDescription(w io.Writer, sh *Sheet) error {
	b := bufio.NewWriter(w)
	s, r := sh.Schema, sh.Schema.Record
	fmt.Fprintf(b, "schema %s %s\n", s.ID, s.Version)
	doc(b, "  ", s.Doc)
	if s.Deprecated != "" {
		fmt.Fprintf(b, "  deprecated: %s\n", s.Deprecated)
	}
	fmt.Fprintf(b, "\n  size %d, align %d, stride %d, %s\n", r.Size, r.Align, r.Stride, s.Order)
	if sh.Zone != "" {
		fmt.Fprintf(b, "  zone %s\n", sh.Zone)
	}
	if s.Channel != nil {
		fmt.Fprintf(b, "  channel %s\n", ChannelText(s.Channel))
	}
	fmt.Fprintf(b, "  layout hash %s\n  schema hash %s\n", sh.LayoutHash, sh.SchemaHash)

	fmt.Fprintf(b, "\nfields\n")
	var enums []*schema.Enum
	seen := map[*schema.Enum]bool{}
	walk(r, func(f Field) {
		m := f.Member
		if !m.IsField() {
			return
		}
		indent := strings.Repeat("  ", f.Depth+1)
		fmt.Fprintf(b, "%s%s  %s, %s at %d\n", indent, m.Name, memberType(m), ExactBytes(uint64(m.Size)), f.Offset)
		for _, line := range attrLines(m) {
			fmt.Fprintf(b, "%s    %s\n", indent, line)
		}
		doc(b, indent+"    ", m.Attrs.Doc)
		if e := m.Type.Enum; e != nil && !seen[e] {
			seen[e] = true
			enums = append(enums, e)
		}
	})
	for _, e := range enums {
		writeEnum(b, e)
	}
	if len(s.Consts) > 0 {
		fmt.Fprintf(b, "\nconstants\n")
		for _, c := range s.Consts {
			text := c.Value.Text
			if c.Value.Code == schema.String {
				text = fmt.Sprintf("%q", text)
			}
			fmt.Fprintf(b, "  %s %s = %s\n", c.Name, c.Value.Code, text)
			doc(b, "      ", c.Doc)
		}
	}
	return b.Flush()
}

// attrLines returns what a member says beside its type and its docs.
func attrLines(m *schema.Member) []string {
	at := &m.Attrs
	var out []string
	add := func(key, value string) {
		if value != "" {
			out = append(out, key+" "+value)
		}
	}
	add("unit", at.Unit)
	if at.Time != schema.NoTime {
		add(at.Time.String(), "in "+at.TimeUnit)
	}
	add("scale", at.Scale)
	add("length in", at.LenField)
	if at.Default != nil {
		add("default", at.Default.Text)
	}
	if at.Since != nil {
		add("since", at.Since.String())
	}
	add("deprecated:", at.Deprecated)
	add("was", at.Was)
	add("view", at.View)
	add("metric", at.Metric)
	add("as", at.As)
	add("name", at.NameAs)
	return out
}

func writeEnum(w io.Writer, e *schema.Enum) {
	kind := "enum"
	if e.Bits {
		kind = "bits"
	}
	name := e.Name
	if name != "" {
		name += " "
	}
	fmt.Fprintf(w, "\n%s %s: %s\n", kind, name, e.Base)
	doc(w, "  ", e.Doc)
	for _, v := range e.Values {
		text := schema.FormatInt(e.Base, v.Value)
		if e.Bits {
			text = fmt.Sprintf("%#x", v.Value)
		}
		fmt.Fprintf(w, "  %s = %s\n", v.Name, text)
		if v.Deprecated != "" {
			fmt.Fprintf(w, "      deprecated: %s\n", v.Deprecated)
		}
		doc(w, "      ", v.Doc)
	}
}

func doc(w io.Writer, indent, text string) {
	if text == "" {
		return
	}
	for line := range strings.SplitSeq(text, "\n") {
		fmt.Fprintln(w, strings.TrimRight(indent+line, " "))
	}
}
