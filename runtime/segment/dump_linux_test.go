package segment

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/slot"
)

// dumped makes a block with a value in it and returns its dump.
func dumped(t testing.TB, change func(*Config)) (path string, s *Segment) {
	t.Helper()
	c := withFlex()
	if change != nil {
		change(&c)
	}
	o := Options{Root: t.TempDir()}
	p := mustCreate(t, "roof", c, o)
	w, err := slot.OpenWriter(p.Memory(), p.Plan(), p.Config(), p.Host(), slot.WriterOptions{Process: Identity(), Fresh: true})
	if err != nil {
		t.Fatal(err)
	}
	b, err := w.Claim(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	b[0] = 7
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	s, err = Observe("roof", Config{}, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	path = filepath.Join(t.TempDir(), "roof"+DumpExt)
	if err := s.Dump(path, DumpOptions{}); err != nil {
		t.Fatal(err)
	}
	return path, s
}

func TestADumpHoldsTheBlockByteForByteAndWhoWasAlive(t *testing.T) {
	checkFiles(t)
	path, s := dumped(t, nil)
	d, err := OpenDump(path, DumpOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if !bytes.Equal(d.data.Bytes(), s.data.Bytes()) || !bytes.Equal(d.control.Bytes(), s.control.Bytes()) {
		t.Error("the dump holds other bytes than the block")
	}
	if d.Channel() != "roof" || d.Path() != path || *d.Header() != *s.Header() || d.Plan() != s.Plan() || d.Config() != s.Config() {
		t.Errorf("the dump is of %q in %s", d.Channel(), d.Path())
	}
	for _, flex := range []bool{false, true} {
		want, _ := s.Descriptor(flex)
		if got, err := d.Descriptor(flex); err != nil || got != want || got == "" {
			t.Errorf("descriptor, flex %t: %q, %v", flex, got, err)
		}
	}
	if !d.Host().ProducerAlive() || d.Host().CellAlive(0) || d.Producer() {
		t.Error("want a live producer, no consumer")
	}
	info, ok := d.DumpInfo()
	if !ok || !info.Live || !info.Settled || info.Taker.PID != os.Getpid() || info.Before.Head != 1 || info.Ended.Before(info.Begun) || !d.Time().Equal(info.Ended) {
		t.Errorf("info is %+v", info)
	}
	if _, ok := s.DumpInfo(); ok {
		t.Error("a live block says that it is a dump")
	}
	if won, err := d.Host().TryLockCell(0); won || !errors.Is(err, ErrDumpReadOnly) {
		t.Errorf("locks a cell: %t, %v", won, err)
	}
	if err := d.Dump(path, DumpOptions{Overwrite: true}); !errors.Is(err, ErrDumpReadOnly) {
		t.Errorf("dump of a dump: %v", err)
	}
	if stores(d.Memory().Baselines) {
		t.Error("a dump can be written")
	}
	if st, err := os.Stat(path); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("mode is %v, %v", st.Mode(), err)
	}
}

func TestADumpAppearsWholeOrNotAtAll(t *testing.T) {
	path, s := dumped(t, nil)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Dump(path, DumpOptions{}); !errors.Is(err, fs.ErrExist) {
		t.Errorf("over a file: %v", err)
	}
	stop := errors.New("stop")
	last := int64(0)
	for at := 1; ; at++ {
		n := 0
		err := s.Dump(path, DumpOptions{Overwrite: true, Progress: func(done, total int64) error {
			if n++; n == at {
				return stop
			}
			if done > total || n > 1 && done <= last {
				t.Errorf("%d of %d bytes after %d", done, total, last)
			}
			last = done
			return nil
		}})
		if err == nil {
			break
		}
		if now, e := os.ReadFile(path); !errors.Is(err, stop) || e != nil || !bytes.Equal(now, before) {
			t.Errorf("stopped at %d: %v, %v; the file has changed: %t", at, err, e, !bytes.Equal(now, before))
		}
	}
	if last != 2*s.Size() {
		t.Errorf("progress ended at %d of %d", last, 2*s.Size())
	}
	if now, err := os.ReadFile(path); err != nil || bytes.Equal(now, before) {
		t.Errorf("with Overwrite the file is the old one (%v)", err)
	}
	names, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(names) != 1 {
		t.Errorf("the folder holds %v, %v", names, err)
	}
	if err := s.Dump(filepath.Join(t.TempDir(), "none", "x"), DumpOptions{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("in no folder: %v", err)
	}
}

func TestADumpOfALargeBlockIsSmall(t *testing.T) {
	c := config()
	c.Capacity = 1 << 16
	o := Options{Root: t.TempDir()}
	mustCreate(t, "roof", c, o)
	s, err := Observe("roof", Config{}, o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	path := filepath.Join(t.TempDir(), "x")
	if err := s.Dump(path, DumpOptions{}); err != nil {
		t.Fatal(err)
	}
	if n := allocated(t, path); n > 1<<20 || s.Size() < 4<<20 {
		t.Errorf("%d bytes on disk for a block of %d", n, s.Size())
	}
	d, err := OpenDump(path, DumpOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(d.data.Bytes(), s.data.Bytes()) {
		t.Error("the dump holds other bytes")
	}
	d.Close()
}

// allocated returns how many bytes a file takes on disk.
func allocated(t *testing.T, path string) int64 {
	t.Helper()
	st, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return st.Sys().(*syscall.Stat_t).Blocks * 512
}

func TestATargetIsADumpIfItIsAPath(t *testing.T) {
	for target, want := range map[string]bool{
		"roof": false, "roof.log": false, "./roof": true, "/tmp/roof": true, "roof.dhdump": true, "a/b": true,
	} {
		if IsDump(target) != want {
			t.Errorf("%s: %t", target, !want)
		}
	}
}

// reseal makes the checksums of a dump right.
func reseal(b []byte, h *hdr.DumpHeader) {
	copy(recordBytes(h), b)
	sum := func(off, size uint64) uint32 {
		if n := uint64(len(b)); off > n || size > n-off {
			return 0
		}
		return crc32.Checksum(b[off:off+size], castagnoli)
	}
	h.DataChecksum, h.ControlChecksum = sum(h.DataOffset, h.DataSize), sum(h.ControlOffset, h.ControlSize)
	h.Checksum = dumpChecksum(h)
	copy(b, recordBytes(h))
}

func TestEachFaultOfADumpHasItsOwnError(t *testing.T) {
	path, _ := dumped(t, nil)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	field := func(at int, v ...byte) func([]byte) []byte {
		return func(b []byte) []byte { copy(b[at:], v); return b }
	}
	for _, c := range []struct {
		what   string
		change func(b []byte) []byte
		seal   bool
		want   error
	}{
		{"another magic", field(int(hdr.FieldDumpHeaderMagic), 'X'), true, ErrDump},
		{"a block's file", field(0, []byte(Magic)...), true, ErrDump},
		{"big-endian", field(int(hdr.FieldDumpHeaderByteOrder), 4, 3, 2, 1), true, ErrByteOrder},
		{"another form", field(int(hdr.FieldDumpHeaderForm), 2), true, ErrDumpForm},
		{"another size of the header", field(int(hdr.FieldDumpHeaderHeaderSize), 1), true, ErrDumpForm},
		{"another layout", field(int(hdr.FieldDumpHeaderLayoutHash), 1, 1), true, ErrDumpForm},
		{"a flipped bit of the header", field(int(hdr.FieldDumpHeaderHeld), 0xff), false, ErrDumpChecksum},
		{"a flipped bit of the data file", field(dumpAlign+2000, 0xff), false, ErrDumpChecksum},
		{"a flipped bit of the control file", func(b []byte) []byte { b[len(b)-1]++; return b }, false, ErrDumpChecksum},
		{"cut short", func(b []byte) []byte { return b[:len(b)-1] }, false, ErrTruncated},
		{"cut in the header", func(b []byte) []byte { return b[:100] }, false, ErrTruncated},
		{"empty", func(b []byte) []byte { return nil }, false, ErrTruncated},
		{"too long", func(b []byte) []byte { return append(b, 0) }, false, ErrOversize},
		{"data at -1", field(int(hdr.FieldDumpHeaderDataOffset), bytes.Repeat([]byte{0xff}, 8)...), true, ErrDump},
		{"data of -1 bytes", field(int(hdr.FieldDumpHeaderDataSize), bytes.Repeat([]byte{0xff}, 8)...), true, ErrDump},
		{"data in the header", field(int(hdr.FieldDumpHeaderDataOffset), make([]byte, 8)...), true, ErrDump},
		{"control in the data", field(int(hdr.FieldDumpHeaderControlOffset), 0, 0, 1, 0), true, ErrDump},
		{"control of -1 bytes", field(int(hdr.FieldDumpHeaderControlSize), bytes.Repeat([]byte{0xff}, 8)...), true, ErrDump},
		{"too many locks", field(int(hdr.FieldDumpHeaderLocks), 0xff, 0xff), true, ErrDump},
		{"too few locks", field(int(hdr.FieldDumpHeaderLocks), 1), true, ErrDump},
		{"live is 2", field(int(hdr.FieldDumpHeaderLive), 2), true, ErrDump},
		{"no name", field(int(hdr.FieldDumpHeaderChannel), '.', '.', '/'), true, ErrDump},
		{"bytes behind the name", field(int(hdr.FieldDumpHeaderChannel)+10, 'x'), true, ErrDump},
		{"another block's magic", field(dumpAlign, 'X'), true, ErrMagic},
		{"a flipped bit of the block's header", field(dumpAlign+int(hdr.FieldDataHeaderGeneration), 9), true, ErrHeaderChecksum},
		{"another descriptor", field(dumpAlign+1100, 0xff, 0xff), true, ErrDescriptor},
	} {
		t.Run(c.what, func(t *testing.T) {
			checkFiles(t)
			b := c.change(bytes.Clone(whole))
			if c.seal {
				reseal(b, new(hdr.DumpHeader))
			}
			path := filepath.Join(t.TempDir(), "x")
			if err := os.WriteFile(path, b, 0o600); err != nil {
				t.Fatal(err)
			}
			s, err := OpenDump(path, DumpOptions{})
			if err == nil {
				s.Close()
			}
			if !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
	if _, err := OpenDump(path+"x", DumpOptions{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if _, err := OpenDump(filepath.Dir(path), DumpOptions{}); err == nil {
		t.Error("a folder is a dump")
	}
}

func TestEveryFlippedBitOfADumpsHeaderIsSeen(t *testing.T) {
	path, _ := dumped(t, nil)
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b := make([]byte, len(recordBytes(new(hdr.DumpHeader))))
	if _, err := f.ReadAt(b, 0); err != nil {
		t.Fatal(err)
	}
	for bit := range 8 * len(b) {
		c := b[bit/8] ^ 1<<(bit%8)
		if _, err := f.WriteAt([]byte{c}, int64(bit/8)); err != nil {
			t.Fatal(err)
		}
		if s, err := OpenDump(path, DumpOptions{}); err == nil {
			s.Close()
			t.Fatalf("bit %d is not seen", bit)
		}
		if _, err := f.WriteAt(b[bit/8:bit/8+1], int64(bit/8)); err != nil {
			t.Fatal(err)
		}
	}
	s, err := OpenDump(path, DumpOptions{})
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
}

func TestADumpFromBeforeTheLastStartAndOfAnotherSystemIsRead(t *testing.T) {
	path, _ := dumped(t, nil)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head := b[dumpAlign : dumpAlign+dataHeaderSize]
	head[hdr.FieldDataHeaderBootID]++
	head[hdr.FieldDataHeaderLockScheme] = byte(hdr.LockSchemeLockFileEx)
	seal(head)
	reseal(b, new(hdr.DumpHeader))
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := OpenDump(path, DumpOptions{})
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
}

// TestTheDocumentOfDumpsIsRight compares docs/dump.md with the schema of the header,
// and the header it shows with ours.
func TestTheDocumentOfDumpsIsRight(t *testing.T) {
	path := filepath.Join("..", "..", "docs", "dump.md")
	doc, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	h := hdr.DumpHeader{
		ByteOrder: ByteOrder, Form: DumpForm, HeaderSize: 624, LayoutHash: hdr.DumpHeaderSchema.LayoutHash,
		BegunNS: 1795428000000000000, EndedNS: 1795428000001000000, Taker: hdr.Process{PID: 4711},
		DataOffset: 65536, DataSize: 8192, ControlOffset: 131072, ControlSize: 4096,
		DataChecksum: 0x01020304, ControlChecksum: 0x05060708,
		Head: 5, Gate: 8, Epoch: 1, Locks: 5, Live: 1, Settled: 1,
	}
	copy(h.Magic[:], DumpMagic)
	h.Taker.SetProgramTruncated("admin")
	h.Held[0] = 0b101
	h.SetChannelTruncated("roof")
	h.Checksum = dumpChecksum(&h)
	want := bytes.ReplaceAll(doc, []byte("\r\n"), []byte("\n"))
	replace := func(mark, text string) {
		re := regexp.MustCompile(`(?s)(<!-- ` + mark + ` -->\n).*?(<!-- end -->)`)
		if !re.Match(want) {
			t.Fatalf("the document has no <!-- %s -->", mark)
		}
		want = re.ReplaceAllFunc(want, func(m []byte) []byte {
			part := re.FindSubmatch(m)
			return []byte(string(part[1]) + text + string(part[2]))
		})
	}
	replace("table: DumpHeader", collect(t, &hdr.DumpHeaderSchema)["DumpHeader"])
	replace("vector", "```\n"+listing(recordBytes(&h))+"```\n")
	if bytes.Equal(doc, want) {
		return
	}
	if !*update {
		t.Fatal("docs/dump.md is not up to date: run this test with -update")
	}
	if err := os.WriteFile(path, want, 0o644); err != nil {
		t.Fatal(err)
	}
}

// listing shows b in lines of 16 bytes, without lines of zeros.
func listing(b []byte) string {
	var out strings.Builder
	for at := 0; at < len(b); at += 16 {
		line := b[at:min(at+16, len(b))]
		if !bytes.Equal(line, make([]byte, len(line))) {
			fmt.Fprintf(&out, "%4d  %s %s\n", at, hex.EncodeToString(line[:8]), hex.EncodeToString(line[8:]))
		}
	}
	return out.String()
}
