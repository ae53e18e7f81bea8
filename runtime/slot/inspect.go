package slot

import (
	"encoding/binary"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/fixed"
)

// What follows looks at the words of a block one by one, for those who find out
// what is wrong with it. Nothing is changed, and nothing that is loaded is trusted:
// every number may be any number.

// A PageState is what the words show that everybody shares.
type PageState struct {
	Head, Latest, Gate, Epoch, Selector uint64
	State                               uint32
	RoomWanted, Sleepers                bool // the producer, consumers may be asleep
}

// Page loads the producer page. Gate comes last: what it says is true of values
// that were looked at before the call.
func (b *Book) Page() PageState {
	return PageState{
		Head: b.head.Load(), Latest: b.latest.Load(), Epoch: b.epoch.Load(), Selector: b.selector.Load(),
		State: b.state.Load(), RoomWanted: b.roomWanted.Load() != 0, Sleepers: b.sleepers.Load() != 0,
		Gate: b.gate.Load(), // pairs with the gate store in Writer.rescan
	}
}

// ReadPage is [Book.Page] of a copy of the producer page, which begins page. What is
// not in the page is missing.
func ReadPage(page []byte) PageState {
	u := func(at fixed.Field) uint64 { return binary.NativeEndian.Uint64(page[at:]) }
	return PageState{
		Head: u(hdr.FieldProducerPageHead), Latest: u(hdr.FieldProducerPageLatest), Gate: u(hdr.FieldProducerPageGate),
		Epoch: u(hdr.FieldProducerPageEpoch), Selector: u(hdr.FieldProducerPageSelector),
	}
}

// LatestSlot returns the slot that the word latest names, false if it names none
// that there is.
func (b *Book) LatestSlot(latest uint64) (slot int, ok bool) {
	if latest == 0 || latestSlot(latest) >= uint64(b.plan.Slots) {
		return 0, false
	}
	return int(latestSlot(latest)), true
}

// LatestFits reports whether stamp is that of the value that the word latest names.
func LatestFits(latest, stamp uint64) bool { return latest != 0 && latestFits(latest, stamp) }

// CellWords are the words of a consumer cell.
type CellWords struct {
	Incarnation, Hold, Cursor, Evicted uint64
	HeartbeatNS                        int64
	Owner                              Holder // as the cell says
}

// Active reports whether the cell is in use, by the living or the dead.
func (c *CellWords) Active() bool { return active(c.Incarnation) }

// IsEvicted reports whether the one who uses the cell has lost its place.
func (c *CellWords) IsEvicted() bool { return c.Active() && c.Evicted == c.Incarnation }

// Words loads the words of cell i. Who asks for the owner's lock does so after
// that, and then loads the words again: if the incarnation is another, the answer
// is about somebody else.
func (b *Book) Words(i int) CellWords {
	c := b.cell(i)
	return CellWords{
		Incarnation: c.incarnation.Load(), Hold: c.hold.Load(), Cursor: c.cursor.Load(), Evicted: c.evicted.Load(),
		HeartbeatNS: int64(b.cells.Peek(c.base + uint64(hdr.FieldConsumerCellHeartbeatNS))),
		Owner:       b.cellOwner(i),
	}
}

// LockWords is a spinlock as it shows.
type LockWords struct {
	Name                      string // under which it is given out, "" if it is not
	Locked, Waiters, Poisoned bool
	Owner                     int  // cell, or HolderProducer; HolderNobody if it is not locked
	OwnerDead                 bool // its lock is free, or the next one has it
}

// LockWords loads lock i, or the control lock if i is -1, and asks h about its
// owner. h must not be that of a participant: that sees its own lock as free.
func (b *Book) LockWords(i int, h Host) LockWords {
	l := Lock{newLocks(b.view, h, Block, Clock{}, noParticipant, b.epoch), i}
	v := l.word().Load()
	s := LockWords{
		Name:     l.Name(),
		Locked:   v&uint64(hdr.SpinlockLocked) != 0,
		Waiters:  v&uint64(hdr.SpinlockWaiters) != 0,
		Poisoned: v&uint64(hdr.SpinlockPoisoned) != 0,
		Owner:    HolderNobody,
	}
	if s.Locked {
		s.Owner = int(v>>hdr.SpinlockOwnerShift&lockOwnerMask) - 1
		s.OwnerDead = l.t.dead(v) && l.word().Load() == v
	}
	return s
}

// noParticipant is the number of no lock's owner.
const noParticipant = lockOwnerMask + 1

// A SumState says what a slot's checksum shows.
type SumState uint8

// The states of a checksum.
const (
	SumNone SumState = iota // there is none, or the program may have left it out
	SumGood
	SumBad
)

// A SlotCopy is what was seen of one slot. Whether the value was whole while it was
// copied, only a later look at the [PageState] tells.
type SlotCopy struct {
	Stamp, After uint64 // loaded before and after the copy
	TimeNS       int64  // of the commit, 0 if values have none
	BadLength    bool   // it says more bytes than there is room for
	Blank        bool   // all bytes of the value are 0
	Sum          SumState
}

// Slot copies slot i and looks at the copy.
func (b *Book) Slot(i int) SlotCopy {
	if b.scratch == nil {
		b.scratch = make([]byte, b.plan.used(&b.conf)-8)
	}
	off := uintptr(i) * uintptr(b.plan.Stride)
	s := SlotCopy{Stamp: b.slots.Fast64(off).Load()} // pairs with the stamp store in Writer.Commit
	b.slots.CopyOut(b.scratch, off+8)
	b.private.Store(0) // as in Reader.copyNext
	s.After = b.slots.Fast64(off).Load()
	if at := b.plan.TimestampOff; at != None {
		s.TimeNS = int64(binary.NativeEndian.Uint64(b.scratch[at-8:]))
	}
	if at := b.plan.LengthOff; at != None {
		s.BadLength = binary.NativeEndian.Uint32(b.scratch[at-8:]) > b.plan.PayloadSize
	}
	s.Blank = true
	for _, c := range b.scratch[b.plan.PayloadOff-8:][:b.plan.PayloadSize] {
		if c != 0 {
			s.Blank = false
			break
		}
	}
	if b.conf.checksums() {
		sum := b.checksum(&b.summer, b.scratch, s.Stamp, b.valueLen(b.scratch))
		s.Sum = SumBad
		if string(b.scratch[b.plan.ChecksumOff-8:][:len(sum)]) == string(sum) {
			s.Sum = SumGood
		} else if b.conf.Checksum == hdr.ChecksumManual {
			s.Sum = SumNone
		}
	}
	return s
}

// Stamp loads the stamp of slot i.
func (b *Book) Stamp(i int) uint64 { return b.stamp(uint64(i)).Load() }
