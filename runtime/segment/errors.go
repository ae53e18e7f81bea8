package segment

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/shm"
	"github.com/pylabhub/datahub/runtime/slot"
)

// Classes of errors, for errors.Is. Where the standard library has a class the
// error is of that as well: fs.ErrNotExist, fs.ErrExist, fs.ErrPermission.
var (
	ErrName     = errors.New("not a channel name")
	ErrNotFound = errors.New("no such channel")
	ErrExists   = errors.New("channel has a live producer")
	ErrBusy     = errors.New("channel has live consumers")

	ErrSchema     = errors.New("schema mismatch")
	ErrFlexSchema = errors.New("schema mismatch of the flexible zone")
	ErrPolicy     = errors.New("policy mismatch")
	ErrStale      = errors.New("block is from before the machine's last start")

	ErrMagic           = errors.New("not a file of a block")
	ErrByteOrder       = errors.New("block has another byte order")
	ErrForm            = errors.New("block has another form")
	ErrHeaderLayout    = errors.New("header has another layout")
	ErrHeaderChecksum  = errors.New("header is corrupt")
	ErrHeaderValue     = errors.New("header holds an impossible value")
	ErrOversize        = errors.New("file is longer than it must be")
	ErrBlockID         = errors.New("files belong to different blocks")
	ErrRegionMissing   = errors.New("region is missing")
	ErrRegionTwice     = errors.New("region is there twice")
	ErrRegionBounds    = errors.New("region does not lie in its file")
	ErrRegionOverlap   = errors.New("regions overlap")
	ErrRegionAlignment = errors.New("region is not aligned")
	ErrDescriptor      = errors.New("schema descriptor is corrupt")
	ErrLockScheme      = errors.New("block uses another kind of locks")
	ErrIncomplete      = errors.New("block lacks a file")

	// ErrReplaced: the block is no longer the one that has the name; attach again.
	ErrReplaced = errors.New("channel has another block by now")
	// ErrUnstable: the channel changed each time it was looked at.
	ErrUnstable = errors.New("channel keeps changing hands")
	// ErrNotProducer: only a producer's handle can do this.
	ErrNotProducer = errors.New("not the producer of this block")

	// Of package shm and slot.
	ErrTruncated    = shm.ErrTruncated
	ErrNoSpace      = shm.ErrNoSpace
	ErrTooManyFiles = shm.ErrTooManyFiles
	ErrInTheWay     = shm.ErrInTheWay
	ErrForeignOwner = shm.ErrForeignOwner
	ErrUnsupported  = shm.ErrUnsupported
	ErrHugePages    = shm.ErrHugePages
	ErrSuperseded   = slot.ErrSuperseded
)

// Types of packages slot and shm that errors of this one may hold.
type (
	// A ConfigError says which field of a Config is missing or contradicts another.
	ConfigError = slot.ConfigError
	// A ForeignOwnerError reports what belongs to another user.
	ForeignOwnerError = shm.ForeignOwnerError
	// An InTheWayError reports a name that stands for something else.
	InTheWayError = shm.InTheWayError
)

// A NotFoundError says that there is no block of this name. It is an
// [ErrNotFound] and an fs.ErrNotExist.
type NotFoundError struct {
	Channel string
	Root    string // the folder that was looked in
	Near    string // a channel with a name like this, "" if there is none
	// Ended: there was one, of a secure channel whose producer has died: its folder is
	// still there. It is an [ErrEnded] then.
	Ended bool
}

func (e *NotFoundError) Error() string {
	if e.Ended {
		return "the producer of this secure channel has died, and its memory with it: start the producer again"
	}
	s := fmt.Sprintf("no block in %s: start its producer", e.Root)
	if e.Near != "" {
		s += fmt.Sprintf(", or did you mean %q", e.Near)
	}
	return s
}

// Unwrap returns the classes.
func (e *NotFoundError) Unwrap() []error {
	if e.Ended {
		return []error{ErrNotFound, fs.ErrNotExist, ErrEnded}
	}
	return []error{ErrNotFound, fs.ErrNotExist}
}

// An ExistsError names the producer that a channel has. It is an [ErrExists] and
// an fs.ErrExist.
type ExistsError struct {
	Channel  string
	Path     string
	Producer Process // zero if the block does not tell
}

func (e *ExistsError) Error() string {
	return fmt.Sprintf("%s is its producer: stop it first, or use another name", e.Producer)
}

// Unwrap returns both classes.
func (e *ExistsError) Unwrap() []error { return []error{ErrExists, fs.ErrExist} }

// A StaleError reports a block that was made before the machine's last start:
// nobody can be using it. It is an [ErrStale].
type StaleError struct {
	Path   string
	Writer Process // who made it
}

func (e *StaleError) Error() string {
	return fmt.Sprintf("%s was made by %s before the machine's last start: let its producer replace it (option Replace), or remove the folder", e.Path, e.Writer)
}

func (e *StaleError) Unwrap() error { return ErrStale }

// A HeaderError reports a header that cannot be used. Its class is one of
// [ErrMagic], [ErrByteOrder], [ErrForm], [ErrHeaderLayout], [ErrHeaderChecksum],
// [ErrHeaderValue], [ErrTruncated], [ErrOversize], [ErrBlockID], [ErrLockScheme].
type HeaderError struct {
	File      string // path
	Field     string // of the header, or size
	Got, Want string
	Class     error
}

func (e *HeaderError) Error() string {
	s := fmt.Sprintf("%s: %s: %s is %s", e.File, e.Class, e.Field, e.Got)
	if e.Want != "" {
		s += ", expected " + e.Want
	}
	return s
}

func (e *HeaderError) Unwrap() error { return e.Class }

// A RegionError reports an entry of the region table that cannot be used. Its
// class is one of [ErrRegionMissing], [ErrRegionTwice], [ErrRegionBounds],
// [ErrRegionOverlap], [ErrRegionAlignment], [ErrDescriptor], [ErrHeaderValue].
type RegionError struct {
	File   string // path of the data file, where the table stands
	Region hdr.RegionKind
	Reason string
	Class  error
}

func (e *RegionError) Error() string {
	return fmt.Sprintf("%s: region %s: %s: %s", e.File, e.Region, e.Class, e.Reason)
}

func (e *RegionError) Unwrap() error { return e.Class }

// A FieldDiff is one field of a Config that differs from a block's.
type FieldDiff struct {
	Field     string
	Want, Got string
}

// A PolicyMismatchError reports a block that was made with other policies than
// this program asks for. It is an [ErrPolicy].
type PolicyMismatchError struct {
	Channel string
	Writer  Process // who made the block
	Diff    []FieldDiff
}

func (e *PolicyMismatchError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s was made by %s with other policies:", e.Channel, e.Writer)
	for _, d := range e.Diff {
		fmt.Fprintf(&b, "\n\t%s: the block has %s, this program wants %s", d.Field, d.Got, d.Want)
	}
	return b.String()
}

func (e *PolicyMismatchError) Unwrap() error { return ErrPolicy }
