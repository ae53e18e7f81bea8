package datablock

import (
	"github.com/pylabhub/datahub/blds/schema"
	"github.com/pylabhub/datahub/runtime/fixed"
)

// Names that generated code uses, so that it imports this package alone.
type (
	// Schema is the compiled form of a schema.
	Schema = fixed.Schema
	// Field names a field of a record by its offset in bytes.
	Field = fixed.Field
	// Bool is a shared boolean of one byte; a Go bool must not live in shared memory.
	Bool = fixed.Bool

	// Policy says how many values a block keeps.
	Policy = schema.Policy
	// Sync says how readers and the writer wait for each other.
	Sync = schema.Sync
	// FlexMode says how the flexible zone is shared.
	FlexMode = schema.FlexMode
	// Checksum says when slots are checked.
	Checksum = schema.Checksum
	// ChecksumType is the algorithm of slot checksums.
	ChecksumType = schema.ChecksumType
)

// The policies. See docs/segment.md for what each promises.
const (
	Single = schema.Single // the newest value, one
	Double = schema.Double // the newest value and the one before it
	Ring   = schema.Ring   // Capacity values in order

	LatestOnly   = schema.LatestOnly   // consumers see the newest value; nobody waits
	SingleReader = schema.SingleReader // every value, in order, to exactly one consumer
	SyncReaders  = schema.SyncReaders  // every value, in order, to each consumer; the slowest holds the producer
	Overwrite    = schema.Overwrite    // in order; the producer never waits, losses are counted

	DoubleBuffered = schema.DoubleBuffered
	Shared         = schema.Shared

	ChecksumNone     = schema.ChecksumNone
	ChecksumManual   = schema.ChecksumManual
	ChecksumEnforced = schema.ChecksumEnforced

	CRC32C = schema.CRC32C
	BLAKE3 = schema.BLAKE3
)

// A Spec is a channel as it was compiled: the types of its zones and every
// policy. Nothing is guessed: Create refuses a Spec that leaves a required field
// at zero and names it. Generated code holds one per channel.
type Spec struct {
	Schema  *Schema // type of the slots; nil in a raw channel
	Flex    *Schema // type of the flexible zone, nil for none
	RawSize uint32  // bytes of the largest value of a raw channel, else 0

	Policy    Policy
	Sync      Sync
	Capacity  uint32 // values a consumer can fall behind; 0 for Single and Double
	Consumers uint32 // at most this many at once
	PageSize  uint32 // bytes: 4096 or 2 MiB; Create returns [ErrHugePages] where the host has no large ones

	FlexMode     FlexMode     // required with Flex
	Checksum     Checksum     // zero means ChecksumNone
	ChecksumType ChecksumType // required with a checksum
	Timestamp    bool         // each value carries the time of its commit
	Spinlocks    uint32
}
