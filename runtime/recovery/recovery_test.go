package recovery_test

import (
	"bytes"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/recovery"
	"github.com/pylabhub/datahub/runtime/segment"
	"github.com/pylabhub/datahub/runtime/slot"
)

// A place is where the blocks of one test are, and what was logged there.
type place struct {
	t    testing.TB
	root string
	log  *bytes.Buffer
}

func newPlace(t testing.TB) *place {
	dir, err := os.MkdirTemp("/dev/shm", "datahub-recovery-")
	if err != nil {
		dir = t.TempDir()
	} else {
		t.Cleanup(func() { os.RemoveAll(dir) })
	}
	return &place{t, dir, new(bytes.Buffer)}
}

func (p *place) options() recovery.Options {
	return recovery.Options{Root: p.root, Logger: slog.New(slog.NewTextHandler(p.log, nil))}
}

func (p *place) segment() segment.Options { return segment.Options{Root: p.root} }

// snapshot returns the bytes and times of all files below the place.
func (p *place) snapshot() map[string]string {
	p.t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(p.root, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		all[path] = info.ModTime().Format(time.RFC3339Nano) + info.Mode().String()
		if e.IsDir() {
			return nil
		}
		b, err := os.ReadFile(path)
		all[path] += string(b)
		return err
	})
	must(p.t, err)
	return all
}

// quiet logs nothing.
var quiet = slog.New(slog.DiscardHandler)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// config is that of a block of bytes.
func config(sync hdr.Sync, capacity, consumers uint32) segment.Config {
	c := segment.Config{Schema: segment.RawSchema(), PageSize: segment.Page4K, Config: slot.Config{
		Policy: hdr.PolicyRing, Sync: sync, Capacity: capacity, Consumers: consumers, PayloadSize: 64,
		Timestamp: true, Checksum: hdr.ChecksumEnforced, ChecksumType: hdr.ChecksumTypeCrc32c, Spinlocks: 2,
	}}
	return c
}

// A writer is a producer of bytes.
type writer struct {
	*slot.Writer
	seg *segment.Segment
}

func (p *place) create(name string, c segment.Config) *writer {
	p.t.Helper()
	w, err := create(name, c, p.segment())
	must(p.t, err)
	p.t.Cleanup(func() { w.seg.Close() })
	return w
}

func create(name string, c segment.Config, o segment.Options) (*writer, error) {
	seg, err := segment.Create(name, c, o)
	if err != nil {
		return nil, err
	}
	w, err := slot.OpenWriter(seg.Memory(), seg.Plan(), seg.Config(), seg.Host(), slot.WriterOptions{
		Process: segment.Identity(), Fresh: !seg.TookOver(),
	})
	if err != nil {
		return nil, errors.Join(err, seg.Close())
	}
	return &writer{w, seg}, nil
}

// put writes values of which all bytes are the low byte of their number + 1.
func (w *writer) put(t testing.TB, n int) {
	t.Helper()
	for range n {
		b, err := w.Claim(t.Context(), 10*time.Second)
		must(t, err)
		fill(b, w.Seq())
		must(t, w.Commit())
	}
}

func fill(b []byte, n uint64) {
	for i := range b {
		b[i] = byte(n + 1)
	}
}

func whole(b []byte, n uint64) bool {
	for _, c := range b {
		if c != byte(n+1) {
			return false
		}
	}
	return len(b) == 64
}

// A reader is a consumer of bytes.
type reader struct {
	*slot.Reader
	seg *segment.Segment
}

func (p *place) attach(name string) *reader {
	p.t.Helper()
	r, err := attach(name, p.segment())
	must(p.t, err)
	p.t.Cleanup(func() { r.seg.Close() })
	return r
}

func attach(name string, o segment.Options) (*reader, error) {
	seg, err := segment.Attach(name, segment.Config{Schema: segment.RawSchema()}, o)
	if err != nil {
		return nil, err
	}
	r, err := slot.JoinReader(seg.Memory(), seg.Plan(), seg.Config(), seg.Host(), slot.ReaderOptions{
		Process: segment.Identity(), Name: "attic", Start: slot.StartOldest,
	})
	if err != nil {
		return nil, errors.Join(err, seg.Close())
	}
	return &reader{r, seg}, nil
}

func (r *reader) take(t testing.TB, n int) {
	t.Helper()
	for range n {
		s, err := r.Acquire(t.Context(), 10*time.Second)
		must(t, err)
		if !whole(s.Payload, s.Seq) {
			t.Fatalf("value %d is %v", s.Seq, s.Payload)
		}
		must(t, r.Release())
	}
}

func TestALiveBlockIsShownAsItIsAndNoByteChanges(t *testing.T) {
	p := newPlace(t)
	w := p.create("roof", config(hdr.SyncSyncReaders, 8, 4))
	r := p.attach("roof")
	w.put(t, 5)
	r.take(t, 2)
	w.Show()
	time.Sleep(5 * time.Millisecond) // file times have the grain of a clock tick
	before := p.snapshot()

	o := p.options()
	o.Watch = 10 * time.Millisecond
	all, err := recovery.DiagnoseAllSlots("roof", o)
	must(t, err)
	for i, want := range []recovery.SlotState{
		recovery.SlotCommitted, recovery.SlotCommitted, recovery.SlotCommitted, recovery.SlotCommitted, recovery.SlotCommitted,
		recovery.SlotBlank, recovery.SlotBlank, recovery.SlotBlank,
	} {
		if d := all[i]; d.State != want || d.Stuck || d.ChecksumBad || d.Slot != i {
			t.Errorf("slot %d is %+v, want it %v and not stuck", i, d, want)
		}
	}
	if d := all[2]; len(d.Holders) != 1 || d.Holders[0].Name != "attic" || !d.Holders[0].Alive || d.Unread != 1 || d.Stamp != 3 {
		t.Errorf("slot 2, which the consumer reads next, is %+v", d)
	}
	if d := all[1]; d.Unread != 0 || len(d.Holders) != 0 {
		t.Errorf("slot 1, which was read, is %+v", d)
	}
	one, err := recovery.DiagnoseSlot("roof", 2, o)
	must(t, err)
	if one.Stamp != 3 || time.Since(one.Written) > time.Hour {
		t.Errorf("slot 2 alone is %+v", one)
	}
	var slotError *recovery.SlotError
	if _, err := recovery.DiagnoseSlot("roof", 8, o); !errors.As(err, &slotError) || slotError.Slots != 8 {
		t.Errorf("slot 8 of 8: %v", err)
	}
	consumers, err := recovery.ListConsumers("roof", o)
	must(t, err)
	if len(consumers) != 1 || consumers[0].Lag != 3 || consumers[0].Position != 2 || consumers[0].Slot != 2 ||
		!consumers[0].Alive || !consumers[0].Stalled || consumers[0].For.AtLeast < o.Watch || consumers[0].PID != os.Getpid() {
		t.Errorf("consumers are %+v", consumers)
	}
	producer, err := recovery.DiagnoseProducer("roof", o)
	must(t, err)
	if producer.State != "live" || producer.Head != 5 || producer.PID != os.Getpid() || producer.Stalled || producer.WaitsFor != -1 {
		t.Errorf("producer is %+v", producer)
	}
	d, err := recovery.Diagnose("roof", o)
	must(t, err)
	if d.Producer.Head != 5 || len(d.Consumers) != 1 || d.Consumers[0].Lag != 3 || !d.Consumers[0].Stalled || len(d.Slots) != 8 || d.Slots[2].Stamp != 3 {
		t.Errorf("all at once is %+v", d)
	}
	report, err := recovery.ValidateIntegrity("roof", false, o)
	must(t, err)
	if len(report.Findings) != 0 || report.Slots != 8 || report.Values != 5 || report.Checksums != 5 || !report.OK() {
		t.Errorf("report is %+v", report)
	}
	m, err := recovery.Metrics("roof", o)
	must(t, err)
	if m.CommitIndex != 5 || m.Recoveries() != 0 {
		t.Errorf("metrics are %+v", m)
	}
	blocks, err := recovery.ListBlocks(o)
	must(t, err)
	if len(blocks) != 1 || blocks[0].Channel != "roof" || blocks[0].Attached != 1 || blocks[0].Dead != 0 || blocks[0].Written != 5 || blocks[0].Schema != "blds.raw 1.0.0" {
		t.Errorf("blocks are %+v", blocks)
	}
	for name, act := range map[string]func() (recovery.Outcome, error){
		"ReleaseZombieReaders": func() (recovery.Outcome, error) { return recovery.ReleaseZombieReaders("roof", o) },
		"CleanupDeadConsumers": func() (recovery.Outcome, error) { return recovery.CleanupDeadConsumers("roof", o) },
		"ForceResetSlot":       func() (recovery.Outcome, error) { return recovery.ForceResetSlot("roof", 1, o) },
		"RemoveStale":          func() (recovery.Outcome, error) { return recovery.RemoveStale(o) },
	} {
		if out, err := act(); err != nil || out.Result != recovery.NotStuck {
			t.Errorf("%s of a sound block: %+v, %v", name, out, err)
		}
	}
	if out, err := recovery.ReleaseZombieWriter("roof", o); err != nil || out.Result != recovery.Unsafe {
		t.Errorf("ReleaseZombieWriter of a live one: %+v, %v", out, err)
	}
	if out, err := recovery.ForceResetSlot("roof", -1, o); err != nil || out.Result != recovery.InvalidSlot {
		t.Errorf("slot -1: %+v, %v", out, err)
	}
	after := p.snapshot()
	for name, b := range before {
		if after[name] != b {
			t.Errorf("%s was changed", name)
		}
	}
	if len(after) != len(before) {
		t.Errorf("%d files, %d before", len(after), len(before))
	}
	if p.log.Len() != 0 {
		t.Errorf("logged:\n%s", p.log)
	}
}

// What is looked at at once fits together, however fast it moves.
func TestNoConsumerIsAheadOfItsProducerInADiagnosis(t *testing.T) {
	p := newPlace(t)
	w := p.create("roof", config(hdr.SyncSyncReaders, 8, 4))
	r := p.attach("roof")
	var done atomic.Bool
	var both sync.WaitGroup
	both.Go(func() {
		for !done.Load() {
			_, err := w.Claim(t.Context(), 10*time.Second)
			if err == nil {
				err = w.Commit()
			}
			if err == nil {
				_, err = r.Acquire(t.Context(), 10*time.Second)
			}
			if err == nil {
				err = r.Release()
			}
			if err != nil {
				t.Error(err)
				return
			}
		}
	})
	defer func() { done.Store(true); both.Wait() }()
	o := p.options()
	o.Watch = time.Millisecond
	moved := uint64(0)
	for range 200 {
		d, err := recovery.Diagnose("roof", o)
		must(t, err)
		for _, c := range d.Consumers {
			if c.Position > d.Producer.Head {
				t.Errorf("the consumer is at %d, the producer at %d", c.Position, d.Producer.Head)
			}
		}
		moved = d.Producer.Head
	}
	if moved == 0 {
		t.Error("nothing was written meanwhile")
	}
}
