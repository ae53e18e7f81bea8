//go:build linux

package datablock_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/datablock"
	"github.com/pylabhub/datahub/runtime/datablock/internal/weather"
	"github.com/pylabhub/datahub/runtime/segment"
)

// wallClock are the functions that may look at the clock that somebody can set, or
// at what it has written, and why that decides nothing. All other times are
// differences of Go's monotonic clock.
var wallClock = map[string]string{
	"slot.Clock.wall":          "for timestamps and heartbeats; goes on by the monotonic clock",
	"slot.Reader.flush":        "heartbeat, for people",
	"slot.Writer.flush":        "heartbeat, for people",
	"slot.Writer.Tend":         "heartbeat, for people",
	"slot.Writer.takeover":     "since when the producer is there, for people",
	"slot.Writer.now":          "timestamps of values",
	"segment.design.header":    "when the block was made, for people",
	"segment.NewProcess":       "when a process started, for people",
	"segment.place.sweepOne":   "a folder from the future is as good as an old one, and one in use is locked",
	"datablock.Now":            "for users; goes on by the monotonic clock",
	"datablock.meter.take":     "since when the counters count, for people",
	"datablock.age":            "the age of heartbeats, for people",
	"sys.File.Stat":            "the time of a folder, for the sweep",
	"sys.Dir.Stat":             "the time of a folder, for the sweep",
	"segment.Segment.Time":     "the age of what a block or a dump shows, for people",
	"segment.dumpWriter.write": "when a dump was taken, for people",
	"sys.toStat":               "the time of a folder, for the sweep",
	"segment.Segment.DumpInfo": "when a dump was taken, for people",
	"sys.ProcessStart":         "when a process started, for people",
}

// TestFault16NoWaitAndNoJudgementLooksAtTheWallClock reads the source: what could
// depend on a clock that is set must be on the list above.
func TestFault16NoWaitAndNoJudgementLooksAtTheWallClock(t *testing.T) {
	lossy := map[string]bool{ // of a time.Time, or of ours: what comes out has no monotonic part
		"Unix": true, "UnixNano": true, "UnixMicro": true, "UnixMilli": true, "ModTime": true, "Mtim": true,
		"Date": true, "UTC": true, "Local": true, "In": true, "AddDate": true, "wall": true,
	}
	found := map[string]bool{}
	for _, dir := range []string{"slot", "shm", "segment", "datablock", "internal/sys", "internal/word"} {
		err := filepath.WalkDir(filepath.Join("..", dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if d.IsDir() && (d.Name() == "explore" || d.Name() == "testdata") {
				return fs.SkipDir
			}
			if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return nil
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil {
				return err
			}
			for _, decl := range file.Decls {
				fn, ok := decl.(*ast.FuncDecl)
				if !ok {
					continue
				}
				ast.Inspect(fn, func(n ast.Node) bool {
					if s, ok := n.(*ast.SelectorExpr); ok && lossy[s.Sel.Name] {
						found[file.Name.Name+"."+receiver(fn)+fn.Name.Name] = true
					}
					return true
				})
			}
			return nil
		})
		must(t, err)
	}
	if len(found) < 5 {
		t.Fatalf("found only %v: the test does not look", found)
	}
	for fn := range found {
		if wallClock[fn] == "" {
			t.Errorf("%s uses the wall clock: if it decides something, use time.Since or slot.Clock; if not, say so in wallClock", fn)
		}
	}
	for fn := range wallClock {
		if !found[fn] {
			t.Errorf("%s is on the list and uses no wall clock", fn)
		}
	}
}

func receiver(fn *ast.FuncDecl) string {
	if fn.Recv == nil {
		return ""
	}
	typ := fn.Recv.List[0].Type
	if star, ok := typ.(*ast.StarExpr); ok {
		typ = star.X
	}
	return fmt.Sprint(typ) + "."
}

// TestFault16TimesOfAnotherYearHaveNoEffect makes all times that others left look as
// if the clock had been set since, while everybody is at work.
func TestFault16TimesOfAnotherYearHaveNoEffect(t *testing.T) {
	const year = 365 * 24 * time.Hour
	for what, by := range map[string]time.Duration{"a year back": -year, "a year ahead": year} {
		t.Run(what, func(t *testing.T) {
			dir := sharedMemory(t)
			at := datablock.Root(dir)
			p := createReading(t, at, datablock.Timeout(50*time.Millisecond))
			c := attachReading(t, at, datablock.Timeout(50*time.Millisecond))
			put(t, p, 0)
			setClock(t, dir, by)

			wait := func(what string, fn func() error) {
				t.Helper()
				began := time.Now()
				err := fn()
				if d := time.Since(began); !errors.Is(err, os.ErrDeadlineExceeded) || d < 50*time.Millisecond || d > 5*time.Second {
					t.Errorf("%s: %v after %v", what, err, d)
				}
			}
			s, err := c.Next(within(t))
			must(t, err)
			must(t, c.Release())
			wait("Next without a value", func() error { _, err := c.Next(within(t)); return err })
			for n := range uint64(8) {
				put(t, p, n+1)
			}
			wait("Write to a full ring", func() error { return p.Send(within(t), &weather.Reading{}) })
			if n := p.Consumers(); n != 1 {
				t.Errorf("%d consumers are alive, want 1", n)
			}
			if _, err := weather.ReadingChannel.Create("roof", at); !errors.Is(err, datablock.ErrExists) {
				t.Errorf("a second producer got %v", err)
			}
			m, err := datablock.MetricsOf("roof", at)
			must(t, err)
			if m.Producer.State != datablock.ProducerLive || m.Producer.HeartbeatAge < 0 || m.Producer.Uptime < 0 || m.Consumers[0].HeartbeatAge < 0 {
				t.Errorf("metrics: %+v", m)
			}
			if n, err := segment.Sweep(segment.Options{Root: dir}); n != 0 || err != nil {
				t.Errorf("%d folders were swept, %v", n, err)
			}
			for n := range uint64(8) {
				if s, err = c.Next(within(t)); err != nil || s.Value.Number != n+1 {
					t.Fatalf("value %d: %+v, %v", n+1, s, err)
				}
			}
		})
	}
}

// setClock moves every time in the block, and those of its files.
func setClock(t *testing.T, dir string, by time.Duration) {
	t.Helper()
	seg, err := segment.Observe("roof", segment.Config{}, segment.Options{Root: dir})
	must(t, err)
	defer seg.Close()
	for _, x := range []struct {
		file  string
		kind  hdr.RegionKind
		field int
	}{
		{"data", hdr.RegionKindProducer, int(hdr.FieldProducerPageHeartbeatNS)},
		{"data", hdr.RegionKindProducer, int(hdr.FieldProducerPageSinceNS)},
		{"control", hdr.RegionKindCells, int(hdr.FieldConsumerCellHeartbeatNS)},
		{"control", hdr.RegionKindBaselines, int(hdr.FieldProducerBaselineResetNS)},
	} {
		f, err := os.OpenFile(filepath.Join(seg.Path(), x.file), os.O_RDWR, 0)
		must(t, err)
		for _, r := range seg.Header().Regions {
			if r.Kind == x.kind {
				now := uint64(time.Now().Add(by).UnixNano())
				_, err := f.WriteAt(binary.LittleEndian.AppendUint64(nil, now), int64(r.Offset)+int64(x.field))
				must(t, err)
			}
		}
		must(t, f.Close())
	}
	must(t, filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		return errors.Join(err, os.Chtimes(path, time.Now().Add(by), time.Now().Add(by)))
	}))
}
