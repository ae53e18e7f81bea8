// Package randschema makes random packages for tests: every construct of the
// language, always sound, always expressible in .blds text.
package randschema

import (
	"math/rand/v2"
	"strconv"

	"github.com/pylabhub/datahub/blds/schema"
	"pgregory.net/rapid"
)

// A Source gives random numbers. *math/rand/v2.Rand is one.
type Source interface {
	IntN(n int) int // from 0 to n-1
}

// Seeded returns a source that gives the same numbers for the same seed.
func Seeded(seed uint64) Source { return rand.New(rand.NewPCG(seed, seed)) }

// Drawn returns a source that rapid controls, so that it can shrink.
func Drawn(t *rapid.T) Source { return drawn{t} }

type drawn struct{ t *rapid.T }

func (d drawn) IntN(n int) int { return rapid.IntRange(0, n-1).Draw(d.t, "n") }

// Options limit what is made. The zero value makes everything.
type Options struct {
	Natural    bool // no offsets, pads, groups: a C compiler places the fields alike
	NoChannels bool
	NoDocs     bool
	MaxFields  int // of one record; 10 if 0
}

// Package makes a package with enums, records, constants and at least one
// schema. Its ids begin with the given namespace.
func Package(src Source, namespace string, opts Options) *schema.Package {
	if opts.MaxFields == 0 {
		opts.MaxFields = 10
	}
	g := &generator{src: src, opts: opts, pkg: &schema.Package{Namespace: namespace}, bounds: map[*schema.RecordDecl]uint64{}}
	g.atomics = g.one(3)
	for range g.src.IntN(3) {
		g.pkg.Enums = append(g.pkg.Enums, g.enum())
	}
	for range g.src.IntN(4) {
		g.pkg.Records = append(g.pkg.Records, g.record("Rec"))
	}
	g.pkg.Consts = g.consts()
	for range 1 + g.src.IntN(3) {
		g.pkg.Schemas = append(g.pkg.Schemas, g.schema())
	}
	return g.pkg
}

type generator struct {
	src     Source
	opts    Options
	pkg     *schema.Package
	atomics bool // atomic fields, and hence no channels
	serial  int
	bounds  map[*schema.RecordDecl]uint64 // bytes that a record does not exceed
}

// one reports true once in n times.
func (g *generator) one(n int) bool { return g.src.IntN(n) == n-1 }

func pick[T any](g *generator, of ...T) T { return of[g.src.IntN(len(of))] }

var words = []string{"time_ns", "temperature", "x", "state", "gain", "Offset", "rawValue", "flags", "mean", "peak_to_peak"}

// name returns a name that no other has, however folded.
func (g *generator) name() string {
	g.serial++
	return pick(g, words...) + "_" + strconv.Itoa(g.serial)
}

func (g *generator) typeName(prefix string) (name, id string) {
	g.serial++
	name = prefix + strconv.Itoa(g.serial)
	return name, g.pkg.Namespace + "." + name
}

func (g *generator) doc() string {
	if g.opts.NoDocs || !g.one(3) {
		return ""
	}
	return pick(g, "Short.", "Two lines:\nthe second.", "Größe in µm.", "Has \"quotes\" and `ticks`.")
}

func (g *generator) version() schema.Version {
	return schema.Version{Major: uint16(g.src.IntN(3)), Minor: uint16(g.src.IntN(300)), Patch: uint16(g.src.IntN(2)) * 65535}
}

func (g *generator) enum() *schema.Enum {
	e := &schema.Enum{Bits: g.one(2), Doc: g.doc()}
	e.Base = pick(g, schema.U8, schema.U16, schema.U32, schema.U64, schema.I8, schema.I16, schema.I32, schema.I64)
	if e.Bits && !e.Base.IsUnsigned() {
		e.Base -= schema.I8 - schema.U8
	}
	e.Name, e.ID = g.typeName("Enum")
	for range 1 + g.src.IntN(5) {
		v := schema.EnumValue{Name: g.name(), Doc: g.doc()}
		v.Value = schema.ExtendInt(e.Base, schema.CutInt(e.Base, uint64(g.src.IntN(20)-6)))
		if g.one(4) {
			v.Value = schema.ExtendInt(e.Base, schema.CutInt(e.Base, 1<<(e.Base.Size()*8-1)))
		}
		if g.one(6) {
			v.Deprecated = "use another"
		}
		e.Values = append(e.Values, v)
	}
	return e
}

func (g *generator) consts() []schema.Const {
	var out []schema.Const
	for range g.src.IntN(3) {
		code := pick(g, schema.U8, schema.I16, schema.U64, schema.F32, schema.F64, schema.Bool)
		v, err := schema.ParseValue(code, g.literal(code))
		if err != nil {
			panic(err) // a bug of this package
		}
		out = append(out, schema.Const{Name: g.name(), Value: v, Doc: g.doc()})
	}
	return out
}

func (g *generator) literal(code schema.TypeCode) string {
	switch {
	case code == schema.Bool:
		return pick(g, "true", "false")
	case code.IsFloat():
		return pick(g, "0", "1.5", "-0.1", "3e+07", "1e-05", "42")
	case code.IsUnsigned():
		return pick(g, "0", "7", "255")
	case code == schema.String:
		return pick(g, "a", "é", "-")
	}
	return pick(g, "0", "-128", "127")
}

func (g *generator) schema() *schema.SchemaDecl {
	d := &schema.SchemaDecl{Version: g.version(), Consts: g.consts()}
	if g.one(5) {
		d.Deprecated = "use the other one"
	}
	d.Record = g.record("Sch")
	d.ID = d.Record.ID
	if g.atomics || g.opts.NoChannels || g.one(3) {
		return d
	}
	c := &schema.Channel{
		Policy: schema.Ring, Capacity: uint32(1 + g.src.IntN(schema.MaxCapacity)),
		Sync:      pick(g, schema.LatestOnly, schema.SingleReader, schema.SyncReaders, schema.Overwrite),
		Consumers: uint32(1 + g.src.IntN(schema.MaxConsumers)), PageSize: pick[uint32](g, 4096, 2<<20),
		Timestamp: g.one(2), Spinlocks: uint32(g.src.IntN(schema.MaxSpinlocks)),
		Checksum: pick(g, schema.ChecksumNone, schema.ChecksumManual, schema.ChecksumEnforced),
	}
	if g.one(3) {
		c.Policy, c.Capacity, c.Sync = pick(g, schema.Single, schema.Double), 0, schema.LatestOnly
	}
	if c.Sync == schema.SingleReader {
		c.Consumers = 1
	}
	if c.Checksum != schema.ChecksumNone {
		c.ChecksumType = pick(g, schema.CRC32C, schema.BLAKE3)
	}
	for _, s := range g.pkg.Schemas {
		if s.Channel == nil && g.one(2) {
			d.Flex, c.FlexName = s, s.Record.Name
			if c.FlexMode = pick(g, schema.DoubleBuffered, schema.Shared); c.FlexMode == schema.Shared {
				c.Spinlocks = max(c.Spinlocks, 1) // lock 0 guards the zone
			}
		}
	}
	d.Channel = c
	return d
}
