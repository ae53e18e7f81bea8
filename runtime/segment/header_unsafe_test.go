//go:build linux

package segment

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/fixed"
	"github.com/pylabhub/datahub/runtime/slot"
)

// A lying is a block without a producer whose files a test changes.
type lying struct {
	t             testing.TB
	o             Options
	path          string
	data, control []byte // as they were made
}

func newLying(t testing.TB, c Config) *lying {
	t.Helper()
	o := Options{Root: memoryDir(t)}
	s, err := Create("roof", c, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	l := &lying{t: t, o: o, path: s.Path()}
	l.data, l.control = l.read(dataName), l.read(controlName)
	return l
}

func (l *lying) read(name string) []byte {
	l.t.Helper()
	b, err := os.ReadFile(filepath.Join(l.path, name))
	if err != nil {
		l.t.Fatal(err)
	}
	return b
}

func (l *lying) write(name string, b []byte) {
	if err := os.WriteFile(filepath.Join(l.path, name), b, 0o600); err != nil {
		panic(err)
	}
}

// attach attaches with the files as they are now. What it accepts it uses: every
// region must be memory.
func (l *lying) attach(c Config) error {
	s, err := Attach("roof", c, l.o)
	if err != nil {
		return err
	}
	m := s.Memory()
	for _, r := range [][]byte{m.Producer, m.Flex, m.Slots, m.Control, m.Cells, m.Spinlocks, m.Counters, m.Baselines} {
		if len(r) > 0 {
			_ = r[0] + r[len(r)-1]
		}
	}
	return s.Close()
}

// lie changes the header with change, makes its checksum right and attaches.
func (l *lying) lie(change func(h *hdr.DataHeader)) error {
	l.t.Helper()
	path := filepath.Join(l.path, dataName)
	patch(l.t, path, change)
	err := l.attach(Config{Schema: reading})
	patch(l.t, path, func(h *hdr.DataHeader) { copy(recordBytes(h), l.data) })
	return err
}

// A lie is one change of a header and the class of error it leads to, nil if it is
// harmless.
type lie struct {
	what   string
	class  error
	change func(h *hdr.DataHeader)
}

func TestFault30AWrongMagicFormByteOrderAndHashEachHaveTheirOwnError(t *testing.T) {
	checkFiles(t)
	newLying(t, withFlex()).each([]lie{
		{"magic", ErrMagic, func(h *hdr.DataHeader) { h.Preamble.Magic[0]++ }},
		{"control header in the data file", ErrMagic, func(h *hdr.DataHeader) { h.Preamble.File = hdr.FileKindControl }},
		{"other byte order", ErrByteOrder, func(h *hdr.DataHeader) { h.Preamble.ByteOrder = 0x01020304 }},
		{"no byte order", ErrByteOrder, func(h *hdr.DataHeader) { h.Preamble.ByteOrder = 0x01030204 }},
		{"form before", ErrForm, func(h *hdr.DataHeader) { h.Preamble.Form-- }},
		{"form after", ErrForm, func(h *hdr.DataHeader) { h.Preamble.Form++ }},
		{"header size", ErrHeaderLayout, func(h *hdr.DataHeader) { h.Preamble.HeaderSize += 8 }},
		{"layout hash", ErrHeaderLayout, func(h *hdr.DataHeader) { h.Preamble.LayoutHash[31] ^= 1 }},
		{"block id", ErrBlockID, func(h *hdr.DataHeader) { h.Preamble.BlockID[0] ^= 1 }},
		{"boot id", ErrStale, func(h *hdr.DataHeader) { h.BootID[0] ^= 1 }},
		{"lock scheme", ErrLockScheme, func(h *hdr.DataHeader) { h.LockScheme = 3 }},
		{"hash of the type", ErrDescriptor, func(h *hdr.DataHeader) { h.Slot.SchemaHash[0] ^= 1 }},
		{"layout hash of the zone", ErrDescriptor, func(h *hdr.DataHeader) { h.Flex.LayoutHash[0] ^= 1 }},
	})
}

func TestFault29HostileSizesCountsAndOffsetsAreErrors(t *testing.T) {
	checkFiles(t)
	l := newLying(t, withFlex())
	region := func(h *hdr.DataHeader, kind hdr.RegionKind) *hdr.Region {
		for i := range h.Regions {
			if h.Regions[i].Kind == kind {
				return &h.Regions[i]
			}
		}
		panic("no region " + kind.String())
	}
	const slots, producer, cells = hdr.RegionKindSlots, hdr.RegionKindProducer, hdr.RegionKindCells
	l.each([]lie{
		{"data size too large", ErrTruncated, func(h *hdr.DataHeader) { h.DataSize++ }},
		{"data size 2^64-1", ErrTruncated, func(h *hdr.DataHeader) { h.DataSize = 1<<64 - 1 }},
		{"data size too small", ErrOversize, func(h *hdr.DataHeader) { h.DataSize-- }},
		{"control size too large", ErrTruncated, func(h *hdr.DataHeader) { h.ControlSize = 1 << 63 }},
		{"control size 0", ErrOversize, func(h *hdr.DataHeader) { h.ControlSize = 0 }},
		{"generation 0", ErrHeaderValue, func(h *hdr.DataHeader) { h.Generation = 0 }},
		{"page size", ErrHeaderValue, func(h *hdr.DataHeader) { h.PageSize = 4097 }},
		{"capacity 0", ErrHeaderValue, func(h *hdr.DataHeader) { h.Capacity = 0 }},
		{"capacity 2^32-1", ErrHeaderValue, func(h *hdr.DataHeader) { h.Capacity = 1<<32 - 1 }},
		{"payload size", ErrHeaderValue, func(h *hdr.DataHeader) { h.PayloadSize++ }},
		{"payload offset", ErrHeaderValue, func(h *hdr.DataHeader) { h.PayloadOffset = 1<<32 - 8 }},
		{"payload over the stamp", ErrHeaderValue, func(h *hdr.DataHeader) { h.PayloadOffset = 0 }},
		{"payload alignment", ErrHeaderValue, func(h *hdr.DataHeader) { h.PayloadAlign = 3 }},
		{"timestamp over the payload", ErrHeaderValue, func(h *hdr.DataHeader) { h.TimestampOffset = h.PayloadOffset }},
		{"no checksum where there must be one", ErrHeaderValue, func(h *hdr.DataHeader) { h.ChecksumOffset = slot.None }},
		{"a length where there must be none", ErrHeaderValue, func(h *hdr.DataHeader) { h.LengthOffset = 8 }},
		{"policy 0", ErrHeaderValue, func(h *hdr.DataHeader) { h.Policy = 0 }},
		{"sync 200", ErrHeaderValue, func(h *hdr.DataHeader) { h.Sync = 200 }},
		{"flex mode", ErrHeaderValue, func(h *hdr.DataHeader) { h.FlexMode = hdr.FlexModeNone }},
		{"flex copies", ErrHeaderValue, func(h *hdr.DataHeader) { region(h, hdr.RegionKindFlex).Count = 3 }},
		{"checksum mode 0", ErrHeaderValue, func(h *hdr.DataHeader) { h.Checksum = 0 }},
		{"raw 2", ErrHeaderValue, func(h *hdr.DataHeader) { h.Raw = 2 }},
		{"raw with a type", ErrHeaderValue, func(h *hdr.DataHeader) { h.Raw = fixed.True }},
		{"evict 2", ErrHeaderValue, func(h *hdr.DataHeader) { h.Evict = 2 }},
		{"17 regions", ErrHeaderValue, func(h *hdr.DataHeader) { h.RegionCount = 17 }},
		{"2^32-1 regions", ErrHeaderValue, func(h *hdr.DataHeader) { h.RegionCount = 1<<32 - 1 }},
		{"no regions", ErrRegionMissing, func(h *hdr.DataHeader) { h.RegionCount = 0 }},
		{"no zone", ErrRegionMissing, func(h *hdr.DataHeader) { region(h, hdr.RegionKindFlex).Kind = 77 }},
		{"a region twice", ErrRegionTwice, func(h *hdr.DataHeader) { region(h, hdr.RegionKindBaselines).Kind = cells }},
		{"a region of a later version", nil, func(h *hdr.DataHeader) {
			h.Regions[h.RegionCount] = hdr.Region{Kind: 999, File: hdr.FileKindControl, Offset: h.ControlSize - 128, Size: 128}
			h.RegionCount++
		}},
		{"region in no file", ErrRegionBounds, func(h *hdr.DataHeader) { region(h, slots).File = 3 }},
		{"region in the wrong file", ErrRegionBounds, func(h *hdr.DataHeader) { h.Regions[0].Kind = cells }},
		{"region at 2^64-1", ErrRegionBounds, func(h *hdr.DataHeader) { region(h, slots).Offset = 1<<64 - 1 }},
		{"region at 2^63", ErrRegionBounds, func(h *hdr.DataHeader) { region(h, slots).Offset = 1 << 63 }},
		{"region whose end overflows", ErrRegionBounds, func(h *hdr.DataHeader) { region(h, slots).Size = -region(h, slots).Offset }},
		{"region of size 2^64-1", ErrRegionBounds, func(h *hdr.DataHeader) { region(h, cells).Size = 1<<64 - 1 }},
		{"region of size 0", ErrRegionBounds, func(h *hdr.DataHeader) { region(h, producer).Size = 0 }},
		{"region over the header", ErrRegionOverlap, func(h *hdr.DataHeader) { region(h, producer).Offset = 0 }},
		{"regions over each other", ErrRegionOverlap, func(h *hdr.DataHeader) { region(h, slots).Offset = region(h, producer).Offset }},
		{"region not aligned", ErrRegionAlignment, func(h *hdr.DataHeader) { region(h, cells).Offset += 8 }},
		{"page not aligned", ErrRegionAlignment, func(h *hdr.DataHeader) { region(h, producer).Offset += 2048 }},
		{"fewer slots than they say", ErrHeaderValue, func(h *hdr.DataHeader) { region(h, slots).Count++ }},
		{"2^32-1 consumers", ErrHeaderValue, func(h *hdr.DataHeader) { region(h, cells).Count = 1<<32 - 1 }},
		{"cell stride", ErrHeaderValue, func(h *hdr.DataHeader) { region(h, cells).Stride = 0 }},
		{"slot stride", ErrHeaderValue, func(h *hdr.DataHeader) { region(h, slots).Stride = 1 }},
		{"257 spinlocks", ErrHeaderValue, func(h *hdr.DataHeader) { region(h, hdr.RegionKindSpinlocks).Count = 257 }},
		{"descriptor's checksum", ErrDescriptor, func(h *hdr.DataHeader) { region(h, slotDescriptor).Checksum++ }},
		{"descriptor's size", ErrDescriptor, func(h *hdr.DataHeader) { region(h, flexDescriptor).Size-- }},
		{"size of the type", ErrHeaderValue, func(h *hdr.DataHeader) { h.Slot.Size += 8 }},
	})
	if err := l.attach(Config{Schema: reading}); err != nil {
		t.Errorf("the header as it was: %v", err)
	}
}

// each tells the lies one by one; no two errors read alike.
func (l *lying) each(lies []lie) {
	t, seen := l.t, map[string]string{}
	t.Helper()
	for _, c := range lies {
		err := l.lie(c.change)
		if c.class == nil {
			if err != nil {
				t.Errorf("%s: %v", c.what, err)
			}
			continue
		}
		var he *HeaderError
		var re *RegionError
		var se *StaleError
		if !errors.Is(err, c.class) || !errors.As(err, &he) && !errors.As(err, &re) && !errors.As(err, &se) {
			t.Errorf("%s: got %v, want %v", c.what, err, c.class)
			continue
		}
		if s := err.Error(); seen[s] != "" && !strings.Contains(s, "geometry") {
			t.Errorf("%s and %s read alike: %s", c.what, seen[s], s)
		} else {
			seen[s] = c.what
		}
	}
}

func TestAHeaderErrorSaysWhatStandsThereAndWhatShould(t *testing.T) {
	l := newLying(t, config())
	for _, c := range []struct {
		change func(h *hdr.DataHeader)
		want   string
	}{
		{func(h *hdr.DataHeader) { h.Preamble.Form = 2 },
			"attach to channel \"roof\": DATA: block has another form: form is 2, expected 1: build both programs with one version of the library"},
		{func(h *hdr.DataHeader) { h.DataSize += 4096 },
			"attach to channel \"roof\": DATA: file is shorter than it must be: size is SIZE, expected SIZE+"},
		{func(h *hdr.DataHeader) { h.Regions[2].Offset = 1 << 63 },
			"attach to channel \"roof\": DATA: region slots: region does not lie in its file: 512 bytes from 9223372036854775808, the file has SIZE"},
	} {
		want := strings.NewReplacer("DATA", filepath.Join(l.path, dataName),
			"SIZE+", fmt.Sprint(len(l.data)+4096), "SIZE", fmt.Sprint(len(l.data))).Replace(c.want)
		if err := l.lie(c.change); err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}

func TestFault27EveryFlippedBitOfTheHeadersIsSeen(t *testing.T) {
	checkFiles(t)
	l := newLying(t, withFlex())
	flip := func(name string, orig []byte, from, to int64, harmless bool) {
		t.Helper()
		f, err := os.OpenFile(filepath.Join(l.path, name), os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		for i := from; i < to; i++ {
			for bit := range 8 {
				if _, err := f.WriteAt([]byte{orig[i] ^ 1<<bit}, i); err != nil {
					t.Fatal(err)
				}
				err := l.attach(Config{Schema: reading})
				if harmless != (err == nil) {
					t.Errorf("%s: bit %d of byte %d: %v", name, bit, i, err)
				}
			}
			if _, err := f.WriteAt(orig[i:i+1], i); err != nil {
				t.Fatal(err)
			}
		}
	}
	flip(dataName, l.data, 0, dataHeaderSize, false)
	flip(controlName, l.control, 0, controlHeaderFixed, false)
	// The counter of mismatches and what is reserved behind it.
	flip(controlName, l.control, controlHeaderFixed, controlHeaderSize, true)
	h := new(hdr.DataHeader)
	copy(recordBytes(h), l.data)
	for _, r := range h.Regions[:h.RegionCount] {
		if r.Kind == slotDescriptor || r.Kind == flexDescriptor {
			flip(dataName, l.data, int64(r.Offset), int64(r.Offset+r.Size), false)
		}
	}
}

// TestFault27NoBitOfASealedHeaderLeadsOutOfTheFiles flips each bit and makes the
// checksum right: what is accepted must be usable.
func TestFault27NoBitOfASealedHeaderLeadsOutOfTheFiles(t *testing.T) {
	checkFiles(t)
	l := newLying(t, withFlex())
	told := map[string]bool{
		// What is only told and decides nothing.
		"Generation": true, "CreatedNS": true, "Creator": true, "_": true,
		// The checksum, which is made right again; the sizes of the types, which nobody
		// needs; the table behind its last entry.
		"Preamble": true, "Slot": true, "Flex": true, "Regions": true,
		// Another block that could be, with the same regions.
		"Checksum": true, "ChecksumOffset": true, "Evict": true, "PayloadAlign": true, "Sync": true,
	}
	got := map[string]bool{}
	header := reflect.TypeFor[hdr.DataHeader]()
	for k := range header.NumField() {
		f := header.Field(k)
		for i := f.Offset; i < f.Offset+f.Type.Size(); i++ {
			for bit := range 8 {
				if l.lie(func(h *hdr.DataHeader) { recordBytes(h)[i] ^= 1 << bit }) == nil {
					got[f.Name] = true
				}
			}
		}
	}
	if diff := cmp.Diff(told, got); diff != "" {
		t.Errorf("fields of which a changed bit is accepted (-want +got):\n%s", diff)
	}
}

func TestFault31FilesOfTheWrongLengthOrWithoutSenseAreRefused(t *testing.T) {
	checkFiles(t)
	l := newLying(t, withFlex())
	rng := rand.New(rand.NewPCG(1, 2)) // fixed: what is random must not begin like a block
	random := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(rng.Uint32())
		}
		return b
	}
	for _, f := range []struct {
		name string
		orig []byte
	}{{dataName, l.data}, {controlName, l.control}} {
		for _, c := range []struct {
			what  string
			b     []byte
			class error
		}{
			{"empty", nil, ErrTruncated},
			{"one byte", f.orig[:1], ErrTruncated},
			{"half a header", f.orig[:64], ErrTruncated},
			{"one byte short", f.orig[:len(f.orig)-1], ErrTruncated},
			{"half", f.orig[:len(f.orig)/2], ErrTruncated},
			{"one byte more", append(bytes.Clone(f.orig), 0), ErrOversize},
			{"twice", append(bytes.Clone(f.orig), f.orig...), ErrOversize},
			{"zeros", make([]byte, len(f.orig)), ErrMagic},
			{"random", random(len(f.orig)), ErrMagic},
			{"random after the magic", append([]byte(Magic), random(len(f.orig)-len(Magic))...), ErrByteOrder},
			{"text", bytes.Repeat([]byte("hello "), 3000), ErrMagic},
		} {
			l.write(f.name, c.b)
			for op, fn := range map[string]func() error{
				"attach": func() error { return l.attach(Config{Schema: reading}) },
				"create": func() error { _, err := Create("roof", withFlex(), l.o); return err },
				// Replace does not bless what is corrupt.
				"replace": func() error { _, err := Create("roof", withFlex(), Options{Root: l.o.Root, Replace: true}); return err },
			} {
				if err := fn(); !errors.Is(err, c.class) {
					t.Errorf("%s of a block whose %s is %s: got %v, want %v", op, f.name, c.what, err, c.class)
				}
			}
		}
		l.write(f.name, f.orig)
	}
	l.write(dataName, random(100))
	if err := Remove("roof", false, l.o); err != nil {
		t.Errorf("removing a corrupt block: %v", err)
	}
	if got := leftovers(t, l.o.Root); len(got) != 0 {
		t.Errorf("left behind: %q", got)
	}
}
