package slot

import (
	"errors"
	"fmt"
	"math/bits"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
)

// Limits of a block.
const (
	MaxCapacity  = 1 << 16
	MaxConsumers = 1 << 10
	MaxSpinlocks = 1 << 8
	MaxPayload   = 1 << 30 // bytes
	MaxAlign     = 128     // bytes
)

// NoSpare asks for a block of latest values with as few slots as can work.
const NoSpare = ^uint32(0)

// defaultSpare makes a scan of the cells good for nine writes.
const defaultSpare = 8

// A Config says what a block is to be. Policy, Sync, Consumers and PayloadSize,
// and Capacity of a ring, have no default: zero means that they were forgotten.
type Config struct {
	Policy       hdr.Policy
	Sync         hdr.Sync
	Capacity     uint32 // values a reader can fall behind; may stay 0 for Single and Double
	Consumers    uint32 // at most this many at once
	PayloadSize  uint32 // bytes of a value
	PayloadAlign uint32 // a power of two; less than 8 counts as 8

	// Spare is the number of slots a block of latest values has beyond what it needs
	// (consumers + 2, or Capacity if that is more). 0 means 8, NoSpare none.
	Spare uint32

	Timestamp    bool // each value carries the time of its commit
	Length       bool // each value carries its length
	Evict        bool // the writer may take the place of a stalled reader: readers copy
	Checksum     hdr.Checksum
	ChecksumType hdr.ChecksumType

	FlexSize  uint32 // bytes of the flexible zone, 0 for none
	FlexMode  hdr.FlexMode
	Spinlocks uint32
}

// A ConfigError says which field of a Config is missing or contradicts another.
type ConfigError struct {
	Field  string
	Reason string
}

func (e *ConfigError) Error() string { return e.Field + ": " + e.Reason }

// validate returns all that is wrong with c, one ConfigError per field.
func (c *Config) validate() error {
	var errs []error
	bad := func(field, format string, a ...any) {
		errs = append(errs, &ConfigError{field, fmt.Sprintf(format, a...)})
	}
	switch c.Policy {
	case hdr.PolicySingle, hdr.PolicyDouble:
		if want := uint32(c.Policy); c.Capacity != 0 && c.Capacity != want {
			bad("Capacity", "%d given, but this policy keeps %d: leave it out", c.Capacity, want)
		}
		if c.Sync != 0 && c.Sync != hdr.SyncLatestOnly {
			bad("Sync", "Single and Double need LatestOnly: nothing waits there for a reader")
		}
	case hdr.PolicyRing:
		if c.Capacity == 0 {
			bad("Capacity", "not set: say how many values the ring keeps, 1 to %d", MaxCapacity)
		} else if c.Capacity > MaxCapacity {
			bad("Capacity", "%d is more than %d", c.Capacity, MaxCapacity)
		}
	case 0:
		bad("Policy", "not set: choose Single, Double or Ring")
	default:
		bad("Policy", "unknown value %d", c.Policy)
	}
	switch c.Sync {
	case hdr.SyncLatestOnly, hdr.SyncSyncReaders, hdr.SyncOverwrite:
	case hdr.SyncSingleReader:
		if c.Consumers > 1 {
			bad("Consumers", "%d given, but SingleReader has exactly 1", c.Consumers)
		}
	case 0:
		bad("Sync", "not set: choose LatestOnly, SingleReader, SyncReaders or Overwrite")
	default:
		bad("Sync", "unknown value %d", c.Sync)
	}
	switch {
	case c.Consumers == 0:
		bad("Consumers", "not set: say how many there can be at once, 1 to %d", MaxConsumers)
	case c.Consumers > MaxConsumers:
		bad("Consumers", "%d is more than %d", c.Consumers, MaxConsumers)
	}
	switch {
	case c.PayloadSize == 0:
		bad("PayloadSize", "not set: say how many bytes a value has, 1 to %d", MaxPayload)
	case c.PayloadSize > MaxPayload:
		bad("PayloadSize", "%d is more than %d", c.PayloadSize, MaxPayload)
	}
	if a := c.PayloadAlign; a > MaxAlign || bits.OnesCount32(a) > 1 {
		bad("PayloadAlign", "%d is not a power of two up to %d", a, MaxAlign)
	}
	if c.Evict && c.Sync != hdr.SyncSyncReaders && c.Sync != 0 {
		bad("Evict", "only SyncReaders waits for stalled readers")
	}
	c.validateZones(bad)
	return errors.Join(errs...)
}

func (c *Config) validateZones(bad func(field, format string, a ...any)) {
	switch {
	case c.Checksum > hdr.ChecksumEnforced:
		bad("Checksum", "unknown value %d", c.Checksum)
	case !c.checksums() && c.ChecksumType != 0:
		bad("ChecksumType", "given without Checksum")
	case c.checksums() && c.ChecksumType == 0:
		bad("ChecksumType", "not set: choose CRC32C or BLAKE3")
	case c.ChecksumType > hdr.ChecksumTypeBlake3:
		bad("ChecksumType", "unknown value %d", c.ChecksumType)
	}
	switch {
	case c.FlexSize == 0 && c.FlexMode != 0:
		bad("FlexMode", "given without a flexible zone")
	case c.FlexSize > MaxPayload:
		bad("FlexSize", "%d is more than %d", c.FlexSize, MaxPayload)
	case c.FlexMode > hdr.FlexModeShared:
		bad("FlexMode", "unknown value %d", c.FlexMode)
	case c.FlexSize != 0 && c.FlexMode == 0:
		bad("FlexMode", "not set: choose DoubleBuffered or Shared")
	}
	switch {
	case c.Spinlocks > MaxSpinlocks:
		bad("Spinlocks", "%d is more than %d", c.Spinlocks, MaxSpinlocks)
	case c.Spinlocks == 0 && c.FlexMode == hdr.FlexModeShared && c.FlexSize != 0:
		bad("Spinlocks", "not set: a shared flexible zone needs one, lock 0 guards it")
	}
}

func (c *Config) checksums() bool {
	return c.Checksum == hdr.ChecksumManual || c.Checksum == hdr.ChecksumEnforced
}

// latest reports whether c is a block of latest values rather than an ordered one.
func (c *Config) latest() bool { return c.Sync == hdr.SyncLatestOnly }

// racy reports whether readers of c copy values while the writer may overwrite
// them, and validate afterwards.
func (c *Config) racy() bool { return c.Sync == hdr.SyncOverwrite || c.Evict }
