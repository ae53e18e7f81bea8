package segment

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/shm"
	"github.com/pylabhub/datahub/runtime/slot"
)

// A dump is a file that holds both files of a block as they were at one time, and
// who held which lock then: see docs/dump.md. It is mapped like a block.

// What dumps begin with, and how their names end by custom.
const (
	DumpMagic = "DHDUMP\x00\x00"
	DumpForm  = 1
	DumpExt   = ".dhdump"
)

// dumpAlign is where the files stand in a dump: every system can map from there.
const dumpAlign = 64 << 10

// Classes of errors of dumps. A dump that is cut short is [ErrTruncated], one that
// is too long [ErrOversize]; what is wrong with the block inside is as [Attach]
// says it.
var (
	ErrDump         = errors.New("not a dump of a block")
	ErrDumpForm     = errors.New("dump has another form")
	ErrDumpChecksum = errors.New("dump is corrupt")
	ErrDumpReadOnly = errors.New("a dump cannot be changed")
)

// DumpOptions say how a dump is written or read. The zero value is good.
type DumpOptions struct {
	// Overwrite lets Dump replace a file that has the name.
	Overwrite bool
	// Progress is called now and then with how many bytes of how many are done. If it
	// returns an error that ends the work.
	Progress func(done, total int64) error
}

// IsDump reports whether target, where a channel's name or a dump's path may be
// given, is a path: it has a folder in it, or ends in [DumpExt].
func IsDump(target string) bool {
	return strings.ContainsRune(target, '/') || strings.ContainsRune(target, filepath.Separator) ||
		strings.HasSuffix(target, DumpExt)
}

// DumpInfo says where a dump comes from.
type DumpInfo struct {
	Begun, Ended time.Time // when it was taken
	Taker        Process   // who took it
	BootID       [16]byte  // of the machine's start in which it was taken
	// Live: somebody was attached. Then the dump is no snapshot: its parts are of
	// different moments between Begun and Ended. Which values in it are whole the words
	// in it tell, as they do in a live block.
	Live bool
	// Settled: the newest value and the flexible zone are whole. It is false only if
	// they changed each time they were copied.
	Settled bool
	// Before is what the producer page held before the copy was begun: what was written
	// since then may be missing.
	Before slot.PageState
}

// A dump is what a Segment that was opened from one has besides.
type dump struct {
	whole *shm.Mapping
	head  hdr.DumpHeader
	desc  map[bool]string // canonical forms, by whether of the flexible zone
}

// DumpInfo returns where the dump comes from, false if the segment is a live block.
func (s *Segment) DumpInfo() (DumpInfo, bool) {
	if s.dump == nil {
		return DumpInfo{}, false
	}
	h := &s.dump.head
	return DumpInfo{
		Begun: time.Unix(0, h.BegunNS), Ended: time.Unix(0, h.EndedNS), Taker: NewProcess(&h.Taker),
		BootID: h.Taker.BootID, Live: h.Live.Get(), Settled: h.Settled.Get(),
		Before: slot.PageState{Head: h.Head, Gate: h.Gate, Latest: h.Latest, Epoch: h.Epoch, Selector: h.Selector},
	}, true
}

// Time returns the time that the memory shows: now, or when the dump was taken.
func (s *Segment) Time() time.Time {
	if s.dump == nil {
		return time.Now()
	}
	return time.Unix(0, s.dump.head.EndedNS)
}

// A dumpHost answers who was alive when the dump was taken. Nobody wakes anybody.
type dumpHost struct{ d *dump }

func (h dumpHost) Wait(_ *uint32, _ uint32, d time.Duration) {
	if d != 0 {
		<-time.After(min(max(d, 0), maxDumpWait))
	}
}

// maxDumpWait is how long a wait for what cannot happen lasts at a time.
const maxDumpWait = 100 * time.Millisecond

func (h dumpHost) Wake(*uint32) {}

func (h dumpHost) ProducerAlive() bool { return h.held(producerLock) }

func (h dumpHost) CellAlive(i int) bool { return h.held(firstCellLock + i) }

func (h dumpHost) held(lock int) bool {
	return lock < int(h.d.head.Locks) && h.d.head.Held[lock/8]>>(lock%8)&1 != 0
}

func (h dumpHost) TryLockCell(int) (bool, error) {
	return false, fmt.Errorf("lock a consumer cell: %w", ErrDumpReadOnly)
}

func (h dumpHost) UnlockCell(int) {}
