package slot

import (
	"context"
	"time"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/internal/word"
)

// Drain waits until every reader that is attached has read everything, as Claim
// waits for room; the *TimeoutError names one who has not. Without readers it
// returns at once, except for a single reader, whose successor is waited for.
// Latest values are never waited for.
func (w *Writer) Drain(ctx context.Context, timeout time.Duration) error {
	switch {
	case w.closed:
		return w.refusal()
	case w.claimed != 0:
		return ErrLoanOpen
	case w.conf.latest() || w.drained():
		return nil
	}
	w.count.DrainWaits++
	start := w.clock.mono()
	until := deadline(start, timeout)
	defer func() {
		if w.wanting {
			w.wanting = false
			w.roomWanted.Store(0) // as in endWait
		}
		w.count.DrainWaitNS += uint64(w.clock.mono() - start)
	}()
	for now, looks := start, 0; ; now, looks = w.clock.mono(), looks+1 {
		if err := cause(ctx); err != nil {
			return err
		}
		if word.Explored || now-w.probed >= int64(probeEvery) {
			w.probed = now
			w.reclaim(uint64(w.plan.Capacity)) // all who have not read everything are in the way
		}
		if w.drained() {
			return nil
		}
		w.watch(now) // nobody is judged: no room is needed
		switch {
		case now >= until:
			w.count.Timeouts++
			return w.timedOut()
		case w.wait.strategy == Busy:
			w.wait.pause()
		default:
			b := w.ticket()
			if w.wait.asks() {
				w.wanting = true
				w.roomWanted.Store(1) // as in awaitRoom
			}
			if w.drained() { // last, as there
				return nil
			}
			w.flush()
			w.wait.sleep(ctx, b, min(until, w.wait.again(now, looks)))
		}
	}
}

// drained looks at all cells whether somebody has something left to read, and
// remembers one of those.
func (w *Writer) drained() bool {
	w.heldBy = HolderNobody
	if w.single {
		if cur := w.singleCursor(); cur < w.pos {
			w.heldBy, w.heldAt = 0, cur
			return false
		}
		return true
	}
	for i := range w.cells {
		inc := w.cells[i].incarnation.Load()
		if !active(inc) {
			continue
		}
		// A reader of an overwritten ring may be any distance behind.
		cur := w.cells[i].cursor.Load()
		counts := !w.isOut(i, inc)
		if w.conf.Sync != hdr.SyncOverwrite {
			cur, counts = w.cursor(i, inc)
		}
		if counts && cur < w.pos {
			w.heldBy, w.heldAt = i, cur
			return false
		}
	}
	return true
}
