//go:build linux

package segment

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"os"
	"path/filepath"
	"testing"

	"github.com/pylabhub/datahub/blds/canon"
	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/slot"
)

// overwrite applies changes to b: each is an offset of 2 bytes, which is taken round,
// and 8 bytes to store there. So an input means the same on every machine, whatever
// ids its blocks have.
func overwrite(b, changes []byte) {
	for ; len(changes) >= 10; changes = changes[10:] {
		at := int(binary.LittleEndian.Uint16(changes)) % len(b)
		copy(b[at:], changes[2:10])
	}
}

func changed(field uintptr, v uint64) []byte {
	return binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint16(nil, uint16(field)), v)
}

// FuzzHeader attaches to blocks whose headers were changed, in both files, with
// checksums that are right or not. What is accepted is used.
func FuzzHeader(f *testing.F) {
	l := newLying(f, withFlex())
	regions := uintptr(hdr.FieldDataHeaderRegions)
	f.Add(changed(regions+8, 1<<63), []byte{}, true)
	f.Add([]byte{}, changed(uintptr(hdr.FieldPreambleForm), 2), true)
	f.Add(changed(uintptr(hdr.FieldDataHeaderCapacity), 1<<32-1), []byte{}, false)
	f.Fuzz(func(t *testing.T, data, control []byte, sealed bool) {
		d, c := bytes.Clone(l.data), bytes.Clone(l.control)
		overwrite(d[:dataHeaderSize], data)
		overwrite(c[:controlHeaderSize], control)
		if sealed {
			seal(d[:dataHeaderSize])
			seal(c[:controlHeaderFixed])
		}
		l.write(dataName, d)
		l.write(controlName, c)
		s, err := Observe("roof", Config{}, l.o)
		if err != nil {
			return
		}
		defer s.Close()
		if book, err := slot.NewBook(s.Memory(), s.Plan(), s.Config()); err == nil {
			figures := book.Figures()
			book.Cell(len(figures.Readers)-1, figures.Position)
		}
		r, err := slot.Observe(s.Memory(), s.Plan(), s.Config(), s.Host(), slot.ReaderOptions{})
		if err != nil {
			t.Fatalf("accepted, but of no use: %v", err)
		}
		_, _, _ = r.TryAcquire()
		if err := r.Leave(); err != nil && !errors.Is(err, slot.ErrLoanOpen) {
			t.Error(err)
		}
		_ = l.attach(Config{Schema: reading})
	})
}

// FuzzDescriptor attaches to blocks whose slots have a type that nobody has compiled:
// the descriptor is any text, the checksum and the hashes in the header are its own.
func FuzzDescriptor(f *testing.F) {
	l := newLying(f, config())
	h := new(hdr.DataHeader)
	copy(recordBytes(h), l.data)
	var room, at uint64
	for _, r := range h.Regions[:h.RegionCount] {
		if r.Kind == slotDescriptor {
			at, room = r.Offset, pageAlign-r.Offset%pageAlign
		}
	}
	for _, s := range []string{reading.Descriptor, readingF32.Descriptor, calib.Descriptor, RawSchema().Descriptor, "", "BLDS"} {
		f.Add([]byte(s))
	}
	path := filepath.Join(l.path, dataName)
	f.Fuzz(func(t *testing.T, desc []byte) {
		if len(desc) == 0 || uint64(len(desc)) > room {
			return
		}
		layout, hash, err := canon.HashesOf(desc)
		patch(t, path, func(h *hdr.DataHeader) {
			for i := range h.Regions[:h.RegionCount] {
				if r := &h.Regions[i]; r.Kind == slotDescriptor {
					r.Size, r.Checksum = uint64(len(desc)), crc32.Checksum(desc, castagnoli)
				}
			}
			if err == nil {
				h.Slot.LayoutHash, h.Slot.SchemaHash = layout, hash
			}
		})
		file, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := file.WriteAt(desc, int64(at)); err != nil {
			t.Fatal(err)
		}
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
		mismatch := l.attach(Config{Schema: reading})
		if mismatch == nil && hash != reading.SchemaHash { // the rest of a descriptor is for people
			t.Errorf("attached to %q", desc)
		}
		if mismatch != nil {
			_ = mismatch.Error()
		}
		s, err := Observe("roof", Config{}, l.o)
		if err != nil {
			return
		}
		if got, err := s.Descriptor(false); err != nil || got != string(desc) {
			t.Errorf("the descriptor is %q, %v; want %q", got, err, desc)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}
