package golang

import (
	"fmt"
	"strings"

	"github.com/dave/jennifer/jen"

	"github.com/pylabhub/datahub/blds/canon"
	"github.com/pylabhub/datahub/blds/schema"
)

// identity adds the compiled form of a schema: id, version, hashes, descriptor.
func (f *file) identity(r *record) {
	s := r.schema
	name := r.name + "Schema"
	f.scope.declare(name, s.Pos)
	descriptor, err := canon.Encode(s)
	if err == nil {
		var layout, hash [32]byte
		if layout, hash, err = canon.HashesOf(descriptor); err == nil {
			f.decl(fmt.Sprintf("%s is the schema of [%s].", name, r.name),
				"var %s = %v{\nID: %q,\nVersion: [3]uint16{%d, %d, %d},\nLayoutHash: %s,\nSchemaHash: %s,\nSize: %d,\nAlign: %d,\nDescriptor: %s,\n}",
				name, f.rt("Schema"), s.ID, s.Version.Major, s.Version.Minor, s.Version.Patch,
				hashLiteral(layout), hashLiteral(hash), r.Size, r.Align, stringLiteral(descriptor))
			return
		}
	}
	f.scope.problems = append(f.scope.problems, schema.Problem{
		Code: schema.CodeCanonicalTooLarge, Pos: s.Pos, Message: err.Error(),
	})
}

// hashLiteral returns a hash in two lines.
func hashLiteral(h [32]byte) string {
	var b strings.Builder
	b.WriteString("[32]byte{")
	for i, c := range h {
		if i%16 == 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "%#02x, ", c)
	}
	b.WriteString("\n}")
	return b.String()
}

// stringLiteral returns bytes as a string literal of lines that fit a page.
func stringLiteral(data []byte) string {
	const width = 100
	var b strings.Builder
	b.Grow(len(data) * 3)
	b.WriteString(`"`)
	for col := 0; len(data) > 0; data = data[1:] {
		if col >= width {
			b.WriteString("\" +\n\"")
			col = 0
		}
		n := b.Len()
		switch c := data[0]; {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case ' ' <= c && c < 0x7F:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, `\x%02x`, c)
		}
		col += b.Len() - n
	}
	b.WriteString(`"`)
	return b.String()
}

// channel adds the channel of a schema and the types of those who use it.
func (f *file) channel(r *record) {
	s, c := r.schema, r.schema.Channel
	channel, typ := r.name+"Channel", strings.ToLower(r.name[:1])+r.name[1:]+"Channel"
	producer, consumer, observer := r.name+"Producer", r.name+"Consumer", r.name+"Observer"
	for _, name := range []string{channel, typ, producer, consumer, observer} {
		f.scope.declare(name, c.Pos)
	}
	f.decl(fmt.Sprintf("%s makes and joins channels of [%s] with the declared policies.", channel, r.name),
		"var %s = %s{&%v{\n%v}}", channel, typ, f.rt("Spec"), f.spec(r))
	f.decl("", "type %s struct{ spec *%v }", typ, f.rt("Spec"))
	f.decl("Create makes the channel name and returns its only producer, to be closed after use.",
		"func (c %s) Create(name string, opts ...%v) (*%s, error) {\np, err := %v[%s](c.spec, name, opts...)\nif err != nil {\nreturn nil, err\n}\nreturn &%s{p}, nil\n}",
		typ, f.rt("Option"), producer, f.rt("Create"), r.name, producer)
	f.decl("Attach joins the channel name as a consumer, to be closed after use.",
		"func (c %s) Attach(name string, opts ...%v) (*%s, error) {\nr, err := %v[%s](c.spec, name, opts...)\nif err != nil {\nreturn nil, err\n}\nreturn &%s{r}, nil\n}",
		typ, f.rt("Option"), consumer, f.rt("Attach"), r.name, consumer)
	f.decl("Observe looks at the channel name without taking part in it, until the observer is closed.",
		"func (c %s) Observe(name string, opts ...%v) (*%s, error) {\no, err := %v[%s](c.spec, name, opts...)\nif err != nil {\nreturn nil, err\n}\nreturn &%s{o}, nil\n}",
		typ, f.rt("Option"), observer, f.rt("Observe"), r.name, observer)
	f.decl(fmt.Sprintf("A %s writes values of [%s] to its channel.", producer, r.name),
		"type %s struct{ *%v[%s] }", producer, f.rt("Producer"), r.name)
	f.decl(fmt.Sprintf("A %s reads values of [%s] from a channel.", consumer, r.name),
		"type %s struct{ *%v[%s] }", consumer, f.rt("Consumer"), r.name)
	f.decl(fmt.Sprintf("A %s looks at values of [%s] in a channel, and nobody knows.", observer, r.name),
		"type %s struct{ *%v[%s] }", observer, f.rt("Observer"), r.name)
	if s.Flex == nil {
		return
	}
	flex := f.flex(s, "")
	f.decl("Flex returns the flexible zone of the channel, for writing.",
		"func (p *%s) Flex() *%v[%v] {\nreturn %v[%v](p.Producer)\n}", producer, f.rt("FlexWriter"), flex, f.rt("NewFlexWriter"), flex)
	f.decl("Flex returns the flexible zone of the channel, for reading.",
		"func (c *%s) Flex() *%v[%v] {\nreturn %v[%v](c.Consumer)\n}", consumer, f.rt("FlexReader"), flex, f.rt("NewFlexReader"), flex)
	f.decl("Flex returns the flexible zone of the channel, for looking at; one of mode Shared cannot be observed.",
		"func (o *%s) Flex() *%v[%v] {\nreturn %v[%v](o.Observer)\n}", observer, f.rt("FlexReader"), flex, f.rt("ObserveFlex"), flex)
}

// flex names the type of the flexible zone, or with a suffix what belongs to it.
// It is of the same namespace, but perhaps in another folder.
func (f *file) flex(s *schema.Schema, suffix string) *jen.Statement {
	t := f.ix.find(f.pkg, s.Flex.ID, s.Flex.Record.Name)
	return f.named(t.ImportPath, t.Package, t.Name+suffix)
}

// spec returns the fields of the channel's Spec, without those that are zero.
func (f *file) spec(r *record) *jen.Statement {
	c := r.schema.Channel
	lines := code("Schema: &%sSchema,\n", r.name)
	add := func(format string, args ...any) { lines.Add(code(format+",\n", args...)) }
	number := func(name string, v uint32) {
		if v != 0 {
			add("%s: %d", name, v)
		}
	}
	if r.schema.Flex != nil {
		add("Flex: &%v", f.flex(r.schema, "Schema"))
	}
	add("Policy: %v", f.rt(policies[c.Policy]))
	add("Sync: %v", f.rt(syncs[c.Sync]))
	number("Capacity", c.Capacity)
	number("Consumers", c.Consumers)
	number("PageSize", c.PageSize)
	if r.schema.Flex != nil {
		add("FlexMode: %v", f.rt(flexModes[c.FlexMode]))
	}
	add("Checksum: %v", f.rt(checksums[c.Checksum]))
	if t, ok := checksumTypes[c.ChecksumType]; ok {
		add("ChecksumType: %v", f.rt(t))
	}
	if c.Timestamp {
		add("Timestamp: true")
	}
	number("Spinlocks", c.Spinlocks)
	return lines
}

var (
	policies      = map[schema.Policy]string{schema.Single: "Single", schema.Double: "Double", schema.Ring: "Ring"}
	syncs         = map[schema.Sync]string{schema.LatestOnly: "LatestOnly", schema.SingleReader: "SingleReader", schema.SyncReaders: "SyncReaders", schema.Overwrite: "Overwrite"}
	flexModes     = map[schema.FlexMode]string{schema.DoubleBuffered: "DoubleBuffered", schema.Shared: "Shared"}
	checksums     = map[schema.Checksum]string{schema.ChecksumNone: "ChecksumNone", schema.ChecksumManual: "ChecksumManual", schema.ChecksumEnforced: "ChecksumEnforced"}
	checksumTypes = map[schema.ChecksumType]string{schema.CRC32C: "CRC32C", schema.BLAKE3: "BLAKE3"}
)
