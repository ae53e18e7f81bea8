//go:build linux || darwin || freebsd

package recovery_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/recovery"
	"github.com/pylabhub/datahub/runtime/segment"
	"github.com/pylabhub/datahub/runtime/slot"
)

func TestADumpShowsWhatTheBlockShowedAndCannotBeChanged(t *testing.T) {
	for name, sync := range syncs {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			o := p.options()
			w := p.create("roof", config(sync, 8, map[bool]uint32{true: 1, false: 4}[name == "single"]))
			w.put(t, 5)
			role := "hold roof 2"
			if name == "latest" {
				role = "hold roof 0"
			}
			c := p.start(role)
			c.expect("holding")
			c.kill()
			if name != "single" {
				r := p.attach("roof")
				r.take(t, 1)
			}
			w.Show()
			path := filepath.Join(t.TempDir(), "roof.dhdump")
			must(t, recovery.Dump("roof", path, segment.DumpOptions{}, o))

			slots, err := recovery.DiagnoseAllSlots("roof", o)
			must(t, err)
			all, err := recovery.ListConsumers("roof", o)
			must(t, err)
			report, err := recovery.ValidateIntegrity("roof", false, o)
			must(t, err)
			metrics, err := recovery.Metrics("roof", o)
			must(t, err)
			w.put(t, 1) // the dump knows nothing of it
			before, err := os.ReadFile(path)
			must(t, err)

			dumpSlots, err := recovery.DiagnoseAllSlots(path, o)
			must(t, err)
			for i := range slots {
				forget(&slots[i], &dumpSlots[i])
				if !reflect.DeepEqual(slots[i], dumpSlots[i]) {
					t.Errorf("slot %d was %+v, in the dump it is %+v", i, slots[i], dumpSlots[i])
				}
			}
			dumpAll, err := recovery.ListConsumers(path, o)
			must(t, err)
			for i := range all {
				forgetTimes(&all[i].Participant)
				forgetTimes(&dumpAll[i].Participant)
			}
			if !reflect.DeepEqual(all, dumpAll) {
				t.Errorf("consumers were %+v, in the dump they are %+v", all, dumpAll)
			}
			dumpReport, err := recovery.ValidateIntegrity(path, false, o)
			must(t, err)
			report.Target, report.Time = dumpReport.Target, dumpReport.Time
			if !reflect.DeepEqual(report, dumpReport) {
				t.Errorf("the report was %+v, of the dump it is %+v", report, dumpReport)
			}
			dumpMetrics, err := recovery.Metrics(path, o)
			must(t, err)
			if dumpMetrics.CommitIndex != metrics.CommitIndex || dumpMetrics.Read != metrics.Read || dumpMetrics.Channel != "roof" ||
				dumpMetrics.Producer.State != metrics.Producer.State || dumpMetrics.Producer.HeartbeatAge > time.Minute {
				t.Errorf("metrics were %+v, of the dump they are %+v", metrics, dumpMetrics)
			}
			producer, err := recovery.DiagnoseProducer(path, o)
			must(t, err)
			if producer.State != "live" || producer.Head != 5 || producer.Process != recovery.ProcessUnknown {
				t.Errorf("producer is %+v", producer)
			}
			observed(t, path, o, name == "latest")

			o.Force = true
			for name, act := range actions {
				if out, err := act(path, o); !errors.Is(err, recovery.ErrReadOnly) || out.Result != recovery.Failed {
					t.Errorf("%s: %+v, %v", name, out, err)
				}
			}
			if _, err := recovery.ForceResetSlot(path, 0, o); !errors.Is(err, recovery.ErrReadOnly) {
				t.Error(err)
			}
			if _, err := recovery.ValidateIntegrity(path, true, o); !errors.Is(err, recovery.ErrReadOnly) {
				t.Error(err)
			}
			if err := recovery.ResetMetrics(path, o); !errors.Is(err, recovery.ErrReadOnly) {
				t.Error(err)
			}
			if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
				t.Errorf("the dump was changed (%v)", err)
			}
		})
	}
}

// forget makes two diagnoses of one slot alike that were made at different times.
func forget(all ...*recovery.SlotDiagnosis) {
	for _, d := range all {
		d.For = recovery.Span{}
		for i := range d.Holders {
			forgetTimes(&d.Holders[i])
		}
		if d.Owner != nil {
			forgetTimes(d.Owner)
		}
	}
}

func forgetTimes(p *recovery.Participant) {
	p.For, p.HeartbeatAge, p.Process = recovery.Span{}, 0, 0
}

// observed checks all values that an observer finds in a target, and returns how
// many there are.
func observed(t *testing.T, target string, o recovery.Options, latest bool) int {
	t.Helper()
	b, err := recovery.Open(target, o)
	must(t, err)
	defer b.Close()
	r, err := b.Observe(slot.ReaderOptions{Start: slot.StartOldest})
	must(t, err)
	n := 0
	for {
		s, ok, err := r.TryAcquire()
		must(t, err)
		if !ok {
			break
		}
		if !whole(s.Payload, s.Seq) {
			t.Errorf("value %d is torn: %v", s.Seq, s.Payload)
		}
		must(t, r.Release())
		n++
	}
	if n == 0 && latest {
		t.Error("the newest value is not in the dump")
	}
	return n
}

// TestADumpOfABusyBlockHoldsNoTornValue dumps a block that is written at full rate
// all the time.
func TestADumpOfABusyBlockHoldsNoTornValue(t *testing.T) {
	for _, name := range []string{"latest", "overwrite"} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			o := p.options()
			c := p.start("stream roof " + name)
			c.expect("streaming")
			values, moved, unsettled := 0, 0, 0
			for i := range 40 {
				path := filepath.Join(p.root, fmt.Sprintf("d%d.dhdump", i))
				must(t, recovery.Dump("roof", path, segment.DumpOptions{}, o))
				report, err := recovery.ValidateIntegrity(path, false, o)
				must(t, err)
				if len(report.Findings) != 0 {
					t.Fatalf("dump %d: %+v", i, report)
				}
				seg, err := segment.OpenDump(path, segment.DumpOptions{})
				must(t, err)
				if info, _ := seg.DumpInfo(); !info.Live || !info.Settled {
					unsettled++
				}
				must(t, seg.Close())
				values += observed(t, path, o, name == "latest")
				moved += report.Moved
				must(t, os.Remove(path))
				// The block itself is looked at while it moves.
				if report, err := recovery.ValidateIntegrity("roof", false, o); err != nil || len(report.Findings) != 0 {
					t.Fatalf("live: %+v, %v", report, err)
				}
			}
			t.Logf("40 dumps: %d whole values, %d slots were overwritten meanwhile", values, moved)
			if values == 0 || unsettled != 0 {
				t.Errorf("%d whole values, %d dumps without the newest", values, unsettled)
			}
		})
	}
}

// reseal makes the checksums of a dump right, whatever else is wrong with it.
func reseal(b []byte) {
	u64 := func(at int) uint64 { return binary.LittleEndian.Uint64(b[at:]) }
	table := crc32.MakeTable(crc32.Castagnoli)
	sum := func(off, size uint64, at int) {
		if n := uint64(len(b)); off <= n && size <= n-off {
			binary.LittleEndian.PutUint32(b[at:], crc32.Checksum(b[off:off+size], table))
		}
	}
	// Of the headers of both files, first.
	for _, f := range []struct{ off, size int }{
		{int(u64(int(hdr.FieldDumpHeaderDataOffset))), 1024},
		{int(u64(int(hdr.FieldDumpHeaderControlOffset))), int(hdr.FieldControlHeaderSchemaMismatches)},
	} {
		if f.off < 0 || f.off > len(b)-f.size {
			continue
		}
		at := b[f.off+int(hdr.FieldPreambleChecksum):]
		clear(at[:4])
		binary.LittleEndian.PutUint32(at, crc32.Checksum(b[f.off:f.off+f.size], table))
	}
	sum(u64(int(hdr.FieldDumpHeaderDataOffset)), u64(int(hdr.FieldDumpHeaderDataSize)), int(hdr.FieldDumpHeaderDataChecksum))
	sum(u64(int(hdr.FieldDumpHeaderControlOffset)), u64(int(hdr.FieldDumpHeaderControlSize)), int(hdr.FieldDumpHeaderControlChecksum))
	clear(b[hdr.FieldDumpHeaderChecksum:][:4])
	sum(0, 624, int(hdr.FieldDumpHeaderChecksum))
}

// FuzzDump writes patch at a place in a dump, makes all checksums right, and reads
// the dump with everything that reads. Nothing panics.
func FuzzDump(f *testing.F) {
	p := newPlace(f)
	o := p.options()
	w := p.create("roof", config(hdr.SyncSyncReaders, 8, 4))
	w.put(f, 5)
	p.attach("roof")
	path := filepath.Join(p.root, "roof.dhdump")
	must(f, recovery.Dump("roof", path, segment.DumpOptions{}, o))
	base, err := os.ReadFile(path)
	must(f, err)
	fuzzed := filepath.Join(p.root, "fuzzed.dhdump")
	for _, at := range []uint32{0, 200, 208, 285, 65536, 65536 + 432, 65536 + 448, 65536 + 4096, 65536 + 4096 + 256, 131072 + 256} {
		f.Add(at, []byte("\xff\xff\xff\xff\xff\xff\xff\x7f"), true)
		f.Add(at, []byte{1}, false)
	}
	f.Fuzz(func(t *testing.T, at uint32, patch []byte, sealed bool) {
		b := append([]byte(nil), base...)
		copy(b[int(at)%len(b):], patch)
		if sealed {
			reseal(b)
		}
		must(t, os.WriteFile(fuzzed, b, 0o600))
		k, err := recovery.Open(fuzzed, o)
		if err != nil {
			return
		}
		defer k.Close()
		_, _ = k.DiagnoseAllSlots()
		_, _ = k.Consumers()
		_, _ = k.Producer()
		_, _ = k.Summary()
		_, _ = k.Metrics()
		_, _ = recovery.ValidateIntegrity(fuzzed, false, o)
		r, err := k.Observe(slot.ReaderOptions{Start: slot.StartOldest})
		for i := 0; err == nil && i < 20; i++ {
			var ok bool
			if _, ok, err = r.TryAcquire(); ok {
				err = r.Release()
			}
		}
	})
}
