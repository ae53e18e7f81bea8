package golang

import (
	"fmt"
	"testing"

	"github.com/pylabhub/datahub/blds/gen"
	"github.com/pylabhub/datahub/blds/layout"
	"github.com/pylabhub/datahub/blds/schema"
)

// benchPackages returns packages of schemas like those that people write.
func benchPackages(tb testing.TB, packages, schemas int) []*gen.Package {
	var in []*schema.Package
	for i := range packages {
		ns := fmt.Sprintf("bench.p%d", i)
		p := &schema.Package{Namespace: ns}
		for j := range schemas {
			pos := schema.Pos{File: fmt.Sprintf("p%d/s%d.blds", i, j), Line: 1, Col: 1}
			state := &schema.Enum{Name: fmt.Sprintf("State%d", j), ID: fmt.Sprintf("%s.State%d", ns, j), Base: schema.U8, Pos: pos,
				Values: []schema.EnumValue{{Name: "idle", Value: 0}, {Name: "running", Value: 1}, {Name: "failed", Value: 2}}}
			field := func(name string, t schema.TypeDecl, a schema.Attrs) schema.FieldDecl {
				return schema.FieldDecl{Name: name, Type: t, Attrs: a, Pos: pos}
			}
			rec := &schema.RecordDecl{Name: fmt.Sprintf("Reading%d", j), ID: fmt.Sprintf("%s.Reading%d", ns, j), Pos: pos, Doc: "Reading is one sample of the roof station.", Fields: []schema.FieldDecl{
				field("time_ns", schema.TypeDecl{Code: schema.I64}, schema.Attrs{Time: schema.Timestamp, TimeUnit: "ns"}),
				field("temperature", schema.TypeDecl{Code: schema.F64}, schema.Attrs{Unit: "degC", Doc: "temperature is that of the air."}),
				field("humidity", schema.TypeDecl{Code: schema.F32}, schema.Attrs{Unit: "percent"}),
				field("state", schema.TypeDecl{Code: schema.U8, Enum: state}, schema.Attrs{}),
				field("station", schema.TypeDecl{Code: schema.String, Len: 16}, schema.Attrs{Doc: "station is the name on the door."}),
				field("gain", schema.TypeDecl{Code: schema.F32, Dims: []uint64{4}}, schema.Attrs{}),
				field("count", schema.TypeDecl{Code: schema.U32}, schema.Attrs{}),
				field("serial", schema.TypeDecl{Code: schema.U64}, schema.Attrs{}),
				field("valid", schema.TypeDecl{Code: schema.Bool}, schema.Attrs{}),
				field("level", schema.TypeDecl{Code: schema.I16}, schema.Attrs{}),
			}}
			rec.Fields[2].Optional = true
			p.Enums = append(p.Enums, state)
			p.Schemas = append(p.Schemas, &schema.SchemaDecl{ID: rec.ID, Version: schema.Version{Major: 1}, Record: rec, Pos: pos,
				Channel: &schema.Channel{Policy: schema.Ring, Sync: schema.SyncReaders, Capacity: 64, Consumers: 8, PageSize: 4096, Pos: pos}})
		}
		in = append(in, p)
	}
	res, problems := layout.Resolve(in...)
	if len(problems) > 0 {
		tb.Fatal(problems)
	}
	var out []*gen.Package
	for i, p := range res.Packages {
		name := fmt.Sprintf("p%d", i)
		out = append(out, &gen.Package{Dir: name, Sources: fileSources(p), Go: gen.GoPackage{Name: name, ImportPath: "example.com/" + name}})
	}
	return out
}

// 500 schemas in 50 packages, each in a file of its own.
func BenchmarkGenerate500Schemas(b *testing.B) {
	pkgs := benchPackages(b, 50, 10)
	b.ReportAllocs()
	for b.Loop() {
		if _, problems := (Target{}).Generate(pkgs); len(problems) > 0 {
			b.Fatal(problems)
		}
	}
}
