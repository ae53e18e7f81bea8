// Package datablock exchanges typed values between processes through shared
// memory: one [Producer], many [Consumer] handles, one ring of slots.
//
// Programs use it through the code that blds-gen generates from a schema, which
// supplies the types, the layout and the policies:
//
//	p, err := weather.ReadingChannel.Create("roof")
//	err = p.Write(ctx, func(r *weather.Reading) error { r.Temperature = 21.5; return nil })
//
//	c, err := weather.ReadingChannel.Attach("roof")
//	for s, err := range c.All(ctx) { ... s.Value.Temperature ... }
//
// Values are written and read in place. What a producer has not committed nobody
// sees; what it has committed survives its death. A consumer is refused at
// Attach if it was compiled for another schema.
//
// # Concurrency
//
// A handle is for one goroutine at a time; make one per goroutine. Close is the
// exception: it may be called from another goroutine while a call waits, which then
// returns ErrClosed. A goroutine that is busy with values must be stopped first, best
// by its context: to tell that it is would cost something on each call.
// Concurrent use of the other methods is found by the race detector, and by
// [ErrLoanOpen] or [ErrConcurrent] with some luck; it costs a check on each call to
// do better. Misuse never hangs.
//
// # Looking on
//
// An [Observer] sees values without taking part: read-only, without a consumer's
// place, never in anybody's way: weather.ReadingChannel.Observe("roof"). [MetricsOf] tells what a channel's participants
// counted, the Metrics of a handle the same with its own counters to the last
// value.
//
// # Batches and transactions
//
// BeginN and CommitN write several values at a time, NextN and ReleaseN read them:
// that is the way to the highest rates. WriteTx and ReadTx hand a function the value
// together with what belongs to it: policies, metrics, the flexible zone, and a
// check of the value against its schema.
//
// # Checksums
//
// With ChecksumEnforced every value is checked before it is delivered; one that does
// not match is an [ErrChecksum] once, is counted, and skipped. With ChecksumManual the
// producer calls Sum and a consumer the sample's Verify where they see fit.
//
// # Lifetime
//
// What Begin and Next return points into shared memory. It is good until Commit,
// Abort, Release or the next value; Close refuses while it is in use, so that no
// pointer leads to foreign memory. A [Sample] of a policy without losses is
// read-only: storing into it is a fault. Under Overwrite, with [EvictAfter] and for
// an observer it is a private copy.
//
// # Files that are cut short
//
// The block's owner can cut a file short while it is mapped; then what is missing
// faults. In calls of this package that is an [ErrTruncated], and all further calls
// on the handle return it: close the handle. Any other fault, like a store into a
// sample, goes on as a panic.
//
// Guarded are, on the goroutine that calls: Write, WriteTx, Send, Read and ReadTx with
// the functions they are given; everything that waits; BeginN, CommitN, NextN and
// ReleaseN; the copies that observers, Next under Overwrite or with [EvictAfter], Chan
// and the flexible zone make; WaitSet, locks, metrics and Close; and what All does
// itself. A fault in the body of a loop over All is a panic with an ErrTruncated:
// no iterator may end a panic of its body.
//
// Not guarded, because it would cost a tenth of a small value's time, is the use of
// what is lent: Begin, Commit and Abort, Next, TryNext and Release where they do not
// wait and values are read in place, and the memory they lend. There a fault ends the
// process, unless it happens in the function of [Consumer.Guard] or [Producer.Guard]:
// a whole loop in that costs nothing.
//
// # Waiting
//
// A call waits at most as long as [Timeout] says, for ever by default, and never
// longer than its context. An error that says so is an os.ErrDeadlineExceeded
// and names who was waited for. Everything after the wait is done anyway: a value
// that is there is delivered even if the context has ended.
//
// [Wait] says whether a handle spins, sleeps, or first one and then the other, and
// [Backoff] makes it look again after a pause instead of asking to be woken.
//
// Next sleeps in a system call of its own, which is the fastest way and costs a
// thread while it lasts. Who reads many channels puts their consumers in a
// [WaitSet], for which one thread sleeps for up to 127 of them:
//
//	set := datablock.NewWaitSet()
//	err := errors.Join(set.Add(roof), set.Add(cellar))
//	for e, err := range set.All(ctx) {
//		switch e.Consumer {
//		case roof:
//			s, ok, err := roof.TryNext()
//			...
//
// [Consumer.Chan] makes a Go channel of a consumer in the same way.
//
// A consumer that stalls holds the producer up under SyncReaders, unless that was
// told to take its place: [EvictAfter]. Then the consumer gets [ErrEvicted] and can
// join again with SeekNewest.
package datablock
