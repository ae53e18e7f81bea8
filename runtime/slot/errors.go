package slot

import (
	"errors"
	"fmt"
	"os"
	"time"
)

// Classes of errors, for errors.Is.
var (
	// ErrProducerClosed: the producer has closed the block and every value it left
	// there has been read.
	ErrProducerClosed = errors.New("producer has closed the block")
	// ErrProducerDied: the producer died without closing the block. Each consumer is
	// told once; its next call waits for a producer that takes over.
	ErrProducerDied = errors.New("producer died")
	// ErrSuperseded: a block of a new generation has taken the name; attach again.
	ErrSuperseded = errors.New("block was replaced by a newer one")
	// ErrEvicted: the writer has given this consumer's place away, because it held
	// everybody up or because its cell held what no consumer writes. A value that
	// was in use may have been overwritten. Join again.
	ErrEvicted = errors.New("consumer lost its place")
	// ErrFull: as many consumers are attached as the block has cells.
	ErrFull = errors.New("no free consumer cell")
	// ErrCorrupt: a word of the block holds what no producer writes.
	ErrCorrupt = errors.New("block is corrupt")
	// ErrOverrun: the producer writes faster than this value can be copied. Try again.
	ErrOverrun = errors.New("overwritten again and again while it was copied")
	// ErrChecksum: a value does not match its checksum and was skipped.
	ErrChecksum = errors.New("checksum mismatch")
	// ErrNotSupported: this kind of block does not have the operation.
	ErrNotSupported = errors.New("not supported by this block")

	// ErrMisuse is the class of the caller's own mistakes.
	ErrMisuse = errors.New("misuse")
	// ErrLoanOpen: a slot is claimed, or a value in use, already.
	ErrLoanOpen = fmt.Errorf("%w: a loan is open: commit, abort or release it first", ErrMisuse)
	// ErrNoLoan: there is nothing to commit, abort or release.
	ErrNoLoan = fmt.Errorf("%w: no loan is open", ErrMisuse)
	// ErrBatch: a batch of this size cannot be had, or committed.
	ErrBatch = fmt.Errorf("%w: batch size", ErrMisuse)
	// ErrLength: more bytes than a value has.
	ErrLength = fmt.Errorf("%w: length", ErrMisuse)
	// ErrHandleClosed: the writer or reader was closed.
	ErrHandleClosed error = closedError{}
)

// A Holder is who somebody waits for.
type Holder struct {
	Cell  int       // number of the consumer's cell, -1 for the producer, -2 for nobody
	PID   uint32    // 0 if unknown
	Start uint64    // of the process, in the kernel's own unit
	Name  string    // as the consumer calls itself, or the producer's program
	Since time.Time // when it was first seen standing where it stands
}

// Cells of a Holder that is no consumer.
const (
	HolderProducer = -1
	HolderNobody   = -2
)

func (h Holder) String() string {
	switch h.Cell {
	case HolderNobody:
		return "a consumer: none is attached"
	case HolderProducer:
		return fmt.Sprintf("producer %q (pid %d)", h.Name, h.PID)
	}
	return fmt.Sprintf("consumer %q (pid %d, cell %d), which has not moved for %v",
		h.Name, h.PID, h.Cell, time.Since(h.Since).Round(time.Millisecond))
}

// A TimeoutError says that the time for a call was up, or that it could not be
// done at once, and who would have had to do something. It is an
// os.ErrDeadlineExceeded. Tries that fail for the same reason share one.
type TimeoutError struct {
	Op     string // "claim", "acquire" or "lock"
	Holder Holder
}

func (e *TimeoutError) Error() string {
	switch e.Op {
	case opAcquire:
		return "no new value in time: waiting for " + e.Holder.String()
	case opLock:
		return "lock not free in time: waiting for " + e.Holder.String()
	}
	return "no free slot in time: waiting for " + e.Holder.String()
}

// Is reports whether target is os.ErrDeadlineExceeded.
func (e *TimeoutError) Is(target error) bool { return target == os.ErrDeadlineExceeded }

// Timeout is true, as in net.Error.
func (e *TimeoutError) Timeout() bool { return true }

const (
	opClaim   = "claim"
	opAcquire = "acquire"
	opLock    = "lock"
)

// A closedError is both misuse and what the standard library calls closed.
type closedError struct{}

func (closedError) Error() string { return "the handle is closed" }

func (closedError) Is(target error) bool { return target == ErrMisuse || target == os.ErrClosed }
