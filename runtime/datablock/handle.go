package datablock

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/pylabhub/datahub/runtime/segment"
	"github.com/pylabhub/datahub/runtime/slot"
)

// A handle is what producers and consumers have in common: the block, and the end
// of its use.
type handle struct {
	seg    *segment.Segment
	spec   *Spec
	opts   *options
	fields *fieldTable // nil in raw channels
	locks  *slot.Locks
	meter  *meter // made when metrics are first asked for

	slow   sync.Mutex // held by a call that may sleep; Close waits for it
	closed atomic.Bool
	member atomic.Pointer[member] // of a WaitSet, set while slow is held

	mu sync.Mutex // guards what follows, and changes of closed
	// live ends when the context that was waited under last ends, or with the handle.
	// It is kept because most handles wait under one context for long.
	live   context.Context
	parent <-chan struct{}
	cancel context.CancelCauseFunc
	flex   any // the FlexWriter or FlexReader, once it was asked for
}

// enter is what a call does first that may sleep. It does not wait for another
// such call: that would be concurrent use. h.slow.Unlock follows.
func (h *handle) enter() error {
	switch {
	case h.slow.TryLock():
		return nil
	case h.closed.Load():
		return ErrClosed
	}
	return ErrConcurrent
}

// linked returns a context that ends with ctx and with the handle.
func (h *handle) linked(ctx context.Context) (context.Context, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed.Load() {
		return nil, ErrClosed
	}
	// Contexts with one Done channel end together and for the same cause.
	if done := ctx.Done(); h.live == nil || h.parent != done {
		if h.cancel != nil {
			h.cancel(nil)
		}
		h.parent = done
		h.live, h.cancel = context.WithCancelCause(ctx)
	}
	return h.live, nil
}

// end closes the handle once: it makes a call that sleeps return, waits for it,
// and then calls fn, after which nobody touches the memory. If busy returns an
// error, because something of the memory is in use, the handle stays open.
func (h *handle) end(busy, fn func() error) error {
	h.mu.Lock()
	closed := h.closed.Swap(true)
	if h.cancel != nil {
		h.cancel(ErrClosed)
		h.live, h.cancel = nil, nil
	}
	h.mu.Unlock()
	if closed {
		return nil
	}
	h.slow.Lock()
	defer h.slow.Unlock()
	if err := busy(); err != nil {
		h.closed.Store(false)
		return err
	}
	if m := h.member.Load(); m != nil {
		m.left()
	}
	return errors.Join(fn(), h.seg.Close())
}

// Config returns the policies of the channel, as the block has them. It may be
// called at any time, also after Close.
func (h *handle) Config() Spec {
	c, head := h.seg.Config(), h.seg.Header()
	s := Spec{
		Schema: h.spec.Schema, Flex: h.spec.Flex,
		Policy: Policy(c.Policy), Sync: Sync(c.Sync), Capacity: c.Capacity, Consumers: c.Consumers, PageSize: head.PageSize,
		FlexMode: FlexMode(c.FlexMode), Checksum: Checksum(c.Checksum), ChecksumType: ChecksumType(c.ChecksumType),
		Timestamp: c.Timestamp, Spinlocks: c.Spinlocks,
	}
	if s.Schema == nil {
		s.RawSize = c.PayloadSize
	}
	return s
}

// Info describes a channel as one handle sees it.
type Info struct {
	Channel    string
	Path       string  // folder of the block
	Generation uint64  // 1, and one more for each block that replaced another
	TookOver   bool    // this producer goes on where a dead one stopped
	Bytes      int64   // memory the block takes
	Schema     *Schema // nil if raw
	Capacity   uint32  // values a consumer can fall behind
	Slots      uint32  // slots there are for them
	Stride     uint32  // bytes from slot to slot
	Creator    Process // who made the block
}

// Info returns what is known of the channel. It may be called at any time, also
// after Close.
func (h *handle) Info() Info {
	plan := h.seg.Plan()
	return Info{
		Channel: h.seg.Channel(), Path: h.seg.Path(), Generation: h.seg.Generation(), TookOver: h.seg.TookOver(),
		Bytes: h.seg.Size(), Schema: h.spec.Schema, Capacity: plan.Capacity, Slots: plan.Slots, Stride: plan.Stride,
		Creator: segment.NewProcess(&h.seg.Header().Creator),
	}
}
