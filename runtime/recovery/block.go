package recovery

import (
	"errors"
	"fmt"

	"github.com/pylabhub/datahub/runtime/segment"
	"github.com/pylabhub/datahub/runtime/slot"
)

// ErrReadOnly: a dump cannot be changed.
var ErrReadOnly = segment.ErrDumpReadOnly

// A SlotError says that a block has no slot of this number.
type SlotError struct{ Slot, Slots int }

func (e *SlotError) Error() string {
	return fmt.Sprintf("no slot %d: the block has slots 0 to %d", e.Slot, e.Slots-1)
}

// A Block is a block, or a dump, that is being looked at. It is mapped read-only and
// holds no lock. It is not for concurrent use.
type Block struct {
	target string
	opts   Options
	seg    *segment.Segment
	book   *slot.Book

	tracks   []track // of consumers, by cell
	producer track
}

// Open opens a target to be looked at: the block of a channel, or a dump. Nobody
// can tell that it was. Errors are those of [segment.Observe] and
// [segment.OpenDump].
func Open(target string, o Options) (*Block, error) {
	if !segment.IsDump(target) {
		return openChannel(target, o)
	}
	seg, err := segment.OpenDump(target, segment.DumpOptions{})
	if err != nil {
		return nil, err
	}
	return newBlock(target, o, seg)
}

// openChannel is Open for a channel, also one that is called like a dump.
func openChannel(name string, o Options) (*Block, error) {
	seg, err := segment.Observe(name, segment.Config{}, o.segment())
	if err != nil {
		return nil, err
	}
	return newBlock(name, o, seg)
}

func newBlock(target string, o Options, seg *segment.Segment) (b *Block, err error) {
	b = &Block{target: target, opts: o, seg: seg}
	if b.book, err = slot.NewBook(seg.Memory(), seg.Plan(), seg.Config()); err != nil {
		return nil, errors.Join(err, seg.Close())
	}
	return b, nil
}

// Close ends the use of the block.
func (b *Block) Close() error { return b.seg.Close() }

// Segment returns the block as the segment package sees it: header, schema, and
// memory to observe values in. It is good until Close.
func (b *Block) Segment() *segment.Segment { return b.seg }

// Observe returns a reader that takes no part and changes nothing, for values of
// any schema. It is good until Close. A dump does not change: its reader returns
// what is there, and then waits in vain; use TryAcquire.
func (b *Block) Observe(o slot.ReaderOptions) (r *slot.Reader, err error) {
	err = b.seg.Guard(func() error {
		r, err = slot.Observe(b.seg.Memory(), b.seg.Plan(), b.seg.Config(), b.seg.Host(), o)
		return err
	})
	return r, err
}

// with opens a target for one call.
func with[T any](target string, o Options, fn func(*Block) (T, error)) (v T, err error) {
	b, err := Open(target, o)
	if err != nil {
		return v, err
	}
	return use(b, fn)
}

// use calls fn and closes the block.
func use[T any](b *Block, fn func(*Block) (T, error)) (v T, err error) {
	err = b.seg.Guard(func() error { v, err = fn(b); return err })
	return v, errors.Join(err, b.Close())
}
