package canon_test

import (
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/pylabhub/datahub/blds/schema"
)

// A dumper reads a canonical form as docs/canonical-form.md describes it, with
// nothing of the package's own decoder, and writes each byte beside what it is. It
// knows what the example has: no constants, defaults, scales and times.
type dumper struct {
	b       []byte
	out     strings.Builder
	records int // types numbered so far
	enums   int
}

// A dumpedMember is a member as section 1 has it.
type dumpedMember struct {
	code, flags byte
	table       byte // of section 2
	values      int
	members     []*dumpedMember
}

func (m *dumpedMember) isField() bool { return m.code != 15 && m.code != 16 && m.flags&2 == 0 }

func dump(b []byte) string {
	d := &dumper{b: b}
	d.take(4, "magic \"BLDS\"")
	d.take(1, "form")
	d.out.WriteByte('\n')
	d.uint("bytes of section 1, layout")
	d.take(1, "byte order: little-endian")
	top := d.record()
	d.out.WriteByte('\n')
	d.uint("bytes of section 2, meaning")
	d.text("id, folded")
	d.fields(top)
	d.uint("constants")
	d.out.WriteByte('\n')
	d.uint("bytes of section 3, annotations")
	d.text("id as written")
	for _, s := range []string{"major", "minor", "patch"} {
		d.uint("version: " + s)
	}
	d.text("doc")
	d.text("deprecated")
	d.text("type name, if it is not the id's last part")
	d.annotations(top)
	return d.out.String()
}

// take writes n bytes, at most eight a line.
func (d *dumper) take(n int, what string) []byte {
	b := d.b[:n]
	d.b = d.b[n:]
	for rest := b; ; rest = rest[min(8, len(rest)):] {
		line := rest[:min(8, len(rest))]
		fmt.Fprintf(&d.out, "%s\n", strings.TrimRight(fmt.Sprintf("%-24s %s", fmt.Sprintf("% x", line), what), " "))
		if what = ""; len(rest) <= 8 {
			return b
		}
	}
}

func (d *dumper) uint(what string) int {
	n, size, shift := 0, 0, 0
	for {
		c := d.b[size]
		n |= int(c&0x7f) << shift
		shift += 7
		size++
		if c < 0x80 {
			break
		}
	}
	if size > 1 || n > 9 {
		what += fmt.Sprintf(": %d", n)
	}
	d.take(size, what)
	return n
}

func (d *dumper) text(what string) string {
	n := int(d.b[0])
	if n == 0 {
		d.take(1, what+": none")
		return ""
	}
	text := string(d.b[1 : 1+n])
	d.take(1+n, fmt.Sprintf("%s: %q", what, text))
	return text
}

func (d *dumper) record() []*dumpedMember {
	d.uint("size")
	d.uint("alignment")
	d.uint("stride")
	members := make([]*dumpedMember, d.uint("members"))
	for i := range members {
		m := &dumpedMember{}
		members[i] = m
		d.uint(fmt.Sprintf("member %d: offset", i))
		d.uint("  size")
		d.uint("  alignment")
		m.code = d.b[0]
		d.take(1, "  type code: "+schema.TypeCode(m.code).String())
		d.uint("  length of a string, blob, padding, reserved range")
		for range d.uint("  dimensions") {
			d.uint("  dimension")
		}
		m.flags = d.b[0]
		d.take(1, "  flags"+map[byte]string{0: "", 1: ": optional", 2: ": presence word", 4: ": atomic"}[m.flags])
		if m.flags&1 != 0 {
			d.uint("  presence word")
			d.take(1, "  presence bit")
		}
		if m.code == 14 {
			m.members = d.record()
		}
	}
	return members
}

func (d *dumper) fields(members []*dumpedMember) {
	for _, m := range members {
		if !m.isField() {
			continue
		}
		d.text("field, folded")
		d.text("  unit")
		d.take(2, "  kind of time, unit of time: none")
		d.text("  length field")
		m.table = d.b[0]
		d.take(1, "  table: "+[]string{"none", "enum", "bits"}[m.table])
		if m.table != 0 {
			m.values = d.uint("  values")
			for range m.values {
				d.uint("    number")
				d.text("    name, folded")
			}
		}
		d.take(1, "  default: none")
		d.take(1, "  scale: none")
		d.fields(m.members)
	}
}

func (d *dumper) annotations(members []*dumpedMember) {
	keys := []string{"name", "doc", "group", "since", "deprecated", "was", "view", "metric", "as", "name key"}
	for i, m := range members {
		if m.code == 15 {
			continue
		}
		mask := int(d.b[0])
		d.take(1, fmt.Sprintf("member %d: which annotations follow", i))
		for bit, key := range keys {
			if mask&(1<<bit) != 0 {
				d.text("  " + key)
			}
		}
		if m.code == 14 {
			if n := d.uint("  record type, by number"); n == d.records {
				d.records++
				d.text("  its id")
				d.text("  its name, if it is not the id's last part")
				d.text("  its doc")
				d.annotations(m.members)
			}
		}
		if m.table != 0 {
			if n := d.uint("  enum type, by number"); n == d.enums {
				d.enums++
				d.text("  its id")
				d.text("  its name, if it is not the id's last part")
				d.text("  its doc")
				for range m.values {
					d.uint("    place in the table of section 2")
					d.text("    name as written, if it is not folded")
					d.text("    doc")
					d.text("    deprecated")
				}
			}
		}
	}
}

const document = "../../docs/canonical-form.md"

// The worked example of the document is the form of the example, byte by byte,
// and its hashes are those of the example.
func TestTheDocumentsExampleIsTheFormItSaysItIs(t *testing.T) {
	doc, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	h := hashedOf(t, reading())
	b, err := hex.DecodeString(h.Descriptor)
	if err != nil {
		t.Fatal(err)
	}
	want := dump(b) + "\nlayout hash " + h.LayoutHash + "\nschema hash " + h.SchemaHash + "\n"
	const open, end = "```hex\n", "```\n"
	before, rest, ok := strings.Cut(string(doc), open)
	got, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no block %q", document, open)
	}
	if *update {
		if err := os.WriteFile(document, []byte(before+open+want+end+after), 0o666); err != nil {
			t.Fatal(err)
		}
		got = want
	}
	if got != want {
		t.Errorf("%s: write the example anew with -update; want\n%s", document, want)
	}
	var bytes []byte
	for line := range strings.SplitSeq(got, "\n") {
		if strings.Contains(line, "hash") || len(line) < 2 {
			continue
		}
		part, err := hex.DecodeString(strings.ReplaceAll(line[:min(24, len(line))], " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		bytes = append(bytes, part...)
	}
	if hex.EncodeToString(bytes) != h.Descriptor {
		t.Errorf("the bytes of the example are %x, want %s", bytes, h.Descriptor)
	}
}

// The tables of the document have the numbers of the model.
func TestTheDocumentsTablesAreThoseOfTheModel(t *testing.T) {
	doc, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	for c := schema.U8; c <= schema.Reserved; c++ {
		row := fmt.Sprintf("| %d | %s |", c, map[schema.TypeCode]string{schema.Padding: "padding"}[c])
		if c != schema.Padding {
			row = fmt.Sprintf("| %d | %s |", c, c)
		}
		if !strings.Contains(string(doc), row) {
			t.Errorf("%s has no row %q", document, row)
		}
	}
}
