package slot

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/internal/word"
)

// WriterOptions say who writes and how it waits.
type WriterOptions struct {
	Process hdr.Process
	// Fresh says that the block was just formatted for this process. Otherwise
	// OpenWriter takes over from a producer that is gone.
	Fresh bool
	// Wait is how a full ring is waited for.
	Wait    Strategy
	Backoff Backoff
	// EvictAfter is how long a reader may stand still while the writer needs its
	// room; then it loses its place. 0: for ever; negative: not at all. Only in a block
	// with Evict.
	EvictAfter time.Duration
}

// A Writer is the one producer of a block. It is not for concurrent use.
//
// Claim gives a slot to write to, Commit publishes it, Abort gives it back. A
// process that dies in between leaves nothing of it behind.
type Writer struct {
	// What Claim and Commit of one plain value need, in two cache lines.
	pos     uint64  // position of the next value
	limit   uint64  // positions below it may be written; 0 in a block of latest values
	off     uintptr // of the slot of pos
	end     uintptr // of the last slot
	stride  uintptr
	payload uintptr // offset of the payload in a slot
	size    uintptr // of the payload
	claimed uint64  // slots that are claimed and not committed
	plain   bool    // nothing but stamp and payload, in order
	closed  bool    // or failed

	head, latest *word.U64
	sleepers     *word.U32
	slots        word.Region
	buf          word.Region // where values are written: slots, or a private copy if Staged

	*view
	host  Host
	opts  WriterOptions
	clock Clock
	wait  waiting

	gateAt  uint64 // what gate holds; only this writer changes it
	step    uint64 // positions that one look at the cells is good for
	cells   []cell
	seen    []sighting
	heldBy  int    // the cell that was in the way at the last look
	heldAt  uint64 // its cursor
	lastOK  uint64 // single reader: the last cursor that was not nonsense
	single  bool   // the cursor of cell 0 counts, attached or not
	stall   stall
	probed  int64 // when the locks were last probed
	wanting bool  // room_wanted is set

	free    []uint64 // latest values: slots that may be written
	busy    []bool   // latest values: scratch of scan
	current uint64   // latest values: slot + 1 of the latest
	slot    uint64   // latest values: the claimed slot

	deskHost    DeskHost // host, if consumers have desks
	summer      summer
	summed      bool // the claimed values are to have checksums
	locks       *Locks
	flexUpdates atomic.Uint64
	cleaning    sync.Mutex
	tended      atomic.Uint64 // cells that Tend freed

	failure    error // not nil: the memory is not to be touched
	count      WriterCounts
	flushed    int64         // when the counters were last shown
	timeout    *TimeoutError // the last one, and why
	timedOutBy stall
	pad        handlePad
}

// handlePad ends a handle, so that another one behind it in memory, which another
// goroutine writes with every value, is in no line of this one.
type handlePad [64]byte

// OpenWriter makes the writer of a block whose producer's lock the caller holds.
// Unless opts.Fresh it takes over: what the last producer committed stays, what it
// was writing is dropped, and positions go on.
func OpenWriter(m Memory, p Plan, c Config, h Host, opts WriterOptions) (*Writer, error) {
	v, err := newView(m, p, c)
	if err != nil {
		return nil, err
	}
	w := &Writer{
		view: v, host: h, opts: opts, clock: NewClock(),
		head: v.head, latest: v.latest, sleepers: v.sleepers, slots: v.slots, buf: v.slots,
		stride: uintptr(p.Stride), payload: uintptr(p.PayloadOff), size: uintptr(p.PayloadSize),
		end:    uintptr(p.Stride) * uintptr(p.Slots),
		step:   max(1, uint64(p.Capacity)/8),
		cells:  v.allCells(),
		seen:   make([]sighting, p.Consumers),
		single: c.Sync == hdr.SyncSingleReader,
		heldBy: HolderNobody,
		probed: -int64(probeEvery),
	}
	w.plain = !c.latest() && !c.Timestamp && !c.Length && !c.checksums() && !word.Staged
	w.wait.init(opts.Wait, opts.Backoff, w.clock, h, v.roomBell)
	w.locks = newLocks(v, h, opts.Wait, w.clock, 0, v.epoch)
	if word.Staged {
		if w.buf, err = word.NewRegion(word.Alloc(p.SlotsSize, regionAlign), p.SlotsSize, regionAlign); err != nil {
			return nil, err
		}
	}
	if c.latest() {
		w.free = make([]uint64, 0, p.Slots)
		w.busy = make([]bool, p.Slots)
	}
	if err := w.takeover(); err != nil {
		return nil, err
	}
	return w, w.sitDown()
}

// takeover finds where the last producer stopped and makes this one the current.
func (w *Writer) takeover() error {
	var err error
	if w.conf.latest() {
		err = w.resumeLatest()
	} else {
		err = w.resumeOrdered()
	}
	if err != nil {
		return fmt.Errorf("take over: %w", err)
	}
	if !w.opts.Fresh {
		epoch := w.epoch.Load()
		w.setProducer(epoch+1, w.opts.Process)
		w.epoch.Store(epoch + 1) // pairs with the epoch load in readProducer
	}
	if w.loadCounts(); !w.opts.Fresh {
		w.count.Takeovers++
	}
	w.producer.Poke(uint64(hdr.FieldProducerPageSinceNS), uint64(w.clock.wall()))
	w.state.Store(hdr.ProducerPageStateLive)
	w.roomWanted.Store(0) // the dead writer may have been asleep
	// Who slept when the last producer died, or went to sleep since, looks again:
	// head may have moved, and nobody rang for it.
	w.sleepers.Store(0)
	w.ring()
	w.flush()
	return nil
}

// resumeOrdered rolls head forward over what was stamped: a reader may have seen
// those values, so they are committed.
func (w *Writer) resumeOrdered() error {
	head, gate, c := w.view.head.Load(), w.gate.Load(), uint64(w.plan.Capacity)
	if gate-head > c { // also if gate < head
		return fmt.Errorf("%w: head %d and gate %d with capacity %d", ErrCorrupt, head, gate, c)
	}
	from := head
	// pairs with the stamp store in Commit
	for head-from < c && w.stamp(head%c).Load() == head+1 {
		head++
	}
	if head != from {
		w.view.head.Store(head)
	}
	w.pos, w.limit, w.gateAt = head, head, gate
	w.off = uintptr(head%c) * w.stride
	if w.single {
		if w.lastOK = w.cells[0].cursor.Load(); head-w.lastOK > c {
			w.lastOK = head - c // nonsense: as if nothing had been read
		}
	}
	return nil
}

// ring wakes the readers without looking whether any sleeps.
func (w *Writer) ring() {
	w.bell.Add(1)
	ringDesks(w.desks, w.host)
	w.host.Wake(word.Addr(w.bell))
}

// Claim returns the payload of the slot of the next position, for the caller to
// write until Commit or Abort; it holds what an earlier value left there. It waits
// for readers that are behind: not at all if timeout is 0, without end if it is
// negative; a *TimeoutError names who was in the way. If ctx ends first Claim
// returns its cause. A claim that fails uses nothing up.
func (w *Writer) Claim(ctx context.Context, timeout time.Duration) ([]byte, error) {
	if w.pos < w.limit && w.claimed == 0 {
		w.claimed = 1
		if !w.plain {
			w.prepare(w.off)
		}
		return w.buf.Bytes(w.off+w.payload, w.size), nil
	}
	if err := w.claim(ctx, timeout, 1); err != nil {
		return nil, err
	}
	return w.Slot(0), nil
}

// ClaimN claims n slots in a row. Slot returns them. n is 1 to the capacity; a
// block of latest values has no batches.
func (w *Writer) ClaimN(ctx context.Context, timeout time.Duration, n int) error {
	switch {
	case n < 1 || n > int(w.plan.Capacity):
		return fmt.Errorf("%w: %d is not between 1 and the capacity %d", ErrBatch, n, w.plan.Capacity)
	case w.conf.latest() && n > 1:
		return fmt.Errorf("%w: latest values are written one by one", ErrNotSupported)
	}
	return w.claim(ctx, timeout, uint64(n))
}

// claim is the slow path of Claim, and ClaimN.
func (w *Writer) claim(ctx context.Context, timeout time.Duration, n uint64) error {
	switch {
	case w.closed:
		return w.refusal()
	case w.claimed != 0:
		return ErrLoanOpen
	case w.conf.latest():
		if err := context.Cause(ctx); err != nil {
			return err
		}
		return w.claimLatest()
	}
	if w.pos+n > w.limit && !w.rescan(n) {
		if err := w.awaitRoom(ctx, timeout, n); err != nil {
			return err
		}
	}
	w.claimed = n
	if !w.plain {
		for i := range n {
			w.prepare(w.offset(i))
		}
	}
	return nil
}

// Slot returns the payload of the i-th claimed slot.
func (w *Writer) Slot(i int) []byte {
	if uint64(i) >= w.claimed {
		return nil
	}
	return w.buf.Bytes(w.offset(uint64(i))+w.payload, w.size)
}

// offset returns where the i-th claimed slot begins.
func (w *Writer) offset(i uint64) uintptr {
	off := w.off + uintptr(i)*w.stride
	if off >= w.end {
		off -= w.end
	}
	return off
}

// Seq returns the position of the first claimed slot, or of the next one.
func (w *Writer) Seq() uint64 { return w.pos }

// SetLen says that only the first n bytes of the i-th claimed slot are written.
// Without it a value has all of its bytes.
func (w *Writer) SetLen(i, n int) error {
	switch {
	case uint64(i) >= w.claimed:
		return ErrNoLoan
	case !w.conf.Length:
		return fmt.Errorf("%w: values of this block have one length", ErrNotSupported)
	case n < 0 || uintptr(n) > w.size:
		return fmt.Errorf("%w: %d of %d bytes", ErrLength, n, w.size)
	}
	w.setLen(w.offset(uint64(i)), uint32(n))
	return nil
}

func (w *Writer) setLen(off uintptr, n uint32) {
	b := w.buf.Bytes(off+uintptr(w.plan.LengthOff), uintptr(lengthSize))
	binary.NativeEndian.PutUint32(b[hdr.FieldSlotLengthLength:], n)
	binary.NativeEndian.PutUint32(b[hdr.FieldSlotLengthFlags:], 0)
}

// prepare writes what stands beside a payload and may be changed before commit.
func (w *Writer) prepare(off uintptr) {
	if w.conf.Length {
		w.setLen(off, uint32(w.size))
	}
}

// Commit publishes the claimed value. If the process dies before Commit returns,
// the value is either wholly visible or not at all.
func (w *Writer) Commit() error {
	if w.claimed != 1 || !w.plain {
		return w.CommitN(1)
	}
	p := w.pos + 1
	// Publishes the payload; pairs with the stamp load in Reader.TryAcquire.
	w.slots.Fast64(w.off).Store(p)
	// Pairs with the head loads in Reader.join and of observers.
	w.head.Store(p)
	w.pos = p
	if w.off += w.stride; w.off == w.end {
		w.off = 0
	}
	if w.sleepers.Load() != 0 { // pairs with the sleepers store in Reader.await
		w.wake()
	}
	w.claimed = 0 // last: who sees it knows that the memory is not touched any more
	return nil
}

// CommitN publishes the first n of the claimed slots and gives the others back.
// Readers may see them one by one, and if the process dies meanwhile only some.
func (w *Writer) CommitN(n int) error {
	switch {
	case w.claimed == 0:
		return ErrNoLoan
	case n < 1 || uint64(n) > w.claimed:
		return fmt.Errorf("%w: commit of %d slots, %d are claimed", ErrBatch, n, w.claimed)
	case w.failure != nil:
		return errors.Join(w.failure, w.Abort())
	}
	if w.conf.latest() {
		w.commitLatest()
	} else {
		now := w.now()
		for i := range uint64(n) {
			off := w.offset(i)
			w.finish(off, w.pos+i+1, now)
			w.slots.Fast64(off).Store(w.pos + i + 1) // as in Commit, in ascending order
		}
		w.head.Store(w.pos + uint64(n))
		w.off = w.offset(uint64(n))
		w.pos += uint64(n)
	}
	w.summed = false
	if w.sleepers.Load() != 0 { // pairs with the sleepers store in Reader.await
		w.wake()
	}
	w.claimed = 0 // last, as in Commit
	return nil
}

// wake wakes the readers, of whom one at least may sleep. The flag is cleared
// before the bell changes: a reader that sets it in between has not read the bell
// it will sleep on yet, or finds it changed.
func (w *Writer) wake() {
	if w.desks != nil {
		w.wakeDesks()
		return
	}
	w.sleepers.Store(0)
	w.count.Wakes++
	w.ring()
	w.flushSometimes()
}

// finish writes what stands beside the payload of the value with that stamp.
func (w *Writer) finish(off uintptr, stamp uint64, now int64) {
	if w.conf.Timestamp {
		b := w.buf.Bytes(off+uintptr(w.plan.TimestampOff), timestampSize)
		binary.NativeEndian.PutUint64(b, uint64(now))
	}
	if w.conf.Length {
		b := w.buf.Bytes(off+uintptr(w.plan.LengthOff), uintptr(lengthSize))
		w.count.Bytes += uint64(binary.NativeEndian.Uint32(b))
	}
	if w.summed || w.conf.Checksum == hdr.ChecksumEnforced {
		w.sum(off, stamp)
	}
	if word.Staged {
		w.slots.CopyIn(off+8, w.buf.Bytes(off+8, uintptr(w.plan.used(&w.conf))-8))
	}
}

// Abort gives the claimed slots back. Nothing of them was published.
func (w *Writer) Abort() error {
	if w.claimed == 0 {
		return ErrNoLoan
	}
	if w.conf.latest() {
		w.free = append(w.free, w.slot)
	}
	w.claimed, w.summed = 0, false
	return nil
}

// Close says that there will be no more values and wakes everybody. A claimed
// slot is given back; then the error is ErrLoanOpen. ErrLockHeld: see [Guard]. The
// caller gives the producer's lock back afterwards.
func (w *Writer) Close() error {
	if w.closed && w.failure == nil {
		return nil
	}
	w.failure = nil
	var err error
	if w.claimed != 0 {
		err = errors.Join(ErrLoanOpen, w.Abort())
	}
	w.closed, w.limit = true, 0
	w.wait.close()
	err = errors.Join(err, w.locks.close())
	w.flush()
	// Pairs with the state load in Reader.await.
	w.state.Store(hdr.ProducerPageStateClosing)
	w.sleepers.Store(0)
	w.ring()
	return err
}

// Detach ends the use of the memory without saying that the block is closed: the
// next producer takes over. A claimed slot is dropped.
func (w *Writer) Detach() {
	if w.closed {
		return
	}
	w.closed, w.limit, w.claimed = true, 0, 0
	w.wait.close()
	_ = w.locks.close() // the next to lock what is held are told
	w.flush()
}
