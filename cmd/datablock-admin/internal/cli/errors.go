package cli

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/pylabhub/datahub/runtime/segment"
	"github.com/pylabhub/datahub/runtime/shm"
	"github.com/pylabhub/datahub/runtime/slot"
)

// errFindings is returned by a command that did its work, found something and has
// printed it.
var errFindings = errors.New("there are findings")

// A failure is how a command failed: what stands on the standard error output.
type failure struct {
	Class   string `json:"class"`
	Message string `json:"message"`
	Remedy  string `json:"remedy,omitempty"`
	Exit    int    `json:"exit"`
}

func (f failure) Error() string { return f.Message }

func usageError(format string, args ...any) error {
	return failure{Class: "usage", Message: fmt.Sprintf(format, args...), Exit: exitUsage}
}

// refused is the failure of a command that needs somebody's word.
func refused(remedy, format string, args ...any) error {
	return failure{Class: "refused", Message: fmt.Sprintf(format, args...), Remedy: remedy, Exit: exitRefused}
}

// classes are the kinds of errors with what to do. The first that fits counts.
var classes = []struct {
	is     error
	class  string
	exit   int
	remedy string
}{
	{segment.ErrName, "name", exitUsage, ""},
	{segment.ErrEnded, "dead", exitNotFound, `start its producer again, or run "datablock-admin remove"`},
	{segment.ErrNotFound, "not_found", exitNotFound, `run "datablock-admin list" for the channels there are`},
	{segment.ErrExists, "exists", exitRefused, "the producer lives: stop it first"},
	{segment.ErrBusy, "busy", exitRefused, "consumers are attached: stop them, or use --force; they keep what they have mapped"},
	{segment.ErrNotProducer, "not_producer", exitRefused, "nobody but the producer's own program changes a secure channel"},
	{segment.ErrNotAllowed, "permission", exitFailure, "run as the producer's user: it does not let others read this secure channel"},
	{segment.ErrNoAnswer, "no_answer", exitFailure, "if the process is stopped let it go on (kill -CONT), or end it and start another"},
	{segment.ErrForeignOwner, "foreign_owner", exitFailure, "run as the block's owner, or pass --allow-foreign if you trust that user"},
	{segment.ErrStale, "stale", exitFailure, `nobody can be using it: run "datablock-admin remove-stale"`},
	{segment.ErrTruncated, "truncated", exitFailure, `the block is lost: stop its programs, run "datablock-admin remove", start the producer anew`},
	{segment.ErrOversize, "corrupt", exitFailure, `the block is lost: stop its programs, run "datablock-admin remove", start the producer anew`},
	{segment.ErrForm, "other_version", exitFailure, "use the datablock-admin of the version that made the block"},
	{segment.ErrHeaderLayout, "other_version", exitFailure, "use the datablock-admin of the version that made the block"},
	{segment.ErrByteOrder, "other_version", exitFailure, "look at it on the kind of machine that made it"},
	{segment.ErrLockScheme, "other_version", exitFailure, "look at it on the system that made it"},
	{segment.ErrMagic, "not_a_block", exitFailure, "something else lies in the folder: move it away"},
	{segment.ErrIncomplete, "not_a_block", exitFailure, `if it was a block, run "datablock-admin remove"; else move the folder away`},
	{segment.ErrInTheWay, "in_the_way", exitFailure, "something else has the name: move it away"},
	{segment.ErrSuperseded, "superseded", exitFailure, "the producer died while it replaced the block: start it again"},
	{segment.ErrHeaderChecksum, "corrupt", exitFailure, `take a copy of the folder, then run "datablock-admin remove"`},
	{segment.ErrDescriptor, "corrupt", exitFailure, `take a copy of the folder, then run "datablock-admin remove"`},
	{segment.ErrHeaderValue, "corrupt", exitFailure, `take a copy of the folder, then run "datablock-admin remove"`},
	{segment.ErrBlockID, "corrupt", exitFailure, `take a copy of the folder, then run "datablock-admin remove"`},
	{slot.ErrCorrupt, "corrupt", exitFailure, `take a copy with "datablock-admin dump", then look with "datablock-admin validate"`},
	{slot.ErrNotSupported, "unsupported", exitFailure, ""},
	{segment.ErrDump, "not_a_dump", exitFailure, `name a channel without a slash, or a file that "datablock-admin dump" has made`},
	{segment.ErrDumpForm, "other_version", exitFailure, "use the datablock-admin of the version that took the dump"},
	{segment.ErrDumpChecksum, "corrupt", exitFailure, "the file was changed since the dump was taken: take another"},
	{segment.ErrDumpReadOnly, "refused", exitRefused, "name a channel"},
	{fs.ErrExist, "exists", exitRefused, "choose another name, or pass --overwrite"},
	{shm.ErrNoSpace, "no_space", exitFailure, `run "datablock-admin doctor" for what takes the space`},
	{shm.ErrTooManyFiles, "too_many_files", exitFailure, "raise the limit: ulimit -n"},
	{fs.ErrPermission, "permission", exitFailure, "run as the owner of the folder, or ask for access to its group"},
	{fs.ErrNotExist, "not_found", exitNotFound, ""},
}

// explain returns how err is told.
func explain(err error) failure {
	var f failure
	if errors.As(err, &f) {
		return f
	}
	var foreign *segment.ForeignOwnerError
	if errors.As(err, &foreign) && foreign.Owner == foreign.Self {
		return failure{Class: "open_to_others", Message: err.Error(), Remedy: "chmod 700 " + foreign.Path, Exit: exitFailure}
	}
	f = classify(err)
	var dump *segment.DumpError
	if errors.As(err, &dump) && blockClasses[f.Class] { // never tell anybody to remove a block for that
		f.Remedy = "the dump is no good: take another"
		if f.Class == "in_the_way" {
			f.Remedy = `name a file that "datablock-admin dump" has made`
		}
	}
	return f
}

// blockClasses are those whose remedies are for blocks.
var blockClasses = map[string]bool{"truncated": true, "corrupt": true, "in_the_way": true}

// classify returns the first class that fits.
func classify(err error) failure {
	for _, c := range classes {
		if errors.Is(err, c.is) {
			return failure{Class: c.class, Message: err.Error(), Remedy: c.remedy, Exit: c.exit}
		}
	}
	var region *segment.RegionError
	if errors.As(err, &region) {
		return failure{Class: "corrupt", Message: err.Error(), Remedy: `take a copy of the folder, then run "datablock-admin remove"`, Exit: exitFailure}
	}
	return failure{Class: "failure", Message: err.Error(), Exit: exitFailure}
}
