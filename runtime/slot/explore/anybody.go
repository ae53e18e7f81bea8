//go:build datahub_explore

package explore

import (
	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/slot"
)

// anybodyModels are the worlds in which each process may be killed, for every
// policy and every way to join.
func anybodyModels() []*Model {
	pair := func(name string, c slot.Config, do Reading) *Model {
		return &Model{Name: name, Conf: c, Kills: 1, Build: func(w *World) {
			w.Writer("writer", true, Writing{Values: 3, Evict: c.Evict})
			w.Writer("successor", true, Writing{Values: 1, Evict: c.Evict})
			w.Reader("reader", true, do)
		}}
	}
	sync := ring(hdr.SyncSyncReaders, 2, 1)
	double := ring(hdr.SyncLatestOnly, 2, 1)
	double.Policy, double.Capacity = hdr.PolicyDouble, 0
	single := ring(hdr.SyncLatestOnly, 1, 1)
	single.Policy, single.Capacity = hdr.PolicySingle, 0
	return []*Model{
		pair("anybody killed, single, latest", single, Reading{Values: 2}),
		pair("anybody killed, double, latest", double, Reading{Values: 2}),
		pair("anybody killed, sync, newest", sync, Reading{Start: slot.StartNewest}),
		pair("anybody killed, sync, oldest", sync, Reading{Start: slot.StartOldest}),
		pair("anybody killed, sync, at a sequence", sync, Reading{Start: slot.StartAt, Position: 1}),
		pair("anybody killed, sync, leaves", sync, Reading{Start: slot.StartNewest, Values: 1}),
		pair("anybody killed, sync, seeks", sync, Reading{Start: slot.StartOldest, Values: 2, Seeks: true}),
		pair("anybody killed, sync, armed", sync, Reading{Start: slot.StartOldest, Armed: true}),
		pair("anybody killed, evict", evict(ring(hdr.SyncSyncReaders, 1, 1)), Reading{Start: slot.StartOldest}),
		pair("anybody killed, overwrite, newest", ring(hdr.SyncOverwrite, 2, 1), Reading{Start: slot.StartNewest, Values: 2}),
		pair("anybody killed, overwrite, oldest", ring(hdr.SyncOverwrite, 2, 1), Reading{Start: slot.StartOldest, Values: 2}),
		// The writer of a single reader waits for the next one.
		{Name: "anybody killed, single reader, takeover", Conf: ring(hdr.SyncSingleReader, 1, 1), Kills: 1, Build: func(w *World) {
			w.Writer("writer", true, Writing{Values: 2})
			w.Writer("successor", true, Writing{Values: 1})
			w.Reader("reader", true, Reading{})
			w.Reader("next", true, Reading{})
		}},
		{Name: "anybody killed, single reader, leaves", Conf: ring(hdr.SyncSingleReader, 1, 1), Kills: 1, Build: func(w *World) {
			w.Writer("writer", true, Writing{Values: 2})
			w.Reader("reader", true, Reading{Values: 1, Mourns: true})
			w.Reader("next", true, Reading{Mourns: true})
		}},
		{Name: "anybody killed, sync, batches", Conf: ring(hdr.SyncSyncReaders, 3, 1), Kills: 1, Build: func(w *World) {
			w.Writer("writer", true, Writing{Values: 4, Batch: 2})
			w.Writer("successor", true, Writing{Values: 2, Batch: 2})
			w.BatchReader("reader", true, 2, 2)
		}},
		{Name: "anybody killed, sync, drain", Conf: ring(hdr.SyncSyncReaders, 2, 1), Kills: 1, Build: func(w *World) {
			w.Writer("writer", true, Writing{Values: 2, Drain: true})
			w.Reader("reader", true, Reading{Start: slot.StartOldest, Mourns: true})
		}},
		{Name: "anybody killed, 2 sync readers", Conf: ring(hdr.SyncSyncReaders, 1, 2), Kills: 2, Build: func(w *World) {
			w.Writer("writer", true, Writing{Values: 2})
			w.Reader("reader 1", true, Reading{Start: slot.StartOldest, Values: 1, Mourns: true})
			w.Reader("reader 2", true, Reading{Start: slot.StartNewest, Values: 1, Mourns: true})
		}},
		{Name: "anybody killed, observer", Conf: ring(hdr.SyncSyncReaders, 2, 1), Kills: 1, Build: func(w *World) {
			w.Writer("writer", true, Writing{Values: 4, Batch: 2})
			w.Writer("successor", true, Writing{Values: 1})
			w.Observer("observer", 2, slot.StartOldest)
		}},
		{Name: "anybody killed, shared zone", Conf: sharedZone(1), After: SharedZoneGoesOn, Kills: 2, Build: func(w *World) {
			w.SharedZoneReader("reader", true, 2)
			w.SharedZoneWriter("writer", true, 2)
			w.SharedZoneWriter("successor", true, 3)
		}},
	}
}

// waitModels are the worlds of those who wait in another way than asleep in
// Acquire or Claim.
func waitModels() []*Model {
	return []*Model{
		{Name: "sync, reader batches", Conf: ring(hdr.SyncSyncReaders, 2, 1), Build: func(w *World) {
			w.Writer("writer", false, Writing{Values: 4})
			w.BatchReader("reader", false, 2, 2)
		}},
		{Name: "overwrite, reader batches", Conf: ring(hdr.SyncOverwrite, 2, 1), Build: func(w *World) {
			w.Writer("writer", false, Writing{Values: 4})
			w.BatchReader("reader", false, 2, 2)
		}},
		{Name: "evict, reader batches", Conf: evict(ring(hdr.SyncSyncReaders, 2, 1)), Build: func(w *World) {
			w.Writer("writer", false, Writing{Values: 4, Evict: true})
			w.BatchReader("reader", false, 2, 2)
		}},
		{Name: "sync, drain", Conf: ring(hdr.SyncSyncReaders, 2, 1), Build: func(w *World) {
			w.Writer("writer", false, Writing{Values: 2, Drain: true})
			w.Reader("reader", false, Reading{Start: slot.StartOldest, Until: 1})
		}},
		{Name: "sync, drain, reader leaves", Limit: 40_000, Conf: ring(hdr.SyncSyncReaders, 2, 1), Build: func(w *World) {
			w.Writer("writer", false, Writing{Values: 2, Drain: true})
			w.Reader("reader", false, Reading{Start: slot.StartOldest, Values: 1})
		}},
		{Name: "single reader, drain", Conf: ring(hdr.SyncSingleReader, 2, 1), Build: func(w *World) {
			w.Writer("writer", false, Writing{Values: 2, Drain: true})
			w.Reader("reader", false, Reading{})
		}},
		{Name: "latest, armed", Conf: ring(hdr.SyncLatestOnly, 1, 1), Build: func(w *World) {
			w.Writer("writer", false, Writing{Values: 3, Stay: true})
			w.Reader("reader", false, Reading{Until: 2, Armed: true})
		}},
		{Name: "sync, armed", Limit: 40_000, Conf: ring(hdr.SyncSyncReaders, 1, 1), Build: func(w *World) {
			w.Writer("writer", false, Writing{Values: 3, Stay: true})
			w.Reader("reader", false, Reading{Start: slot.StartOldest, Until: 2, Armed: true})
		}},
		{Name: "sync, armed, lazy, drain", Conf: ring(hdr.SyncSyncReaders, 16, 1), Build: func(w *World) {
			w.Writer("writer", false, Writing{Values: 3, Drain: true})
			w.Reader("reader", false, Reading{Start: slot.StartOldest, Armed: true, Lazy: true})
		}},
		{Name: "sync, seeks", Conf: ring(hdr.SyncSyncReaders, 2, 1), Build: func(w *World) {
			w.Writer("writer", false, Writing{Values: 3})
			w.Reader("reader", false, Reading{Start: slot.StartNewest, Values: 3, Seeks: true})
		}},
		{Name: "latest, pauses", Conf: ring(hdr.SyncLatestOnly, 1, 1), Timed: true, After: asksNobody, Build: func(w *World) {
			w.Writer("writer", false, Writing{Values: 3})
			w.Reader("reader", false, Reading{Pauses: true})
		}},
		{Name: "sync, both pause", Conf: ring(hdr.SyncSyncReaders, 1, 1), Timed: true, After: asksNobody, Build: func(w *World) {
			w.Writer("writer", false, Writing{Values: 3, Pauses: true})
			w.Reader("reader", false, Reading{Start: slot.StartOldest, Pauses: true})
		}},
		{Name: "sync, told of the death", Limit: 40_000, Conf: ring(hdr.SyncSyncReaders, 2, 1), Kills: 1, Build: func(w *World) {
			w.Writer("writer", true, Writing{Values: 2})
			w.Reader("reader", false, Reading{Start: slot.StartOldest, Mourns: true})
		}},
		{Name: "latest, armed, told of the death", Conf: ring(hdr.SyncLatestOnly, 1, 1), Kills: 1, Build: func(w *World) {
			w.Writer("writer", true, Writing{Values: 2})
			w.Reader("reader", false, Reading{Mourns: true, Armed: true})
		}},
		{Name: "shared zone, reader killed", Conf: sharedZone(2), After: SharedZoneGoesOn, Kills: 1, Build: func(w *World) {
			w.SharedZoneReader("reader", true, 1)
			w.SharedZoneReader("other", false, 2)
			w.SharedZoneWriter("writer", false, 2)
		}},
		{Name: "shared zone", Limit: 40_000, Conf: sharedZone(1), After: SharedZoneGoesOn, Build: func(w *World) {
			w.SharedZoneReader("reader", false, 2)
			w.SharedZoneWriter("writer", false, 2)
		}},
	}
}

// sharedZone is a block with a shared flexible zone, which lock 0 guards.
func sharedZone(consumers uint32) slot.Config {
	c := ring(hdr.SyncLatestOnly, 1, consumers)
	c.FlexSize, c.FlexMode, c.Spinlocks = 16, hdr.FlexModeShared, 1
	return c
}
