package datablock

import (
	"errors"
	"fmt"

	"github.com/pylabhub/datahub/runtime/segment"
	"github.com/pylabhub/datahub/runtime/slot"
)

// What a call on a handle may return, for errors.Is.
var (
	// ErrProducerClosed: the producer has closed the channel and every value has been
	// read.
	ErrProducerClosed = slot.ErrProducerClosed
	// ErrProducerDied: the producer is gone without a word. A consumer is told once
	// per death; its next call waits for a producer that takes over.
	ErrProducerDied = slot.ErrProducerDied
	// ErrSuperseded: the channel has a new block, with another layout or policy. Attach
	// again.
	ErrSuperseded = slot.ErrSuperseded
	// ErrEvicted: this consumer lost its place. A value that was in use may have been
	// overwritten meanwhile.
	ErrEvicted = slot.ErrEvicted
	// ErrFull: the channel has as many consumers as it was made for.
	ErrFull = slot.ErrFull
	// ErrCorrupt: the block holds what no program of ours stores.
	ErrCorrupt = slot.ErrCorrupt
	// ErrChecksum: a value did not match its checksum. It is reported once and skipped.
	ErrChecksum = slot.ErrChecksum
	// ErrOverrun: the producer overwrote the value each time an observer copied it. Try
	// again.
	ErrOverrun = slot.ErrOverrun
	// ErrNotSupported: the channel's policy does not have the operation.
	ErrNotSupported = slot.ErrNotSupported
	// ErrNoValue: nothing has been written yet, or nothing new.
	ErrNoValue = errors.New("no value yet")

	// ErrMisuse is the class of the caller's own mistakes, of which the next
	// are the usual ones.
	ErrMisuse = slot.ErrMisuse
	// ErrLoanOpen: a value is in use; commit, abort or release it first.
	ErrLoanOpen = slot.ErrLoanOpen
	// ErrNoLoan: there is nothing to commit, abort or release.
	ErrNoLoan = slot.ErrNoLoan
	// ErrConcurrent: another goroutine waits in a call on this handle.
	ErrConcurrent = fmt.Errorf("%w: the handle is in use by another goroutine", ErrMisuse)
	// ErrBatch: a batch of this size cannot be had, committed or released.
	ErrBatch = slot.ErrBatch
	// ErrClosed: the handle was closed. It is an os.ErrClosed.
	ErrClosed = slot.ErrHandleClosed
	// ErrLength: more bytes than a value of the channel can have.
	ErrLength = slot.ErrLength
)

var errNil = fmt.Errorf("%w: the value is nil", ErrMisuse)

// What Create and Attach may return besides, for errors.Is.
var (
	ErrName         = segment.ErrName         // not a channel name
	ErrNotFound     = segment.ErrNotFound     // no such channel; an fs.ErrNotExist
	ErrExists       = segment.ErrExists       // the channel has a live producer; an fs.ErrExist
	ErrSchema       = segment.ErrSchema       // compiled for another type of the slots
	ErrFlexSchema   = segment.ErrFlexSchema   // compiled for another type of the flexible zone
	ErrPolicy       = segment.ErrPolicy       // compiled for other policies
	ErrStale        = segment.ErrStale        // the block is from before the machine's last start
	ErrForeignOwner = segment.ErrForeignOwner // the block belongs to another user
	ErrNoSpace      = segment.ErrNoSpace      // shared memory is full
	ErrHugePages    = segment.ErrHugePages    // Spec.PageSize is 2 MiB, and the host has no such pages
	ErrTooManyFiles = segment.ErrTooManyFiles // no more open files
	ErrTruncated    = segment.ErrTruncated    // a file is shorter than it must be: somebody has cut it; close the handle
	ErrInTheWay     = segment.ErrInTheWay     // something else has the name
)

// Errors with facts, for errors.As.
type (
	// A ConfigError names a field of a Spec that is missing or contradicts another.
	// All of them are joined in one error.
	ConfigError = slot.ConfigError
	// A TimeoutError names who was waited for. It is an os.ErrDeadlineExceeded.
	TimeoutError = slot.TimeoutError
	// A Holder is who was waited for.
	Holder = slot.Holder
	// A ChecksumError says which value was bad.
	ChecksumError = slot.ChecksumError

	// A NotFoundError says where a channel was looked for.
	NotFoundError = segment.NotFoundError
	// An ExistsError names the producer that a channel has.
	ExistsError = segment.ExistsError
	// A SchemaMismatchError lists the fields that differ, both versions, and who made
	// the block.
	SchemaMismatchError = segment.SchemaMismatchError
	// A PolicyMismatchError lists the policies that differ.
	PolicyMismatchError = segment.PolicyMismatchError
	// A Process says who somebody is.
	Process = segment.Process
)
