package segment

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/shm"
	"github.com/pylabhub/datahub/runtime/slot"
)

// Names of the files of a block, besides lock.
const (
	dataName    = "data"
	controlName = "control"
)

// An image is what was read of a block and checked: nothing of it is read again.
type image struct {
	data, control *shm.File
	head          hdr.DataHeader
	table         table
	conf          slot.Config
	plan          slot.Plan
	slotDesc      string
	flexDesc      string // "" without a flexible zone
	stale         bool   // from before the machine's last start
	access        access // what the files were opened for
	secure        bool   // they came through a socket
}

func (img *image) close() error { return errors.Join(img.data.Close(), img.control.Close()) }

// An access is what a handle may do with the files of a block.
type access uint8

const (
	observing access = iota // read both
	consuming               // read data, write control
	producing               // write both
)

func (a access) String() string {
	if a == observing {
		return "observe"
	}
	return "attach to"
}

// readImage opens the files of the block in d and checks everything that can be
// checked without knowing what somebody wants of it. The caller closes them.
func readImage(d *shm.Dir, o *Options, a access) (*image, error) {
	img := &image{access: a}
	data, dataStat, err := openPart(d, dataName, o, a == producing)
	if err != nil {
		return nil, err
	}
	control, controlStat, err := openPart(d, controlName, o, a != observing)
	if err != nil {
		return nil, errors.Join(err, data.Close())
	}
	img.data, img.control = data, control
	err = img.read(data, control, dataStat.Size, controlStat.Size)
	if err == nil {
		err = img.here()
	}
	if err != nil {
		return nil, errors.Join(err, img.close())
	}
	return img, nil
}

// openPart opens a file of the block in d. One that is missing or another user's
// is an error of its own.
func openPart(d *shm.Dir, name string, o *Options, write bool) (*shm.File, shm.Stat, error) {
	f, st, err := d.OpenFile(name, write)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, st, missing(d, name)
	case errors.Is(err, fs.ErrPermission):
		if st, e := d.Stat(name); e == nil {
			err = cmp.Or(foreign(d.Path(), name, st), err)
		}
	case err == nil && !o.AllowForeign:
		if e := foreign(d.Path(), name, st); e != nil {
			return nil, st, errors.Join(e, f.Close())
		}
	}
	return f, st, err
}

// read checks everything about a block that does not depend on where it is looked at.
func (img *image) read(data, control source, dataSize, controlSize int64) error {
	path := data.Path()
	h, err := readData(data, dataSize)
	if err != nil {
		return err
	}
	img.head = *h
	ctl, err := readControl(control, controlSize)
	if err != nil {
		return err
	}
	if ctl.BlockID != h.Preamble.BlockID {
		return headerError(control.Path(), "block id", ErrBlockID, fmt.Sprintf("%x", ctl.BlockID), fmt.Sprintf("%x", h.Preamble.BlockID))
	}
	if err := checkSize(control.Path(), controlSize, h.ControlSize); err != nil {
		return err
	}
	t, err := regions(path, h)
	if err != nil {
		return err
	}
	img.table = *t
	if img.conf, img.plan, err = protocol(path, h, t); err != nil {
		return err
	}
	if img.slotDesc, err = readDescriptor(data, &t[hdr.RegionKindSlotDescriptor], &h.Slot); err != nil {
		return err
	}
	if r := &t[hdr.RegionKindFlexDescriptor]; r.Size != 0 {
		if img.flexDesc, err = readDescriptor(data, r, &h.Flex); err != nil {
			return err
		}
	}
	return nil
}

// here checks that the block is one of this machine, and whether it is of this boot.
func (img *image) here() error {
	h, path := &img.head, img.data.Path()
	if h.LockScheme != shm.LockScheme {
		return headerError(path, "lock scheme", ErrLockScheme, uint8(h.LockScheme), uint8(shm.LockScheme))
	}
	var none [16]byte
	boot := shm.Self().BootID
	img.stale = h.BootID != boot && h.BootID != none && boot != none
	return nil
}

func (img *image) staleError(path string) error {
	return &StaleError{Path: path, Writer: NewProcess(&img.head.Creator)}
}

// producer reads what the block says about its producer, without mapping it.
func (img *image) producer() (slot.ProducerInfo, error) {
	r := &img.table[hdr.RegionKindProducer]
	b := make([]byte, r.Size)
	for range 3 {
		if err := img.data.ReadAt(b, int64(r.Offset)); err != nil {
			return slot.ProducerInfo{}, err
		}
		info := slot.ReadProducer(b)
		// A copy may be torn: it counts if a later one says the same.
		if err := img.data.ReadAt(b, int64(r.Offset)); err != nil {
			return slot.ProducerInfo{}, err
		}
		if again := slot.ReadProducer(b); again.Epoch == info.Epoch && again.Who == info.Who {
			return again, nil
		}
	}
	return slot.ProducerInfo{}, nil
}

// fits checks the block against what a program wants of it. With exact, all
// policies must be the same, else those that were given.
func (img *image) fits(channel string, c *Config, o *Options, exact bool) error {
	h := &img.head
	if c.Schema != nil && !o.accepts(c.Schema, &h.Slot) {
		return img.mismatched(mismatch(channel, false, c.Schema, img.slotDesc, &h.Creator))
	}
	if c.Flex != nil && !o.accepts(c.Flex, &h.Flex) {
		return img.mismatched(mismatch(channel, true, c.Flex, img.flexDesc, &h.Creator))
	}
	diff := img.policies(c, exact)
	if len(diff) == 0 {
		return nil
	}
	return &PolicyMismatchError{Channel: channel, Writer: NewProcess(&h.Creator), Diff: diff}
}

// mismatched counts a refusal in the block, where its owner sees it. Observers
// leave no trace.
func (img *image) mismatched(err error) error {
	if img.access == observing {
		return err
	}
	m, e := img.control.Map(controlHeaderSize, true)
	if e != nil {
		return errors.Join(err, e)
	}
	e = shm.Guard(func() error {
		addWord(m.Bytes()[hdr.FieldControlHeaderSchemaMismatches:])
		return nil
	}, m)
	return errors.Join(err, e, m.Unmap())
}

// policies lists in what the block differs from c.
func (img *image) policies(c *Config, exact bool) []FieldDiff {
	h := &img.head
	var diff []FieldDiff
	add := func(field string, want, got any) {
		if want != got {
			diff = append(diff, FieldDiff{field, fmt.Sprint(want), fmt.Sprint(got)})
		}
	}
	if exact || c.Policy != 0 {
		add("Policy", c.Policy, h.Policy)
	}
	if exact || c.Sync != 0 {
		add("Sync", c.Sync, h.Sync)
	}
	if exact || c.FlexMode != 0 {
		add("FlexMode", c.FlexMode, h.FlexMode)
	}
	if exact || c.Checksum != 0 {
		add("Checksum", max(c.Checksum, hdr.ChecksumNone), h.Checksum)
	}
	if exact || c.ChecksumType != 0 {
		add("ChecksumType", c.ChecksumType, h.ChecksumType)
	}
	if !exact {
		return diff
	}
	d, err := c.design()
	if err != nil {
		return append(diff, FieldDiff{"Config", "a valid one", err.Error()}) // the caller has checked it
	}
	add("Flex", c.Flex != nil, img.flexDesc != "")
	add("Capacity", d.plan.Capacity, h.Capacity)
	add("Consumers", d.plan.Consumers, img.plan.Consumers)
	add("slots", d.plan.Slots, img.plan.Slots)
	add("PageSize", d.pageSize, h.PageSize)
	add("PayloadSize", d.conf.PayloadSize, h.PayloadSize)
	add("PayloadAlign", d.conf.PayloadAlign, h.PayloadAlign)
	add("Timestamp", d.conf.Timestamp, img.conf.Timestamp)
	add("Evict", d.conf.Evict, img.conf.Evict)
	add("Spinlocks", d.conf.Spinlocks, img.conf.Spinlocks)
	return diff
}
