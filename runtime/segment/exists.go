package segment

import (
	"errors"
	"io/fs"
	"time"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/shm"
)

// Shorter names of generated ones.
const (
	slotDescriptor  = hdr.RegionKindSlotDescriptor
	flexDescriptor  = hdr.RegionKindFlexDescriptor
	stateSuperseded = hdr.ProducerPageStateSuperseded
)

// openLocks opens the locks of the block in dir. If there are none the block may
// be on its way out.
func (p *place) openLocks(dir *shm.Dir, o *Options, a access) (*shm.Locks, error) {
	st, err := shm.StatLocks(dir)
	if err == nil && !o.AllowForeign {
		err = foreign(dir.Path(), "lock", st)
	}
	if err == nil {
		open := shm.OpenLocks
		if a == observing {
			open = shm.ProbeLocks
		}
		var l *shm.Locks
		if l, err = open(dir); err == nil {
			return l, nil
		}
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return nil, p.vanished(dir, missing(dir, "lock"))
}

// vanished returns errAgain if the folder dir no longer has the name, else err.
func (p *place) vanished(dir *shm.Dir, err error) error {
	mine, e := dir.Self()
	if e != nil {
		return errors.Join(err, e)
	}
	now, e := p.open()
	if errors.Is(e, fs.ErrNotExist) {
		return errAgain
	}
	if e != nil {
		return errors.Join(err, e)
	}
	other, e := now.Self()
	if e = errors.Join(e, now.Close()); e != nil {
		return errors.Join(err, e)
	}
	if !mine.Same(other) {
		return errAgain
	}
	return err
}

// exists says who produces the block in dir. A producer that has just taken over
// may not have written its name yet: while the block names a process that has
// ended, it is asked again for a moment. If the lock is free by then, somebody only
// had it for that moment: errAgain.
func (p *place) exists(dir *shm.Dir, o *Options, locks *shm.Locks) error {
	e := &ExistsError{Channel: p.channel, Path: p.path()}
	if isSecure(dir) {
		e.Producer = p.producerOf(dir, o)
		return e
	}
	for range attempts {
		img, err := readImage(dir, o, observing)
		if err != nil {
			return e // it does not tell; the lock is what counts
		}
		info, err := img.producer()
		if errors.Join(err, img.close()) != nil {
			return e
		}
		if info.OK && !gone(&info.Who) {
			e.Producer = NewProcess(&info.Who)
			return e
		}
		time.Sleep(attemptPause)
		if held, err := locks.Held(producerLock); err == nil && !held {
			return errAgain
		}
	}
	return e
}
