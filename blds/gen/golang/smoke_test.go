package golang

import (
	"fmt"
	"testing"

	"github.com/pylabhub/datahub/blds/gen"
	"github.com/pylabhub/datahub/blds/layout"
	"github.com/pylabhub/datahub/blds/schema"
)

func TestSmoke(t *testing.T) {
	line := 0
	pos := func() schema.Pos { line++; return schema.Pos{File: "weather.blds", Line: line, Col: 1, Len: 1} }
	state := &schema.Enum{Name: "State", ID: "lab.weather.State", Base: schema.U8, Pos: pos(), Doc: "State is a state.", Values: []schema.EnumValue{
		{Name: "idle", Value: 0, Doc: "idle is nothing"}, {Name: "running", Value: 1}}}
	bits := &schema.Enum{Name: "Alarms", ID: "lab.weather.Alarms", Base: schema.U16, Bits: true, Pos: pos(), Values: []schema.EnumValue{
		{Name: "rain", Value: 1}, {Name: "wind", Value: 2}}}
	vec := &schema.RecordDecl{Name: "vec3", ID: "lab.weather.vec3", Pos: pos(), Fields: []schema.FieldDecl{
		{Name: "x", Type: schema.TypeDecl{Code: schema.F64}, Pos: pos()},
		{Name: "y", Type: schema.TypeDecl{Code: schema.F64}, Pos: pos()},
	}}
	rec := &schema.RecordDecl{Name: "Reading", ID: "lab.weather.Reading", Doc: "Reading is one sample.", Pos: pos(), Fields: []schema.FieldDecl{
		{Name: "time_ns", Type: schema.TypeDecl{Code: schema.I64}, Attrs: schema.Attrs{Time: schema.Timestamp, TimeUnit: "ns"}, Pos: pos()},
		{Name: "temperature", Type: schema.TypeDecl{Code: schema.F64}, Attrs: schema.Attrs{Unit: "degC", Doc: "temperature is that of the air."}, Pos: pos()},
		{Name: "humidity", Type: schema.TypeDecl{Code: schema.F32}, Optional: true, Attrs: schema.Attrs{Unit: "percent", Doc: "humidity too."}, Pos: pos()},
		{Name: "state", Type: schema.TypeDecl{Code: schema.U8, Enum: state}, Pos: pos()},
		{Name: "alarms", Type: schema.TypeDecl{Code: schema.U16, Enum: bits}, Pos: pos()},
		{Name: "station", Type: schema.TypeDecl{Code: schema.String, Len: 16}, Pos: pos(), Attrs: schema.Attrs{Doc: "station is where."}},
		{Name: "tags", Type: schema.TypeDecl{Code: schema.String, Len: 8, Dims: []uint64{4}}, Optional: true, Pos: pos(), Attrs: schema.Attrs{Deprecated: "no more"}},
		{Name: "wind", Type: schema.TypeDecl{Code: schema.RecordType, Record: vec}, Optional: true, Pos: pos()},
		{Name: "ok", Type: schema.TypeDecl{Code: schema.Bool}, Optional: true, Pos: pos()},
		{Name: "raw_len", Type: schema.TypeDecl{Code: schema.U32}, Pos: pos()},
		{Name: "raw", Type: schema.TypeDecl{Code: schema.Bytes, Len: 100}, Attrs: schema.Attrs{LenField: "raw_len"}, Pos: pos()},
	}}
	p := &schema.Package{Namespace: "lab.weather", Enums: []*schema.Enum{state, bits}, Records: []*schema.RecordDecl{vec},
		Schemas: []*schema.SchemaDecl{{ID: "lab.weather.Reading", Version: schema.Version{Major: 1}, Record: rec, Pos: rec.Pos,
			Consts: []schema.Const{{Name: "max_rate", Value: schema.Value{Code: schema.U32, Text: "10"}, Pos: pos()}},
			Channel: &schema.Channel{Policy: schema.Ring, Sync: schema.SyncReaders, Capacity: 1024, Consumers: 8, PageSize: 4096, Pos: pos()}}},
		Consts: []schema.Const{{Name: "pi", Value: schema.Value{Code: schema.F64, Text: "3.14"}, Pos: pos()}},
	}
	res, problems := layout.Resolve(p)
	if len(problems) > 0 {
		t.Fatalf("%+v", problems)
	}
	files, problems := Target{}.Generate([]*gen.Package{{Dir: "out", Sources: sources(res.Packages[0]), Go: gen.GoPackage{Name: "weather", ImportPath: "x/out"}}})
	if len(problems) > 0 {
		t.Fatalf("%+v", problems)
	}
	for _, f := range files {
		fmt.Println(f.Path)
		fmt.Println(string(f.Data))
	}
}
