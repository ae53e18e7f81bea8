package slot

import (
	"encoding/binary"
	"fmt"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/internal/word"
)

// processSize is the size of a Process in bytes.
const processSize = 128

// Format makes the protocol's words of a new block, whose memory is all zero and
// which nobody else can see yet. who is its first producer.
func Format(m Memory, p Plan, c Config, who hdr.Process) error { return FormatAt(m, p, c, who, 0) }

// FormatAt is Format with the position of the first value, below 2^64 - 2^32.
func FormatAt(m Memory, p Plan, c Config, who hdr.Process, start uint64) error {
	v, err := newView(m, p, c)
	if err != nil {
		return err
	}
	if start >= 1<<64-1<<32 {
		return fmt.Errorf("start: position %d leaves no room to count", start)
	}
	v.head.Store(start)
	// Nothing below start exists: a consumer that wants the oldest value begins at
	// gate - capacity.
	v.gate.Store(start + uint64(p.Capacity))
	if c.Sync == hdr.SyncSingleReader {
		v.cell(0).cursor.Store(start) // counts before there is a reader
	}
	baselines, err := word.NewRegion(m.Baselines, p.BaselinesSize, regionAlign)
	if err != nil {
		return fmt.Errorf("baselines: %w", err)
	}
	baselines.Poke(uint64(hdr.FieldProducerBaselinePosition), start)
	v.setProducer(1, who)
	v.epoch.Store(1)
	v.state.Store(hdr.ProducerPageStateLive)
	return nil
}

// ProducerInfo is what a block says about its producer.
type ProducerInfo struct {
	OK        bool   // false: the block has none yet, or its page is torn
	State     uint32 // hdr.ProducerPageStateLive, Closing or Superseded
	Epoch     uint64 // number of producers this block has had
	Successor uint64 // generation that took its place
	Who       hdr.Process
}

// ReadProducer reads the producer page of a block, which may be mapped read-only
// and hold anything. It may be called at any time.
func ReadProducer(page []byte) ProducerInfo {
	r, err := word.NewRegion(page, producerSize, 8)
	if err != nil {
		return ProducerInfo{}
	}
	return readProducer(r)
}

func readProducer(r word.Region) ProducerInfo {
	epoch := r.U64(uint64(hdr.FieldProducerPageEpoch))
	for range 8 {
		// pairs with the store in OpenWriter: the record was written before the epoch
		// moved to it, and the other one is written next.
		e := epoch.Load()
		if e == 0 {
			return ProducerInfo{}
		}
		i := ProducerInfo{
			OK:        true,
			State:     r.U32(uint64(hdr.FieldProducerPageState)).Load(),
			Epoch:     e,
			Successor: r.U64(uint64(hdr.FieldProducerPageSuccessor)).Load(),
		}
		var b [processSize]byte
		r.PeekBytes(b[:], producerOff(e))
		if epoch.Load() != e {
			continue
		}
		if _, err := binary.Decode(b[:], binary.NativeEndian, &i.Who); err != nil {
			return ProducerInfo{}
		}
		return i
	}
	return ProducerInfo{}
}

// producerOff returns where the record of the producer with number epoch is.
func producerOff(epoch uint64) uint64 {
	return uint64(hdr.FieldProducerPageProducers) + epoch%2*processSize
}

// setProducer writes the record of the producer with number epoch. Readers look
// at it once the epoch has moved there.
func (v *view) setProducer(epoch uint64, who hdr.Process) {
	b, err := binary.Append(make([]byte, 0, processSize), binary.NativeEndian, who)
	if err != nil || len(b) != processSize {
		panic("slot: Process is not 128 bytes of numbers") // a constant of the schema
	}
	v.producer.PokeBytes(producerOff(epoch), b)
}

// MarkClosing says that the producer is done and wakes everybody.
func MarkClosing(m Memory, h Host) error {
	return mark(m, h, hdr.ProducerPageStateClosing, 0)
}

// MarkSuperseded says that the block of generation successor has taken this one's
// place and wakes everybody. The caller holds the lock of this block's producer.
func MarkSuperseded(m Memory, successor uint64, h Host) error {
	return mark(m, h, hdr.ProducerPageStateSuperseded, successor)
}

func mark(m Memory, h Host, state uint32, successor uint64) error {
	page, err := word.NewRegion(m.Producer, producerSize, 8)
	if err != nil {
		return fmt.Errorf("producer: %w", err)
	}
	control, err := word.NewRegion(m.Control, controlSize, 8)
	if err != nil {
		return fmt.Errorf("control: %w", err)
	}
	if state == hdr.ProducerPageStateSuperseded {
		page.U64(uint64(hdr.FieldProducerPageSuccessor)).Store(successor)
	}
	page.U32(uint64(hdr.FieldProducerPageState)).Store(state)
	bell := page.U32(uint64(hdr.FieldProducerPageBell))
	roomBell := control.U32(uint64(hdr.FieldControlWordsRoomBell))
	for i := range m.Desks {
		var d desk
		if err := d.setWords(m.Desks[i].Control); err != nil {
			return fmt.Errorf("desk %d: %w", i, err)
		}
		ringDesks([]desk{d}, h)
	}
	// Sleepers look at the state after they wake; see Reader.await.
	control.U32(uint64(hdr.FieldControlWordsSleepers)).Store(0)
	bell.Add(1)
	h.Wake(word.Addr(bell))
	roomBell.Add(1)
	h.Wake(word.Addr(roomBell))
	return nil
}
