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
// exception: it may be called from anywhere and ends a call that waits.
// Concurrent use of the other methods is found by the race detector, and by
// [ErrLoanOpen] with some luck; it costs a check on each call to do better.
//
// # Lifetime
//
// What Begin and Next return points into shared memory. It is good until Commit,
// Abort, Release or the next value; Close refuses while it is in use, so that no
// pointer ever leads to foreign memory. A [Sample] of a policy without losses is
// read-only: storing into it is a fault.
//
// # Waiting
//
// A call waits at most as long as [Timeout] says, for ever by default, and never
// longer than its context. An error that says so is an os.ErrDeadlineExceeded
// and names who was waited for. Everything after the wait is done anyway: a value
// that is there is delivered even if the context has ended.
package datablock
