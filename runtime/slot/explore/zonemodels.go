//go:build datahub_explore

package explore

import (
	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/slot"
)

// zoneModels are the worlds of what stands beside the slots: observers, the
// flexible zone, locks.
func zoneModels() []*Model {
	return []*Model{
		{Name: "latest, observer, kill", Conf: ring(hdr.SyncLatestOnly, 1, 1), Kills: 1, Build: func(w *World) {
			w.Writer("writer", true, Writing{Values: 4})
			w.Writer("successor", false, Writing{Values: 1})
			w.Observer("observer", 1, slot.StartNewest)
		}},
		{Name: "sync, observer", Conf: ring(hdr.SyncSyncReaders, 2, 1), Build: func(w *World) {
			w.Writer("writer", false, Writing{Values: 5})
			w.Observer("observer", 3, slot.StartOldest)
		}},
		{Name: "flex", Conf: flex(ring(hdr.SyncLatestOnly, 1, 1)), After: FlexGoesOn, Build: func(w *World) {
			w.FlexReader("reader", 3)
			w.FlexWriter("writer", false, 4)
		}},
		{Name: "flex, kill, takeover", Conf: flex(ring(hdr.SyncLatestOnly, 1, 1)), After: FlexGoesOn, Kills: 1, Build: func(w *World) {
			w.FlexReader("reader", 2)
			w.FlexWriter("writer", true, 3)
			w.FlexWriter("successor", false, 3)
		}},
		{Name: "lock, 2 consumers", Conf: locks(2), After: LocksGoOn, Build: func(w *World) {
			w.Locker("a", false, Locking{Times: 2})
			w.Locker("b", false, Locking{Times: 2})
		}},
		{Name: "lock, owner killed", Conf: locks(2), After: LocksGoOn, Kills: 1, Build: func(w *World) {
			w.Locker("a", true, Locking{Times: 2})
			w.Locker("b", false, Locking{Times: 3})
		}},
		{Name: "lock, owner killed, 2 wait", Conf: locks(3), After: LocksGoOn, Kills: 1, Build: func(w *World) {
			w.Locker("a", true, Locking{Times: 1})
			w.Locker("b", false, Locking{Times: 1})
			w.Locker("c", false, Locking{Times: 1, Clean: true})
		}},
		{Name: "lock, owners killed", Conf: locks(3), After: LocksGoOn, Kills: 2, Build: func(w *World) {
			w.Locker("a", true, Locking{Times: 2})
			w.Locker("b", true, Locking{Times: 2, Clean: true})
			w.Locker("c", false, Locking{Times: 2, Clean: true})
		}},
		{Name: "lock, owner killed, its cell taken", Conf: locks(2), After: LocksGoOn, Kills: 1, Build: func(w *World) {
			w.Locker("a", true, Locking{Times: 1})
			w.Locker("b", false, Locking{Times: 1})
			w.Locker("next", false, Locking{Late: true, Stays: true})
		}},
		{Name: "lock, owner killed, nobody looks again", Conf: locks(3), After: LocksGoOn, Kills: 1, Timeless: true, Build: func(w *World) {
			w.Locker("a", true, Locking{Times: 1, Owner: true})
			w.Locker("b", false, Locking{Times: 1})
			w.Locker("c", false, Locking{Times: 1, Last: true})
		}},
		{Name: "lock, producer killed, takeover", Conf: locks(1), After: LocksGoOn, Kills: 1, Build: func(w *World) {
			w.LockingProducer("producer", true, Locking{Times: 1})
			w.LockingProducer("successor", false, Locking{Times: 1, Clean: true})
			w.Locker("consumer", false, Locking{Times: 1})
		}},
	}
}

func flex(c slot.Config) slot.Config {
	c.FlexSize, c.FlexMode = 16, hdr.FlexModeDoubleBuffered
	return c
}

func locks(consumers uint32) slot.Config {
	c := ring(hdr.SyncSyncReaders, 1, consumers)
	c.Spinlocks = 1
	return c
}
