//go:build datahub_explore

package explore

import (
	"slices"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/slot"
)

func ring(sync hdr.Sync, capacity, consumers uint32) slot.Config {
	return slot.Config{Policy: hdr.PolicyRing, Sync: sync, Capacity: capacity, Consumers: consumers,
		PayloadSize: 16, Spare: slot.NoSpare}
}

// Models are the worlds that every change is tried in.
func Models() []*Model {
	ms := []*Model{
		{Name: "latest, newest", Conf: ring(hdr.SyncLatestOnly, 1, 1), Build: func(w *World) {
			w.Writer("writer", false, Writing{Values: 5})
			w.Reader("reader", false, Reading{Values: 2})
		}},
		{Name: "latest, 2 readers", Conf: ring(hdr.SyncLatestOnly, 1, 2), Build: func(w *World) {
			w.Writer("writer", false, Writing{Values: 4})
			w.Reader("reader 1", false, Reading{Values: 1})
			w.Reader("reader 2", false, Reading{Values: 1})
		}},
		{Name: "latest, reader sleeps", Conf: ring(hdr.SyncLatestOnly, 1, 1), Build: func(w *World) {
			w.Writer("writer", false, Writing{Values: 4})
			w.Reader("reader", false, Reading{})
		}},
		{Name: "latest, nobody rings at the end", Conf: ring(hdr.SyncLatestOnly, 1, 1), Build: func(w *World) {
			w.Writer("writer", false, Writing{Values: 3, Stay: true})
			w.Reader("reader", false, Reading{Until: 2})
		}},
		{Name: "latest, kills, takeover", Conf: ring(hdr.SyncLatestOnly, 1, 1), Kills: 1, Build: func(w *World) {
			w.Writer("writer", true, Writing{Values: 2})
			w.Writer("successor", false, Writing{Values: 2})
			w.Reader("reader", true, Reading{})
		}},
		{Name: "latest, readers killed", Conf: ring(hdr.SyncLatestOnly, 1, 1), Kills: 2, Build: func(w *World) {
			w.Writer("writer", false, Writing{Values: 3})
			w.Reader("reader", true, Reading{Values: 1})
			w.Reader("next", true, Reading{Values: 1})
		}},
		{Name: "sync, newest", Conf: ring(hdr.SyncSyncReaders, 1, 1), Build: func(w *World) {
			w.Writer("writer", false, Writing{Values: 3})
			w.Reader("reader", false, Reading{Start: slot.StartNewest})
		}},
		{Name: "sync, oldest", Conf: ring(hdr.SyncSyncReaders, 2, 1), Build: func(w *World) {
			w.Writer("writer", false, Writing{Values: 4})
			w.Reader("reader", false, Reading{Start: slot.StartOldest, Values: 2})
		}},
		{Name: "sync, at a sequence, leaves", Conf: ring(hdr.SyncSyncReaders, 2, 1), Build: func(w *World) {
			w.Writer("writer", false, Writing{Values: 5})
			w.Reader("reader", false, Reading{Start: slot.StartAt, Position: 2, Values: 1})
		}},
		{Name: "sync, nobody rings at the end", Limit: 40_000, Conf: ring(hdr.SyncSyncReaders, 1, 1), Build: func(w *World) {
			w.Writer("writer", false, Writing{Values: 3, Stay: true})
			w.Reader("reader", false, Reading{Start: slot.StartOldest, Until: 2})
		}},
		{Name: "sync, takeover, nobody rings", Limit: 40_000, Conf: ring(hdr.SyncSyncReaders, 2, 1), Kills: 1, Timeless: true, Build: func(w *World) {
			w.Writer("writer", true, Writing{Values: 2, Stay: true})
			w.Writer("successor", false, Writing{Upto: 2, Stay: true})
			w.Reader("reader", false, Reading{Start: slot.StartOldest, Until: 1})
		}},
		{Name: "sync, leaves", Limit: 40_000, Conf: ring(hdr.SyncSyncReaders, 1, 1), Build: func(w *World) {
			w.Writer("writer", false, Writing{Values: 3})
			w.Reader("reader", false, Reading{Start: slot.StartOldest, Values: 1})
		}},
		{Name: "sync, 2 readers", Conf: ring(hdr.SyncSyncReaders, 1, 2), Build: func(w *World) {
			w.Writer("writer", false, Writing{Values: 2})
			w.Reader("reader 1", false, Reading{Start: slot.StartOldest, Values: 1})
			w.Reader("reader 2", false, Reading{Start: slot.StartNewest, Values: 1})
		}},
		{Name: "sync, kills, takeover", Conf: ring(hdr.SyncSyncReaders, 2, 1), Kills: 1, Build: func(w *World) {
			w.Writer("writer", true, Writing{Values: 2})
			w.Writer("successor", false, Writing{Values: 2})
			w.Reader("reader", true, Reading{Start: slot.StartOldest})
		}},
		{Name: "sync, batches and abort, kill", Conf: ring(hdr.SyncSyncReaders, 3, 1), Kills: 1, Build: func(w *World) {
			w.Writer("writer", true, Writing{Values: 4, Batch: 2, Abort: 2})
			w.Writer("successor", false, Writing{Values: 2, Batch: 2})
			w.Reader("reader", false, Reading{Start: slot.StartOldest, Values: 2})
		}},
		{Name: "sync, oldest, takeover", Conf: ring(hdr.SyncSyncReaders, 2, 1), Kills: 1, Build: func(w *World) {
			w.Writer("writer", true, Writing{Values: 4})
			w.Writer("successor", false, Writing{Values: 2})
			w.Reader("reader", false, Reading{Start: slot.StartOldest, Values: 1})
		}},
		{Name: "sync, oldest, abort", Limit: 40_000, Conf: ring(hdr.SyncSyncReaders, 2, 1), Build: func(w *World) {
			w.Writer("writer", false, Writing{Values: 4, Abort: 3})
			w.Reader("reader", false, Reading{Start: slot.StartOldest, Values: 1})
		}},
		{Name: "sync, lazy reader", Conf: ring(hdr.SyncSyncReaders, 16, 1), Build: func(w *World) {
			w.Writer("writer", false, Writing{Values: 18, Batch: 9})
			w.Reader("reader", false, Reading{Start: slot.StartOldest, Lazy: true})
		}},
		{Name: "single, kills, takeover", Conf: ring(hdr.SyncSingleReader, 1, 1), Kills: 1, Build: func(w *World) {
			w.Writer("writer", true, Writing{Values: 2})
			w.Writer("successor", false, Writing{Values: 1})
			w.Reader("reader", false, Reading{})
		}},
		{Name: "single, reader killed", Conf: ring(hdr.SyncSingleReader, 1, 1), Kills: 1, Build: func(w *World) {
			w.Writer("writer", false, Writing{Values: 2})
			w.Reader("reader", true, Reading{Values: 1})
			w.Reader("next", false, Reading{})
		}},
		{Name: "overwrite, kill", Conf: ring(hdr.SyncOverwrite, 2, 1), Kills: 1, Build: func(w *World) {
			w.Writer("writer", true, Writing{Values: 3})
			w.Writer("successor", false, Writing{Values: 1})
			w.Reader("reader", false, Reading{Start: slot.StartOldest, Values: 2})
		}},
		{Name: "evict", Conf: evict(ring(hdr.SyncSyncReaders, 1, 1)), Build: func(w *World) {
			w.Writer("writer", false, Writing{Values: 3, Evict: true})
			w.Reader("reader", false, Reading{Start: slot.StartOldest})
		}},
	}
	ms = slices.Concat(ms, deskModels(), waitModels(), anybodyModels(), zoneModels(), handModels())
	for _, m := range ms {
		if m.After == nil {
			m.After = GoesOn
		}
	}
	return ms
}

func evict(c slot.Config) slot.Config {
	c.Evict = true
	return c
}
