package segment

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/pylabhub/datahub/blds/canon"
	"github.com/pylabhub/datahub/blds/schema"
	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/fixed"
)

var update = flag.Bool("update", false, "write the tables of docs/segment.md anew")

// A tables document holds, between <!-- table: NAME --> and <!-- end -->, the
// bytes of the record NAME, or the values of the enum NAME.
var tableMark = regexp.MustCompile(`(?s)(<!-- table: (\w+) -->\n).*?(<!-- end -->)`)

func TestTheByteTablesOfTheDocumentAreThoseOfTheSchema(t *testing.T) {
	path := filepath.Join("..", "..", "docs", "segment.md")
	doc, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	doc = bytes.ReplaceAll(doc, []byte("\r\n"), []byte("\n"))
	all := collect(t, &hdr.DataHeaderSchema, &hdr.ControlHeaderSchema, &hdr.ProducerPageSchema, &hdr.ConsumerCellSchema,
		&hdr.ControlWordsSchema, &hdr.SpinlockSchema, &hdr.ConsumerCountersSchema, &hdr.ProducerBaselineSchema,
		&hdr.SlotHeaderSchema, &hdr.SlotLengthSchema)
	want := tableMark.ReplaceAllFunc(doc, func(m []byte) []byte {
		part := tableMark.FindSubmatch(m)
		name := string(part[2])
		table, ok := all[name]
		if !ok {
			t.Errorf("there is no record and no enum %q", name)
		}
		delete(all, name)
		return []byte(string(part[1]) + table + string(part[3]))
	})
	for name := range all {
		t.Errorf("the document does not show %s: add <!-- table: %s -->", name, name)
	}
	if bytes.Equal(doc, want) {
		return
	}
	if !*update {
		t.Fatal("docs/segment.md is not up to date: run this test with -update")
	}
	if err := os.WriteFile(path, want, 0o644); err != nil {
		t.Fatal(err)
	}
}

// collect returns the tables of the schemas and of all records and enums in them,
// by name.
func collect(t *testing.T, schemas ...*fixed.Schema) map[string]string {
	t.Helper()
	all := map[string]string{}
	var walk func(r *schema.Record)
	walk = func(r *schema.Record) {
		_, name := schema.SplitID(r.ID)
		all[name] = recordTable(r)
		for _, m := range r.Members {
			if m.Type.Record != nil {
				walk(m.Type.Record)
			}
			if e := m.Type.Enum; e != nil {
				_, name := schema.SplitID(e.ID)
				all[name] = enumTable(e)
			}
		}
	}
	for _, s := range schemas {
		d, err := canon.Decode([]byte(s.Descriptor))
		if err != nil {
			t.Fatal(err)
		}
		walk(d.Record)
		all[d.Name()] += constTable(d.Consts)
	}
	return all
}

func recordTable(r *schema.Record) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d bytes, aligned to %d.\n\n", r.Size, r.Align)
	b.WriteString("| offset | size | field | type | |\n|---:|---:|---|---|---|\n")
	for _, m := range r.Members {
		name := "`" + m.Name + "`"
		switch m.Type.Code {
		case schema.Padding, schema.Reserved:
			name = ""
		}
		fmt.Fprintf(&b, "| %d | %d | %s | %s | %s |\n", m.Offset, m.Size, name, typeText(&m), oneLine(m.Attrs.Doc))
	}
	return b.String()
}

func typeText(m *schema.Member) string {
	var s string
	switch t := &m.Type; {
	case t.Record != nil:
		_, s = schema.SplitID(t.Record.ID)
	case t.Enum != nil:
		_, s = schema.SplitID(t.Enum.ID)
	case t.Code == schema.String, t.Code == schema.Bytes:
		s = fmt.Sprintf("%s[%d]", t.Code, t.Len)
	default:
		s = t.Code.String()
	}
	for _, d := range m.Type.Dims {
		s += fmt.Sprintf("[%d]", d)
	}
	if m.Flags&schema.FlagAtomic != 0 {
		s += ", atomic"
	}
	if u := m.Attrs.TimeUnit; u != "" {
		s += ", " + u
	}
	return s
}

func enumTable(e *schema.Enum) string {
	var b strings.Builder
	b.WriteString("| value | name | |\n|---:|---|---|\n")
	for _, v := range e.Values {
		fmt.Fprintf(&b, "| %d | `%s` | %s |\n", v.Value, v.Name, oneLine(v.Doc))
	}
	return b.String()
}

func constTable(consts []schema.Const) string {
	var b strings.Builder
	for _, c := range consts {
		fmt.Fprintf(&b, "\n`%s` = %s%s", c.Name, c.Value.Text, strings.Replace(": "+oneLine(c.Doc), ": "+c.Name, "", 1))
	}
	if b.Len() > 0 {
		b.WriteString("\n")
	}
	return b.String()
}

func oneLine(doc string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(doc), " "), "|", `\|`)
}
