package slot

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/internal/word"
)

// ReaderOptions say who reads, from where on, and how it waits.
type ReaderOptions struct {
	Process  hdr.Process
	Name     string // shown to others, at most 48 bytes of it
	Start    Start
	Position uint64 // of StartAt
	Wait     Strategy
	Backoff  Backoff
	// Lazy lets a reader that is behind show the writer only every C/8 values how far
	// it is (it shows it at once when it has caught up, when the writer waits for it,
	// and when it leaves). That doubles the rate of small values. The price: if a lazy
	// reader stops with values left to read, the writer has up to C/8 slots less. It
	// has no effect in a block with Evict.
	Lazy bool
}

// A Slot is a value in use. Its bytes are the block's own memory, to be read only
// until Release, or a private copy where the writer may overwrite it meanwhile.
type Slot struct {
	Seq     uint64 // position of the value: how many were written before it
	Payload []byte // as long as what was written
	Lost    uint64 // values between the last one and this one that were not seen
	Time    int64  // of the commit, nanoseconds since the Unix epoch; 0 if off
}

// A Reader is one consumer of a block. It is not for concurrent use.
//
// TryAcquire and Acquire lend the next value, Release ends its use.
type Reader struct {
	// What TryAcquire and Release of one plain value need.
	pos     uint64 // position of the next value
	off     uintptr
	end     uintptr
	stride  uintptr
	payload uintptr
	size    uintptr
	held    uint64 // values in use
	lost    uint64 // values to report with the next one
	shown   uint64 // what cursor holds
	every   uint64 // values after which cursor is to be stored
	plain   bool   // in order, in place, nothing but stamp and payload; and usable

	slots      word.Region
	cursor     *word.U64
	evicted    *word.U64
	roomWanted *word.U32
	inc        uint64 // incarnation of the cell

	*view
	cell  cell
	index int
	host  Host
	opts  ReaderOptions
	clock Clock
	wait  waiting
	err   error // set once the reader is of no more use

	seen    uint64 // latest values: the word last taken, 0 if it was put back
	began   bool   // latest values: there was one
	bad     uint64 // latest values: the word of a value that was refused
	skipped uint64 // values of a batch of copies that were released before the others
	batch   []byte // copies behind the first
	flushAt uint64 // values after which to show the counters
	flushed int64  // when they were last shown
	passive bool   // an observer: the cell is no part of the block
	private atomic.Uint64
	buf     []byte // the slot's copy behind its stamp, if values are copied
	probed  int64
	mourned uint64 // epoch of the producer whose death was told
	told    uint64 // epoch of the last time-out
	met     uint64 // epoch of producerID
	timeout *TimeoutError
	summer  summer
	count   ReaderCounts

	producerID ProducerID

	locks       *Locks
	flexRetries atomic.Uint64
	pad         handlePad
}

// TryAcquire lends the next value if there is one. The error is not about absence:
// the reader lost its place, misuse, or a bad value that was skipped.
func (r *Reader) TryAcquire() (Slot, bool, error) {
	if r.plain && r.held == 0 {
		b, ok := r.look()
		if !ok {
			return Slot{}, false, nil
		}
		return Slot{Seq: r.pos, Payload: b, Lost: r.lost}, true, nil
	}
	return r.try()
}

// try is the slow path of TryAcquire.
func (r *Reader) try() (Slot, bool, error) {
	switch {
	case r.err != nil:
		return Slot{}, false, r.err
	case r.held != 0:
		return Slot{}, false, ErrLoanOpen
	case r.conf.latest():
		l := r.latest.Load() // pairs with the latest store in Writer.commitLatest
		if l == r.seen {
			return Slot{}, false, nil
		}
		if r.passive {
			return r.observe(l)
		}
		return r.take(l)
	case r.conf.racy():
		return r.copyNext()
	}
	if r.slots.Fast64(r.off).Load() != r.pos+1 { // as in TryAcquire
		r.show()
		return Slot{}, false, nil
	}
	return r.deliver(r.slots.Bytes(r.off+8, r.stride-8))
}

// deliver lends the value whose slot, behind the stamp, is b: checked, or skipped
// with an error.
func (r *Reader) deliver(b []byte) (s Slot, ok bool, err error) {
	r.held, r.skipped = 1, 0
	if err := r.check(&s, b, r.pos); err != nil {
		return r.refuse(err)
	}
	s.Lost = r.lost
	return s, true, nil
}

// check makes s the value with number seq, whose slot behind the stamp is b, and
// returns an error if that is not a good one.
func (r *Reader) check(s *Slot, b []byte, seq uint64) error {
	if err := r.parse(s, b, seq); err != nil {
		return err
	}
	if r.conf.Checksum == hdr.ChecksumEnforced && !r.sumFits(b, seq+1) {
		return &ChecksumError{Seq: seq, Skipped: true}
	}
	if r.conf.Length {
		r.count.Bytes += uint64(len(s.Payload))
	}
	return nil
}

// parse finds the parts of a value.
func (r *Reader) parse(s *Slot, b []byte, seq uint64) error {
	s.Seq, s.Payload = seq, b[r.payload-8:][:r.size:r.size]
	if at := r.plan.TimestampOff; at != None {
		s.Time = int64(binary.NativeEndian.Uint64(b[at-8:]))
	}
	if at := r.plan.LengthOff; at != None {
		n := binary.NativeEndian.Uint32(b[at-8:])
		if n > uint32(r.size) {
			return fmt.Errorf("value %d: %w: length %d of %d", seq, ErrCorrupt, n, r.size)
		}
		s.Payload = s.Payload[:n:n]
	}
	return nil
}

// refuse skips a bad value: it is reported once and nobody stands still.
func (r *Reader) refuse(err error) (Slot, bool, error) {
	var sum *ChecksumError
	if errors.As(err, &sum) {
		r.count.ChecksumFailures++
		r.flush() // it is rare, and who is told of it may give up
	}
	lost, values := r.lost, r.count.Values
	r.lost = 0
	e := r.Release()
	r.lost, r.count.Values = lost, values // it was not read, and what was lost before is told with the next
	if e != nil {
		return Slot{}, false, e
	}
	return Slot{}, false, err
}

// Acquire lends the next value and waits for it: not at all if timeout is 0,
// without end if it is negative. If ctx ends first it returns its cause. A value
// that is there is lent whatever ctx says.
func (r *Reader) Acquire(ctx context.Context, timeout time.Duration) (Slot, error) {
	s, ok, err := r.TryAcquire()
	if ok || err != nil {
		return s, err
	}
	return r.await(ctx, timeout)
}

// await waits for the next value.
func (r *Reader) await(ctx context.Context, timeout time.Duration) (Slot, error) {
	if timeout != 0 && r.spin() {
		if s, ok, err := r.TryAcquire(); ok || err != nil {
			return s, err
		}
	}
	start := r.clock.mono()
	until := deadline(start, timeout)
	r.count.Waits++
	defer r.endWait(start)
	for now, looks := start, 0; ; now, looks = r.clock.mono(), looks+1 {
		if err := cause(ctx); err != nil {
			return Slot{}, err
		}
		sleeps := r.wait.strategy != Busy && now < until
		var b uint32
		if sleeps {
			if took, ok := r.wait.yield(); ok {
				found := r.Pending()
				if r.wait.settle(took, found); found {
					if s, ok, err := r.TryAcquire(); ok || err != nil {
						return s, err
					}
				}
			}
			// In this order: a writer that commits after the look below finds the flag
			// set, and then either changes the bell that is slept on, or had changed it
			// before it was read and committed before that. Pairs with the sleepers load
			// in Writer.Commit.
			b = r.bell.Load()
			if r.wait.asks() {
				r.sleepers.Store(1)
			}
		}
		if s, ok, err := r.TryAcquire(); ok || err != nil {
			return s, err
		}
		mourned := r.mourned
		wake, end := r.ended(now)
		if end != nil {
			// What came before the end comes first.
			if s, ok, err := r.TryAcquire(); ok || err != nil {
				r.mourned = mourned // to be told when that was read
				return s, err
			}
			return Slot{}, end
		}
		switch {
		case now >= until:
			r.count.Timeouts++
			return Slot{}, r.timedOut()
		case sleeps:
			r.flush()
			r.wait.sleep(ctx, b, min(until, wake, r.wait.again(now, looks)))
		default:
			r.wait.pause()
		}
		r.spin()
	}
}

func (r *Reader) endWait(start int64) {
	r.count.WaitNS += uint64(r.clock.mono() - start)
}

// spin looks for a while whether there is something new.
func (r *Reader) spin() bool {
	stamp, latest := r.slots.Fast64(r.off), r.conf.latest()
	for i := range r.wait.budget() {
		if latest && r.latest.Load() != r.seen || !latest && stamp.Load() == r.pos+1 {
			r.wait.hit(i)
			return true
		}
	}
	r.wait.miss()
	return false
}

// ended returns why there may be no more values, and when to ask again.
func (r *Reader) ended(now int64) (again int64, err error) {
	if err := r.farewell(); err != nil {
		return 0, err
	}
	if again = r.probed + int64(probeEvery); !word.Explored && now < again {
		return again, nil
	}
	r.probed = now
	// The epoch is loaded around the probe: a producer that takes over in between is
	// not dead.
	e := r.epoch.Load()
	if e == r.mourned || r.host.ProducerAlive() || r.epoch.Load() != e {
		return forever, nil
	}
	// It may have said goodbye between the first look at its state and the probe: the
	// state is stored before the lock is given back.
	if err := r.farewell(); err != nil {
		return 0, err
	}
	r.mourned = e
	return 0, ErrProducerDied
}

// farewell returns what the producer has said about the end, of this reader's place
// or of the block, nil if nothing.
func (r *Reader) farewell() error {
	state := r.state.Load() // pairs with the state stores in Writer.Close and mark
	// After the state: who lost its place before the end has not seen what came before
	// that. Pairs with the evicted stores in Writer.evict and Book.TakePlace.
	if r.evicted.Load() == r.inc {
		return r.fail(ErrEvicted)
	}
	switch state {
	case hdr.ProducerPageStateClosing:
		return ErrProducerClosed
	case hdr.ProducerPageStateSuperseded:
		return ErrSuperseded
	}
	return nil
}

// fail makes the reader useless.
func (r *Reader) fail(err error) error {
	r.err, r.plain = err, false
	if err == ErrEvicted {
		r.count.Evictions++
	}
	return err
}

// timedOut returns the error for a producer that did not write in time.
func (r *Reader) timedOut() error {
	if e := r.epoch.Load(); r.timeout == nil || r.told != e {
		p := readProducer(r.producer)
		r.told = e
		r.timeout = &TimeoutError{opAcquire, Holder{
			Cell: HolderProducer, PID: p.Who.PID, Start: p.Who.Start, Name: text(p.Who.Program[:])}}
	}
	return r.timeout
}

// Release ends the use of the values that were lent. Their bytes may be
// overwritten from now on. ErrEvicted says that they may have been before: then
// nothing that was read of them is to be believed.
func (r *Reader) Release() error {
	if r.held == 0 {
		return r.noLoan()
	}
	r.count.Values += r.held
	r.count.Lost += r.lost
	if r.conf.latest() {
		r.held, r.lost = 0, 0
		r.pos++
		r.cell.hold.Store(0) // pairs with the hold load in Writer.scanHolds
	} else {
		r.pos += r.held
		if r.off += uintptr(r.held) * r.stride; r.off >= r.end {
			r.off -= r.end
		}
		r.held, r.lost = 0, 0
		if r.pos-r.shown >= r.every || r.roomWanted.Load() != 0 {
			r.show()
		}
	}
	// After the store above, which no load of the values passes. Pairs with the
	// evicted store in Writer.evict, which comes before any overwriting.
	if r.evicted.Load() == r.inc {
		return r.fail(ErrEvicted)
	}
	if r.count.Values >= r.flushAt {
		r.flush()
	}
	return nil
}

func (r *Reader) noLoan() error {
	if r.err != nil {
		return r.err
	}
	return ErrNoLoan
}

// show lets the writer know how far this reader is.
func (r *Reader) show() {
	if r.shown == r.pos {
		return
	}
	r.shown = r.pos
	// Pairs with the cursor load in Writer.cursor: what was read of the values was
	// read before.
	r.cursor.Store(r.pos)
	if r.roomWanted.Load() != 0 { // pairs with the room_wanted store in Writer.awaitRoom
		r.tellRoom()
	}
}

// tellRoom wakes a writer that waits for room. It may find some, so the bell
// changes whoever else has rung it.
func (r *Reader) tellRoom() {
	r.count.Wakes++
	r.roomBell.Add(1) // pairs with the room_bell load in Writer.awaitRoom
	r.host.Wake(word.Addr(r.roomBell))
}

// Seq returns the position of the value in use, or of the next one.
func (r *Reader) Seq() uint64 { return r.pos }

// Lag returns how many values have been committed behind the one in use, or behind
// the last one. It loads a word that the producer writes all the time.
func (r *Reader) Lag() uint64 {
	head := r.head.Load()
	if r.conf.latest() {
		l := r.latest.Load()
		// The word has 44 bits of the stamp; the distance needs no more.
		head = r.pos + (l>>slotBits-r.pos)&seqMask
		if l == 0 {
			return 0
		}
	}
	if next := r.pos + r.held; head > next {
		return head - next
	}
	return 0
}
