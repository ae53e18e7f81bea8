//go:build !race

package killtest

import (
	"sync"
	"testing"

	"github.com/pylabhub/datahub/runtime/slot"
)

// byFault are the operations, by the number of the fault that killing somebody in
// them is.
var byFault = map[int][]*operation{
	1: { // the writer
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
		takeover("latest, single", false),
		takeover("sync readers", false),
		takeover("overwrite", false),
		takeover("latest, ring", true),
		takeover("sync readers", true),
		zone("double-buffered zone"),
		zone("shared zone"),
	},
	2: { // a reader
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
	},
	3: { // who cleans up after a reader
		reclaim("sync readers"),
	},
	4: { // who makes a block
		block("create"),
		block("replace"),
		block("remove"),
	},
	10: { // the owner of a lock
		lock("free", false),
		lock("free", true),
		lock("poisoned", false),
		lock("dead man's", false),
		lock("dead man's", true),
		name(),
	},
}

// operations returns all of them, by name.
var operations = sync.OnceValue(func() map[string]*operation {
	all := map[string]*operation{}
	for _, list := range byFault {
		for _, o := range list {
			if all[o.name] != nil {
				panic("two operations are called " + o.name)
			}
			all[o.name] = o
		}
	}
	return all
})

// killEverywhere kills a process in each state that the operations of a fault can
// leave to others, and after each instruction of the short ones.
func killEverywhere(t *testing.T, fault int) {
	var all figures
	for _, o := range byFault[fault] {
		t.Run(o.name, func(t *testing.T) {
			f, err := exhaust(t, o)
			t.Log(f)
			if err != nil {
				t.Error(err)
			}
			all.add(f)
		})
	}
	t.Logf("%d operations: %v", len(byFault[fault]), all)
}

func TestFault01AWriterKilledAfterAnyInstructionLeavesTheOldValueOrTheNew(t *testing.T) {
	killEverywhere(t, 1)
}

func TestFault02AReaderKilledAfterAnyInstructionLeaksNothing(t *testing.T) {
	killEverywhere(t, 2)
}

func TestFault03AReclaimerKilledAfterAnyInstructionLeavesTheRestToTheNext(t *testing.T) {
	killEverywhere(t, 3)
}

func TestFault04ACreatorKilledAfterAnyInstructionIsNotFoundOrWhole(t *testing.T) {
	killEverywhere(t, 4)
}

func TestFault10AnOwnerOfALockKilledAfterAnyInstructionIsReported(t *testing.T) {
	killEverywhere(t, 10)
}
