package slot

import (
	"context"
	"time"

	"github.com/pylabhub/datahub/runtime/internal/word"
)

// joinGrace is how long a consumer may stay in the middle of joining while the
// writer needs room.
const joinGrace = time.Second

// probeEvery is how long a look at the locks is good for. Who would look again
// sooner sleeps that long at most, and then looks.
const probeEvery = 10 * time.Millisecond

// awaitRoom waits until n positions may be written.
func (w *Writer) awaitRoom(ctx context.Context, timeout time.Duration, n uint64) error {
	w.count.RoomWaits++
	if timeout != 0 && w.spinForRoom(n) {
		return nil
	}
	start := w.clock.mono()
	until := deadline(start, timeout)
	for now, looks := start, 0; ; now, looks = w.clock.mono(), looks+1 {
		if err := cause(ctx); err != nil {
			return w.endWait(start, err)
		}
		wake := w.probed + int64(probeEvery)
		if word.Explored || now >= wake {
			w.probed = now
			w.reclaim(n)
			if w.rescan(n) {
				return w.endWait(start, nil)
			}
			wake = forever
		}
		wake = min(wake, w.judge(now))
		if now >= until {
			w.count.Timeouts++
			return w.endWait(start, w.timedOut())
		}
		if w.wait.strategy == Busy {
			w.wait.pause()
		} else {
			if took, ok := w.wait.yield(); ok {
				found := w.rescan(n)
				if w.wait.settle(took, found); found {
					return w.endWait(start, nil)
				}
			}
			b := w.ticket()
			if w.wait.asks() {
				w.wanting = true
				w.roomWanted.Store(1) // pairs with the room_wanted load in Reader.tellRoom
			}
			if w.rescan(n) { // last: a reader that advanced before it may not have seen the flag
				return w.endWait(start, nil)
			}
			w.flush()
			w.wait.sleep(ctx, b, min(until, wake, w.wait.again(now, looks)))
		}
		if w.rescan(n) || w.spinForRoom(n) {
			return w.endWait(start, nil)
		}
	}
}

// endWait ends a wait for room.
func (w *Writer) endWait(start int64, err error) error {
	if w.wanting {
		w.wanting = false
		w.roomWanted.Store(0) // readers never do
	}
	if w.wait.bells != nil {
		w.wait.bells.vain = 0
	}
	w.count.RoomWaitNS += uint64(w.clock.mono() - start)
	if err != nil {
		w.flushSometimes() // it may give up now, and others are to see why
	}
	return err
}

// patience is how many more looks the writer takes once there is room, so that
// it has room for many values and not for one. The ring is full of values to read
// meanwhile; nobody is waiting for the next.
const patience = 128

// spinForRoom looks for a while at the cell that is in the way.
func (w *Writer) spinForRoom(n uint64) bool {
	cursor := w.cells[max(w.heldBy, 0)].cursor
	budget, moved := w.wait.budget(), 0
	for i := 0; i < budget; i++ {
		by := cursor.Load() - w.heldAt
		if by == 0 {
			continue
		}
		if moved == 0 {
			moved, budget = i, i+patience
		}
		if by >= w.step || i == budget-1 {
			if w.rescan(n) {
				w.wait.hit(moved)
				return true
			}
			cursor, moved = w.cells[max(w.heldBy, 0)].cursor, 0
			budget = w.wait.budget()
		}
	}
	w.wait.miss()
	return false
}

// judge decides about the reader in the way, and returns when to do so again.
func (w *Writer) judge(now int64) (again int64) {
	i, inc := w.watch(now)
	if !active(inc) {
		return forever
	}
	switch {
	case !w.single && !w.seen[i].placed:
		again = w.stall.since + int64(joinGrace)
		if now >= again {
			w.detach(i, inc)
			return now
		}
		return again
	case w.conf.Evict && w.opts.EvictAfter != 0:
		again = w.stall.since + int64(max(w.opts.EvictAfter, 0))
		if now >= again {
			w.count.Evictions++
			w.evict(i, inc)
			return now
		}
		return again
	}
	return forever
}

// watch remembers since when the reader in the way has stood where it stands, and
// returns its cell and incarnation, 0 if there is none.
func (w *Writer) watch(now int64) (i int, inc uint64) {
	if i = w.heldBy; i < 0 {
		return i, 0
	}
	inc = w.cells[i].incarnation.Load()
	if w.desks != nil {
		w.stall = stall{cell: i, incarnation: inc, cursor: w.heldAt, since: w.stalledDesk(i, now)}
		return i, inc
	}
	if w.stall.incarnation != inc || w.stall.cell != i || w.stall.cursor != w.heldAt {
		w.stall = stall{cell: i, incarnation: inc, cursor: w.heldAt, since: now}
	}
	return i, inc
}

// A stall is a reader in the way that was seen more than once.
type stall struct {
	cell                int
	incarnation, cursor uint64
	since               int64
}

// timedOut returns the error for who is in the way: the same as long as nothing
// has changed.
func (w *Writer) timedOut() error {
	if w.timeout == nil || w.timedOutBy != w.stall {
		w.timeout = &TimeoutError{opClaim, w.holder()}
		w.timedOutBy = w.stall
	}
	return w.timeout
}

// holder describes the reader in the way.
func (w *Writer) holder() Holder {
	i := w.heldBy
	if i < 0 || !active(w.cells[i].incarnation.Load()) {
		return Holder{Cell: HolderNobody}
	}
	h := w.cellOwner(i)
	h.Since = w.clock.base.Add(time.Duration(w.stall.since))
	return h
}
