package layout_test

import (
	"fmt"
	"testing"

	"github.com/pylabhub/datahub/blds/canon"
	"github.com/pylabhub/datahub/blds/layout"
	"github.com/pylabhub/datahub/blds/schema"
)

// benchPackage has n schemas of ten fields, an enum and a nested record.
func benchPackage(n int) *schema.Package {
	p := &schema.Package{Namespace: "bench"}
	e := &schema.Enum{Name: "State", ID: "bench.State", Base: schema.U8,
		Values: []schema.EnumValue{{Name: "idle"}, {Name: "running", Value: 1}, {Name: "failed", Value: 2}}}
	v := &schema.RecordDecl{Name: "Vec", ID: "bench.Vec", Fields: []schema.FieldDecl{
		field("x", schema.F32, unit("m")), field("y", schema.F32, unit("m")), field("z", schema.F32, unit("m")),
	}}
	p.Enums, p.Records = append(p.Enums, e), append(p.Records, v)
	for i := range n {
		name := fmt.Sprintf("Reading%d", i)
		p.Schemas = append(p.Schemas, &schema.SchemaDecl{
			ID: "bench." + name, Version: schema.Version{Major: 1},
			Record: &schema.RecordDecl{Name: name, ID: "bench." + name, Doc: "One sample.", Fields: []schema.FieldDecl{
				field("time_ns", schema.I64, unit("ns")), field("temperature", schema.F64, unit("degC")),
				field("humidity", schema.F32, unit("percent")), field("state", schema.U8, enum(e)),
				field("station", schema.String, length(16)), field("position", schema.RecordType, nested(v)),
				field("raw", schema.U16, dims(8)), field("wind", schema.F32, optional),
				field("gust", schema.F32, optional), field("flags", schema.U32),
			}},
		})
	}
	return p
}

func BenchmarkLayoutAndHash(b *testing.B) {
	const n = 1000
	p := benchPackage(n)
	b.ReportAllocs()
	for b.Loop() {
		res, problems := layout.Resolve(p)
		if len(problems) > 0 {
			b.Fatal(problems)
		}
		for _, s := range res.Packages[0].Schemas {
			if _, _, err := canon.Hashes(s); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds(), "schemas/s")
}
