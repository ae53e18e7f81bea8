package recovery

// ForceResetSlot makes the producer able to go on where it is kept from by those who
// stand at a slot: places of dead consumers are freed, and what a dead producer left
// is finished, see [ReleaseZombieWriter].
//
// With [Options.Force] a live consumer that stands there loses its place as well, and
// is told by its next call (ErrEvicted). A live producer is never touched: stop its
// process first. The only consumer of a SingleReader channel keeps its place, because
// what it has not read would be lost.
//
// Results: Success, NotStuck (nobody stands there, or only somebody who is well and
// Force was not given), Unsafe, InvalidSlot, Failed with an error.
func ForceResetSlot(target string, slot int, o Options) (Outcome, error) {
	return act(target, o, func(b *Block) (Outcome, error) { return b.forceReset(slot) })
}

// ReleaseZombieReaders frees the places of dead consumers: what they held, and the
// cursors that the producer waits for. Their cursors stay, for the next consumer of
// a SingleReader channel. Results: Success, NotStuck, Failed with an error.
func ReleaseZombieReaders(target string, o Options) (Outcome, error) {
	return act(target, o, (*Block).releaseReaders)
}

// ReleaseZombieWriter finishes what a dead producer left: values that it stamped are
// committed, and everybody who sleeps looks again. The next producer does the same;
// until then it makes the last values known. A half-written value was never visible
// and needs nothing. Results: Success, NotStuck, Unsafe (the producer lives), Failed
// with an error.
func ReleaseZombieWriter(target string, o Options) (Outcome, error) {
	return act(target, o, (*Block).releaseWriter)
}

// CleanupDeadConsumers is [ReleaseZombieReaders], and also mends cells that nobody
// uses and that hold what no consumer leaves behind.
func CleanupDeadConsumers(target string, o Options) (Outcome, error) {
	return act(target, o, (*Block).cleanup)
}
