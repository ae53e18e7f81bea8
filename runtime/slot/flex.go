package slot

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/internal/word"
)

// The flexible zone is one value beside the slots. In both modes the word selector
// of the producer page holds how many values it has had << 1.
//
// Double-buffered it has two copies, and the low bit of selector names the current
// one. The producer writes the other one and then the selector. A reader copies
// the current one and looks whether the selector is still the same, sequence and
// all: if it is, the copy it has read was not being written, because that only
// begins once the selector has moved on.
//
// Shared it has one copy, which the producer changes and readers look at in place,
// under the lock 0.

// ErrFlexBusy: the producer changed the flexible zone each time it was copied. Try
// again.
var ErrFlexBusy = errors.New("flexible zone changed each time it was read")

// flexLock is the number of the lock that guards a shared flexible zone.
const flexLock = 0

// flexTries is how often a reader copies the zone before it gives up. A copy fails
// if the producer has published meanwhile, which takes it as long as a copy.
const flexTries = 128

// A flexZone is what both sides know of the flexible zone.
type flexZone struct {
	zone     word.Region
	selector *word.U64
	locks    *Locks
	stride   uintptr // distance of the copies
	size     uintptr // of the value, in whole words
	shared   bool
	buf      []byte // private
}

func newFlexZone(v *view, t *Locks) (flexZone, error) {
	if v.conf.FlexSize == 0 {
		return flexZone{}, fmt.Errorf("%w: it has no flexible zone", ErrNotSupported)
	}
	size := roundUp(v.conf.FlexSize, 8)
	return flexZone{
		zone: v.flex, selector: v.selector, locks: t,
		stride: uintptr(v.plan.FlexStride), size: uintptr(size),
		shared: v.conf.FlexMode == hdr.FlexModeShared,
		buf:    word.Alloc(uint64(size), MaxAlign),
	}, nil
}

// Shared reports whether the zone is changed and read in place.
func (f *flexZone) Shared() bool { return f.shared }

// Buffer returns the memory that Load fills: as long as the value, in whole words,
// and aligned for any.
func (f *flexZone) Buffer() []byte { return f.buf }

// lock takes the lock of a shared zone. If a producer died there the zone is not to
// be believed, and not locked; unless it is to be written anew.
func (f *flexZone) lock(timeout time.Duration, anew bool) (Guard, error) {
	g, v, err := Lock{f.locks, flexLock}.lock(context.Background(), timeout)
	switch {
	case err == nil:
		return g, nil
	case !errors.Is(err, ErrPoisoned):
	case anew:
		return g, nil
	case v&uint64(hdr.SpinlockPoisoned) == 0 && v>>hdr.SpinlockOwnerShift&lockOwnerMask != 0:
		// A consumer died, who has not changed anything: he cannot.
		return g, g.MarkConsistent()
	default:
		_ = g.Unlock() // it stays poisoned
	}
	return Guard{}, fmt.Errorf("flexible zone: %w", err)
}

// A FlexWriter writes the flexible zone. There is one per Writer, and it may be
// used by another goroutine than that.
type FlexWriter struct {
	flexZone
	updates *atomic.Uint64
}

// Flex returns the writer of the flexible zone. ErrNotSupported: there is none.
func (w *Writer) Flex() (*FlexWriter, error) {
	z, err := newFlexZone(w.view, w.locks)
	return &FlexWriter{z, &w.flexUpdates}, err
}

// Seq returns how many values the zone has had.
func (f *FlexWriter) Seq() uint64 {
	if !f.locks.inside.enter() {
		return 0
	}
	defer f.locks.inside.leave()
	return f.selector.Load() >> 1
}

// Load fills the buffer with the value of a double-buffered zone.
func (f *FlexWriter) Load() error {
	if !f.locks.inside.enter() {
		return ErrHandleClosed
	}
	defer f.locks.inside.leave()
	f.zone.CopyOut(f.buf, f.current()) // only this handle writes it
	return nil
}

// current returns where the current copy is.
func (f *flexZone) current() uintptr { return uintptr(f.selector.Load()&1) * f.stride }

// Publish makes what the buffer holds the value of a double-buffered zone. If the
// process dies before it returns readers have all of it, or the value before.
func (f *FlexWriter) Publish() error {
	if !f.locks.inside.enter() {
		return ErrHandleClosed
	}
	defer f.locks.inside.leave()
	// What another producer left: the sequence goes on, and the copy it was writing,
	// which nobody looks at, is written again.
	s := f.selector.Load()
	next := (s>>1+1)<<1 | s&1 ^ 1
	f.zone.CopyIn(uintptr(next&1)*f.stride, f.buf)
	// Publishes the copy. Loaded back so that on arm64, too, no byte of the next value
	// is written, over the copy that was current until now, before readers can see
	// that it is not. Pairs with the selector loads in FlexReader.Load.
	f.selector.Store(next)
	f.selector.Load()
	f.updates.Add(1)
	return nil
}

// Lock takes the lock of a shared zone and returns its memory, until Unlock. anew
// says that the caller writes all of it: then it does not matter what became of
// an owner of the lock. Otherwise ErrOwnerDied, to one, and ErrPoisoned tell that
// the zone was left half changed.
func (f *FlexWriter) Lock(timeout time.Duration, anew bool) ([]byte, Guard, error) {
	g, err := f.lock(timeout, anew)
	if err != nil {
		return nil, Guard{}, err
	}
	return f.zone.Bytes(0, f.size), g, nil
}

// Unlock gives a shared zone back, as a new value if changed.
func (f *FlexWriter) Unlock(g Guard, changed bool) error {
	if !changed {
		return g.Unlock()
	}
	if err := g.MarkConsistent(); err != nil {
		return err
	}
	f.selector.Store((f.selector.Load()>>1 + 1) << 1)
	f.updates.Add(1)
	return g.Unlock()
}

// A FlexReader reads the flexible zone. There is one per Reader, and it may be used
// by another goroutine than that.
type FlexReader struct {
	flexZone
	private atomic.Uint64
	retries *atomic.Uint64
	tries   int
}

// Flex returns the reader of the flexible zone. ErrNotSupported: there is none.
func (r *Reader) Flex() (*FlexReader, error) {
	z, err := newFlexZone(r.view, r.locks)
	return &FlexReader{flexZone: z, retries: &r.flexRetries, tries: flexTries}, err
}

// Seq returns how many values the zone has had, 0 after the reader has left.
func (f *FlexReader) Seq() uint64 {
	if !f.locks.inside.enter() {
		return 0
	}
	defer f.locks.inside.leave()
	return f.selector.Load() >> 1
}

// Load fills the buffer with the value of a double-buffered zone and returns its
// sequence, 0 if none was ever written: then the buffer is all zero. ErrFlexBusy
// comes after some microseconds for each KiB; the buffer holds nonsense then.
func (f *FlexReader) Load() (seq uint64, err error) {
	if !f.locks.inside.enter() {
		return 0, ErrHandleClosed
	}
	defer f.locks.inside.leave()
	for i := range f.tries {
		s := f.selector.Load() // pairs with the selector store in FlexWriter.Publish
		f.zone.CopyOut(f.buf, uintptr(s&1)*f.stride)
		// No load of the copy moves below this store, and no load below it above;
		// arm64 needs both.
		f.private.Store(0)
		if f.selector.Load() == s { // all of it: the index alone comes back every second time
			return s >> 1, nil
		}
		f.retries.Add(1)
		if i%16 == 15 {
			runtime.Gosched()
		}
	}
	return 0, ErrFlexBusy
}

// Lock takes the lock of a shared zone and returns its memory, for reading only,
// until the guard is unlocked, and the sequence of the value there.
func (f *FlexReader) Lock(timeout time.Duration) ([]byte, uint64, Guard, error) {
	g, err := f.lock(timeout, false)
	if err != nil {
		return nil, 0, Guard{}, err
	}
	done := false
	defer func() {
		if !done { // the zone's memory is gone
			g.Forget()
		}
	}()
	seq := f.selector.Load() >> 1
	done = true
	return f.zone.Bytes(0, f.size), seq, g, nil
}
