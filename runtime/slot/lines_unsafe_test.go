package slot

import (
	"testing"
	"unsafe"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/fixed"
)

// linePair is what one processor takes from another when it writes: a line, and
// the prefetcher its neighbour.
const linePair = 128

// TestWordsThatAreWrittenOftenShareNoCacheLine: who writes one must not slow down
// who looks at another.
func TestWordsThatAreWrittenOftenShareNoCacheLine(t *testing.T) {
	if regionAlign%linePair != 0 {
		t.Errorf("regions are aligned to %d", regionAlign)
	}
	for page, words := range map[string]map[string]fixed.Field{
		"producer page": {
			"head": hdr.FieldProducerPageHead, "latest": hdr.FieldProducerPageLatest, "gate": hdr.FieldProducerPageGate,
			"bell": hdr.FieldProducerPageBell, "room_wanted": hdr.FieldProducerPageRoomWanted,
			"epoch": hdr.FieldProducerPageEpoch, "state": hdr.FieldProducerPageState,
			"selector": hdr.FieldProducerPageSelector, "heartbeat": hdr.FieldProducerPageHeartbeatNS,
			"counters": hdr.FieldProducerPageCounters, "producers": hdr.FieldProducerPageProducers,
		},
		"control words": {
			"sleepers": hdr.FieldControlWordsSleepers, "room_bell": hdr.FieldControlWordsRoomBell, "mutex": hdr.FieldControlWordsMutex,
		},
	} {
		at := map[uintptr]string{}
		for name, off := range words {
			line := uintptr(off) / linePair
			if other, ok := at[line]; ok {
				t.Errorf("%s: %s and %s are in the same pair of lines", page, name, other)
			}
			at[line] = name
		}
	}
	p, err := NewPlan(ring(hdr.SyncSyncReaders, 8, 3))
	if err != nil {
		t.Fatal(err)
	}
	if p.CellStride%linePair != 0 || countersSize%linePair != 0 {
		t.Errorf("cells are %d bytes apart, counters %d", p.CellStride, countersSize)
	}
	if p.Stride%64 != 0 || p.SpinlockStride%64 != 0 {
		t.Errorf("slots are %d bytes apart, spinlocks %d", p.Stride, p.SpinlockStride)
	}
}

// TestHandlesOfOneProcessShareNoCacheLine: a producer and a consumer in two
// goroutines write their own handles with every value.
func TestHandlesOfOneProcessShareNoCacheLine(t *testing.T) {
	const line = 64
	owner := map[uintptr]int{}
	var keep []any
	add := func(p unsafe.Pointer, size uintptr) {
		for l := uintptr(p) / line; l <= (uintptr(p)+size-1)/line; l++ {
			if _, ok := owner[l]; ok {
				t.Errorf("handles %d and %d share a line", owner[l], len(keep))
			}
			owner[l] = len(keep)
		}
	}
	for range 200 {
		r, w := new(Reader), new(Writer)
		keep = append(keep, r)
		add(unsafe.Pointer(r), unsafe.Sizeof(*r)-unsafe.Sizeof(r.pad))
		keep = append(keep, w)
		add(unsafe.Pointer(w), unsafe.Sizeof(*w)-unsafe.Sizeof(w.pad))
	}
	t.Logf("a reader takes %d bytes, a writer %d", unsafe.Sizeof(Reader{}), unsafe.Sizeof(Writer{}))
}
