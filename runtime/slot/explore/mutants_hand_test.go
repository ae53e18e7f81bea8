//go:build !datahub_explore

package explore

func init() { mutants = append(mutants, handMutants...) }

var handMutants = []mutant{
	{"a cell is cleaned without its lock", "mend.go", []string{
		"won, err := h.TryLockCell(i)\n\tif err != nil || !won {\n\t\treturn false, err\n\t}\n", "",
		"\th.UnlockCell(i)\n", "",
	}, "by hand, dead cleaned"},
	{"the incarnation is cleaned before the hold", "scan.go", []string{
		"c.hold.Store(0)\n\tc.incarnation.Store(inc + 1)\n", "c.incarnation.Store(inc + 1)\n\tc.incarnation.Store(inc)\n",
	}, "by hand, dead cleaned"},
	{"head is moved beyond what was stamped", "mend.go", []string{
		"b.stamp((head+n)%c).Load() == head+n+1 {", "b.stamp((head+n)%c).Load() != 0 {",
	}, "by hand, writer finished"},
	{"a reader does not look whether its place was taken", "reader.go", []string{
		"if r.evicted.Load() == r.inc {\n\t\treturn r.fail(ErrEvicted)\n\t}\n\tif r.count", "if r.count",
	}, "by hand, a place is taken"},
}
