package datablock

import (
	"time"

	"github.com/pylabhub/datahub/runtime/segment"
	"github.com/pylabhub/datahub/runtime/shm"
	"github.com/pylabhub/datahub/runtime/slot"
)

// An Option changes how a channel is opened. Those that concern only producers or
// only consumers are ignored by the others.
type Option func(*options)

type options struct {
	segment  segment.Options
	timeout  time.Duration
	wait     slot.Strategy
	clear    bool
	keep     bool
	name     string
	start    slot.Start
	position uint64

	backoff    slot.Backoff
	lazy       bool
	evict      bool
	evictAfter time.Duration
}

func newOptions(opts []Option) *options {
	o := &options{timeout: -1}
	for _, opt := range opts {
		opt(o)
	}
	return o
}

// reader returns the options of a consumer or observer.
func (o *options) reader() slot.ReaderOptions {
	who := segment.Identity()
	if o.name == "" {
		o.name = who.GetProgram()
	}
	return slot.ReaderOptions{
		Process: who, Name: o.name, Start: o.start, Position: o.position, Wait: o.wait, Backoff: o.backoff, Lazy: o.lazy,
	}
}

// Root sets the folder that holds the blocks. Without it that is $DATAHUB_DIR, or
// else the user's private folder in shared memory.
func Root(dir string) Option { return func(o *options) { o.segment.Root = dir } }

// Group lets members of the group attach to what is created. It needs a root that
// they can enter.
func Group(gid int) Option {
	return func(o *options) { o.segment.Group = shm.Access{Group: true, GID: gid} }
}

// AllowForeign accepts a block that belongs to another user, who must be trusted:
// an owner can change all of it at any time.
func AllowForeign() Option { return func(o *options) { o.segment.AllowForeign = true } }

// LayoutOnly accepts a block whose type has the same bytes with another meaning:
// other units, names or enum tables.
func LayoutOnly() Option { return func(o *options) { o.segment.LayoutOnly = true } }

// Replace makes a producer replace a block without a producer that has another
// type or other policies, or is from before the machine's last start. Without it
// Create refuses.
func Replace() Option { return func(o *options) { o.segment.Replace = true } }

// Keep makes a producer's Close leave the block in place, for the next producer to
// go on where this one stopped. Without it Close removes the block, unless it is
// of policy SingleReader and holds values that nobody has read.
func Keep() Option { return func(o *options) { o.keep = true } }

// ClearSlots makes a producer clear each slot before it is written. Without it a
// slot holds what an earlier value left there, except that optional fields are
// absent.
func ClearSlots() Option { return func(o *options) { o.clear = true } }

// Timeout bounds how long calls on the handle wait: 0 tries once, negative, the
// default, waits for ever. A context always wins.
func Timeout(d time.Duration) Option { return func(o *options) { o.timeout = d } }

// A WaitStrategy says how a handle waits.
type WaitStrategy = slot.Strategy

// The wait strategies.
const (
	Adaptive = slot.Adaptive // spin as long as that has been enough lately, yield if that was worth it, then sleep
	Busy     = slot.Busy     // spin: the fastest, for the price of a processor
	Block    = slot.Block    // sleep at once
)

// Wait sets how the handle waits; Adaptive is the default.
func Wait(s WaitStrategy) Option { return func(o *options) { o.wait = s } }

// A BackoffKind says how the pauses between two looks grow.
type BackoffKind = slot.BackoffKind

// The kinds of back-off.
const (
	NoBackoff          = slot.NoBackoff          // sleep until woken
	ExponentialBackoff = slot.ExponentialBackoff // from 1 µs, each pause twice the last
	ConstantBackoff    = slot.ConstantBackoff    // each pause as long as the cap
	AggressiveBackoff  = slot.AggressiveBackoff  // from 1 µs, each pause eight times the last
)

// Backoff makes a handle that has nothing to do look again after a pause, of at
// most cap (0: 1 ms, and never above 100 ms), instead of asking to be woken. That
// spares those it waits for a system call per wake-up, and costs latency and
// looks. It begins where spinning ends, so it changes nothing under Busy.
//
// A consumer in a [WaitSet] asks to be woken all the same.
//
// Observers, whom nobody wakes, do so anyway: ConstantBackoff of 5 ms without
// this option.
func Backoff(kind BackoffKind, cap time.Duration) Option {
	return func(o *options) { o.backoff = slot.Backoff{Kind: kind, Cap: cap} }
}

// EvictAfter makes a channel of policy SyncReaders in which a consumer that stands
// still for d while the producer needs its room loses its place: its next call
// returns ErrEvicted, and SeekNewest lets it join again. Consumers of such a
// channel get private copies of the values. It is a property of the block: each
// producer of the channel must say so or not.
func EvictAfter(d time.Duration) Option {
	return func(o *options) { o.evict, o.evictAfter = true, d }
}

// LazyRelease lets a consumer tell the producer only every so often how far it is:
// after an eighth of the capacity, when it has read everything, when the producer
// waits for it, and when it leaves. Streams of small values gain by it. The price: a
// consumer that stops with values left to read can cost the producer up to an eighth
// of the capacity, and one of SingleReader that dies has up to so many values read
// again by the next. It has no effect with [EvictAfter].
func LazyRelease() Option { return func(o *options) { o.lazy = true } }

// ConsumerName is what others see of a consumer; the program's name is the
// default. At most 48 bytes are kept.
func ConsumerName(name string) Option { return func(o *options) { o.name = name } }

// StartNewest makes a consumer begin with the next value that is written, or the
// newest one of policy LatestOnly. That is the default, except for SingleReader.
func StartNewest() Option { return func(o *options) { o.start = slot.StartNewest } }

// StartOldest makes a consumer begin with the oldest value that is still there.
// Under SingleReader it begins where the last consumer stopped, which is the
// default there.
func StartOldest() Option { return func(o *options) { o.start = slot.StartOldest } }

// StartAt makes a consumer begin with the value of a sequence number. If it is
// gone already, the first sample tells how many were lost; if it is yet to come,
// this is StartNewest.
func StartAt(seq uint64) Option {
	return func(o *options) { o.start, o.position = slot.StartAt, seq }
}
