package syntax

import (
	"os"
	"testing"

	"github.com/pylabhub/datahub/blds/canon"
	"github.com/pylabhub/datahub/blds/layout"
)

// tenFields is a schema of the size most have: ten fields, a nested record, an
// enum, units and docs.
const tenFields = `namespace lab.weather

/// Reading is one sample of the roof station.
schema Reading version 1.0.0 {
  time_ns      i64         @timestamp(ns)
  /// The air, two metres above the roof.
  temperature  f64         @unit(degC)
  pressure     f64         @unit(hPa)
  humidity     f32         @unit(percent)
  rain         f32         @unit("mm/h")
  wind         Wind
  state        State       @default(idle)
  flags        u16[4]
  counter      u32         @since(1.0.0)
  station      string[16]
}

/// Wind as the vane sees it.
record Wind {
  speed      f32  @unit("m/s")
  direction  f32  @unit(deg)
}

enum State : u8 { idle = 0, running = 1, failed = 2 }
`

func BenchmarkParse(b *testing.B) {
	src := []byte(tenFields)
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	for b.Loop() {
		if _, problems := Parse("f.blds", src); len(problems) > 0 {
			b.Fatal(show(problems))
		}
	}
}

func BenchmarkFormat(b *testing.B) {
	f, _ := Parse("f.blds", []byte(tenFields))
	b.ReportAllocs()
	for b.Loop() {
		Format(f)
	}
}

func BenchmarkLoad(b *testing.B) {
	src := []Source{{"f.blds", []byte(tenFields)}}
	b.ReportAllocs()
	for b.Loop() {
		if _, _, problems := Load(src, nil); len(problems) > 0 {
			b.Fatal(show(problems))
		}
	}
}

// BenchmarkTextToHashes is the whole way of one schema: text, names, layout,
// both hashes. The target is 10,000 schemas per second on one core, that is
// 100 µs each.
func BenchmarkTextToHashes(b *testing.B) {
	src := []Source{{"f.blds", []byte(tenFields)}}
	b.ReportAllocs()
	for b.Loop() {
		pkgs, _, problems := Load(src, nil)
		if len(problems) > 0 {
			b.Fatal(show(problems))
		}
		res, problems := layout.Resolve(pkgs...)
		if len(problems) > 0 {
			b.Fatal(show(problems))
		}
		s := res.Packages[0].Schemas[0]
		if _, err := canon.LayoutHash(s); err != nil {
			b.Fatal(err)
		}
		if _, err := canon.SchemaHash(s); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "schemas/s")
}

func BenchmarkExport(b *testing.B) {
	src, err := os.ReadFile("../../schemas/datahub/header.blds")
	if err != nil {
		b.Fatal(err)
	}
	pkgs, _, _ := Load([]Source{{"header.blds", src}}, nil)
	res, problems := layout.Resolve(pkgs...)
	if len(problems) > 0 {
		b.Fatal(show(problems))
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Export(res.Packages[0], nil); err != nil {
			b.Fatal(err)
		}
	}
}
