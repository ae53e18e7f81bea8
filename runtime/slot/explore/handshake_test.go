//go:build datahub_explore

package explore

import (
	"testing"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/internal/word"
)

// orders are the ways to do three things.
var orders = [][3]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}}

// TestOnlyOneOrderOfTheHandshakePasses tries all orders of what a writer does when
// there is something new (sleepers = 0, bell++, wake) and of what a reader does
// before it sleeps (read the bell, sleepers = 1, look again). The protocol uses the
// first of both.
func TestOnlyOneOrderOfTheHandshakePasses(t *testing.T) {
	for wi, wo := range orders {
		for ri, ro := range orders {
			r := Search(handshake(wo, ro), 1_000_000)
			if right := wi == 0 && ri == 0; (r.Bad == "") != right || !r.Complete && r.Bad == "" {
				t.Errorf("writer %v, reader %v: %v", wo, ro, r)
			}
		}
	}
}

// handshake is a writer that publishes a few times and readers that sleep until
// they have seen the last.
func handshake(writer, reader [3]int) *Model {
	const values = 3
	return &Model{
		Name: "handshake", Conf: ring(hdr.SyncLatestOnly, 1, 1),
		After: func(*World) {},
		Build: func(w *World) {
			page, control := region(w.model.mem.Producer), region(w.model.mem.Control)
			data := page.U64(uint64(hdr.FieldProducerPageLatest))
			bell := page.U32(uint64(hdr.FieldProducerPageBell))
			sleepers := control.U32(uint64(hdr.FieldControlWordsSleepers))
			w.Go("writer", false, func(p *Proc) {
				for i := range uint64(values) {
					data.Store(i + 1)
					if sleepers.Load() == 0 {
						continue
					}
					for _, do := range writer {
						switch do {
						case 0:
							sleepers.Store(0)
						case 1:
							bell.Add(1)
						case 2:
							(&host{p}).Wake(word.Addr(bell))
						}
					}
				}
			})
			for _, name := range []string{"reader", "other"} {
				w.Go(name, false, func(p *Proc) {
					seen := uint64(0)
					p.local = func() { p.Checkpoint(seen) }
					for seen < values {
						var b uint32
						more := false
						for _, do := range reader {
							switch do {
							case 0:
								b = bell.Load()
							case 1:
								sleepers.Store(1)
							case 2:
								if d := data.Load(); d != seen {
									seen, more = d, true
								}
							}
						}
						p.Checkpoint(seen, uint64(b))
						if !more {
							(&host{p}).Wait(word.Addr(bell), b, -1)
						}
					}
				})
			}
		},
	}
}
