//go:build !datahub_explore

package explore

func init() { mutants = append(mutants, waitMutants...) }

var waitMutants = []mutant{
	{"part of a batch gives all of it back", "batch.go", []string{
		"r.held, r.skipped = rest, r.skipped+uint64(n)", "r.held, r.skipped = rest, r.skipped+uint64(n)\n\t\tr.cursor.Store(r.pos + rest)",
	}, "sync, reader batches"},
	{"a batch goes on behind what is there", "batch.go", []string{
		"if r.slots.Fast64(off).Load() != seq+1 {", "if r.slots.Fast64(off).Load() == 0 {",
	}, "sync, reader batches"},
	{"copies of a batch are not validated", "batch.go", []string{
		"if !r.intact(seq) {\n\t\t\treturn false\n\t\t}\n", "",
	}, "overwrite, reader batches"},
	{"the rest of a batch of copies is the first", "batch.go", []string{
		"if i += r.skipped; i != 0 {", "if i != 0 {",
	}, "overwrite, reader batches"},
	{"drain asks to be woken after the last look", "drain.go", []string{
		"w.roomWanted.Store(1) // as", "// as",
		"w.flush()\n\t\t\tw.wait.sleep", "w.roomWanted.Store(1)\n\t\t\tw.wait.sleep",
	}, "sync, drain"},
	{"drain waits for nobody", "drain.go", []string{
		"if counts && cur < w.pos {", "if counts && cur+1 < w.pos {",
	}, "sync, drain"},
	{"drain never looks whether readers are dead", "drain.go", []string{
		"w.reclaim(uint64(w.plan.Capacity)) //", "//",
	}, "anybody killed, sync, drain"},
	{"armed after the last look", "watch.go", []string{
		"r.sleepers.Store(1)\n\tif r.Pending() {", "defer r.sleepers.Store(1)\n\tif r.Pending() {",
	}, "sync, armed"},
	{"armed without another look", "watch.go", []string{
		"r.sleepers.Store(1)\n\tif r.Pending() {", "r.sleepers.Store(1)\n\tif false {",
	}, "sync, armed"},
	{"armed with a bell that is read last", "watch.go", []string{
		"b = r.bell.Load()\n", "",
		"return b, false, nil", "return r.bell.Load(), false, nil",
	}, "latest, armed"},
	{"armed without showing how far", "watch.go", []string{
		"\t\tr.show()\n", "",
	}, "sync, armed, lazy, drain"},
	{"death told while something is left", "reader.go", []string{
		"\t\t\tif s, ok, err := r.TryAcquire(); ok || err != nil {\n\t\t\t\tr.mourned = mourned // to be told when that was read\n\t\t\t\treturn s, err\n\t\t\t}\n", "\t\t\t_ = mourned\n",
	}, "sync, told of the death"},
	{"death not told because something was left", "reader.go", []string{
		"\t\t\t\tr.mourned = mourned // to be told when that was read\n", "",
		"mourned := r.mourned\n", "",
	}, "sync, told of the death"},
	{"death not told because of the bell", "watch.go", []string{
		"\t\t\tr.mourned = mourned // to be told when that was read\n", "",
		"mourned := r.mourned\n", "",
	}, "latest, armed, told of the death"},
	{"quiet though the producer is dead", "watch.go", []string{
		"return r.epoch.Load() == r.mourned //", "return true //",
	}, "latest, armed, told of the death"},
	{"reader that pauses asks to be woken", "reader.go", []string{
		"if r.wait.asks() {", "if true {",
	}, "latest, pauses"},
	{"writer that pauses asks to be woken", "room.go", []string{
		"if w.wait.asks() {", "if true {",
	}, "sync, both pause"},
	{"cell of a seeking reader is not cleaned", "join.go", []string{
		"sweep(&r.cell)\n\tr.lost = 0", "r.lost = 0",
	}, "sync, seeks"},
	{"shared zone that a producer left half changed", "flex.go", []string{
		"\t\t_ = g.Unlock() // it stays poisoned\n", "\t\treturn g, nil\n",
	}, "anybody killed, shared zone"},
	{"shared zone numbered after it is given back", "flex.go", []string{
		"f.selector.Store((f.selector", "defer f.selector.Store((f.selector",
	}, "shared zone"},
	{"shared zone spoilt by a consumer", "flex.go", []string{
		"return g, g.MarkConsistent()", "return g, nil",
	}, "shared zone, reader killed"},
}
