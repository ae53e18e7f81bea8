//go:build !datahub_explore

package explore

func init() { mutants = append(mutants, deskMutants...) }

var deskMutants = []mutant{
	{"room bells of desks read after the last look", "desk.go", []string{
		"b.host.WaitAny(b.words, b.vals, d)", "b.load()\n\tb.host.WaitAny(b.words, b.vals, d)",
	}, "desks, sync"},
	{"room bell of one desk is not waited on", "desk.go", []string{
		"b.host.WaitAny(b.words, b.vals, d)", "b.host.WaitAny(b.words[:1], b.vals[:1], d)",
	}, "desks, sync"},
	{"bell of a desk before clearing sleepers", "desk.go", []string{
		"d.sleepers.Store(0)\n\td.bell.Add(1)\n\th.WakeFew(word.Addr(d.bell))",
		"d.bell.Add(1)\n\th.WakeFew(word.Addr(d.bell))\n\td.sleepers.Store(0)",
	}, "desks, sync"},
	{"only one desk is woken", "desk.go", []string{
		"\t\twoken = true\n", "\t\twoken = true\n\t\tbreak\n",
	}, "desks, latest"},
	{"a reader with a desk sleeps on the bell of all", "memory.go", []string{
		"if m.OwnBell {", "if false {",
	}, "desks, latest"},
}
