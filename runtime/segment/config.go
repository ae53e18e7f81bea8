package segment

import (
	"errors"
	"fmt"
	"math"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/fixed"
	"github.com/pylabhub/datahub/runtime/shm"
	"github.com/pylabhub/datahub/runtime/slot"
)

// A Config says what block a producer wants. Nothing is guessed: a required field
// that is zero was forgotten, and is an error that names it.
type Config struct {
	Schema   *fixed.Schema // type of the slots, required; [RawSchema] for bytes without a type
	Flex     *fixed.Schema // type of the flexible zone, nil for none
	PageSize uint32        // bytes, required: 4096 or 2 MiB

	// Of the sizes only PayloadSize of a raw block is said here, the others follow
	// from the schemas. Length belongs to raw blocks, too.
	slot.Config
}

// Page sizes a block can have.
const (
	Page4K = 4 << 10
	Page2M = 2 << 20
)

// Options say how a block is made or found. The zero value is good.
type Options struct {
	// Root is the folder that holds the blocks. If it is empty that is $DATAHUB_DIR,
	// or else the user's private folder in shared memory.
	Root string

	// Group lets the members of a group attach. It needs a root that they can
	// enter. A group of the same number is made owner of what is created.
	Group shm.Access

	// AllowForeign accepts a block that another user owns. That user must be
	// trusted: who owns a block can change and cut all of it at any time.
	AllowForeign bool

	// Secure makes a secure channel. To [Attach] it says that the channel must be one;
	// one that is is found without it, too.
	Secure *Secure

	// LayoutOnly accepts a block whose type has the same bytes with another meaning:
	// other units, names, enum tables.
	LayoutOnly bool

	// Replace makes a producer replace a block that no producer holds and that has
	// another schema or other policies, or that is from before the machine's last
	// start. Without it Create refuses.
	Replace bool
}

func (o *Options) check() error {
	_, private, err := shm.Root(o.Root)
	if err == nil && private && o.Group.Group {
		return &ConfigError{Field: "Group", Reason: "the private folder is closed to everybody else: set Root or " + shm.RootVariable}
	}
	return err
}

// A design is a Config that was checked, with everything that follows from it.
type design struct {
	schema, flex *fixed.Schema
	pageSize     uint32
	conf         slot.Config
	plan         slot.Plan
}

// design checks c. The error joins a *[ConfigError] for each field that is
// missing or contradicts another.
func (c *Config) design() (*design, error) {
	var errs []error
	bad := func(field, format string, a ...any) {
		errs = append(errs, &ConfigError{Field: field, Reason: fmt.Sprintf(format, a...)})
	}
	d := &design{schema: c.Schema, flex: c.Flex, pageSize: c.PageSize, conf: c.Config}
	switch {
	case c.Schema == nil:
		bad("Schema", "not set: say what type the slots have, RawSchema for bytes")
		d.conf.PayloadSize = max(d.conf.PayloadSize, 1) // one error is enough
	case isRaw(c.Schema):
		d.conf.Length = true
	default:
		if c.PayloadSize != 0 && c.PayloadSize != c.Schema.Size {
			bad("PayloadSize", "%d given, but %s has %d bytes: leave it out", c.PayloadSize, c.Schema.ID, c.Schema.Size)
		}
		if c.Length {
			bad("Length", "only raw blocks have a length")
		}
		d.conf.PayloadSize, d.conf.PayloadAlign = c.Schema.Size, c.Schema.Align
	}
	switch c.PageSize {
	case Page4K, Page2M:
	case 0:
		bad("PageSize", "not set: choose %d or %d", Page4K, Page2M)
	default:
		bad("PageSize", "%d is neither %d nor %d", c.PageSize, Page4K, Page2M)
	}
	d.conf.FlexSize = 0
	if c.Flex != nil {
		d.conf.FlexSize = c.Flex.Size
	}
	if d.conf.Checksum == 0 {
		d.conf.Checksum = hdr.ChecksumNone
	}
	var err error
	d.plan, err = slot.NewPlan(d.conf)
	if err := errors.Join(append(errs, err)...); err != nil {
		return nil, err
	}
	if d.plan.SlotsSize > math.MaxInt64>>2 {
		return nil, &ConfigError{Field: "Capacity", Reason: "the slots are too large together"}
	}
	return d, nil
}
