package recovery_test

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/recovery"
	"github.com/pylabhub/datahub/runtime/segment"
)

// scribble changes bytes of a file of a block behind everybody's back.
func (p *place) scribble(channel, file string, off uint64, b ...byte) {
	p.t.Helper()
	f, err := os.OpenFile(filepath.Join(p.root, channel, file), os.O_RDWR, 0)
	must(p.t, err)
	_, err = f.WriteAt(b, int64(off))
	must(p.t, errors.Join(err, f.Close()))
}

func u64(v uint64) []byte { return binary.LittleEndian.AppendUint64(nil, v) }

// region returns where a region begins in its file.
func (w *writer) region(kind hdr.RegionKind) uint64 {
	for _, r := range w.seg.Header().Regions {
		if r.Kind == kind {
			return r.Offset
		}
	}
	return 0
}

func TestDamageIsReportedAndNeverMadeGood(t *testing.T) {
	type block struct {
		*place
		w *writer
	}
	in := func(kind hdr.RegionKind, off uint64, v ...byte) func(b block) {
		file := "data"
		if kind >= hdr.RegionKindControlWords {
			file = "control"
		}
		return func(b block) { b.scribble("roof", file, b.w.region(kind)+off, v...) }
	}
	for _, c := range []struct {
		what   string
		sync   hdr.Sync
		damage func(b block)
		where  string
		index  int
		text   string
	}{
		{"a bit of a value", hdr.SyncSyncReaders, func(b block) {
			plan := b.w.seg.Plan()
			in(hdr.RegionKindSlots, uint64(2*plan.Stride+plan.PayloadOff), 0x55)(b)
		}, "slot", 2, "checksum"},
		{"a bit of the newest value", hdr.SyncLatestOnly, func(b block) {
			plan := b.w.seg.Plan()
			l := binary.LittleEndian.Uint64(b.w.seg.Region(hdr.RegionKindProducer)[hdr.FieldProducerPageLatest:])
			in(hdr.RegionKindSlots, (l&(1<<20-1)-1)*uint64(plan.Stride)+uint64(plan.PayloadOff), 0x55)(b)
		}, "slot", -2, "checksum"},
		{"a stamp that belongs elsewhere", hdr.SyncSyncReaders, func(b block) {
			in(hdr.RegionKindSlots, uint64(2*b.w.seg.Plan().Stride), u64(4)...)(b)
		}, "slot", 2, "does not belong here"},
		{"a stamp from the future", hdr.SyncSyncReaders, func(b block) {
			in(hdr.RegionKindSlots, uint64(2*b.w.seg.Plan().Stride), u64(1<<40+3)...)(b)
		}, "slot", 2, "does not belong here"},
		{"a stamp that is gone", hdr.SyncOverwrite, func(b block) {
			in(hdr.RegionKindSlots, uint64(2*b.w.seg.Plan().Stride), u64(0)...)(b)
		}, "slot", 2, "no stamp"},
		{"a head beyond the gate", hdr.SyncSyncReaders, in(hdr.RegionKindProducer, uint64(hdr.FieldProducerPageHead), u64(1<<63)...), "producer", -1, "do not belong together"},
		{"a gate far ahead", hdr.SyncSyncReaders, in(hdr.RegionKindProducer, uint64(hdr.FieldProducerPageGate), u64(1<<40)...), "producer", -1, "do not belong together"},
		{"a latest word of nonsense", hdr.SyncLatestOnly, in(hdr.RegionKindProducer, uint64(hdr.FieldProducerPageLatest), u64(1<<63|77777)...), "producer", -1, "names no value"},
		{"a latest word of another value", hdr.SyncLatestOnly, in(hdr.RegionKindProducer, uint64(hdr.FieldProducerPageLatest), u64(9<<20|1)...), "producer", -1, "names no value"},
		{"a state that is none", hdr.SyncSyncReaders, in(hdr.RegionKindProducer, uint64(hdr.FieldProducerPageState), 9), "producer", -1, "state is 9"},
		{"no producer", hdr.SyncSyncReaders, in(hdr.RegionKindProducer, uint64(hdr.FieldProducerPageEpoch), u64(0)...), "producer", -1, "does not say who"},
		{"a cursor far ahead", hdr.SyncSyncReaders, in(hdr.RegionKindCells, uint64(hdr.FieldConsumerCellCursor), u64(1<<40)...), "cell", 0, "cursor"},
		{"a hold of a slot that is not there", hdr.SyncLatestOnly, in(hdr.RegionKindCells, uint64(hdr.FieldConsumerCellHold), u64(1<<40)...), "cell", 0, "holds slot"},
		{"a lock of a cell that is not there", hdr.SyncSyncReaders, in(hdr.RegionKindSpinlocks, 0, u64(1|1000<<3)...), "lock", 0, "does not have"},
		{"a byte of the header", hdr.SyncSyncReaders, func(b block) { b.scribble("roof", "data", uint64(hdr.FieldDataHeaderGeneration), 7) }, "header", -1, "corrupt"},
		{"a byte of the descriptor", hdr.SyncSyncReaders, in(hdr.RegionKindSlotDescriptor, 9, 0xee), "header", -1, "descriptor"},
		{"the magic", hdr.SyncSyncReaders, func(b block) { b.scribble("roof", "control", 0, 'X') }, "header", -1, "not a file of a block"},
		{"a short file", hdr.SyncSyncReaders, func(b block) { must(b.t, os.Truncate(filepath.Join(b.root, "roof", "data"), 5000)) }, "header", -1, "size"},
		{"a missing file", hdr.SyncSyncReaders, func(b block) { must(b.t, os.Remove(filepath.Join(b.root, "roof", "control"))) }, "header", -1, "lacks a file"},
	} {
		t.Run(c.what, func(t *testing.T) {
			p := newPlace(t)
			o := p.options()
			w := p.create("roof", config(c.sync, 8, 4))
			r := p.attach("roof")
			w.put(t, 5)
			r.take(t, 1)
			c.damage(block{p, w})
			time.Sleep(5 * time.Millisecond)
			before := p.snapshot()
			for _, repair := range []bool{false, true} {
				report, err := recovery.ValidateIntegrity("roof", repair, o)
				must(t, err)
				found := false
				for _, f := range report.Findings {
					if f.Severity == recovery.Damage && f.Where == c.where && (f.Index == c.index || c.index == -2) && strings.Contains(f.Text, c.text) {
						found = true
					}
					if f.Mended {
						t.Errorf("mended: %+v", f)
					}
				}
				if !found || report.OK() || report.Worst() != recovery.Damage {
					t.Errorf("repair %t: found %+v, want %s %d: %s", repair, report.Findings, c.where, c.index, c.text)
				}
			}
			after := p.snapshot()
			for name, b := range before {
				if after[name] != b {
					t.Errorf("%s was changed", name)
				}
			}
		})
	}
}

func TestAHoldThatNobodyHasIsCleared(t *testing.T) {
	p := newPlace(t)
	o := p.options()
	w := p.create("roof", config(hdr.SyncLatestOnly, 8, 4))
	w.put(t, 1)
	p.scribble("roof", "control", w.region(hdr.RegionKindCells)+uint64(w.seg.Plan().CellStride)+uint64(hdr.FieldConsumerCellHold), u64(3)...)
	if out, err := recovery.ReleaseZombieReaders("roof", o); err != nil || out.Result != recovery.NotStuck {
		t.Errorf("nobody has died: %+v, %v", out, err)
	}
	report, err := recovery.ValidateIntegrity("roof", true, o)
	must(t, err)
	if len(report.Findings) != 1 || report.Findings[0].Index != 1 || !report.Findings[0].Mended {
		t.Errorf("report is %+v", report)
	}
	if report, err := recovery.ValidateIntegrity("roof", false, o); err != nil || len(report.Findings) != 0 {
		t.Errorf("afterwards: %+v, %v", report, err)
	}
}

func TestOnlyWhatNobodyCanUseIsStale(t *testing.T) {
	p := newPlace(t)
	o := p.options()
	p.create("roof", config(hdr.SyncSyncReaders, 8, 4)).put(t, 3)
	// A block whose producer is gone, but of this boot.
	left := p.create("cellar", config(hdr.SyncSyncReaders, 8, 4))
	left.Detach()
	must(t, left.seg.Close())
	// One of an earlier boot.
	old := p.create("attic", config(hdr.SyncSyncReaders, 8, 4))
	old.Detach()
	must(t, old.seg.Close())
	path := filepath.Join(p.root, "attic", "data")
	b, err := os.ReadFile(path)
	must(t, err)
	b[hdr.FieldDataHeaderBootID]++
	clear(b[hdr.FieldPreambleChecksum:][:4])
	binary.LittleEndian.PutUint32(b[hdr.FieldPreambleChecksum:], crc32.Checksum(b[:1024], crc32.MakeTable(crc32.Castagnoli)))
	must(t, os.WriteFile(path, b, 0o600))
	// What a dead creator left half made, and what a live one is making.
	for name, age := range map[string]time.Duration{".new-0123456789abcdef": time.Minute, ".new-fedcba9876543210": 0} {
		dir := filepath.Join(p.root, name)
		must(t, os.Mkdir(dir, 0o700))
		must(t, os.WriteFile(filepath.Join(dir, "data"), make([]byte, 100), 0o600))
		must(t, os.Chtimes(dir, time.Now(), time.Now().Add(-age)))
	}

	blocks, err := recovery.ListBlocks(o)
	must(t, err)
	if len(blocks) != 3 || !blocks[0].Stale || blocks[0].Channel != "attic" || !errors.Is(blocks[0].Err, segment.ErrStale) || blocks[0].Problem == "" ||
		blocks[1].Stale || blocks[1].Producer.State != "dead" || blocks[2].Producer.State != "live" {
		t.Errorf("blocks are %+v", blocks)
	}
	if report, err := recovery.ValidateIntegrity("attic", true, o); err != nil || report.OK() {
		t.Errorf("validation of a stale block: %+v, %v", report, err)
	}
	dry := o
	dry.DryRun = true
	before := p.snapshot()
	if out, err := recovery.RemoveStale(dry); err != nil || out.Result != recovery.Success || len(out.Done) != 1 {
		t.Errorf("dry run: %+v, %v", out, err)
	}
	if len(p.snapshot()) != len(before) {
		t.Error("a dry run removed something")
	}
	if out, err := recovery.RemoveStale(o); err != nil || out.Result != recovery.Success || len(out.Done) != 2 {
		t.Errorf("%+v, %v", out, err)
	}
	names, err := os.ReadDir(p.root)
	must(t, err)
	var left2 []string
	for _, n := range names {
		left2 = append(left2, n.Name())
	}
	if got := strings.Join(left2, " "); got != ".new-fedcba9876543210 cellar roof" {
		t.Errorf("left are %s", got)
	}
	if out, err := recovery.RemoveStale(o); err != nil || out.Result != recovery.NotStuck {
		t.Errorf("again: %+v, %v", out, err)
	}
	if err := segment.RemoveStale("cellar", p.segment()); !errors.Is(err, segment.ErrNotStale) {
		t.Errorf("a block of this boot: %v", err)
	}
	if n := strings.Count(p.log.String(), "removed"); n != 2 {
		t.Errorf("logged:\n%s", p.log)
	}
}

func TestWhatIsNotThereIsAnErrorAndFailed(t *testing.T) {
	p := newPlace(t)
	o := p.options()
	for name, act := range map[string]func() (recovery.Outcome, error){
		"ForceResetSlot":       func() (recovery.Outcome, error) { return recovery.ForceResetSlot("roof", 0, o) },
		"ReleaseZombieReaders": func() (recovery.Outcome, error) { return recovery.ReleaseZombieReaders("roof", o) },
		"ReleaseZombieWriter":  func() (recovery.Outcome, error) { return recovery.ReleaseZombieWriter("roof", o) },
		"CleanupDeadConsumers": func() (recovery.Outcome, error) { return recovery.CleanupDeadConsumers("roof", o) },
	} {
		if out, err := act(); !errors.Is(err, segment.ErrNotFound) || out.Result != recovery.Failed || out.Reason == "" {
			t.Errorf("%s: %+v, %v", name, out, err)
		}
	}
	if _, err := recovery.ValidateIntegrity("roof", false, o); !errors.Is(err, segment.ErrNotFound) {
		t.Error(err)
	}
	if _, err := recovery.DiagnoseAllSlots("roof", o); !errors.Is(err, segment.ErrNotFound) {
		t.Error(err)
	}
	if _, err := recovery.Metrics(filepath.Join(p.root, "x"+segment.DumpExt), o); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	if err := recovery.ResetMetrics("roof", o); !errors.Is(err, segment.ErrNotFound) {
		t.Error(err)
	}
}
