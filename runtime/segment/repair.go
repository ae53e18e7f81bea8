package segment

import (
	"errors"
	"fmt"

	"github.com/pylabhub/datahub/runtime/shm"
)

// ErrNotStale: the block is of this start of the machine.
var ErrNotStale = errors.New("block is of this start of the machine")

// TakeOver opens the block of a channel as its producer, whatever its schema and
// policies are, to finish what the last one left: everything is mapped for writing,
// and the producer's lock is held until Close. It makes nothing and replaces nothing.
//
// Errors are those of [Attach], and [ExistsError] if there is a producer.
func TakeOver(channel string, o Options) (*Segment, error) {
	err := CheckName(channel)
	var s *Segment
	if err == nil {
		s, err = retry(func() (*Segment, error) { return takeOver(channel, &o) })
	}
	if err != nil {
		return nil, fmt.Errorf("take over channel %q: %w", channel, err)
	}
	return s, nil
}

func takeOver(channel string, o *Options) (s *Segment, err error) {
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
	locks, err := p.openLocks(dir, o, producing)
	if err != nil {
		return nil, err
	}
	won, err := locks.Try(producerLock)
	if err == nil && !won {
		err = p.exists(dir, o, locks)
	}
	if err == nil {
		err = p.confirm(locks)
	}
	var img *image
	if err == nil {
		img, err = readImage(dir, o, producing)
	}
	if err != nil {
		return nil, errors.Join(err, locks.Close())
	}
	if err := p.attachable(img, &Config{}, o); err != nil {
		return nil, errors.Join(err, img.close(), locks.Close())
	}
	return img.open(p, o, locks)
}

// RemoveStale removes the block of a channel if it is from before the machine's last
// start, so that nobody can be using it. [ErrNotStale]: it is not.
func RemoveStale(channel string, o Options) error {
	if err := CheckName(channel); err != nil {
		return fmt.Errorf("remove channel: %w", err)
	}
	_, err := retry(func() (*Segment, error) { return nil, remove(channel, false, &o, stale) })
	if err != nil {
		return fmt.Errorf("remove channel %q: %w", channel, err)
	}
	return nil
}

// stale returns [ErrNotStale] if the block in dir can be in use.
func stale(dir *shm.Dir, o *Options) error {
	img, err := readImage(dir, o, observing)
	if err != nil {
		return err
	}
	if !img.stale {
		err = ErrNotStale
	}
	return errors.Join(err, img.close())
}
