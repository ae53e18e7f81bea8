package segment

import (
	"errors"
	"fmt"
	"slices"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/shm"
	"github.com/pylabhub/datahub/runtime/slot"
)

// stageSecure is stage for a secure channel: a folder with a lock and a socket. The
// caller has made dir, and holds the producer's lock; it closes locks on an error.
func (p *place) stageSecure(dir *shm.Dir, d *design, id [16]byte, generation uint64, o *Options, locks *shm.Locks) (*Segment, error) {
	img, err := d.writeSecure(p.channel, id, generation)
	if err != nil {
		return nil, secured(err)
	}
	s := &Segment{
		channel: p.channel, path: p.path(), options: *o,
		head: img.head, conf: img.conf, plan: img.plan, table: img.table, access: producing,
	}
	s.options.Root = p.root.Path()
	if err := s.mapSecure(img); err != nil {
		return nil, secured(errors.Join(err, img.close()))
	}
	undo := func(err error) error {
		return errors.Join(err, s.data.Close(), s.control.Close())
	}
	secure := *o.Secure
	if o.Group.Group {
		secure.GIDs = append(slices.Clone(secure.GIDs), o.Group.GID)
	}
	v, err := s.newServer(&secure)
	if err != nil {
		return nil, secured(undo(err))
	}
	if secure.open() {
		err = dir.Admit(o.Group)
	}
	if err == nil {
		v.socket, err = dir.Listen(secure.open())
	}
	if err != nil {
		return nil, secured(undo(errors.Join(err, v.desks.close(), v.data.Close(), v.figures.Close(), v.blank.Close())))
	}
	atStep("made socket")
	s.server = v
	err = s.Guard(func() error { return slot.Format(s.Memory(), s.plan, s.conf, Identity()) })
	if err != nil {
		return nil, undo(errors.Join(err, v.close()))
	}
	s.locks = locks
	atStep("formatted")
	v.serve()
	return s, nil
}

// writeSecure makes the two files that a block has, in memory. The control file is
// what observers see; each consumer gets one of its own.
func (d *design) writeSecure(channel string, id [16]byte, generation uint64) (*image, error) {
	head, ctl := d.header(id, generation)
	t, err := regions(dataName, head)
	if err != nil {
		return nil, fmt.Errorf("plan the block: %w", err)
	}
	img := &image{head: *head, table: *t, conf: d.conf, plan: d.plan, access: producing}
	if img.data, err = shm.CreateMemory("data of "+channel, int64(head.DataSize)); err != nil {
		return nil, err
	}
	if img.control, err = shm.CreateMemory("figures of "+channel, int64(head.ControlSize)); err != nil {
		return nil, errors.Join(err, img.data.Close())
	}
	if err := d.fill(img, ctl); err != nil {
		return nil, errors.Join(err, img.close())
	}
	return img, nil
}

// mapSecure maps both files for writing and then seals them: from now on nobody else
// can write them, whoever gets hold of them.
func (s *Segment) mapSecure(img *image) (err error) {
	if s.data, err = img.mapData(); err != nil {
		return err
	}
	if err := s.paginate(); err != nil {
		return errors.Join(err, s.data.Unmap())
	}
	if s.control, err = img.control.Map(int64(img.head.ControlSize), true); err != nil {
		return errors.Join(err, s.data.Unmap())
	}
	err = errors.Join(img.data.Seal(fixedSize|closed), img.control.Seal(fixedSize|closed))
	if err != nil {
		return errors.Join(err, s.data.Unmap(), s.control.Unmap())
	}
	s.waiter = shm.NewWaiter(s.head.Preamble.BlockID, s.data, s.control)
	return nil
}

// newServer makes what the server of s hands out.
func (s *Segment) newServer(secure *Secure) (v *server, err error) {
	v = &server{
		secure: *secure, waiter: s.waiter, shown: s.control,
		conns: map[*shm.Socket]bool{}, places: make([]occupant, s.plan.Consumers),
	}
	if v.data, err = s.data.File().ReadOnly(); err != nil {
		return nil, err
	}
	if v.figures, err = s.control.File().ReadOnly(); err != nil {
		return nil, errors.Join(err, v.data.Close())
	}
	img := &image{control: s.control.File(), head: s.head, table: s.table, conf: s.conf, plan: s.plan}
	if v.desks, err = newDesks(img, s.Region(hdr.RegionKindProducer)); err != nil {
		return nil, errors.Join(err, v.data.Close(), v.figures.Close())
	}
	if v.blank, err = v.desks.newFile("figures"); err == nil {
		if err = v.blank.Seal(closed); err == nil {
			return v, nil
		}
		err = errors.Join(err, v.blank.Close())
	}
	return nil, errors.Join(err, v.desks.close(), v.data.Close(), v.figures.Close())
}

// mismatches returns the counter of those who were refused because of their schema.
func (s *server) mismatches() []byte { return s.shown.Bytes()[hdr.FieldControlHeaderSchemaMismatches:] }

// fill writes headers and descriptors.
func (d *design) fill(img *image, ctl *hdr.ControlHeader) error {
	err := errors.Join(
		img.control.WriteAt(recordBytes(ctl), 0),
		img.data.WriteAt([]byte(d.schema.Descriptor), int64(img.table[slotDescriptor].Offset)),
		img.data.WriteAt(recordBytes(&img.head), 0),
	)
	if d.flex != nil {
		err = errors.Join(err, img.data.WriteAt([]byte(d.flex.Descriptor), int64(img.table[flexDescriptor].Offset)))
	}
	return err
}

// supplant makes a secure or ordinary block in place of a secure one whose producer
// is gone: nothing of that is left but its folder, whose lock the caller holds.
func (p *place) supplant(dir *shm.Dir, d *design, o *Options) (*Segment, error) {
	st, err := p.stage(d, o, 1)
	if err != nil {
		return nil, p.unstaged(err)
	}
	name, err := p.replace(st.name, dir)
	if err != nil {
		err = errors.Join(err, st.seg.Close())
		p.discard(st.name, nil)
		return nil, err
	}
	atStep("exchanged")
	st.seg.path = p.path()
	p.discard(name, dir)
	return st.seg, nil
}

// Secure reports whether the channel is a secure one.
func (s *Segment) Secure() bool { return s.server != nil || s.link != nil }
