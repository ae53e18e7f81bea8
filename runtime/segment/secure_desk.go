package segment

import (
	"errors"
	"sync/atomic"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/internal/word"
	"github.com/pylabhub/datahub/runtime/shm"
	"github.com/pylabhub/datahub/runtime/slot"
)

// desks are the control memories of the consumers of a secure channel, as its
// producer has them: one place on a shelf for each, where the control file of the
// consumer is that is there, or an empty one. So the writer has the same addresses
// all the time, and those who are gone, or were expelled, can write what they like.
type desks struct {
	plan   *slot.Plan
	table  *table
	head   []byte // the control header
	size   int64  // of a control file
	single bool
	page   []byte // of the producer

	shelf *shm.Shelf
	empty *shm.File // what is in the places of nobody
	rest  *shm.Mapping
	seats []slot.Seat
	room  []byte // the writer's own control words
}

// newDesks makes desks for the consumers of img, whose producer's page is page.
func newDesks(img *image, page []byte) (_ *desks, err error) {
	d := &desks{
		plan: &img.plan, table: &img.table, size: int64(img.head.ControlSize),
		head:   make([]byte, controlHeaderSize),
		page:   page,
		single: img.conf.Sync == hdr.SyncSingleReader,
		seats:  make([]slot.Seat, img.plan.Consumers),
		room:   word.Alloc(img.plan.ControlSize, wordAlign),
	}
	if err := img.control.ReadAt(d.head, 0); err != nil {
		return nil, err
	}
	if d.empty, err = d.newFile("empty desk"); err != nil {
		return nil, err
	}
	if d.rest, err = d.empty.Map(d.size, true); err != nil {
		return nil, errors.Join(err, d.empty.Close())
	}
	if d.shelf, err = shm.NewShelf(len(d.seats), d.size); err != nil {
		return nil, errors.Join(err, d.rest.Close())
	}
	for i := range d.seats {
		err = errors.Join(err, d.shelf.Place(i, d.empty))
	}
	if err != nil {
		return nil, errors.Join(err, d.close())
	}
	return d, nil
}

// newFile makes a control file that says nothing yet.
func (d *desks) newFile(name string) (*shm.File, error) {
	f, err := shm.CreateMemory(name, d.size)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(f.WriteAt(d.head, 0), f.Seal(fixedSize)); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func (d *desks) close() error { return errors.Join(d.shelf.Close(), d.rest.Close()) }

// region returns a region of a control file.
func (d *desks) region(mem []byte, kind hdr.RegionKind) []byte {
	r := &d.table[kind]
	return mem[r.Offset : r.Offset+r.Size : r.Offset+r.Size]
}

// list returns the desks for the slot protocol.
func (d *desks) list() []slot.Desk {
	list := make([]slot.Desk, len(d.seats))
	for i := range list {
		mem := d.shelf.At(i)
		list[i] = slot.Desk{
			Control:  d.region(mem, hdr.RegionKindControlWords),
			Cells:    d.region(mem, hdr.RegionKindCells),
			Counters: d.region(mem, hdr.RegionKindCounters),
			Seat:     &d.seats[i],
		}
	}
	return list
}

// cell and counters return where in a control file those of consumer i are.
func (d *desks) cell(i int) uint64 {
	return d.table[hdr.RegionKindCells].Offset + uint64(i)*uint64(d.plan.CellStride)
}

func (d *desks) counters(i int) (off, size uint64) {
	r := &d.table[hdr.RegionKindCounters]
	return r.Offset + uint64(i)*uint64(r.Stride), uint64(r.Stride)
}

// load returns word f of the cell of desk i.
func (d *desks) load(i int, f int) uint64 {
	return loadWord(d.shelf.At(i)[d.cell(i)+uint64(f):])
}

// seat puts the control file of consumer i, who has mapped it, in its place: with what
// those before it counted, and where the last one stopped if there is one at a time. From
// now on nobody else can write it: not through its descriptor.
func (d *desks) seat(i int, f *shm.File) error {
	off, size := d.counters(i)
	cell := hdr.ConsumerCell{}
	if d.single {
		cell.Cursor = d.kept(i)
	}
	err := errors.Join(
		f.WriteAt(d.copyOf(d.shelf.At(i), off, size), int64(off)),
		f.WriteAt(recordBytes(&cell), int64(d.cell(i))),
	)
	if err != nil {
		return err
	}
	if err := d.shelf.Place(i, f); err != nil {
		return err
	}
	d.seats[i].Turn.Add(1)
	return f.Seal(closed)
}

// clear takes desk i from whoever has it, and reports whether it was in use.
func (d *desks) clear(i int) (dirty bool, err error) {
	mem := d.shelf.At(i)
	dirty = d.load(i, int(hdr.FieldConsumerCellIncarnation))%2 == 1
	at := d.cell(i)
	said := uint64(hdr.FieldConsumerCellHeartbeatNS)
	off, size := d.counters(i)
	d.store(at+said, d.copyOf(mem, at+said, uint64(d.plan.CellStride)-said))
	d.store(off, d.copyOf(mem, off, size))
	if d.single {
		storeWord(d.rest.Bytes()[at+uint64(hdr.FieldConsumerCellCursor):], d.kept(i))
	}
	err = d.shelf.Place(i, d.empty)
	d.seats[i].Turn.Add(1)
	return dirty, err
}

// kept returns where a single reader goes on that comes after the one at desk i. What
// that one says counts if it can be true: not below what the writer knows, and not
// beyond what was written.
func (d *desks) kept(i int) uint64 {
	kept := d.seats[i].Kept.Load()
	// Neither beyond head, nor so far behind it that it was overwritten.
	if c := d.load(i, int(hdr.FieldConsumerCellCursor)); c > kept && c <= loadWord(d.page[hdr.FieldProducerPageHead:]) {
		return c
	}
	return kept
}

// copyOf returns size bytes of a control file that somebody may be writing.
func (d *desks) copyOf(mem []byte, off, size uint64) []byte {
	b := make([]byte, size)
	copyWords(b, mem[off:off+size])
	return b
}

// store stores words in the empty control file.
func (d *desks) store(off uint64, b []byte) {
	copyWords(d.rest.Bytes()[off:off+uint64(len(b))], b)
}

// figures copies what all desks show to the control file that observers see.
func (d *desks) figures(mem []byte) {
	for i := range d.seats {
		from, at := d.shelf.At(i), d.cell(i)
		copyWords(mem[at:at+uint64(d.plan.CellStride)], from[at:at+uint64(d.plan.CellStride)])
		off, size := d.counters(i)
		copyWords(mem[off:off+size], from[off:off+size])
	}
}

// roomBell returns the word that wakes the writer when it waits for room.
func (d *desks) roomBell() *atomic.Uint32 {
	return wordAt(d.room[hdr.FieldControlWordsRoomBell:])
}
