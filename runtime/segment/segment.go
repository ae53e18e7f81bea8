package segment

import (
	"errors"
	"fmt"
	"io/fs"
	"sync/atomic"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/shm"
	"github.com/pylabhub/datahub/runtime/slot"
)

// A Segment is one block as one handle sees it: its memory, its locks, and what
// its header says. A producer's holds the producer's lock and has everything
// mapped for writing; a consumer's has the data file mapped for reading, an
// observer's both files, and a store there is a fault.
//
// Methods may be called concurrently, except Close, Remove and Replace. Close
// comes last: memory must not be touched after it.
type Segment struct {
	channel  string
	path     string
	options  Options
	head     hdr.DataHeader
	conf     slot.Config
	plan     slot.Plan
	table    table
	access   access
	tookOver bool

	data, control *shm.Mapping
	locks         *shm.Locks // nil of who reads a secure channel
	waiter        *shm.Waiter
	dump          *dump   // nil unless it was opened from one
	server        *server // of the producer of a secure channel
	link          *link   // of others there
	closed        atomic.Bool
}

// open maps what img has checked. It takes img's files and the locks, also if
// there is an error.
func (img *image) open(p *place, o *Options, locks *shm.Locks) (*Segment, error) {
	s := &Segment{
		channel: p.channel, path: p.path(), options: *o,
		head: img.head, conf: img.conf, plan: img.plan, table: img.table,
		access: img.access, locks: locks,
	}
	// From now on the block is looked for where it was found, whatever becomes of the
	// working folder and the environment.
	s.options.Root = p.root.Path()
	var err error
	if s.data, err = img.mapData(); err != nil {
		return nil, errors.Join(err, img.close(), locks.Close())
	}
	if s.control, err = img.control.Map(int64(img.head.ControlSize), img.access != observing); err != nil {
		return nil, errors.Join(err, s.data.Unmap(), img.close(), locks.Close())
	}
	s.waiter = shm.NewWaiter(s.head.Preamble.BlockID, s.data, s.control)
	return s, nil
}

// mapData maps the data file.
func (img *image) mapData() (*shm.Mapping, error) {
	size, write := int64(img.head.DataSize), img.access == producing
	if img.head.PageSize == Page2M {
		return img.data.MapHuge(size, write)
	}
	return img.data.Map(size, write)
}

// paginate puts a new block into the pages that it is to have.
func (s *Segment) paginate() error {
	if s.head.PageSize != Page2M {
		return nil
	}
	return s.data.Collapse()
}

// Channel returns the name of the channel.
func (s *Segment) Channel() string { return s.channel }

// Path returns the folder where the block was found or made.
func (s *Segment) Path() string { return s.path }

// Header returns what the header says: a copy that was checked. It must not be
// changed.
func (s *Segment) Header() *hdr.DataHeader { return &s.head }

// Config returns the part of the block's configuration that belongs to the slot
// protocol.
func (s *Segment) Config() slot.Config { return s.conf }

// Plan returns where everything is in the regions.
func (s *Segment) Plan() slot.Plan { return s.plan }

// Generation returns 1 for a new block, one more for each replacement.
func (s *Segment) Generation() uint64 { return s.head.Generation }

// Producer reports whether this handle is the producer's.
func (s *Segment) Producer() bool { return s.access == producing }

// TookOver reports whether Create found a block whose producer was gone and goes
// on with it.
func (s *Segment) TookOver() bool { return s.tookOver }

// Size returns what the block takes in memory, in bytes.
func (s *Segment) Size() int64 { return int64(s.head.DataSize + s.head.ControlSize) }

// Region returns the memory of a region, nil if the block has none. A
// consumer may not store into a region of the data file.
func (s *Segment) Region(kind hdr.RegionKind) []byte {
	r := &s.table[kind]
	if r.Size == 0 {
		return nil
	}
	m := s.data
	if r.File == hdr.FileKindControl {
		m = s.control
	}
	return m.Bytes()[r.Offset : r.Offset+r.Size : r.Offset+r.Size]
}

// Memory returns the regions of the slot protocol.
func (s *Segment) Memory() slot.Memory {
	m := slot.Memory{
		Producer:  s.Region(hdr.RegionKindProducer),
		Flex:      s.Region(hdr.RegionKindFlex),
		Slots:     s.Region(hdr.RegionKindSlots),
		Control:   s.Region(hdr.RegionKindControlWords),
		Cells:     s.Region(hdr.RegionKindCells),
		Spinlocks: s.Region(hdr.RegionKindSpinlocks),
		Counters:  s.Region(hdr.RegionKindCounters),
		Baselines: s.Region(hdr.RegionKindBaselines),
	}
	switch {
	case s.server != nil:
		m.Control, m.Desks = s.server.desks.room, s.server.desks.list()
	case s.link != nil && s.access == consuming:
		m.OwnBell = true
	}
	return m
}

// Descriptor returns the canonical form of the type of the slots, or of the
// flexible zone ("" if there is none). It was checked at attach against the
// hashes; it is read again here.
func (s *Segment) Descriptor(flex bool) (string, error) {
	kind, z := hdr.RegionKindSlotDescriptor, &s.head.Slot
	if flex {
		kind, z = hdr.RegionKindFlexDescriptor, &s.head.Flex
	}
	if s.dump != nil {
		return s.dump.desc[flex], nil
	}
	if s.table[kind].Size == 0 {
		return "", nil
	}
	return readDescriptor(s.data.File(), &s.table[kind], z)
}

// Guard runs fn and turns a fault in the block's memory into [ErrTruncated] if
// somebody has cut the file short. Other faults and panics go on. It works for
// what runs on the calling goroutine.
func (s *Segment) Guard(fn func() error) error {
	if s.dump != nil {
		return shm.Guard(fn, s.dump.whole)
	}
	return shm.Guard(fn, s.data, s.control)
}

// Truncated is for those who guard themselves: it returns an [ErrTruncated] if r,
// recovered while debug.SetPanicOnFault was set, is a fault that Guard makes one
// of, and nil if it is to go on.
func (s *Segment) Truncated(r any) error {
	if s.dump != nil {
		return shm.Truncated(r, s.dump.whole)
	}
	return shm.Truncated(r, s.data, s.control)
}

// SchemaMismatches returns how many were refused by this block because they were
// compiled for another schema.
func (s *Segment) SchemaMismatches() uint64 {
	return loadWord(s.control.Bytes()[hdr.FieldControlHeaderSchemaMismatches:])
}

// Repairs returns how often tools have mended something in this block.
func (s *Segment) Repairs() uint64 {
	return loadWord(s.control.Bytes()[hdr.FieldControlHeaderRepairs:])
}

// CountRepair counts one. The control file must be mapped for writing.
func (s *Segment) CountRepair() { addWord(s.control.Bytes()[hdr.FieldControlHeaderRepairs:]) }

// ProducerInfo returns what the block says about its producer now.
func (s *Segment) ProducerInfo() slot.ProducerInfo {
	return slot.ReadProducer(s.Region(hdr.RegionKindProducer))
}

// Close unmaps the block and frees this handle's locks. A block that its
// producer closes stays, for the next one to take over; see [Segment.Remove].
// Nothing of the memory may be in use any more. Calling Close again does
// nothing.
func (s *Segment) Close() error {
	if s.closed.Swap(true) {
		return nil
	}
	if s.dump != nil {
		return s.dump.whole.Close()
	}
	var err error
	if s.link != nil {
		err = s.link.close()
	}
	if s.server != nil {
		err = s.server.close()
	}
	if s.locks != nil {
		err = errors.Join(err, s.locks.Close())
	}
	return errors.Join(err, s.waiter.Close(), s.data.Close(), s.control.Close())
}

// Remove takes the block's name and its files away. Only its producer can, and
// Close follows. Consumers are told that the block closes and keep what they
// have mapped. If somebody else has taken the name the block is left alone.
func (s *Segment) Remove() error {
	if s.access != producing {
		return fmt.Errorf("remove %s: %w", s.path, ErrNotProducer)
	}
	p, err := openPlace(s.channel, &s.options, false)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("remove %s: %w", s.path, err)
	}
	if err := errors.Join(s.remove(p), p.close()); err != nil {
		return fmt.Errorf("remove %s: %w", s.path, err)
	}
	return nil
}

func (s *Segment) remove(p *place) error {
	current, err := p.isCurrent(s.locks)
	if err != nil || !current {
		return err
	}
	dir, err := p.find()
	if err != nil {
		return err
	}
	err = s.Guard(func() error { return slot.MarkClosing(s.Memory(), s.Host()) })
	atStep("marked closing")
	// A block whose files were cut short is removed all the same.
	return errors.Join(err, p.remove(dir), dir.Close())
}

// atStep is called between the steps of making and removing blocks. Tests kill
// the process there.
var atStep = func(step string) {}
