package segment

import (
	"errors"
	"fmt"

	"github.com/pylabhub/datahub/runtime/shm"
)

// Attach opens the block of a channel for a consumer: the data file for reading,
// the control file for writing. It takes no cell yet, that is the slot
// protocol's; see [Segment.Host].
//
// c says what the program was compiled for: Schema is required, Flex is compared
// if it is set, and of the policies those that are not zero. The block's own
// numbers stand in [Segment.Config].
//
// Errors: [NameError], [NotFoundError], [SchemaMismatchError],
// [PolicyMismatchError], [StaleError], [HeaderError], [RegionError],
// [ForeignOwnerError], [InTheWayError], [ErrSuperseded] if a producer died while
// it replaced the block, [ErrTooManyFiles], fs.ErrPermission.
func Attach(channel string, c Config, o Options) (*Segment, error) {
	err := CheckName(channel)
	if c.Schema == nil {
		err = errors.Join(err, &ConfigError{Field: "Schema", Reason: "not set: say what type the slots have, RawSchema for bytes"})
	}
	if err != nil {
		return nil, fmt.Errorf("attach to channel: %w", err)
	}
	return open(channel, c, o, consuming)
}

// Observe opens the block of a channel for somebody who only looks: everything is
// opened and mapped for reading, no lock is taken, and nobody can tell that he was
// there. A Schema of c that is nil accepts any: [Segment.Descriptor] tells what
// the slots hold. Otherwise it is as [Attach]; mismatches are not counted.
func Observe(channel string, c Config, o Options) (*Segment, error) {
	if err := CheckName(channel); err != nil {
		return nil, fmt.Errorf("observe channel: %w", err)
	}
	return open(channel, c, o, observing)
}

// Open opens the block of a channel for somebody who looks after it, whatever its
// schema and policies are: the data file for reading, the control file for
// writing. It takes no lock. Errors are those of [Attach].
func Open(channel string, o Options) (*Segment, error) {
	if err := CheckName(channel); err != nil {
		return nil, fmt.Errorf("open channel: %w", err)
	}
	return open(channel, Config{}, o, consuming)
}

func open(channel string, c Config, o Options, a access) (*Segment, error) {
	var last error
	mixed := 0
	s, err := retry(func() (s *Segment, err error) {
		s, err = attach(channel, &c, &o, a)
		// Files of two blocks, or a block that is being replaced: it may be over in a
		// moment.
		switch {
		case errors.Is(err, ErrBlockID) && mixed < mixedAttempts:
			mixed++
			last, err = err, errAgain
		case errors.Is(err, ErrSuperseded) || errors.Is(err, errHungUp):
			last, err = err, errAgain
		}
		return s, err
	})
	if errors.Is(err, ErrUnstable) && last != nil {
		err = last
	}
	if err != nil {
		return nil, fmt.Errorf("%s channel %q: %w", a, channel, err)
	}
	return s, nil
}

// mixedAttempts is how often files that belong to different blocks are looked at
// again: only somebody who moves files by hand makes such a folder.
const mixedAttempts = 3

func attach(channel string, c *Config, o *Options, a access) (s *Segment, err error) {
	p, err := openPlace(channel, o, false)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	dir, err := p.find()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, dir.Close()) }()
	if isSecure(dir) {
		if a == consuming && c.Schema == nil {
			return nil, fmt.Errorf("%s: %w: only he changes anything of a secure channel", p.path(), ErrNotProducer)
		}
		return p.attachSecure(dir, c, o, a)
	}
	locks, err := p.openLocks(dir, o, a)
	if err != nil {
		return nil, err
	}
	img, err := readImage(dir, o, a)
	if errors.Is(err, ErrIncomplete) {
		err = p.vanished(dir, err)
	}
	if err != nil {
		return nil, errors.Join(err, locks.Close())
	}
	if err := p.attachable(img, c, o); err != nil {
		return nil, errors.Join(err, img.close(), locks.Close())
	}
	return img.open(p, o, locks)
}

func (p *place) attachable(img *image, c *Config, o *Options) error {
	if img.stale {
		return img.staleError(p.path())
	}
	info, err := img.producer()
	if err != nil {
		return err
	}
	if info.OK && info.State == stateSuperseded {
		return ErrSuperseded
	}
	if o.Secure != nil && !img.secure {
		return secureMismatch(p.channel, NewProcess(&img.head.Creator), true)
	}
	return img.fits(p.channel, c, o, false)
}

// missing says that a file of the block in d is not there.
func missing(d *shm.Dir, name string) error {
	return fmt.Errorf("%s: %w: %s; move the folder away if it is no block", d.Path(), ErrIncomplete, name)
}
