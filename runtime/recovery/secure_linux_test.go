package recovery_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/datablock"
	"github.com/pylabhub/datahub/runtime/recovery"
	"github.com/pylabhub/datahub/runtime/segment"
)

// A secure channel is seen through its producer's socket, and mended by nobody else.
func TestASecureChannelIsShownAndOnlyItsProducerMendsIt(t *testing.T) {
	p := newPlace(t)
	o := p.options()
	s := spec(hdr.SyncSyncReaders, 64)
	s.Spinlocks = 0
	w, err := datablock.CreateRaw(s, "roof", datablock.Root(p.root), datablock.Secure())
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip("needs sealed memory: ", err)
	}
	must(t, err)
	defer w.Close()
	c, err := datablock.AttachRaw(s, "roof", datablock.Root(p.root), datablock.StartOldest())
	must(t, err)
	defer c.Close()
	for range 5 {
		must(t, w.Send(t.Context(), make([]byte, 64)))
	}
	slots, err := recovery.DiagnoseAllSlots("roof", o)
	must(t, err)
	if slots[4].State != recovery.SlotCommitted || slots[4].Stuck || slots[5].State != recovery.SlotBlank {
		t.Errorf("slots are %+v", slots)
	}
	report, err := recovery.ValidateIntegrity("roof", false, o)
	must(t, err)
	if len(report.Findings) != 0 || report.Values != 5 {
		t.Errorf("report is %+v", report)
	}
	all, err := recovery.ListConsumers("roof", o)
	must(t, err)
	if len(all) != 1 || !all[0].Alive {
		t.Errorf("consumers are %+v", all)
	}
	if d, err := recovery.DiagnoseProducer("roof", o); err != nil || d.State != "live" || d.Head != 5 {
		t.Errorf("producer is %+v, %v", d, err)
	}
	for name, act := range actions {
		if out, err := act("roof", o); out.Result == recovery.Success || err != nil {
			t.Errorf("%s: %+v, %v", name, out, err)
		}
	}
	path := filepath.Join(t.TempDir(), "roof.dhdump")
	must(t, recovery.Dump("roof", path, segment.DumpOptions{}, o))
	if n := len(mustReport(t, path, o).Findings); n != 0 {
		t.Errorf("%d findings in the dump", n)
	}
	if blocks, err := recovery.ListBlocks(o); err != nil || len(blocks) != 1 || blocks[0].Attached != 1 || blocks[0].Problem != "" {
		t.Errorf("blocks are %+v, %v", blocks, err)
	}
}

// What is left of a secure channel whose producer died is a name, which is in the list.
func TestASecureChannelWhoseProducerDiedIsListed(t *testing.T) {
	p := newPlace(t)
	s := spec(hdr.SyncSyncReaders, 64)
	s.Spinlocks = 0
	w, err := datablock.CreateRaw(s, "roof", datablock.Root(p.root), datablock.Secure())
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip("needs sealed memory: ", err)
	}
	must(t, err)
	// The folder of the dead: what Close does not find it does not remove.
	must(t, os.Rename(filepath.Join(p.root, "roof"), filepath.Join(p.root, "away")))
	must(t, w.Close())
	must(t, os.Rename(filepath.Join(p.root, "away"), filepath.Join(p.root, "roof")))
	blocks, err := recovery.ListBlocks(p.options())
	if err != nil || len(blocks) != 1 || blocks[0].Channel != "roof" || !errors.Is(blocks[0].Err, segment.ErrEnded) {
		t.Errorf("blocks are %+v, %v", blocks, err)
	}
}

func mustReport(t *testing.T, target string, o recovery.Options) recovery.Report {
	t.Helper()
	r, err := recovery.ValidateIntegrity(target, false, o)
	must(t, err)
	return r
}
