//go:build datahub_explore

package explore

import (
	"time"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/slot"
)

// pauses is the back-off of those who are not woken. How long a pause is makes no
// difference here: it is over when nothing else can happen.
var pauses = slot.Backoff{Kind: slot.ConstantBackoff, Cap: time.Second}

// armed is Acquire as somebody does it who sleeps for r: a wait set.
func (p *Proc) armed(r *slot.Reader) (slot.Slot, error) {
	for {
		b, pending, err := r.Arm()
		switch {
		case err != nil:
			return slot.Slot{}, err
		case !pending:
			for sleep := true; sleep; sleep = *r.Bell() == b && r.Quiet(false) {
				(&host{p}).Wait(r.Bell(), b, -1)
			}
			continue
		}
		if s, ok, err := r.TryAcquire(); ok || err != nil {
			return s, err
		}
	}
}

// drain waits until all has been read and checks that it was, by those who are
// there from before until after.
func (p *Proc) drain(wr *slot.Writer) {
	w := p.World
	there, mask := map[*Proc]bool{}, uint64(0)
	for i, o := range w.procs {
		if there[o] = o.reads; o.reads {
			mask |= 1 << i
		}
	}
	p.checkpoint(wr, mask, 3)
	if err := wr.Drain(bg, -1); err != nil {
		p.Fail("drain: %v", err)
	}
	for o, was := range there {
		if was && o.reads && o.status != killed && o.upto < wr.Seq() {
			p.Fail("drained at %d, but %s has only read up to %d", wr.Seq(), o.Name, o.upto)
		}
	}
}

// asksNobody is GoesOn, and checks that nobody was asked for a wake-up before the
// end: who looks again after a pause costs others nothing.
func asksNobody(w *World) {
	p := &Proc{Name: "afterwards", World: w, id: 99}
	page, control := region(w.model.mem.Producer), region(w.model.mem.Control)
	if control.U32(uint64(hdr.FieldControlWordsSleepers)).Load() != 0 || page.U32(uint64(hdr.FieldProducerPageRoomWanted)).Load() != 0 {
		p.Fail("somebody waits to be woken")
	}
	// Opening and closing ring without being asked.
	if n := page.U32(uint64(hdr.FieldProducerPageBell)).Load(); n > 2 {
		p.Fail("the readers' bell was rung %d times", n)
	}
	if n := control.U32(uint64(hdr.FieldControlWordsRoomBell)).Load(); n != 0 {
		p.Fail("the writer's bell was rung %d times", n)
	}
	GoesOn(w)
}
