package segment

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"path/filepath"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/shm"
)

// OpenDump opens a dump that [Segment.Dump] has written. Everything that reads works
// on it: it is mapped read-only, and its [Segment.Host] tells who was alive when it
// was taken. The file may hold anything: it is checked as a whole, like the headers
// of a block, before anything of it is believed.
//
// Errors are [DumpError], and one of these: [ErrDump], [ErrDumpForm], [ErrDumpChecksum], [ErrTruncated],
// [ErrOversize], those of the block's headers ([HeaderError], [RegionError]),
// fs.ErrNotExist, fs.ErrPermission.
func OpenDump(path string, o DumpOptions) (*Segment, error) {
	s, err := openDump(path, &o)
	if err != nil {
		return nil, &DumpError{Path: path, Err: err}
	}
	return s, nil
}

// A DumpError says that a dump could not be opened, and why: what is wrong is wrong
// with a file, and not with any block.
type DumpError struct {
	Path string
	Err  error
}

func (e *DumpError) Error() string { return "open dump: " + e.Err.Error() }

// Unwrap returns what is wrong.
func (e *DumpError) Unwrap() error { return e.Err }

func openDump(path string, o *DumpOptions) (*Segment, error) {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil, err
	}
	dir, err := shm.OpenDir(filepath.Dir(real))
	if err != nil {
		return nil, err
	}
	f, st, err := dir.OpenFile(filepath.Base(real), false)
	if err = errors.Join(err, dir.Close()); err != nil {
		return nil, err
	}
	s, err := readDump(f, st.Size, o)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	s.path = path
	return s, nil
}

// readDump checks the dump in f and maps it. It takes f if there is no error.
func readDump(f *shm.File, size int64, o *DumpOptions) (*Segment, error) {
	d := &dump{}
	if err := readDumpHeader(f, size, &d.head); err != nil {
		return nil, err
	}
	h := &d.head
	img := &image{access: observing}
	data := section{f, int64(h.DataOffset), "data"}
	control := section{f, int64(h.ControlOffset), "control"}
	if err := img.read(data, control, int64(h.DataSize), int64(h.ControlSize)); err != nil {
		return nil, err
	}
	if want := 1 + img.plan.Consumers; h.Locks != want {
		return nil, headerError(f.Path(), "number of locks", ErrDump, h.Locks, want)
	}
	d.desc = map[bool]string{false: img.slotDesc, true: img.flexDesc}
	var err error
	if d.whole, err = f.Map(size, false); err != nil {
		return nil, err
	}
	s := &Segment{
		channel: h.GetChannel(), head: img.head, conf: img.conf, plan: img.plan, table: img.table,
		access: observing, dump: d,
		data:    d.whole.Part(data.off, int64(h.DataSize)),
		control: d.whole.Part(control.off, int64(h.ControlSize)),
	}
	if err := s.Guard(func() error { return s.verify(o) }); err != nil {
		return nil, errors.Join(err, d.whole.Unmap())
	}
	return s, nil
}

// readDumpHeader reads the header of a dump of size bytes and checks it.
func readDumpHeader(f *shm.File, size int64, h *hdr.DumpHeader) error {
	b := recordBytes(h)
	if size < int64(len(b)) {
		return headerError(f.Path(), "size", ErrTruncated, size, fmt.Sprintf("%d or more", len(b)))
	}
	if err := f.ReadAt(b, 0); err != nil {
		return err
	}
	bad := func(field string, class error, got, want any) error {
		return headerError(f.Path(), field, class, got, want)
	}
	switch {
	case string(h.Magic[:]) != DumpMagic:
		return bad("magic", ErrDump, fmt.Sprintf("%q", h.Magic[:]), fmt.Sprintf("%q", DumpMagic))
	case h.ByteOrder != ByteOrder:
		return bad("byte order", ErrByteOrder, fmt.Sprintf("%#08x", h.ByteOrder), fmt.Sprintf("%#08x", ByteOrder))
	case h.Form != DumpForm:
		return bad("form", ErrDumpForm, h.Form, fmt.Sprintf("%d: read it with the library that wrote it", DumpForm))
	case h.HeaderSize != uint32(len(b)):
		return bad("size of the header", ErrDumpForm, h.HeaderSize, len(b))
	case h.LayoutHash != hdr.DumpHeaderSchema.LayoutHash:
		return bad("layout hash", ErrDumpForm, fmt.Sprintf("%x", h.LayoutHash[:8]), fmt.Sprintf("%x", hdr.DumpHeaderSchema.LayoutHash[:8]))
	}
	if sum := dumpChecksum(h); h.Checksum != sum {
		return bad("checksum", ErrDumpChecksum, fmt.Sprintf("%#08x", h.Checksum), fmt.Sprintf("%#08x", sum))
	}
	limit := uint64(math.MaxInt64)
	switch {
	case h.DataOffset < uint64(len(b)) || h.DataOffset%dumpAlign != 0 || h.DataOffset > limit:
		return bad("place of the data file", ErrDump, h.DataOffset, nil)
	case h.DataSize > limit-h.DataOffset:
		return bad("size of the data file", ErrDump, h.DataSize, nil)
	case h.ControlOffset < h.DataOffset+h.DataSize || h.ControlOffset%dumpAlign != 0 || h.ControlOffset > limit:
		return bad("place of the control file", ErrDump, h.ControlOffset, nil)
	case h.ControlSize > limit-h.ControlOffset:
		return bad("size of the control file", ErrDump, h.ControlSize, nil)
	case h.Locks > uint32(8*len(h.Held)):
		return bad("number of locks", ErrDump, h.Locks, nil)
	case h.Live > 1 || h.Settled > 1:
		return bad("live, settled", ErrDump, fmt.Sprint(uint8(h.Live), ", ", uint8(h.Settled)), "0 or 1")
	case CheckName(h.GetChannel()) != nil || !bytes.Equal(h.Channel[:], append([]byte(h.GetChannel()), make([]byte, len(h.Channel)-len(h.GetChannel()))...)):
		return bad("channel", ErrDump, fmt.Sprintf("%q", h.GetChannel()), "a name")
	}
	return checkSize(f.Path(), size, h.ControlOffset+h.ControlSize)
}

// dumpChecksum returns the checksum of the header of a dump, its own field taken as
// zero.
func dumpChecksum(h *hdr.DumpHeader) uint32 {
	c := *h
	c.Checksum = 0
	return crc32.Checksum(recordBytes(&c), castagnoli)
}

// dumpPiece is how much of a dump is handled at a time.
const dumpPiece = 1 << 20

// verify compares both files with their checksums.
func (s *Segment) verify(o *DumpOptions) error {
	h := &s.dump.head
	total, done := s.Size(), int64(0)
	for _, part := range []struct {
		name string
		mem  []byte
		want uint32
	}{{"data", s.data.Bytes(), h.DataChecksum}, {"control", s.control.Bytes(), h.ControlChecksum}} {
		sum := uint32(0)
		for b := part.mem; len(b) > 0; {
			n := min(len(b), dumpPiece)
			sum = crc32.Update(sum, castagnoli, b[:n])
			b = b[n:]
			done += int64(n)
			if err := o.progress(done, total); err != nil {
				return err
			}
		}
		if sum != part.want {
			return headerError(s.data.File().Path(), "checksum of "+part.name, ErrDumpChecksum,
				fmt.Sprintf("%#08x", part.want), fmt.Sprintf("%#08x", sum))
		}
	}
	return nil
}

func (o *DumpOptions) progress(done, total int64) error {
	if o.Progress == nil {
		return nil
	}
	return o.Progress(done, total)
}

// A source is where the headers of a file are read from.
type source interface {
	ReadAt(p []byte, off int64) error
	Path() string // for messages
}

// A section is one of a block's files in a dump.
type section struct {
	f    *shm.File
	off  int64
	name string
}

func (s section) ReadAt(p []byte, off int64) error { return s.f.ReadAt(p, s.off+off) }

func (s section) Path() string { return s.f.Path() + " (" + s.name + ")" }
