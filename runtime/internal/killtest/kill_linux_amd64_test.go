//go:build !race

package killtest

import (
	"slices"
	"sync"
	"testing"

	"github.com/pylabhub/datahub/runtime/slot"
)

// operations returns all of them, by name.
var operations = sync.OnceValue(func() map[string]*operation {
	all := map[string]*operation{}
	for _, o := range []*operation{
		write("sync readers", 1, true),
		write("latest, single", 1, false),
		write("latest, double", 1, false),
		write("latest, ring", 1, false),
		write("single reader", 1, false),
		write("sync readers", 1, false),
		write("sync readers, checked", 1, false),
		write("sync readers, evicting", 1, false),
		write("overwrite", 1, false),
		write("sync readers", 3, false),
		write("sync readers, checked", 3, false),
		read("latest, single", false),
		read("latest, ring", false),
		read("single reader", false),
		read("sync readers", true),
		read("sync readers, checked", false),
		read("sync readers, evicting", false),
		read("overwrite", false),
		hold("latest, single"),
		join("latest, single", slot.StartDefault, ""),
		join("single reader", slot.StartDefault, ""),
		join("sync readers", slot.StartNewest, ""),
		join("sync readers", slot.StartOldest, " at the oldest"),
		join("sync readers, evicting", slot.StartOldest, ""),
		join("overwrite", slot.StartOldest, ""),
		leave("latest, single"),
		leave("single reader"),
		leave("sync readers"),
		leave("overwrite"),
		reclaim("sync readers"),
		takeover("latest, single", false),
		takeover("sync readers", false),
		takeover("overwrite", false),
		takeover("latest, ring", true),
		takeover("sync readers", true),
		lock("free", false),
		lock("free", true),
		lock("poisoned", false),
		lock("dead man's", false),
		lock("dead man's", true),
		name(),
		zone("double-buffered zone"),
		zone("shared zone"),
		block("create"),
		block("replace"),
		block("remove"),
	} {
		if all[o.name] != nil {
			panic("two operations are called " + o.name)
		}
		all[o.name] = o
	}
	return all
})

// TestProcessesKilledAfterAnyInstructionLoseNothing kills a process in each state
// that an operation can leave to others, and after each instruction of the short
// ones.
func TestProcessesKilledAfterAnyInstructionLoseNothing(t *testing.T) {
	var all figures
	var names []string
	for name := range operations() {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			f, err := exhaust(t, operations()[name])
			t.Log(f)
			if err != nil {
				t.Error(err)
			}
			all.add(f)
		})
	}
	t.Logf("%d operations: %v", len(names), all)
}
