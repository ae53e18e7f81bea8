//go:build !datahub_explore

package explore

func init() { mutants = append(mutants, zoneMutants...) }

var zoneMutants = []mutant{
	{"observer that trusts equal stamps", "observe.go", []string{
		"r.slots.CopyOut(r.buf, r.off+8)\n", "before := r.slots.Fast64(r.off).Load()\n\t\tr.slots.CopyOut(r.buf, r.off+8)\n",
		"latestFits(l, stamp) {", "stamp != 0 && stamp == before {",
	}, "latest, observer, kill"},
	{"observer that does not look again", "observe.go", []string{
		"latestFits(l, stamp) {", "stamp != 0 {",
	}, "latest, observer, kill"},
	{"stamp not cleared before a latest value is written", "writelatest.go", []string{
		"stamp.Store(0)\n", "",
	}, "latest, observer, kill"},
	{"observer that trusts stamps in a ring", "take.go", []string{
		"return q+uint64(r.plan.Capacity) >= r.gate.Load() //", "return true //",
	}, "sync, observer"},
	{"selector by index only", "flex.go", []string{
		"if f.selector.Load() == s { //", "if f.selector.Load()&1 == s&1 { //",
	}, "flex"},
	{"selector not looked at again", "flex.go", []string{
		"if f.selector.Load() == s { //", "if true { //",
	}, "flex"},
	{"selector before the copy", "flex.go", []string{
		"f.zone.CopyIn(uintptr(next&1)*f.stride, f.buf)\n", "defer f.zone.CopyIn(uintptr(next&1)*f.stride, f.buf)\n",
	}, "flex"},
	{"one copy for all", "flex.go", []string{
		"(s>>1+1)<<1 | s&1 ^ 1", "(s>>1+1)<<1 | s&1",
	}, "flex"},
	{"successor's sequence is the dead one's", "flex.go", []string{
		"next := (s>>1+1)<<1", "next := (s>>1)<<1",
	}, "flex, kill, takeover"},
	{"lock probed before its word is loaded", "spinlock.go", []string{
		"if w.CompareAndSwap(v, token|lockFlags) {", "if w.CompareAndSwap(w.Load(), token|lockFlags) {",
	}, "lock, owner killed"},
	{"unlock without keeping poisoned", "guard.go", []string{
		"w.CompareAndSwap(v, v&uint64(hdr.SpinlockPoisoned))", "w.CompareAndSwap(v, 0)",
	}, "lock, owner killed"},
	{"lock without keeping poisoned", "spinlock.go", []string{
		"token|flags|v&lockFlags", "token|flags",
	}, "lock, owner killed"},
	{"stolen without poisoning", "spinlock.go", []string{
		"w.CompareAndSwap(v, token|lockFlags)", "w.CompareAndSwap(v, token|uint64(hdr.SpinlockWaiters))",
	}, "lock, owner killed"},
	{"lock of a dead owner taken in silence", "spinlock.go", []string{
		"return v, true, ErrOwnerDied", "return v, true, nil",
	}, "lock, owner killed"},
	{"sleeping without the waiters bit", "spinlock.go", []string{
		"return v&w != 0 || l.word().CompareAndSwap(v, v|w)", "return w != 0",
		"uint32(v|uint64(hdr.SpinlockWaiters)), d", "uint32(v), d",
	}, "lock, 2 consumers"},
	{"stolen without the waiters bit", "spinlock.go", []string{
		"w.CompareAndSwap(v, token|lockFlags)", "w.CompareAndSwap(v, token|uint64(hdr.SpinlockPoisoned))",
	}, "lock, owner killed, nobody looks again"},
	{"nobody is dead whose byte is taken", "spinlock.go", []string{
		"return !t.host.CellAlive(int(owner-1)) ||", "return !t.host.CellAlive(int(owner-1)) || false &&",
	}, "lock, owner killed, its cell taken"},
	{"a producer is dead if its byte is free only", "spinlock.go", []string{
		"case owner == t.self: // a handle sees its own byte as free\n\t\treturn t.id.Load()&lockHalf != id\n", "case owner == t.self:\n\t\treturn false\n",
	}, "lock, producer killed, takeover"},
	{"everybody is dead", "spinlock.go", []string{
		"return !t.host.CellAlive(int(owner-1)) ||", "return true ||",
	}, "lock, 2 consumers"},
}
