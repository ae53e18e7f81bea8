package main

import (
	"time"

	"github.com/pylabhub/datahub/runtime/datablock"
)

// A channel is one of those that are used, with as many places as it has consumers:
// one that is lost is missed by the next.
type channel struct {
	name      string
	spec      datablock.Spec
	options   []datablock.Option
	lossless  bool
	consumers []string // how each of them reads, see readers
	steady    bool     // its producer is never killed: it lives with the dead of an hour
}

var channels = []channel{
	{
		name: "sync", lossless: true, consumers: []string{"next", "next", "chan", "locks"},
		spec: datablock.Spec{Policy: datablock.Ring, Sync: datablock.SyncReaders, Capacity: 64, Spinlocks: 4,
			Flex: &ZoneSchema, FlexMode: datablock.DoubleBuffered},
	},
	{
		name: "steady", lossless: true, consumers: []string{"next", "chan", "locks"}, steady: true,
		spec: datablock.Spec{Policy: datablock.Ring, Sync: datablock.SyncReaders, Capacity: 64, Spinlocks: 4,
			Checksum: datablock.ChecksumEnforced, ChecksumType: datablock.CRC32C},
	},
	{
		name: "single", lossless: true, consumers: []string{"next"},
		spec: datablock.Spec{Policy: datablock.Ring, Sync: datablock.SingleReader, Capacity: 256,
			Checksum: datablock.ChecksumEnforced, ChecksumType: datablock.CRC32C},
	},
	{
		name: "latest", consumers: []string{"next", "latest"},
		spec: datablock.Spec{Policy: datablock.Single, Sync: datablock.LatestOnly, Timestamp: true},
	},
	{
		name: "steadylatest", consumers: []string{"next", "latest"}, steady: true,
		spec: datablock.Spec{Policy: datablock.Double, Sync: datablock.LatestOnly},
	},
	{
		name: "overwrite", consumers: []string{"next", "chan"},
		spec: datablock.Spec{Policy: datablock.Ring, Sync: datablock.Overwrite, Capacity: 64,
			Checksum: datablock.ChecksumEnforced, ChecksumType: datablock.BLAKE3},
	},
	{
		name: "evicting", consumers: []string{"next", "dawdle"},
		spec:    datablock.Spec{Policy: datablock.Ring, Sync: datablock.SyncReaders, Capacity: 32},
		options: []datablock.Option{datablock.EvictAfter(50 * time.Millisecond)},
	},
	{
		name: "shared", lossless: true, consumers: []string{"next", "locks"},
		spec: datablock.Spec{Policy: datablock.Ring, Sync: datablock.SyncReaders, Capacity: 64, Spinlocks: 2,
			Flex: &ZoneSchema, FlexMode: datablock.Shared},
	},
}

func init() {
	for i := range channels {
		s := &channels[i].spec
		s.Schema, s.PageSize = &ValueSchema, 4096
		// One more for the set of the witness.
		s.Consumers = uint32(len(channels[i].consumers))
		if s.Sync != datablock.SingleReader {
			s.Consumers++
		}
	}
}

func find(name string) *channel {
	for i := range channels {
		if channels[i].name == name {
			return &channels[i]
		}
	}
	return nil
}

// places returns how many consumers all channels have room for.
func places() (n int) {
	for i := range channels {
		n += int(channels[i].spec.Consumers)
	}
	return n
}
