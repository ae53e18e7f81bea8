package slot

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/internal/word"
)

// Start says which value a reader begins with.
type Start uint8

const (
	// StartDefault is StartNewest, but for a single reader the place where the last
	// one stopped.
	StartDefault Start = iota
	// StartNewest: the next value that is written. For latest values the newest.
	StartNewest
	// StartOldest: the oldest value that is still there.
	StartOldest
	// StartAt: the value at a position. If it is not there any more the first Slot
	// tells how many were lost; if it does not exist yet, StartNewest.
	StartAt
)

// JoinReader takes a free cell, or a dead reader's, and begins to read. The cell
// is the caller's until Leave. ErrFull: there is none.
func JoinReader(m Memory, p Plan, c Config, h Host, opts ReaderOptions) (*Reader, error) {
	v, err := newView(m, p, c)
	if err != nil {
		return nil, err
	}
	i, err := takeCell(v, h)
	if err != nil {
		return nil, err
	}
	r := newReader(v, h, opts)
	r.enter(i)
	return r, nil
}

func newReader(v *view, h Host, opts ReaderOptions) *Reader {
	r := &Reader{
		view: v, host: h, opts: opts, clock: NewClock(),
		slots: v.slots, roomWanted: v.roomWanted,
		stride: uintptr(v.plan.Stride), payload: uintptr(v.plan.PayloadOff), size: uintptr(v.plan.PayloadSize),
		end:    uintptr(v.plan.Stride) * uintptr(v.plan.Slots),
		probed: -int64(probeEvery),
		every:  1,
	}
	if opts.Lazy && !v.conf.Evict { // a writer that evicts goes by the cursor
		r.every = max(1, uint64(v.plan.Capacity)/8)
	}
	r.wait.init(opts.Wait, opts.Backoff, r.clock, h, v.bell)
	return r
}

// enter makes cell i, which is locked, the reader's.
func (r *Reader) enter(i int) {
	r.index, r.cell = i, r.view.cell(i)
	r.cursor, r.evicted = r.cell.cursor, r.cell.evicted
	r.locks = newLocks(r.view, r.host, r.opts.Wait, r.clock, uint64(i)+1, r.cell.incarnation)
	if r.passive || r.conf.racy() {
		r.buf = make([]byte, r.plan.used(&r.conf)-8)
	}
	sweep(&r.cell)
	r.introduce()
	r.loadCounts()
	r.count.Joins++
	r.begin(r.opts.Start, r.opts.Position)
	r.flush()
}

// fullAfter is how long a joiner looks for a free cell before it reports that
// there is none.
const fullAfter = 100 * time.Millisecond

// takeCell locks a cell. A writer that cleans a dead reader's cell holds its lock
// for a moment, on a busy machine for some time, and looks like a reader then: only
// cells that stay taken are. (500 random kills found the joiner that looked twice
// and gave up.)
func takeCell(v *view, h Host) (int, error) {
	clock := NewClock()
	for tries := 0; tries < 2 || !word.Explored && clock.mono() < int64(fullAfter); tries++ {
		if tries > 1 && !word.Explored {
			time.Sleep(time.Millisecond)
		}
		for i := range int(v.plan.Consumers) {
			// The word first, then its lock; see Writer.reclaim.
			if active(v.cell(i).incarnation.Load()) && h.CellAlive(i) {
				continue
			}
			won, err := h.TryLockCell(i)
			if err != nil {
				return 0, fmt.Errorf("lock consumer cell %d: %w", i, err)
			}
			if won {
				return i, nil
			}
		}
	}
	return 0, fmt.Errorf("%w: all %d are in use", ErrFull, v.plan.Consumers)
}

// introduce writes who owns the cell, for people.
func (r *Reader) introduce() {
	b := make([]byte, cellSize-uint32(hdr.FieldConsumerCellPID))
	binary.NativeEndian.PutUint32(b, r.opts.Process.PID)
	binary.NativeEndian.PutUint64(b[hdr.FieldConsumerCellStart-hdr.FieldConsumerCellPID:], r.opts.Process.Start)
	copy(b[hdr.FieldConsumerCellName-hdr.FieldConsumerCellPID:], r.opts.Name)
	r.cells.PokeBytes(r.cell.base+uint64(hdr.FieldConsumerCellPID), b)
}

// begin puts the reader in its place. The cell is locked and free.
func (r *Reader) begin(start Start, position uint64) {
	for {
		r.inc = r.cell.incarnation.Load() + 1
		for r.evicted.Load() == r.inc { // some former owner's nonsense
			r.inc += 2
		}
		switch {
		case r.conf.latest():
			r.activate()
		case r.conf.Sync == hdr.SyncSingleReader && (start == StartDefault || start == StartOldest):
			r.resume()
		case start == StartDefault || start == StartNewest:
			r.atNewest()
		default:
			r.atOldest(start, position)
		}
		if r.evicted.Load() != r.inc {
			break
		}
		// So slow in joining that the writer would not wait.
		r.cell.incarnation.Store(r.inc + 1)
	}
	r.err, r.held, r.shown = nil, 0, r.pos
	if !r.conf.latest() {
		r.off = uintptr(r.pos%uint64(r.plan.Capacity)) * r.stride
	}
	// Whoever moves a cursor that counts looks whether somebody waits for that; a
	// reader may have joined in several steps.
	if r.roomWanted.Load() != 0 { // pairs with the room_wanted store in Writer.awaitRoom
		r.tellRoom()
	}
	c := &r.conf
	r.plain = !c.latest() && !c.racy() && !c.Timestamp && !c.Length && !c.checksums()
}

// activate makes the cell count.
func (r *Reader) activate() {
	r.cell.incarnation.Store(r.inc) // pairs with the incarnation load in Writer.slowest
}

// place publishes where the reader begins.
func (r *Reader) place(q uint64, first bool) {
	r.pos = q
	r.cursor.Store(q)
	if first {
		r.activate()
	}
}

// atNewest begins at head. If head has not moved once the cell counts, the writer
// has not looked at the cells beyond it without this one.
func (r *Reader) atNewest() {
	h := r.head.Load() // pairs with the head store in Writer.Commit
	for first := true; ; first = false {
		r.place(h, first)
		again := r.head.Load()
		if again == h {
			return
		}
		h = again
	}
}

// atOldest begins at position, if the gate lets it, or at the oldest that it does.
// The newest's rule is not enough here: the writer may have been allowed to
// overwrite these positions before the cell counted, without head moving.
func (r *Reader) atOldest(start Start, position uint64) {
	c := uint64(r.plan.Capacity)
	g := r.gate.Load() // pairs with the gate store in Writer.rescan
	for first := true; ; first = false {
		q := g - c
		if start == StartAt && position > q {
			q = max(q, min(position, r.head.Load()))
		}
		r.place(q, first)
		again := r.gate.Load()
		if again == g {
			if start == StartAt && position < q {
				r.lost = q - position
			}
			return
		}
		g = again
	}
}

// resume begins where the last single reader stopped: its cursor has counted all
// the time. Nonsense in the cell is replaced by the oldest position.
func (r *Reader) resume() {
	q, h := r.cursor.Load(), r.head.Load()
	// A dead writer may have stamped what head does not show yet.
	if h-q <= uint64(r.plan.Capacity) || q-h <= uint64(r.plan.Capacity) {
		r.pos = q
		r.activate()
		return
	}
	r.atOldest(StartOldest, 0)
}

// Seek moves the reader to another place, as if it had left and joined there.
// No value may be in use, and no lock held.
func (r *Reader) Seek(start Start, position uint64) error {
	switch {
	case r.held != 0:
		return ErrLoanOpen
	case r.err != nil && r.err != ErrEvicted:
		return r.err
	case r.conf.latest():
		return fmt.Errorf("%w: there is only the latest value to seek", ErrNotSupported)
	}
	if start == StartDefault {
		start = StartNewest
	}
	if !r.locks.move() {
		return ErrLockHeld
	}
	defer r.locks.moved()
	if r.err == nil {
		r.show() // a single reader's place is where its cursor stands
	}
	sweep(&r.cell)
	r.lost = 0
	r.begin(start, position)
	r.count.Joins++
	return nil
}

// Leave gives the cell back. A value in use is released; then the error is
// ErrLoanOpen. ErrLockHeld: see [Guard]. The reader is of no use afterwards.
func (r *Reader) Leave() error {
	if r.err == ErrHandleClosed {
		return nil
	}
	var err error
	if r.held != 0 {
		err = ErrLoanOpen
	}
	r.err, r.plain, r.held = ErrHandleClosed, false, 0
	r.wait.close()
	err = errors.Join(err, r.locks.close())
	r.flush()
	if !r.conf.latest() {
		r.show()
	}
	sweep(&r.cell)
	if r.roomWanted.Load() != 0 { // as in Release: one reader less may be room
		r.tellRoom()
	}
	if !r.passive {
		r.host.UnlockCell(r.index)
	}
	return err
}

// Cell returns the number of the reader's cell.
func (r *Reader) Cell() int { return r.index }

// cellOwner describes the owner of cell i, which may hold anything.
func (v *view) cellOwner(i int) Holder {
	b := make([]byte, cellSize-uint32(hdr.FieldConsumerCellPID))
	c := v.cell(i)
	c.region.PeekBytes(b, c.base+uint64(hdr.FieldConsumerCellPID))
	return Holder{
		Cell:  i,
		PID:   binary.NativeEndian.Uint32(b),
		Start: binary.NativeEndian.Uint64(b[hdr.FieldConsumerCellStart-hdr.FieldConsumerCellPID:]),
		Name:  text(b[hdr.FieldConsumerCellName-hdr.FieldConsumerCellPID:]),
	}
}

// text returns b up to its first NUL as text.
func text(b []byte) string {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	return string(bytes.ToValidUTF8(b, []byte("\uFFFD")))
}

func (r *Reader) loadCounts() {
	base := uint64(r.index) * countersSize
	r.count.each(func(off uint64, n *uint64) { *n = r.counters.Peek(base + off) })
}

// flush shows the counters and that this reader lives to others.
func (r *Reader) flush() {
	r.flushAt, r.flushed = r.count.Values+flushValues, r.clock.mono()
	r.gather()
	base := uint64(r.index) * countersSize
	r.cells.Poke(r.cell.base+uint64(hdr.FieldConsumerCellHeartbeatNS), uint64(r.clock.wall()))
	r.count.each(func(off uint64, n *uint64) {
		if r.counters.Peek(base+off) != *n {
			r.counters.Poke(base+off, *n)
		}
	})
}

// Counts returns what this and the earlier readers of the same cell met.
func (r *Reader) Counts() ReaderCounts {
	r.gather()
	return r.count
}
