//go:build linux || darwin || freebsd

package recovery_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/recovery"
	"github.com/pylabhub/datahub/runtime/segment"
	"github.com/pylabhub/datahub/runtime/slot"
)

func TestADeadConsumersPlaceIsSeenFreedCountedAndLoggedOnce(t *testing.T) {
	for name, sync := range syncs {
		if sync == hdr.SyncOverwrite {
			continue // nobody stands in anybody's way
		}
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			o := p.options()
			w := p.create("roof", config(sync, 8, map[bool]uint32{true: 1, false: 4}[sync == hdr.SyncSingleReader]))
			w.put(t, 3)
			held := 2 // value 2 is in slot 2
			c := p.start("hold roof 2")
			if sync == hdr.SyncLatestOnly {
				c.kill()
				c = p.start("hold roof 0")
			}
			c.expect("holding")
			// A zombie is dead, though its number is in use: nobody has waited for it.
			c.signal(syscall.SIGKILL)
			var all []recovery.ConsumerDiagnosis
			for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
				var err error
				all, err = recovery.ListConsumers("roof", o)
				must(t, err)
				if len(all) == 1 && !all[0].Alive {
					break
				}
				if time.Now().After(deadline) {
					t.Fatalf("SIGKILL does not free the lock: %+v", all)
				}
			}
			if s := all[0].Process; s != recovery.ProcessZombie && s != recovery.ProcessRunning { // only Linux tells
				t.Errorf("the process is %v", s)
			}
			if len(all) != 1 || all[0].Alive || all[0].Name != "attic" || all[0].PID != c.cmd.Process.Pid || all[0].Stalled ||
				all[0].For.AtMost == 0 || all[0].For.AtMost > time.Hour || all[0].For.AtLeast > all[0].For.AtMost {
				t.Errorf("consumers are %+v", all)
			}
			slots, err := recovery.DiagnoseAllSlots("roof", o)
			must(t, err)
			stuck := -1
			for _, d := range slots {
				if d.Stuck {
					stuck = d.Slot
					if len(d.Holders) != 1 || d.Holders[0].PID != c.cmd.Process.Pid || !strings.Contains(d.Reason, "has died") {
						t.Errorf("slot %d is %+v", d.Slot, d)
					}
				}
			}
			if sync != hdr.SyncLatestOnly && stuck != held || stuck < 0 {
				t.Errorf("slot %d is stuck, want %d", stuck, held)
			}
			report, err := recovery.ValidateIntegrity("roof", false, o)
			must(t, err)
			if len(report.Findings) != 1 || report.Findings[0].Severity != recovery.Leftover || report.Findings[0].Where != "cell" || !report.OK() {
				t.Errorf("report is %+v", report)
			}

			before := p.snapshot()
			dry := o
			dry.DryRun = true
			for name, act := range actions {
				if out, err := act("roof", dry); name != "writer" && (err != nil || out.Result != recovery.Success || len(out.Done) != 1 || !out.DryRun) {
					t.Errorf("dry run of %s: %+v, %v", name, out, err)
				}
			}
			if out, err := recovery.ForceResetSlot("roof", stuck, dry); err != nil || out.Result != recovery.Success {
				t.Errorf("dry run of ForceResetSlot: %+v, %v", out, err)
			}
			if after := p.snapshot(); fmt.Sprint(after) != fmt.Sprint(before) {
				t.Error("a dry run changed something")
			}

			free := func() (recovery.Outcome, error) { return recovery.ReleaseZombieReaders("roof", o) }
			switch sync {
			case hdr.SyncSyncReaders:
				free = func() (recovery.Outcome, error) { return recovery.ForceResetSlot("roof", stuck, o) }
			case hdr.SyncSingleReader:
				free = func() (recovery.Outcome, error) {
					r, err := recovery.ValidateIntegrity("roof", true, o)
					if err == nil && (len(r.Findings) != 1 || !r.Findings[0].Mended) {
						t.Errorf("repair reports %+v", r)
					}
					return recovery.Outcome{Done: []recovery.Step{{Who: &all[0].Participant}}}, err
				}
			}
			out, err := free()
			if err != nil || out.Result != recovery.Success || len(out.Done) != 1 || out.Done[0].Who.PID != c.cmd.Process.Pid {
				t.Errorf("first: %+v, %v", out, err)
			}
			for name, act := range actions {
				if out, err := act("roof", o); name != "writer" && (err != nil || out.Result != recovery.NotStuck) {
					t.Errorf("%s, again: %+v, %v", name, out, err)
				}
			}
			if m, err := recovery.Metrics("roof", o); err != nil || m.Repairs != 1 || m.Recoveries() != 1 {
				t.Errorf("%d repairs, %d recoveries (%v), want 1", m.Repairs, m.Recoveries(), err)
			}
			if n := strings.Count(p.log.String(), "block repaired"); n != 1 || !strings.Contains(p.log.String(), "channel=roof") {
				t.Errorf("logged:\n%s", p.log)
			}
			must(t, recovery.ResetMetrics("roof", o))
			if m, err := recovery.Metrics("roof", o); err != nil || m.Repairs != 0 {
				t.Errorf("%d repairs after a reset (%v), want 0", m.Repairs, err)
			}
			// A successor of a single reader goes on at the dead one's value.
			r := p.attach("roof")
			if sync == hdr.SyncSingleReader && r.Seq() != 2 {
				t.Errorf("the next consumer begins at %d, want 2", r.Seq())
			}
			w.put(t, 5)
			r.take(t, 1)
		})
	}
}

func TestAStoppedConsumerIsStalledAndOnlyForceTakesItsPlace(t *testing.T) {
	p := newPlace(t)
	o := p.options()
	o.Watch = 50 * time.Millisecond
	w := p.create("roof", config(hdr.SyncSyncReaders, 8, 4))
	w.put(t, 3)
	c := p.start("hold roof 2")
	c.expect("holding")
	c.signal(syscall.SIGSTOP)
	w.put(t, 7) // up to what it holds
	done := make(chan error, 1)
	go func() {
		b, err := w.Claim(context.Background(), 30*time.Second)
		if err == nil {
			fill(b, w.Seq())
			err = w.Commit()
		}
		done <- err
	}()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		if d, err := recovery.DiagnoseProducer("roof", p.options()); err == nil && d.Waiting {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the producer does not wait")
		}
	}
	d, err := recovery.DiagnoseProducer("roof", o)
	must(t, err)
	if d.WaitsFor != 0 || !d.Stalled || d.For.AtLeast < o.Watch || !d.Alive {
		t.Errorf("producer is %+v", d)
	}
	all, err := recovery.ListConsumers("roof", o)
	must(t, err)
	if len(all) != 1 || !all[0].Alive || !all[0].Stalled || all[0].Lag != 8 || all[0].For.AtLeast < o.Watch {
		t.Errorf("consumers are %+v", all)
	}
	if all[0].Process != recovery.ProcessStopped && all[0].Process != recovery.ProcessRunning { // only Linux tells
		t.Errorf("the process is %v", all[0].Process)
	}
	slots, err := recovery.DiagnoseAllSlots("roof", o)
	must(t, err)
	if !slots[2].Stuck || slots[3].Stuck {
		t.Errorf("slots are %+v", slots)
	}
	for name, act := range actions {
		if out, err := act("roof", o); err != nil || out.Result == recovery.Success {
			t.Errorf("%s: %+v, %v", name, out, err)
		}
	}
	if out, err := recovery.ForceResetSlot("roof", 2, o); err != nil || out.Result != recovery.Unsafe {
		t.Errorf("without force: %+v, %v", out, err)
	}
	if out, err := recovery.ForceResetSlot("roof", 3, o); err != nil || out.Result != recovery.NotStuck {
		t.Errorf("another slot: %+v, %v", out, err)
	}
	select {
	case err := <-done:
		t.Fatalf("the producer went on (%v) before anybody was forced", err)
	default:
	}
	o.Force = true
	if out, err := recovery.ForceResetSlot("roof", 2, o); err != nil || out.Result != recovery.Success || len(out.Done) != 1 {
		t.Errorf("with force: %+v, %v", out, err)
	}
	must(t, <-done)
	if out, err := recovery.ForceResetSlot("roof", 2, o); err != nil || out.Result != recovery.NotStuck {
		t.Errorf("with force, again: %+v, %v", out, err)
	}
	c.signal(syscall.SIGCONT)
	c.in.Close()
	c.expect(slot.ErrEvicted.Error())
}

func TestWhatADeadProducerLeftIsFinishedOnce(t *testing.T) {
	p := newPlace(t)
	o := p.options()
	c := p.start("write roof sync 5 stamp")
	c.expect("written")
	c.kill()
	d, err := recovery.DiagnoseProducer("roof", o)
	must(t, err)
	if d.State != "dead" || d.Alive || d.Unfinished != 1 || d.Head != 4 || d.Process == recovery.ProcessRunning {
		t.Errorf("producer is %+v", d)
	}
	slots, err := recovery.DiagnoseAllSlots("roof", o)
	must(t, err)
	if d := slots[4]; !d.Stuck || d.State != recovery.SlotCommitted || slots[3].Stuck {
		t.Errorf("slots are %+v", slots)
	}
	report, err := recovery.ValidateIntegrity("roof", false, o)
	must(t, err)
	if len(report.Findings) != 1 || report.Findings[0].Severity != recovery.Leftover || report.Findings[0].Where != "producer" {
		t.Errorf("report is %+v", report)
	}
	if out, err := recovery.ForceResetSlot("roof", 4, o); err != nil || out.Result != recovery.Success {
		t.Errorf("first: %+v, %v", out, err)
	}
	if out, err := recovery.ReleaseZombieWriter("roof", o); err != nil || out.Result != recovery.NotStuck {
		t.Errorf("again: %+v, %v", out, err)
	}
	d, err = recovery.DiagnoseProducer("roof", o)
	must(t, err)
	if d.State != "dead" || d.Unfinished != 0 || d.Head != 5 || d.Epoch != 1 {
		t.Errorf("producer is %+v", d)
	}
	r := p.attach("roof")
	r.take(t, 5)
	w := p.create("roof", config(hdr.SyncSyncReaders, 8, 4))
	if !w.seg.TookOver() || w.Seq() != 5 {
		t.Errorf("the next producer took over: %t, at %d, want 5", w.seg.TookOver(), w.Seq())
	}
	w.put(t, 1)
	r.take(t, 1)
	if out, err := recovery.ReleaseZombieWriter("roof", o); err != nil || out.Result != recovery.Unsafe {
		t.Errorf("of a live producer: %+v, %v", out, err)
	}
}

func TestAHalfWrittenValueIsNeverVisibleAndNeedsNothing(t *testing.T) {
	for name, c := range map[string]struct {
		written int
		want    recovery.SlotState
	}{
		"sync":   {3, recovery.SlotBlank},
		"latest": {30, recovery.SlotOpen}, // more than slots: each has held a value
	} {
		t.Run(name, func(t *testing.T) {
			n, want := c.written, c.want
			p := newPlace(t)
			o := p.options()
			c := p.start(fmt.Sprintf("write roof %s %d claim", name, n))
			c.expect("written")
			c.kill()
			slots, err := recovery.DiagnoseAllSlots("roof", o)
			must(t, err)
			states := map[recovery.SlotState]int{}
			for _, d := range slots {
				states[d.State]++
				if d.Stuck || d.State == recovery.SlotOpen && (d.Owner == nil || d.Owner.Alive || !strings.Contains(d.Reason, "died")) {
					t.Errorf("slot %d is %+v", d.Slot, d)
				}
			}
			// In order the half-written slot has no stamp yet, like those behind it; a
			// value is written to a slot of latest values that has its stamp taken away.
			if states[want] == 0 || states[recovery.SlotCorrupt] != 0 {
				t.Errorf("states are %v, want one %v at least", states, want)
			}
			if out, err := recovery.ReleaseZombieWriter("roof", o); err != nil || out.Result != recovery.NotStuck {
				t.Errorf("%+v, %v", out, err)
			}
			report, err := recovery.ValidateIntegrity("roof", true, o)
			must(t, err)
			if !report.OK() || report.Worst() != recovery.Note {
				t.Errorf("report is %+v", report)
			}
			if w := p.create("roof", config(syncs[name], 8, 4)); w.Seq() != uint64(n) {
				t.Errorf("the next producer begins at %d, want %d", w.Seq(), n)
			}
		})
	}
}

// TestFault3 kills the one who mends before and after each of its steps: whoever
// comes next finishes.
func TestFault3WhoMendsIsKilledAtEachStepAndTheNextOneFinishes(t *testing.T) {
	for _, action := range []string{"readers", "cleanup", "writer"} {
		t.Run(action, func(t *testing.T) {
			died := 0
			for step := 1; ; step++ {
				p := newPlace(t)
				var w *writer
				if action == "writer" {
					c := p.start("write roof sync 5 stamp")
					c.expect("written")
					c.kill()
				} else {
					w = p.create("roof", config(hdr.SyncSyncReaders, 8, 2))
					w.put(t, 3)
					a, b := p.start("hold roof 0"), p.start("hold roof 1")
					a.expect("holding")
					b.expect("holding")
					a.kill()
					b.kill()
				}
				c := p.start(fmt.Sprintf("mend roof %s %d", action, step))
				killed := c.awaitOrDone()
				if killed {
					died++
				}
				o := p.options()
				o.Logger = quiet
				if out, err := actions[action]("roof", o); err != nil || out.Result != recovery.Success && out.Result != recovery.NotStuck || !killed && out.Result != recovery.NotStuck {
					t.Fatalf("step %d: %+v, %v", step, out, err)
				}
				report, err := recovery.ValidateIntegrity("roof", false, o)
				if err != nil || report.Worst() > recovery.Note {
					t.Fatalf("step %d: %+v, %v", step, report, err)
				}
				if w == nil {
					w = p.create("roof", config(hdr.SyncSyncReaders, 8, 4))
					if w.Seq() != 5 {
						t.Fatalf("step %d: the next producer begins at %d, want 5", step, w.Seq())
					}
				}
				first := p.attach("roof")
				p.attach("roof")
				w.put(t, 2)
				first.take(t, 2)
				c.kill()
				if !killed {
					break
				}
			}
			t.Logf("died at %d steps", died)
			if died < 2 {
				t.Errorf("died at %d steps only", died)
			}
		})
	}
}

// awaitOrDone waits until the child has killed itself or says that it is done.
func (c *child) awaitOrDone() (killed bool) {
	c.t.Helper()
	line, _ := c.out.ReadString('\n')
	if strings.HasPrefix(line, "done") {
		return false
	}
	if line != "" || !c.awaitDeath() {
		c.t.Fatalf("the child said %q", line)
	}
	return true
}

// TestFault3 at random moments, while the writer cleans as well.
func TestFault3WhoMendsIsKilledAtRandomMomentsAmongOthersThatMend(t *testing.T) {
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	p := newPlace(t)
	w := p.create("roof", config(hdr.SyncSyncReaders, 8, 4))
	w.put(t, 1)
	menders := []*child{p.start("mending roof"), p.start("mending roof")}
	for _, m := range menders {
		m.expect("mending")
	}
	kills := 0
	for range 60 {
		c := p.start("hold roof 0")
		c.expect("holding")
		c.kill()
		k := random.IntN(len(menders))
		time.Sleep(time.Duration(random.IntN(3000)) * time.Microsecond)
		menders[k].kill()
		kills += 2
		w.put(t, 9) // more than the ring: the dead consumer's place is needed
		menders[k] = p.start("mending roof")
		menders[k].expect("mending")
	}
	for _, m := range menders {
		m.kill()
	}
	o := p.options()
	if _, err := recovery.CleanupDeadConsumers("roof", o); err != nil {
		t.Error(err)
	}
	for range 4 {
		p.attach("roof")
	}
	if _, err := attach("roof", p.segment()); !errors.Is(err, slot.ErrFull) {
		t.Errorf("one consumer too many: %v", err)
	}
	report, err := recovery.ValidateIntegrity("roof", false, o)
	if err != nil || len(report.Findings) != 0 {
		t.Errorf("%+v, %v", report, err)
	}
	t.Logf("seed %d: %d kills", seed, kills)
	if t.Failed() {
		t.Logf("seed %d", seed)
	}
}

func TestALockWhoseOwnerDiedIsReportedAndTheNextToLockIsTold(t *testing.T) {
	p := newPlace(t)
	o := p.options()
	w := p.create("roof", config(hdr.SyncSyncReaders, 8, 4))
	c := p.start("lock roof")
	c.expect("locked")
	if r, err := recovery.ValidateIntegrity("roof", false, o); err != nil || len(r.Findings) != 0 {
		t.Errorf("while its owner lives: %+v, %v", r, err)
	}
	c.kill()
	r, err := recovery.ValidateIntegrity("roof", true, o)
	must(t, err)
	locks := 0
	for _, f := range r.Findings {
		if f.Where == "lock" {
			locks++
			if f.Index != 0 || f.Severity != recovery.Leftover || f.Mended {
				t.Errorf("finding is %+v", f)
			}
		}
	}
	if locks != 1 {
		t.Errorf("report is %+v", r)
	}
	l, err := w.Locks().At(0)
	must(t, err)
	began := time.Now()
	g, err := l.Lock(t.Context(), 10*time.Second)
	if !errors.Is(err, slot.ErrOwnerDied) {
		t.Errorf("the next to lock: %v", err)
	}
	t.Logf("told after %v", time.Since(began))
	must(t, g.Unlock())
	if r, err := recovery.ValidateIntegrity("roof", false, o); err != nil || len(r.Findings) != 1 || r.Findings[0].Severity != recovery.Note {
		t.Errorf("poisoned: %+v, %v", r, err)
	}
}

func TestProcessNumbersAreLookedUpForDiagnosis(t *testing.T) {
	self := segment.Identity()
	if s := recovery.StateOf(os.Getpid(), self.Start); s != recovery.ProcessRunning || !recovery.IsProcessAlive(os.Getpid(), self.Start) {
		t.Errorf("this process is %v", s)
	}
	if s := recovery.StateOf(os.Getpid(), self.Start-1); s != recovery.ProcessOther || recovery.IsProcessAlive(os.Getpid(), self.Start-1) {
		t.Errorf("one that had our number before is %v", s)
	}
	if s := recovery.StateOf(1<<30, 0); s != recovery.ProcessGone {
		t.Errorf("a number nobody has is %v", s)
	}
	if s := recovery.StateOf(0, 0); s != recovery.ProcessUnknown {
		t.Errorf("no number is %v", s)
	}
}
