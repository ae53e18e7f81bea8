package segment

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"time"

	"github.com/pylabhub/datahub/runtime/shm"
	"github.com/pylabhub/datahub/runtime/slot"
)

// How often an operation looks again when the block changes under its eyes, and
// how long it waits in between.
const (
	attempts     = 40
	attemptPause = 2 * time.Millisecond
)

// errAgain says that the block changed while it was looked at.
var errAgain = errors.New("look again")

// Create makes the block of a channel, or takes over the one whose producer is
// gone if it has the same types and policies. The caller is its only producer
// until Close or death.
//
// Errors: [NameError], [ConfigError] (one per field, joined), [ExistsError] if
// there is a producer, [SchemaMismatchError], [PolicyMismatchError], [StaleError]
// (see [Options.Replace]), [HeaderError], [RegionError], [ForeignOwnerError],
// [InTheWayError], [ErrNoSpace], [ErrTooManyFiles], fs.ErrPermission. Nothing is
// left behind after an error.
func Create(channel string, c Config, o Options) (*Segment, error) {
	d, err := c.design()
	if err == nil && o.Secure != nil {
		err = o.Secure.check(d)
	}
	if err := errors.Join(CheckName(channel), o.check(), err); err != nil {
		return nil, fmt.Errorf("create channel: %w", err)
	}
	s, err := retry(func() (*Segment, error) { return create(channel, &c, d, &o) })
	if err != nil {
		return nil, fmt.Errorf("create channel %q: %w", channel, err)
	}
	return s, nil
}

// retry calls fn until it returns something else than errAgain.
func retry(fn func() (*Segment, error)) (*Segment, error) {
	for range attempts {
		s, err := fn()
		if err == nil {
			return s, nil
		}
		if s != nil { // made, but something failed to close
			err = errors.Join(err, s.Close())
		}
		if !errors.Is(err, errAgain) {
			return nil, err
		}
		time.Sleep(attemptPause)
	}
	return nil, ErrUnstable
}

func create(channel string, c *Config, d *design, o *Options) (s *Segment, err error) {
	p, err := openPlace(channel, o, true)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = p.tidy()
		}
		err = errors.Join(err, p.close())
	}()
	p.sweep()
	dir, err := p.find()
	if errors.Is(err, ErrNotFound) {
		return p.make(d, o)
	}
	if err != nil {
		return nil, err
	}
	s, err = p.adopt(dir, c, d, o)
	return s, errors.Join(err, dir.Close())
}

// make makes a new block and publishes it.
func (p *place) make(d *design, o *Options) (*Segment, error) {
	st, err := p.stage(d, o, 1)
	if err != nil {
		return nil, p.unstaged(err)
	}
	err = p.publish(st.name)
	if err == nil {
		atStep("published")
		st.seg.path = p.path()
		return st.seg, nil
	}
	err = errors.Join(err, st.seg.Close())
	p.discard(st.name, nil)
	if errors.Is(err, fs.ErrExist) {
		return nil, errAgain // somebody was faster: look who
	}
	return nil, err
}

// unstaged turns the error of a folder that was removed under its maker, because
// it was stopped for long, into errAgain.
func (p *place) unstaged(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errAgain) {
		return errAgain
	}
	return err
}

// A staged is a whole block without a name.
type staged struct {
	name string // of its folder
	seg  *Segment
}

// stage makes a block aside, with the producer's lock held. On an error it leaves
// nothing behind.
func (p *place) stage(d *design, o *Options, generation uint64) (st *staged, err error) {
	var id [16]byte
	if _, err := rand.Read(id[:]); err != nil {
		return nil, err
	}
	name, err := stageName()
	if err != nil {
		return nil, err
	}
	dir, err := p.staging().MakeDir(name, o.Group)
	if err != nil {
		return nil, err
	}
	atStep("made folder")
	defer func() {
		if err != nil {
			p.discard(name, dir)
		}
		err = errors.Join(err, dir.Close())
	}()
	if err := p.prepare(name, dir); err != nil {
		return nil, err
	}
	locks, err := shm.CreateLocks(dir, int(d.plan.Consumers), o.Group)
	if err != nil {
		return nil, err
	}
	atStep("made lock")
	won, err := locks.Try(producerLock)
	if err == nil && !won {
		err = errAgain // a sweep has it
	}
	if err != nil {
		return nil, errors.Join(err, locks.Close())
	}
	atStep("locked")
	if o.Secure != nil {
		seg, err := p.stageSecure(dir, d, id, generation, o, locks)
		if err != nil {
			return nil, errors.Join(err, locks.Close())
		}
		return &staged{name, seg}, nil
	}
	img, err := d.write(dir, id, generation, o)
	if err != nil {
		return nil, errors.Join(err, locks.Close())
	}
	seg, err := img.open(p, o, locks)
	if err != nil {
		return nil, err
	}
	if err := seg.paginate(); err != nil {
		return nil, errors.Join(err, seg.Close())
	}
	err = seg.Guard(func() error { return slot.Format(seg.Memory(), seg.plan, seg.conf, Identity()) })
	if err != nil {
		return nil, errors.Join(err, seg.Close())
	}
	atStep("formatted")
	return &staged{name, seg}, nil
}

// write makes the two files of a block, with headers and descriptors.
func (d *design) write(dir *shm.Dir, id [16]byte, generation uint64, o *Options) (*image, error) {
	head, ctl := d.header(id, generation)
	t, err := regions(dataName, head)
	if err != nil {
		return nil, fmt.Errorf("plan the block: %w", err)
	}
	img := &image{head: *head, table: *t, conf: d.conf, plan: d.plan, access: producing}
	if img.data, err = dir.CreateData(dataName, int64(head.DataSize), o.Group); err != nil {
		return nil, err
	}
	atStep("made data")
	if img.control, err = dir.CreateControl(controlName, int64(head.ControlSize), o.Group); err != nil {
		return nil, errors.Join(err, img.data.Close())
	}
	atStep("made control")
	if err := d.fill(img, ctl); err != nil {
		return nil, errors.Join(err, img.close())
	}
	atStep("wrote headers")
	return img, nil
}

// adopt takes over the block in dir, which has the name, or replaces it.
func (p *place) adopt(dir *shm.Dir, c *Config, d *design, o *Options) (*Segment, error) {
	locks, err := p.openLocks(dir, o, producing)
	if err != nil {
		return nil, err
	}
	won, err := locks.Try(producerLock)
	if err == nil && !won {
		return nil, errors.Join(p.exists(dir, o, locks), locks.Close())
	}
	if err == nil {
		atStep("won lock")
		err = p.confirm(locks)
	}
	if err != nil {
		return nil, errors.Join(err, locks.Close())
	}
	// From here on nobody else can replace or remove the block.
	if isSecure(dir) {
		s, err := p.supplant(dir, d, o)
		return s, errors.Join(err, locks.Close())
	}
	img, err := readImage(dir, o, producing)
	if err != nil {
		return nil, errors.Join(err, locks.Close())
	}
	why := p.unfit(img, c, o)
	if why == nil && o.Secure != nil {
		why = secureMismatch(p.channel, NewProcess(&img.head.Creator), true)
	}
	if why != nil && !(o.Replace && replaceable(why)) && !errors.Is(why, ErrSuperseded) {
		return nil, errors.Join(why, img.close(), locks.Close())
	}
	old, err := img.open(p, o, locks)
	if err != nil {
		return nil, err
	}
	if why == nil {
		old.tookOver = true
		return old, nil
	}
	s, err := p.succeed(old, dir, d, o)
	return s, errors.Join(err, old.Close())
}

// confirm returns errAgain if the block of these locks has lost the name.
func (p *place) confirm(locks *shm.Locks) error {
	current, err := p.isCurrent(locks)
	if err == nil && !current {
		err = errAgain
	}
	return err
}

// unfit says why the block cannot be taken over as it is, nil if it can.
// [ErrSuperseded] says that a producer died while it replaced the block: its
// consumers have turned away, and only a successor helps.
func (p *place) unfit(img *image, c *Config, o *Options) error {
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
	return img.fits(p.channel, c, o, true)
}

// replaceable reports whether a block that is refused with err may be replaced
// by its next producer: a sound one, that somebody made differently.
func replaceable(err error) bool {
	return errors.Is(err, ErrSchema) || errors.Is(err, ErrFlexSchema) || errors.Is(err, ErrPolicy) || errors.Is(err, ErrStale)
}

// succeed replaces the block old in oldDir, whose producer's lock is held, by a
// new one.
// The old one is marked first: a consumer never takes it for the newest after
// the new one can be seen. If we die in between, the next Create sees the mark
// and makes the successor.
func (p *place) succeed(old *Segment, oldDir *shm.Dir, d *design, o *Options) (*Segment, error) {
	generation := old.head.Generation
	if generation == math.MaxUint64 {
		return nil, headerError(old.path, "generation", ErrHeaderValue, generation, nil)
	}
	st, err := p.stage(d, o, generation+1)
	if err != nil {
		return nil, p.unstaged(err)
	}
	err = old.Guard(func() error { return slot.MarkSuperseded(old.Memory(), generation+1, old.Host()) })
	if err != nil {
		err = errors.Join(err, st.seg.Close())
		p.discard(st.name, nil)
		return nil, err
	}
	atStep("marked superseded")
	name, err := p.replace(st.name, oldDir)
	if err != nil {
		err = errors.Join(err, st.seg.Close())
		p.discard(st.name, nil)
		return nil, err
	}
	atStep("exchanged")
	st.seg.path = p.path()
	p.discard(name, oldDir)
	atStep("removed old")
	return st.seg, nil
}

// Replace makes a successor of this producer's own block, with other types or
// policies. Consumers of the old block are told that it is superseded, find the
// new one under the same name and may go on reading what they have mapped. The
// caller closes the old segment afterwards.
func (s *Segment) Replace(c Config, o Options) (*Segment, error) {
	d, err := c.design()
	if err != nil {
		return nil, fmt.Errorf("replace channel %q: %w", s.channel, err)
	}
	if s.access != producing {
		return nil, fmt.Errorf("replace channel %q: %w", s.channel, ErrNotProducer)
	}
	o.Root = s.options.Root
	next, err := retry(func() (next *Segment, err error) {
		p, err := openPlace(s.channel, &o, false)
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, p.close()) }()
		current, err := p.isCurrent(s.locks)
		if err == nil && !current {
			err = ErrReplaced
		}
		if err != nil {
			return nil, err
		}
		dir, err := p.find()
		if err != nil {
			return nil, err
		}
		next, err = p.succeed(s, dir, d, &o)
		return next, errors.Join(err, dir.Close())
	})
	if err != nil {
		return nil, fmt.Errorf("replace channel %q: %w", s.channel, err)
	}
	return next, nil
}
