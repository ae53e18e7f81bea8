package segment

import (
	"errors"
	"fmt"

	"github.com/pylabhub/datahub/runtime/shm"
	"github.com/pylabhub/datahub/runtime/slot"
)

// Remove removes the block of a channel that has no producer. With force it does
// so although consumers are attached: they keep what they have mapped. A live
// producer's block is never removed: that is an [ExistsError].
//
// It also removes what [Attach] refuses: a block from before the machine's last
// start, a corrupt or half-made one.
func Remove(channel string, force bool, o Options) error {
	if err := CheckName(channel); err != nil {
		return fmt.Errorf("remove channel: %w", err)
	}
	_, err := retry(func() (*Segment, error) { return nil, remove(channel, force, &o, anyBlock) })
	if err != nil {
		return fmt.Errorf("remove channel %q: %w", channel, err)
	}
	return nil
}

// anyBlock is the condition of a removal that has none.
func anyBlock(*shm.Dir, *Options) error { return nil }

// remove removes the block if, with the producer's lock held, only has nothing
// against it.
func remove(channel string, force bool, o *Options, only func(*shm.Dir, *Options) error) (err error) {
	p, err := openPlace(channel, o, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	dir, err := p.find()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dir.Close()) }()
	if err := onlyParts(dir); err != nil {
		return err
	}
	locks, err := p.openLocks(dir, o, producing)
	if errors.Is(err, ErrIncomplete) {
		if err := only(dir, o); err != nil {
			return err
		}
		return p.remove(dir) // no lock, so nobody can be using it
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, locks.Close()) }()
	won, err := locks.Try(producerLock)
	if err != nil {
		return err
	}
	if !won {
		return p.exists(dir, o, locks)
	}
	if err := p.confirm(locks); err != nil {
		return err
	}
	if err := only(dir, o); err != nil {
		return err
	}
	used, err := locks.HeldFrom(firstCellLock)
	if err != nil {
		return err
	}
	if used && !force {
		return fmt.Errorf("%s: %w: stop them first", p.path(), ErrBusy)
	}
	if used {
		if err := p.tell(dir, o); err != nil {
			return err
		}
	}
	return p.remove(dir)
}

// tell tells the consumers of the block in dir that it closes.
func (p *place) tell(dir *shm.Dir, o *Options) error {
	img, err := readImage(dir, o, producing)
	if err != nil {
		return nil // they could not attach to it either
	}
	locks, err := shm.OpenLocks(dir)
	if err != nil {
		return errors.Join(err, img.close())
	}
	s, err := img.open(p, o, locks)
	if err != nil {
		return err
	}
	err = s.Guard(func() error { return slot.MarkClosing(s.Memory(), s.Host()) })
	return errors.Join(err, s.Close())
}

// remove takes the name from the block in dir, whose producer's lock is held, and
// removes its files.
func (p *place) remove(dir *shm.Dir) error {
	old, err := p.retract(dir)
	if err != nil {
		return err
	}
	atStep("retracted")
	p.discard(old, dir)
	atStep("removed")
	return nil
}

// List returns the channels in the folder of o, in no order: names only, nothing
// is opened.
func List(o Options) ([]string, error) {
	root, err := shm.OpenRoot(o.Root, false, o.Group)
	if err != nil {
		return nil, fmt.Errorf("list channels: %w", err)
	}
	names, err := channels(root)
	return names, errors.Join(err, root.Close())
}

// Sweep removes what dead processes left half made or half removed in the folder
// of o, and returns how many folders that were. What is younger than ten seconds
// stays. [Create] does the same.
func Sweep(o Options) (int, error) {
	root, err := shm.OpenRoot(o.Root, false, o.Group)
	if err != nil {
		return 0, fmt.Errorf("sweep: %w", err)
	}
	if exchanges {
		p := &place{root: root, publisher: &byExchange{root: root}}
		return p.sweep(), root.Close()
	}
	names, err := channels(root)
	n := 0
	for _, name := range names {
		p, e := openPlace(name, &o, false)
		if errors.Is(e, ErrNotFound) {
			continue
		}
		if e != nil {
			err = errors.Join(err, e)
			continue
		}
		n += p.sweep()
		err = errors.Join(err, p.close())
	}
	return n, errors.Join(err, root.Close())
}
