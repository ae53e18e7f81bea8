package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/pylabhub/datahub/blds/canon"
	"github.com/pylabhub/datahub/blds/gosrc"
	"github.com/pylabhub/datahub/blds/layout"
	"github.com/pylabhub/datahub/blds/syntax"
	"github.com/pylabhub/datahub/cmd/blds-gen/internal/cli"
)

// bldsText returns a file with n schemas of ten fields, a nested record and an
// enum each, all different.
func bldsText(file, n int) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "namespace bench.n%d\n\n", file)
	for i := range n {
		fmt.Fprintf(&b, `/// Reading%[1]d is one sample.
schema Reading%[1]d version 1.%[1]d.0 {
  time_ns      i64  @timestamp(ns)
  /// Temperature of the air.
  temperature  f64  @unit(degC)
  humidity     f32  @optional @unit(percent)
  state        State%[1]d
  station      string[%[2]d]
  place        Place%[1]d
  track        Place%[1]d[4]
  raw          u16[3][2]
  count        u32  @default(7)
  ok           bool
}
record Place%[1]d { x f64  y f64  z f32 }
enum State%[1]d : u8 { unknown = 0, idle = 1, running = 2 }
channel Reading%[1]d { policy ring, capacity 1024, sync sync_readers, consumers 8, page 4k }
`, i, 8+i%40)
	}
	return []byte(b.String())
}

// BenchmarkBlds parses, lays out and hashes 1,000 schemas in 100 files.
func BenchmarkBlds(b *testing.B) {
	const files, each = 100, 10
	var sources []syntax.Source
	for i := range files {
		sources = append(sources, syntax.Source{Path: fmt.Sprintf("n%d.blds", i), Data: bldsText(i, each)})
	}
	b.ReportAllocs()
	for b.Loop() {
		pkgs, _, problems := syntax.Load(sources, nil)
		if len(problems) > 0 {
			b.Fatal(problems)
		}
		res, problems := layout.Resolve(pkgs...)
		if len(problems) > 0 {
			b.Fatal(problems)
		}
		n := 0
		for _, p := range res.Packages {
			for _, s := range p.Schemas {
				if _, _, err := canon.Hashes(s); err != nil {
					b.Fatal(err)
				}
				n++
			}
		}
		if n != files*each {
			b.Fatalf("%d schemas, want %d", n, files*each)
		}
	}
	b.ReportMetric(float64(files*each*b.N)/b.Elapsed().Seconds(), "schemas/s")
}

// goText returns a Go file with n schemas like those of bldsText.
func goText(pkg string, n int) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "package %s\n\nimport \"fmt\"\n\nvar _ = fmt.Sprint\n", pkg)
	for i := range n {
		fmt.Fprintf(&b, `
// Reading%[1]d is one sample.
//
//blds:schema id=bench.%[3]s.Reading%[1]d version=1.%[1]d.0
//blds:channel policy=ring capacity=1024 sync=sync_readers consumers=8 page=4k
type Reading%[1]d struct {
	TimeNS int64 `+"`blds:\"timestamp=ns\"`"+`
	// Temperature of the air.
	Temperature float64 `+"`blds:\"unit=degC\"`"+`
	Present     uint32  `+"`blds:\"presence\"`"+`
	Humidity    float32 `+"`blds:\"optional,unit=percent\"`"+`
	State       State%[1]d
	Station     [%[2]d]byte `+"`blds:\"string\"`"+`
	Place       Place%[1]d
	Track       [4]Place%[1]d
	Raw         [3][2]uint16
	Count       uint32 `+"`blds:\"default=7\"`"+`
}

// Place%[1]d is where.
type Place%[1]d struct {
	X, Y float64
	Z    float32
}

// State%[1]d is what it does.
//
//blds:enum
type State%[1]d uint8

const (
	State%[1]dUnknown State%[1]d = iota
	State%[1]dIdle
	State%[1]dRunning
)
`, i, 8+i%40, pkg)
	}
	return []byte(b.String())
}

// BenchmarkGen runs gen over 500 schemas in 50 Go packages whose output is up to
// date, and tells loading from the rest.
func BenchmarkGen(b *testing.B) {
	defer debug.SetGCPercent(debug.SetGCPercent(cli.GCPercent)) // as in the program
	const packages, each = 50, 10
	dir := b.TempDir()
	write := func(name string, text []byte) {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(name, text, 0o666); err != nil {
			b.Fatal(err)
		}
	}
	write("go.mod", []byte("module example.org/bench\n\ngo 1.26\n"))
	for i := range packages {
		pkg := fmt.Sprintf("p%d", i)
		write(pkg+"/reading.go", goText(pkg, each))
	}
	gen := func() {
		if _, stderr, code := run(b, dir, "", "gen", "./..."); code != 0 {
			b.Fatalf("exit code %d: %s", code, stderr)
		}
	}
	start := time.Now()
	gen()
	first := time.Since(start)
	var load time.Duration
	for b.Loop() {
		gen()
		start := time.Now()
		if _, problems := gosrc.Load(context.Background(), gosrc.Config{Dir: dir}, "./..."); len(problems) > 0 {
			b.Fatal(problems)
		}
		load += time.Since(start)
	}
	total := b.Elapsed() - load
	b.ReportMetric(float64(first.Milliseconds()), "first-ms")
	b.ReportMetric(float64(load.Milliseconds())/float64(b.N), "load-ms")
	b.ReportMetric(float64((total-load).Milliseconds())/float64(b.N), "rest-ms")
}
