//go:build !race

package killtest

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pylabhub/datahub/blds/canon"
	"github.com/pylabhub/datahub/blds/schema"
	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/fixed"
	"github.com/pylabhub/datahub/runtime/segment"
	"github.com/pylabhub/datahub/runtime/slot"
)

func TestMain(m *testing.M) {
	if role := os.Getenv(roleVariable); role != "" {
		if err := play(role); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// play does one operation between two marks.
func play(role string) error {
	o := operations()[role]
	if o == nil {
		return fmt.Errorf("unknown role %q", role)
	}
	s := &stage{op: o, dir: os.Getenv("KILLTEST_DIR")}
	s.root = filepath.Join(s.dir, "root")
	if err := s.openTape(); err != nil {
		return err
	}
	do, err := o.child(s)
	if err != nil {
		return err
	}
	mark()
	if err = do(); err != nil {
		fmt.Println(err)
		s.note(failed, 1)
	}
	mark()
	return err
}

// failed is the word of the tape that says that an operation went wrong.
const failed = 511

// words is how many words a value has. Each tells the value's number.
const words = 8

// valueSchema is the type of the values, and, twice as long, of the flexible zone.
func valueSchema(name string, n uint32) *fixed.Schema {
	r := &schema.Record{Name: name, ID: "killtest." + name, Align: 8, Size: 8 * n, Stride: 8 * n}
	for i := range n {
		r.Members = append(r.Members, schema.Member{Name: fmt.Sprintf("w%d", i), Offset: 8 * i, Size: 8, Align: 8, Type: schema.Type{Code: schema.U64}})
	}
	d, err := canon.Encode(&schema.Schema{ID: r.ID, Version: schema.Version{Major: 1}, Order: schema.LittleEndian, Record: r})
	if err != nil {
		panic(err) // a constant of this test
	}
	layout, hash, err := canon.HashesOf(d)
	if err != nil {
		panic(err)
	}
	return &fixed.Schema{ID: r.ID, Version: [3]uint16{1, 0, 0}, LayoutHash: layout, SchemaHash: hash, Size: r.Size, Align: 8, Descriptor: string(d)}
}

func fill(b []byte, n uint64) {
	for i := 0; i < len(b); i += 8 {
		binary.NativeEndian.PutUint64(b[i:], (n+1)*uint64(2*i+3))
	}
}

func whole(b []byte, n uint64) bool {
	for i := 0; i < len(b); i += 8 {
		if binary.NativeEndian.Uint64(b[i:]) != (n+1)*uint64(2*i+3) {
			return false
		}
	}
	return true
}

// A stage is one block with those who use it, in the parent or in the child.
type stage struct {
	op   *operation
	dir  string // of the stage
	root string // of the blocks
	tape []byte // words of the child's that survive it
	shut []func()

	writer *slot.Writer
	seg    *segment.Segment // the writer's
	reader *slot.Reader     // of the parent: it lives on
	last   uint64           // the position that reader has come to
}

func newStage(o *operation, dir string) (*stage, error) {
	d, err := os.MkdirTemp(dir, "stage-")
	if err != nil {
		return nil, err
	}
	s := &stage{op: o, dir: d, root: filepath.Join(d, "root")}
	if err := os.Mkdir(s.root, 0o700); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(d, "tape"), make([]byte, 4096), 0o600); err != nil {
		return nil, err
	}
	return s, s.openTape()
}

func (s *stage) openTape() error {
	f, err := os.OpenFile(filepath.Join(s.dir, "tape"), os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	s.tape, err = syscall.Mmap(int(f.Fd()), 0, 4096, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	return err
}

// note and noted store and load a word of the tape.
func (s *stage) note(i int, v uint64)   { binary.NativeEndian.PutUint64(s.tape[8*i:], v) }
func (s *stage) noted(i int) (v uint64) { return binary.NativeEndian.Uint64(s.tape[8*i:]) }

// close ends what the parent has open, and removes all.
func (s *stage) close() {
	for i := len(s.shut) - 1; i >= 0; i-- {
		s.shut[i]()
	}
	s.shut = nil
	_ = syscall.Munmap(s.tape)
	os.RemoveAll(s.dir)
}

func (s *stage) options() segment.Options { return segment.Options{Root: s.root} }

// config returns the block of the operation, whose name ends with its policy.
func (s *stage) config() segment.Config {
	_, policy, _ := strings.Cut(s.op.name, ": ")
	return configs[policy]
}

// latest reports whether the block is one of latest values.
func (s *stage) latest() bool { return s.config().Sync == hdr.SyncLatestOnly }

// ring returns the capacity, for latest values the number of slots that makes the
// writer use each of them again.
func (s *stage) ring() uint64 {
	if c := s.config(); c.Capacity != 0 && !s.latest() {
		return uint64(c.Capacity)
	}
	return 8
}

var base = segment.Config{Schema: valueSchema("Value", words), PageSize: segment.Page4K}

func with(c slot.Config) segment.Config {
	b := base
	b.Config = c
	return b
}

// configs are the blocks, by the name of the policy.
var configs = map[string]segment.Config{
	"latest, single": with(slot.Config{Policy: hdr.PolicySingle, Sync: hdr.SyncLatestOnly, Consumers: 2, Spare: slot.NoSpare}),
	"latest, double": with(slot.Config{Policy: hdr.PolicyDouble, Sync: hdr.SyncLatestOnly, Consumers: 2, Timestamp: true}),
	"latest, ring": with(slot.Config{Policy: hdr.PolicyRing, Capacity: 4, Sync: hdr.SyncLatestOnly, Consumers: 2, Spare: slot.NoSpare,
		Checksum: hdr.ChecksumEnforced, ChecksumType: hdr.ChecksumTypeCrc32c}),
	"single reader": with(slot.Config{Policy: hdr.PolicyRing, Capacity: 4, Sync: hdr.SyncSingleReader, Consumers: 1}),
	"sync readers":  with(slot.Config{Policy: hdr.PolicyRing, Capacity: 4, Sync: hdr.SyncSyncReaders, Consumers: 3}),
	"sync readers, checked": with(slot.Config{Policy: hdr.PolicyRing, Capacity: 4, Sync: hdr.SyncSyncReaders, Consumers: 3,
		Timestamp: true, Checksum: hdr.ChecksumEnforced, ChecksumType: hdr.ChecksumTypeCrc32c}),
	"sync readers, evicting": with(slot.Config{Policy: hdr.PolicyRing, Capacity: 4, Sync: hdr.SyncSyncReaders, Consumers: 3, Evict: true}),
	"overwrite":              with(slot.Config{Policy: hdr.PolicyRing, Capacity: 4, Sync: hdr.SyncOverwrite, Consumers: 3}),
	"locks":                  with(slot.Config{Policy: hdr.PolicyRing, Capacity: 4, Sync: hdr.SyncSyncReaders, Consumers: 3, Spinlocks: 3}),
	"double-buffered zone":   zoned(hdr.FlexModeDoubleBuffered),
	"shared zone":            zoned(hdr.FlexModeShared),
}

func zoned(mode hdr.FlexMode) segment.Config {
	c := with(slot.Config{Policy: hdr.PolicyRing, Capacity: 4, Sync: hdr.SyncSyncReaders, Consumers: 3, Spinlocks: 1, FlexMode: mode})
	c.Flex = valueSchema("Zone", 2*words)
	return c
}

// create makes the block, or takes it over, and its writer.
func (s *stage) create() error {
	seg, err := segment.Create("roof", s.config(), s.options())
	if err != nil {
		return err
	}
	s.seg = seg
	s.shut = append(s.shut, func() { seg.Close() })
	s.writer, err = slot.OpenWriter(seg.Memory(), seg.Plan(), seg.Config(), seg.Host(),
		slot.WriterOptions{Process: segment.Identity(), Fresh: !seg.TookOver()})
	return err
}

// die makes the stage's own writer vanish like a dead one: its lock is free.
func (s *stage) die() {
	s.seg.Close()
	s.writer, s.seg = nil, nil
}

// attach maps the block for a consumer.
func (s *stage) attach() (*segment.Segment, error) {
	seg, err := segment.Attach("roof", s.config(), s.options())
	if err == nil {
		s.shut = append(s.shut, func() { seg.Close() })
	}
	return seg, err
}

// join makes a consumer.
func (s *stage) join(start slot.Start) (*slot.Reader, error) {
	seg, err := s.attach()
	if err != nil {
		return nil, err
	}
	return slot.JoinReader(seg.Memory(), seg.Plan(), seg.Config(), seg.Host(),
		slot.ReaderOptions{Process: segment.Identity(), Name: "survivor", Start: start})
}

// observe makes an observer.
func (s *stage) observe(start slot.Start) (*slot.Reader, error) {
	seg, err := segment.Observe("roof", s.config(), s.options())
	if err != nil {
		return nil, err
	}
	s.shut = append(s.shut, func() { seg.Close() })
	return slot.Observe(seg.Memory(), seg.Plan(), seg.Config(), seg.Host(), slot.ReaderOptions{Start: start})
}

// write writes the next n values.
func (s *stage) write(n int) error {
	for range n {
		b, err := s.writer.Claim(context.Background(), 5*time.Second)
		if err != nil {
			return fmt.Errorf("claim %d: %w", s.writer.Seq(), err)
		}
		fill(b, s.writer.Seq())
		if err := s.writer.Commit(); err != nil {
			return err
		}
	}
	return nil
}

// take reads one value if there is one, and checks that it is whole.
func take(r *slot.Reader) (seq uint64, ok bool, err error) {
	v, ok, err := r.TryAcquire()
	if err != nil || !ok {
		return 0, false, err
	}
	if !whole(v.Payload, v.Seq) {
		return 0, false, fmt.Errorf("value %d is torn: %x", v.Seq, v.Payload)
	}
	return v.Seq, true, r.Release()
}

// poke sets a 32-bit word of the block while nobody runs.
func poke(region []byte, off uint64, v uint32) { binary.NativeEndian.PutUint32(region[off:], v) }

// errWrong makes an error of what should not be.
func errWrong(format string, a ...any) error { return fmt.Errorf(format, a...) }

// goOn checks that life goes on after the dead: the stage's writer, or a new one,
// writes, the living reader gets everything, and no cell is lost.
func (s *stage) goOn() error {
	if s.writer == nil {
		if err := s.create(); err != nil {
			return fmt.Errorf("take over: %w", err)
		}
	}
	for range 3 * s.ring() {
		n := s.writer.Seq()
		if s.reader == nil && s.config().Sync == hdr.SyncSingleReader {
			break // the ring may be full
		}
		if err := s.write(1); err != nil {
			return err
		}
		if s.reader == nil {
			continue
		}
		for ok := true; ok; {
			seq, more, err := take(s.reader)
			if err != nil {
				return fmt.Errorf("the living reader at %d: %w", s.last, err)
			}
			if ok = more; !ok {
				break
			}
			if seq != s.last && !s.latest() || seq < s.last {
				return errWrong("the living reader got value %d, and wanted %d", seq, s.last)
			}
			s.last = seq + 1
		}
		if s.last != n+1 {
			return errWrong("value %d was written, and the living reader is at %d", n, s.last)
		}
	}
	if c := s.config(); s.reader != nil && c.Sync == hdr.SyncSyncReaders && !c.Evict {
		// One that lives and stands still is waited for.
		if err := s.write(int(s.ring())); err != nil {
			return err
		}
		var late *slot.TimeoutError
		if _, err := s.writer.Claim(context.Background(), 0); !errors.As(err, &late) {
			return errWrong("the ring is full of what the living reader has not read, and claim says %v", err)
		}
		for range s.ring() {
			if seq, ok, err := take(s.reader); err != nil || !ok || seq != s.last {
				return errWrong("the living reader got %d, %v, %v, and wanted value %d", seq, ok, err, s.last)
			}
			s.last++
		}
	}
	return s.noCellLost()
}

// noCellLost checks that as many consumers can attach as there are cells, and, if
// they are consumers of latest values, that each can hold one while the writer
// writes.
func (s *stage) noCellLost() error {
	n := int(s.config().Consumers)
	readers := make([]*slot.Reader, 0, n)
	if s.reader != nil {
		readers = append(readers, s.reader)
	}
	for len(readers) < n {
		r, err := s.join(slot.StartDefault)
		if err != nil {
			return fmt.Errorf("consumer %d of %d: %w", len(readers)+1, n, err)
		}
		readers = append(readers, r)
	}
	if !s.latest() {
		return nil
	}
	for i, r := range readers {
		v, ok, err := r.Latest()
		if err != nil || !ok || !whole(v.Payload, v.Seq) {
			return errWrong("consumer %d of %d: %v, %v, value %v", i+1, n, err, ok, v)
		}
		if err := s.write(int(s.ring())); err != nil {
			return fmt.Errorf("with %d consumers that hold values: %w", i+1, err)
		}
		if !whole(v.Payload, v.Seq) {
			return errWrong("value %d was overwritten while consumer %d held it", v.Seq, i+1)
		}
	}
	return nil
}

// observed looks at all that an observer can see, and returns the newest value's
// number. known are how many values were committed for certain.
func (s *stage) observed(known uint64) (newest uint64, any bool, err error) {
	o, err := s.observe(slot.StartOldest)
	if err != nil {
		return 0, false, fmt.Errorf("observe: %w", err)
	}
	for {
		seq, ok, err := take(o)
		if err != nil && !errors.Is(err, slot.ErrOverrun) {
			return 0, false, fmt.Errorf("observer: %w", err)
		}
		if !ok {
			break
		}
		newest, any = seq, true
	}
	if any && newest > known {
		return 0, false, errWrong("an observer sees value %d, of which nobody knows", newest)
	}
	return newest, any, nil
}
