package segment

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/internal/word"
	"github.com/pylabhub/datahub/runtime/shm"
	"github.com/pylabhub/datahub/runtime/slot"
)

// Dump writes both files of the block, and who holds which lock, to a file at path.
// That is made aside and appears when it is whole, for its owner only. Pages of
// zeros take no room in it where the file system can do that.
//
// The block may be in use, and nobody notices. Then the dump is no snapshot: the
// producer page is copied after the slots, so the words in it tell which values are
// whole, as in a live block; the newest value of LatestOnly and the flexible zone are
// copied again until they fit it; each cell is copied together with its lock.
//
// s should be of [Observe]: a handle sees its own locks as free. That there is such a
// file is fs.ErrExist, unless [DumpOptions.Overwrite].
func (s *Segment) Dump(path string, o DumpOptions) error {
	err := s.dumpTo(path, &o)
	if err != nil {
		return fmt.Errorf("dump channel %q to %s: %w", s.channel, path, err)
	}
	return nil
}

func (s *Segment) dumpTo(path string, o *DumpOptions) (err error) {
	if s.dump != nil {
		return fmt.Errorf("%w: copy the file", ErrDumpReadOnly)
	}
	if _, err := os.Lstat(path); err == nil && !o.Overwrite {
		return fs.ErrExist // the last step looks again
	}
	var r [8]byte
	if _, err := rand.Read(r[:]); err != nil {
		return err
	}
	aside := path + ".new-" + hex.EncodeToString(r[:])
	f, err := os.OpenFile(aside, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(aside))
		}
	}()
	w := &dumpWriter{s: s, o: o, f: f}
	err = s.Guard(w.write)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return publishDump(aside, path, o.Overwrite)
}

// publishDump gives the finished file its name.
func publishDump(aside, path string, overwrite bool) error {
	if overwrite {
		return os.Rename(aside, path)
	}
	dir, err := shm.OpenDir(filepath.Dir(path))
	if err != nil {
		return err
	}
	err = dir.RenameNoReplace(filepath.Base(aside), filepath.Base(path))
	if errors.Is(err, ErrUnsupported) {
		if err = os.Link(aside, path); err == nil {
			err = os.Remove(aside)
		}
	}
	return errors.Join(err, dir.Close())
}

// A dumpWriter writes one dump.
type dumpWriter struct {
	s           *Segment
	o           *DumpOptions
	f           *os.File
	h           hdr.DumpHeader
	book        *slot.Book
	buf         []byte
	done, total int64
}

func (w *dumpWriter) write() (err error) {
	s := w.s
	if w.book, err = slot.NewBook(s.Memory(), s.plan, s.conf); err != nil {
		return err
	}
	w.buf = make([]byte, dumpPiece)
	before := w.book.Page()
	w.h = hdr.DumpHeader{
		ByteOrder: ByteOrder, Form: DumpForm, HeaderSize: uint32(len(recordBytes(&w.h))),
		LayoutHash: hdr.DumpHeaderSchema.LayoutHash, BegunNS: time.Now().UnixNano(), Taker: Identity(),
		DataOffset: dumpAlign, DataSize: s.head.DataSize, ControlSize: s.head.ControlSize,
		Head: before.Head, Gate: before.Gate, Latest: before.Latest, Epoch: before.Epoch, Selector: before.Selector,
		Locks: 1 + s.plan.Consumers,
	}
	h := &w.h
	copy(h.Magic[:], DumpMagic)
	h.SetChannelTruncated(s.channel)
	h.ControlOffset = (h.DataOffset + h.DataSize + dumpAlign - 1) &^ (dumpAlign - 1)
	w.total = 2 * s.Size() // written, and read again for the checksums
	if err := w.f.Truncate(int64(h.ControlOffset + h.ControlSize)); err != nil {
		return err
	}
	if err := w.copyFile(s.data, int64(h.DataOffset)); err != nil {
		return err
	}
	if err := w.copyFile(s.control, int64(h.ControlOffset)); err != nil {
		return err
	}
	if err := w.settle(); err != nil {
		return err
	}
	if err := w.cells(); err != nil {
		return err
	}
	h.EndedNS = time.Now().UnixNano()
	if h.DataChecksum, err = w.sum(h.DataOffset, h.DataSize); err != nil {
		return err
	}
	if h.ControlChecksum, err = w.sum(h.ControlOffset, h.ControlSize); err != nil {
		return err
	}
	h.Checksum = dumpChecksum(h)
	_, err = w.f.WriteAt(recordBytes(h), 0)
	return err
}

// copyFile copies a whole file to off, word by word: each word in the dump is one
// that was there. What is zero stays a hole.
func (w *dumpWriter) copyFile(m *shm.Mapping, off int64) error {
	for at := 0; at < len(m.Bytes()); at += dumpPiece {
		b := m.Bytes()[at:min(at+dumpPiece, len(m.Bytes()))]
		r, err := word.NewRegion(b, uint64(len(b)), 8)
		if err != nil {
			return err
		}
		r.PeekBytes(w.buf[:len(b)], 0)
		if err := w.pages(w.buf[:len(b)], off+int64(at)); err != nil {
			return err
		}
		if err := w.step(len(b)); err != nil {
			return err
		}
	}
	return nil
}

func (w *dumpWriter) step(n int) error {
	w.done += int64(n)
	return w.o.progress(w.done, w.total)
}

var zeroPage [pageAlign]byte

// pages writes the pages of b that are not zero, runs of them at once. The file has
// nothing there yet.
func (w *dumpWriter) pages(b []byte, off int64) error {
	for at := 0; at < len(b); {
		n := min(pageAlign, len(b)-at)
		if string(b[at:at+n]) == string(zeroPage[:n]) {
			at += n
			continue
		}
		end := at
		for end < len(b) && string(b[end:min(end+pageAlign, len(b))]) != string(zeroPage[:min(pageAlign, len(b)-end)]) {
			end = min(end+pageAlign, len(b))
		}
		if _, err := w.f.WriteAt(b[at:end], off+int64(at)); err != nil {
			return err
		}
		at = end
	}
	return nil
}

// settleTries is how often the newest value is copied again. A producer of small
// values at full rate is met between two of them after a few.
const settleTries = 1000

// settle copies the producer page, the newest of latest values and the current copy
// of the flexible zone until the three fit each other.
func (w *dumpWriter) settle() error {
	s, page := w.s, w.s.Region(hdr.RegionKindProducer)
	for range settleTries {
		if err := w.copyRegion(hdr.RegionKindProducer, page, 0); err != nil {
			return err
		}
		seen := slot.ReadPage(w.buf)
		slots := s.Region(hdr.RegionKindSlots)
		latest, named := w.book.LatestSlot(seen.Latest)
		if named {
			at := uint64(latest) * uint64(s.plan.Stride)
			if err := w.copyRegion(hdr.RegionKindSlots, slots[at:at+uint64(s.plan.Stride)], at); err != nil {
				return err
			}
		}
		if s.conf.FlexMode == hdr.FlexModeDoubleBuffered {
			at := seen.Selector & 1 * uint64(s.plan.FlexStride)
			zone := s.Region(hdr.RegionKindFlex)[at:]
			if err := w.copyRegion(hdr.RegionKindFlex, zone[:min(len(zone), int(s.plan.FlexStride))], at); err != nil {
				return err
			}
		}
		// The slot of a latest value is not written while it is the latest, and a stamp
		// says which value a slot holds; the selector says which copy is written next.
		now := w.book.Page()
		if now.Selector == seen.Selector && (!named || slot.LatestFits(seen.Latest, w.book.Stamp(latest))) {
			w.h.Settled.Set(true)
			return nil
		}
	}
	return nil
}

// copyRegion copies mem, which stands at `at` in a region, to its place in the dump.
// The beginning of it stays in w.buf.
func (w *dumpWriter) copyRegion(kind hdr.RegionKind, mem []byte, at uint64) error {
	r := &w.s.table[kind]
	base := w.h.DataOffset
	if r.File == hdr.FileKindControl {
		base = w.h.ControlOffset
	}
	off := int64(base + r.Offset + at)
	for len(mem) > 0 {
		n := min(len(mem), len(w.buf))
		from, err := word.NewRegion(mem, uint64(n), 8)
		if err != nil {
			return err
		}
		from.PeekBytes(w.buf[:n], 0)
		if _, err := w.f.WriteAt(w.buf[:n], off); err != nil {
			return err
		}
		mem, off = mem[n:], off+int64(n)
	}
	return nil
}

// cells copies each cell together with what its lock says, and the producer page
// with the producer's.
func (w *dumpWriter) cells() error {
	s, h := w.s, w.s.Host()
	hold := func(lock int) {
		w.h.Held[lock/8] |= 1 << (lock % 8)
		w.h.Live.Set(true)
	}
	if s.Producer() || h.ProducerAlive() {
		hold(producerLock)
	}
	cells, stride := s.Region(hdr.RegionKindCells), int(s.plan.CellStride)
	for i := range int(s.plan.Consumers) {
		alive := false
		// The word first, then the lock, then the word again: see slot.Book.Words.
		for range attempts {
			inc := w.book.Words(i).Incarnation
			if err := w.copyRegion(hdr.RegionKindCells, cells[i*stride:(i+1)*stride], uint64(i*stride)); err != nil {
				return err
			}
			alive = h.CellAlive(i)
			if w.book.Words(i).Incarnation == inc {
				break
			}
		}
		if alive {
			hold(firstCellLock + i)
		}
	}
	return nil
}

// sum reads a file of the dump again and returns its checksum.
func (w *dumpWriter) sum(off, size uint64) (sum uint32, err error) {
	r := io.NewSectionReader(w.f, int64(off), int64(size))
	for left := int64(size); left > 0; {
		n, err := io.ReadFull(r, w.buf[:min(left, dumpPiece)])
		if err != nil {
			return 0, err
		}
		sum = crc32.Update(sum, castagnoli, w.buf[:n])
		left -= int64(n)
		if err := w.step(n); err != nil {
			return 0, err
		}
	}
	return sum, nil
}
