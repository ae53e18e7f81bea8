package segment

import (
	"bytes"
	"encoding/binary"
	"fmt"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/fixed"
	"github.com/pylabhub/datahub/runtime/slot"
)

// headerError makes a [HeaderError] for the file at path.
func headerError(path, field string, class error, got, want any) error {
	e := &HeaderError{File: path, Field: field, Got: fmt.Sprint(got), Class: class}
	if want != nil {
		e.Want = fmt.Sprint(want)
	}
	return e
}

// checkPreamble checks how a file begins, in the order in which one can tell: a
// file of another form or byte order is named as such, not as corrupt. b are the
// bytes that the checksum covers.
func checkPreamble(path string, b []byte, kind hdr.FileKind, s *fixed.Schema) (*hdr.Preamble, error) {
	p := new(hdr.Preamble)
	copy(recordBytes(p), b)
	swapped := binary.BigEndian.Uint32(binary.LittleEndian.AppendUint32(nil, ByteOrder))
	switch {
	case string(p.Magic[:]) != Magic:
		return nil, headerError(path, "magic", ErrMagic, fmt.Sprintf("%q", p.Magic[:]), fmt.Sprintf("%q", Magic))
	case p.ByteOrder == swapped:
		return nil, headerError(path, "byte order", ErrByteOrder, "big-endian", "little-endian")
	case p.ByteOrder != ByteOrder:
		return nil, headerError(path, "byte order", ErrByteOrder, fmt.Sprintf("%#08x", p.ByteOrder), fmt.Sprintf("%#08x", ByteOrder))
	case p.Form != Form:
		return nil, headerError(path, "form", ErrForm, p.Form, fmt.Sprintf("%d: build both programs with one version of the library", Form))
	case p.File != kind:
		return nil, headerError(path, "kind of file", ErrMagic, uint16(p.File), uint16(kind))
	case p.HeaderSize != s.Size:
		return nil, headerError(path, "size of the header", ErrHeaderLayout, p.HeaderSize, s.Size)
	case p.LayoutHash != s.LayoutHash:
		return nil, headerError(path, "layout hash", ErrHeaderLayout, fmt.Sprintf("%x", p.LayoutHash[:8]), fmt.Sprintf("%x", s.LayoutHash[:8]))
	}
	if sum := headerChecksum(b); p.Checksum != sum {
		return nil, headerError(path, "checksum", ErrHeaderChecksum, fmt.Sprintf("%#08x", p.Checksum), fmt.Sprintf("%#08x", sum))
	}
	return p, nil
}

// readData reads and checks the header of a data file.
func readData(f source, size int64) (*hdr.DataHeader, error) {
	h := new(hdr.DataHeader)
	b := recordBytes(h)
	if err := readHeader(f, size, b); err != nil {
		return nil, err
	}
	if _, err := checkPreamble(f.Path(), b, hdr.FileKindData, &hdr.DataHeaderSchema); err != nil {
		return nil, err
	}
	if err := checkSize(f.Path(), size, h.DataSize); err != nil {
		return nil, err
	}
	return h, nil
}

// readControl reads and checks the header of a control file.
func readControl(f source, size int64) (*hdr.Preamble, error) {
	b := make([]byte, controlHeaderFixed)
	if err := readHeader(f, size, b); err != nil {
		return nil, err
	}
	return checkPreamble(f.Path(), b, hdr.FileKindControl, &hdr.ControlHeaderSchema)
}

func readHeader(f source, size int64, b []byte) error {
	if size < int64(len(b)) {
		return headerError(f.Path(), "size", ErrTruncated, size, fmt.Sprintf("%d or more", len(b)))
	}
	return f.ReadAt(b, 0)
}

func checkSize(path string, got int64, want uint64) error {
	switch {
	case uint64(got) < want:
		return headerError(path, "size", ErrTruncated, got, want)
	case uint64(got) > want:
		return headerError(path, "size", ErrOversize, got, want)
	}
	return nil
}

// A table is the region table of a block, checked.
type table [hdr.RegionKindCounters + 1]hdr.Region

// regions checks the region table of h: sizes come from the files by now, so
// what lies inside them can be mapped.
func regions(path string, h *hdr.DataHeader) (*table, error) {
	bad := func(r *hdr.Region, class error, format string, a ...any) error {
		return &RegionError{File: path, Region: r.Kind, Class: class, Reason: fmt.Sprintf(format, a...)}
	}
	if h.RegionCount > uint32(len(h.Regions)) {
		return nil, headerError(path, "number of regions", ErrHeaderValue, h.RegionCount, fmt.Sprintf("at most %d", len(h.Regions)))
	}
	t := new(table)
	all := h.Regions[:h.RegionCount]
	for i := range all {
		r := &all[i]
		end, begin := h.DataSize, uint64(dataHeaderSize)
		if r.File == hdr.FileKindControl {
			end, begin = h.ControlSize, uint64(controlHeaderSize)
		}
		switch {
		case r.File != hdr.FileKindData && r.File != hdr.FileKindControl:
			return nil, bad(r, ErrRegionBounds, "there is no file %d", uint16(r.File))
		case r.Size == 0 || r.Offset > end || r.Size > end-r.Offset:
			return nil, bad(r, ErrRegionBounds, "%d bytes from %d, the file has %d", r.Size, r.Offset, end)
		case r.Offset < begin:
			return nil, bad(r, ErrRegionOverlap, "it begins at %d, the header ends at %d", r.Offset, begin)
		case r.Offset%regionAlign(r.Kind) != 0:
			return nil, bad(r, ErrRegionAlignment, "offset %d is not a multiple of %d", r.Offset, regionAlign(r.Kind))
		}
		for j := range all[:i] {
			if o := &all[j]; o.File == r.File && r.Offset < o.Offset+o.Size && o.Offset < r.Offset+r.Size {
				return nil, bad(r, ErrRegionOverlap, "with %s", o.Kind)
			}
		}
		if int(r.Kind) >= len(t) {
			continue // of a later version that added it: nothing of ours
		}
		if t[r.Kind].Size != 0 {
			return nil, bad(r, ErrRegionTwice, "at %d and at %d", t[r.Kind].Offset, r.Offset)
		}
		if inControl(r.Kind) != (r.File == hdr.FileKindControl) {
			return nil, bad(r, ErrRegionBounds, "it stands in the wrong file")
		}
		t[r.Kind] = *r
	}
	return t, nil
}

func regionAlign(kind hdr.RegionKind) uint64 {
	if kind == hdr.RegionKindProducer || kind == hdr.RegionKindFlex {
		return pageAlign
	}
	return wordAlign
}

// protocol returns what the slot protocol has to know of the block: its Config
// and its Plan, checked against each other and against the region table.
func protocol(path string, h *hdr.DataHeader, t *table) (slot.Config, slot.Plan, error) {
	slots, cells := &t[hdr.RegionKindSlots], &t[hdr.RegionKindCells]
	locks, flex := &t[hdr.RegionKindSpinlocks], &t[hdr.RegionKindFlex]
	c := slot.Config{
		Policy: h.Policy, Sync: h.Sync, Capacity: h.Capacity, Consumers: cells.Count,
		PayloadSize: h.PayloadSize, PayloadAlign: h.PayloadAlign,
		Timestamp: h.TimestampOffset != hdr.DataHeaderNone,
		Length:    h.Raw.Get(), Evict: h.Evict.Get(),
		Checksum: h.Checksum, ChecksumType: h.ChecksumType,
		FlexSize: h.Flex.Size, FlexMode: h.FlexMode, Spinlocks: locks.Count,
	}
	p := slot.Plan{
		Capacity: h.Capacity, Slots: slots.Count, Consumers: cells.Count,
		Stride: slots.Stride, PayloadOff: h.PayloadOffset, PayloadSize: h.PayloadSize,
		TimestampOff: h.TimestampOffset, LengthOff: h.LengthOffset, ChecksumOff: h.ChecksumOffset,
		CellStride: cells.Stride, SpinlockStride: locks.Stride, FlexStride: flex.Stride,
		ProducerSize: t[hdr.RegionKindProducer].Size, FlexSize: flex.Size, SlotsSize: slots.Size,
		ControlSize: t[hdr.RegionKindControlWords].Size, CellsSize: cells.Size, SpinlocksSize: locks.Size,
		CountersSize: t[hdr.RegionKindCounters].Size, BaselinesSize: t[hdr.RegionKindBaselines].Size,
	}
	for _, kind := range []hdr.RegionKind{
		hdr.RegionKindSlotDescriptor, hdr.RegionKindProducer, hdr.RegionKindSlots, hdr.RegionKindControlWords,
		hdr.RegionKindCells, hdr.RegionKindCounters, hdr.RegionKindBaselines,
	} {
		if t[kind].Size == 0 {
			return c, p, &RegionError{File: path, Region: kind, Class: ErrRegionMissing, Reason: "every block has one"}
		}
	}
	if locks.Size == 0 {
		least, err := slot.NewPlan(c)
		if err != nil {
			return c, p, headerError(path, "policies", ErrHeaderValue, err, nil)
		}
		p.SpinlockStride = least.SpinlockStride // there is no region to say it
	}
	hasFlex := flex.Size != 0
	hasType := !bytes.Equal(h.Flex.SchemaHash[:], make([]byte, len(h.Flex.SchemaHash)))
	if hasDesc := t[hdr.RegionKindFlexDescriptor].Size != 0; hasFlex != hasType || hasFlex != hasDesc {
		return c, p, &RegionError{File: path, Region: hdr.RegionKindFlex, Class: ErrRegionMissing,
			Reason: fmt.Sprintf("zone %t, its type %t, its descriptor %t", hasFlex, hasType, hasDesc)}
	}
	if err := p.Check(c); err != nil {
		return c, p, headerError(path, "geometry", ErrHeaderValue, err, nil)
	}
	return c, p, checkScalars(path, h, t)
}

// checkScalars checks what is left: numbers that stand alone.
func checkScalars(path string, h *hdr.DataHeader, t *table) error {
	for _, v := range []struct {
		field     string
		ok        bool
		got, want any
	}{
		{"page size", h.PageSize == Page4K || h.PageSize == Page2M, h.PageSize, "4096 or 2097152"},
		{"generation", h.Generation != 0, h.Generation, "1 or more"},
		{"checksum mode", h.Checksum != 0, uint8(h.Checksum), "1 to 3"},
		{"raw", h.Raw <= fixed.True, uint8(h.Raw), "0 or 1"},
		{"evict", h.Evict <= fixed.True, uint8(h.Evict), "0 or 1"},
		{"raw", h.Raw.Get() == (h.Slot.SchemaHash == RawSchema().SchemaHash), h.Raw, "that the slots' type is " + RawSchema().ID},
		{"size of the slots' type", h.Raw.Get() || h.Slot.Size == h.PayloadSize, h.Slot.Size, h.PayloadSize},
		{"copies of the flexible zone", t[hdr.RegionKindFlex].Count == flexCopies(&slot.Config{FlexMode: h.FlexMode}),
			t[hdr.RegionKindFlex].Count, nil},
	} {
		if !v.ok {
			return headerError(path, v.field, ErrHeaderValue, v.got, v.want)
		}
	}
	return nil
}
