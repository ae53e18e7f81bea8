package datablock_test

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/datablock"
	"github.com/pylabhub/datahub/runtime/segment"
)

// beginAt makes the block in dir, which no value was written to, begin at start.
func beginAt(t *testing.T, dir string, start uint64) {
	t.Helper()
	seg, err := segment.Observe("roof", segment.Config{}, segment.Options{Root: dir})
	must(t, err)
	defer seg.Close()
	store := func(file string, kind hdr.RegionKind, field int, v uint64) {
		t.Helper()
		f, err := os.OpenFile(filepath.Join(seg.Path(), file), os.O_RDWR, 0)
		must(t, err)
		defer f.Close()
		for _, r := range seg.Header().Regions {
			if r.Kind == kind {
				_, err := f.WriteAt(binary.LittleEndian.AppendUint64(nil, v), int64(r.Offset)+int64(field))
				must(t, err)
				return
			}
		}
		t.Fatalf("no region %v", kind)
	}
	store("data", hdr.RegionKindProducer, int(hdr.FieldProducerPageHead), start)
	store("data", hdr.RegionKindProducer, int(hdr.FieldProducerPageGate), start+uint64(seg.Plan().Capacity))
	store("control", hdr.RegionKindCells, int(hdr.FieldConsumerCellCursor), start) // of the only reader, where there is one
	store("control", hdr.RegionKindBaselines, int(hdr.FieldProducerBaselinePosition), start)
}

func TestFault34PositionsRunAcrossEveryBorder(t *testing.T) {
	for name, sync := range map[string]datablock.Sync{
		"sync_readers": datablock.SyncReaders, "single_reader": datablock.SingleReader,
		"latest_only": datablock.LatestOnly, "overwrite": datablock.Overwrite,
	} {
		for _, bits := range []int{32, 44, 48, 63} {
			t.Run(fmt.Sprintf("%s 2^%d-2", name, bits), func(t *testing.T) {
				dir, start := t.TempDir(), uint64(1)<<bits-2
				at, ctx := datablock.Root(dir), within(t)
				spec := &datablock.Spec{
					RawSize: 64, Policy: datablock.Ring, Sync: sync, Capacity: 4, Consumers: 1, PageSize: 4096,
					Checksum: datablock.ChecksumEnforced, ChecksumType: datablock.CRC32C, Timestamp: true,
				}
				latest := sync == datablock.LatestOnly
				if latest {
					spec.Policy, spec.Capacity = datablock.Single, 0
				}
				p, err := datablock.CreateRaw(spec, "roof", at, datablock.Keep())
				must(t, err)
				must(t, p.Close())
				beginAt(t, dir, start)
				p, err = datablock.CreateRaw(spec, "roof", at, datablock.Keep())
				must(t, err)
				defer p.Close()
				c, err := datablock.AttachRaw(spec, "roof", at)
				must(t, err)
				defer c.Close()
				o, err := datablock.ObserveRaw(spec, "roof", at)
				must(t, err)
				defer o.Close()

				next := start
				write := func(n int) {
					t.Helper()
					if n == 1 {
						must(t, p.Send(ctx, binary.LittleEndian.AppendUint64(nil, p.Seq())))
						return
					}
					must(t, p.BeginN(ctx, n))
					for i := range n {
						binary.LittleEndian.PutUint64(p.At(i), p.Seq()+uint64(i))
					}
					must(t, p.CommitN(n))
				}
				read := func(who string, s datablock.RawSample, err error) {
					t.Helper()
					must(t, err)
					if got := binary.LittleEndian.Uint64(s.Value); s.Seq != next || got != next || s.Lost != 0 {
						t.Fatalf("%s: value %d says %d, %d lost; want %d", who, s.Seq, got, s.Lost, next)
					}
				}
				for i := range 60 {
					n := 1
					if !latest && i%3 == 2 {
						n = 3
					}
					write(n)
					for range n {
						s, err := o.Next(ctx)
						read("observer", s, err)
						s, err = c.Next(ctx)
						read("consumer", s, err)
						if lag := s.Lag(); lag != p.Seq()-next-1 {
							t.Fatalf("value %d lags by %d, %d are written", next, lag, p.Seq())
						}
						next++
					}
				}
				must(t, c.Release())
				_, err = c.Metrics() // which shows its counters to others
				must(t, err)
				m, err := p.Metrics()
				must(t, err)
				if m.CommitIndex != next || m.Written != next-start || m.Read != next-start || m.Lost != 0 {
					t.Errorf("commit index %d, %d written, %d read, %d lost; want %d and %d", m.CommitIndex, m.Written, m.Read, m.Lost, next, next-start)
				}
				if !latest && sync != datablock.SingleReader {
					must(t, c.Seek(next-2))
					next -= 2
					s, err := c.Next(ctx)
					read("Seek", s, err)
					must(t, c.Release())
					next += 2
				}
				// The next producer goes on behind the border.
				must(t, p.Close())
				p, err = datablock.CreateRaw(spec, "roof", at)
				must(t, err)
				if !p.Info().TookOver || p.Seq() != next {
					t.Errorf("the next producer begins at %d, want %d", p.Seq(), next)
				}
				if !latest && sync != datablock.SingleReader {
					must(t, c.SeekNewest())
				}
				write(1)
				s, err := c.Next(ctx)
				read("after the takeover", s, err)
				must(t, c.Release())
				must(t, p.Close())
			})
		}
	}
}
