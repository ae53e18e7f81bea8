package slot

import (
	"unsafe"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
)

// Sizes of the fixed records, in bytes.
const (
	producerSize   = uint64(unsafe.Sizeof(hdr.ProducerPage{}))
	controlSize    = uint64(unsafe.Sizeof(hdr.ControlWords{}))
	cellSize       = uint32(unsafe.Sizeof(hdr.ConsumerCell{}))
	spinlockSize   = uint32(unsafe.Sizeof(hdr.Spinlock{}))
	countersSize   = uint64(unsafe.Sizeof(hdr.ConsumerCounters{}))
	baselineSize   = uint64(unsafe.Sizeof(hdr.ProducerBaseline{}))
	lengthSize     = uint32(unsafe.Sizeof(hdr.SlotLength{}))
	slotHeaderSize = uint32(unsafe.Sizeof(hdr.SlotHeader{}))
)
