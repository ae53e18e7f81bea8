//go:build !datahub_explore

package explore

import (
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// A mutant is the protocol with a step left out or in another place. One of the
// models must fail with it.
type mutant struct {
	name  string
	file  string   // of package slot
	edits []string // old and new text, in turn; each old one stands there once
	model string   // that catches it
}

var mutants = []mutant{
	{"no hold", "take.go", []string{
		"r.cell.hold.Store(s + 1) // pairs", "// pairs",
	}, "latest, newest"},
	{"no re-check of the latest word", "take.go", []string{
		"again := r.latest.Load() // the whole word", "again := l // the whole word",
	}, "latest, newest"},
	{"re-check of the slot only", "take.go", []string{
		"if again == l {\n\t\t\treturn l, nil", "if again&slotMask == l&slotMask {\n\t\t\treturn l, nil",
	}, "latest, newest"},
	{"uncapped gate", "scan.go", []string{
		"limit = w.slowest(limit)", "limit = w.slowest(w.pos + uint64(w.plan.Capacity))",
	}, "sync, oldest"},
	{"gate raised after the scan", "scan.go", []string{
		"\t\tw.gate.Store(limit)\n\t\tw.gate.Load()\n\t\tw.gateAt = limit\n", "\t\tdefer w.gate.Store(limit)\n\t\tw.gateAt = limit\n",
	}, "sync, oldest"},
	{"no re-check at join", "join.go", []string{
		"if again == h {", "if true {", "if again == g {", "if true {",
	}, "sync, newest"},
	{"join at oldest with the newest's rule", "join.go", []string{
		"g := r.gate.Load() // pairs", "g, h := r.gate.Load(), r.head.Load() // pairs",
		"again := r.gate.Load()\n\t\tif again == g {", "again := r.gate.Load()\n\t\tif r.head.Load() == h {",
		"\t\tg = again\n", "\t\tg, h = again, r.head.Load()\n",
	}, "sync, oldest"},
	{"joiner does not look whether the writer waits", "join.go", []string{
		"if r.roomWanted.Load() != 0 { // pairs", "if false { // pairs",
	}, "sync, newest"},
	{"heartbeat reclaim", "scan.go", []string{
		"|| w.host.CellAlive(i) {", "{",
		"won, err := h.TryLockCell(i)\n\tif err != nil || !won {\n\t\treturn false\n\t}\n", "",
		"h.UnlockCell(i)\n", "",
	}, "sync, oldest"},
	{"eviction without validation", "take.go", []string{
		"return r.evicted.Load() != r.inc //", "return true //",
	}, "evict"},
	{"commit before the payload", "writer.go", []string{
		"w.finish(off, w.pos+i+1, now)\n\t\t\tw.slots.Fast64(off).Store(w.pos + i + 1) //",
		"w.slots.Fast64(off).Store(w.pos + i + 1)\n\t\t\tw.finish(off, w.pos+i+1, now) //",
	}, "sync, oldest"},
	{"latest before the payload", "writelatest.go", []string{
		"w.finish(w.off, stamp, w.now())\n", "defer w.finish(w.off, stamp, w.now())\n",
	}, "latest, newest"},
	{"bell before clearing sleepers", "writer.go", []string{
		"w.sleepers.Store(0)\n\tw.count.Wakes++\n\tw.ring()", "w.count.Wakes++\n\tw.ring()\n\tw.sleepers.Store(0)",
	}, "latest, nobody rings at the end"},
	{"bell read after sleepers is set", "reader.go", []string{
		"b = r.bell.Load()\n\t\t\tr.sleepers.Store(1)", "r.sleepers.Store(1)\n\t\t\tb = r.bell.Load()",
	}, "latest, nobody rings at the end"},
	{"sleepers set after the last look", "reader.go", []string{
		"b = r.bell.Load()\n\t\t\tr.sleepers.Store(1)", "b = r.bell.Load()",
		"r.flush()\n\t\t\tr.wait.sleep", "r.sleepers.Store(1)\n\t\t\tr.wait.sleep",
	}, "latest, nobody rings at the end"},
	{"room wanted after the last look", "room.go", []string{
		"w.roomWanted.Store(1) // pairs", "// pairs",
		"w.flush()\n\t\t\tw.wait.sleep", "w.roomWanted.Store(1)\n\t\t\tw.wait.sleep",
	}, "sync, oldest"},
	{"leaving without a look at room wanted", "join.go", []string{
		"if r.roomWanted.Load() != 0 { // as in Release: one", "if false { // as in Release: one",
	}, "sync, leaves"},
	{"head without stamp roll-forward", "writer.go", []string{
		"for head-from < c && w.stamp", "for false && head-from < c && w.stamp",
	}, "sync, kills, takeover"},
	{"batch rolled forward by one", "writer.go", []string{
		"for head-from < c && w.stamp", "for head-from < 1 && w.stamp",
	}, "sync, batches and abort, kill"},
	{"gate lowered at takeover", "writer.go", []string{
		"w.pos, w.limit, w.gateAt = head, head, gate\n", "gate = max(head, c)\n\tw.gate.Store(gate)\n\tw.pos, w.limit, w.gateAt = head, head, gate\n",
	}, "sync, oldest, takeover"},
	{"gate lowered at abort", "writer.go", []string{
		"w.free = append(w.free, w.slot)\n\t}\n", "w.free = append(w.free, w.slot)\n\t} else {\n\t\tw.gateAt = max(w.pos, uint64(w.plan.Capacity))\n\t\tw.gate.Store(w.gateAt)\n\t}\n",
	}, "sync, oldest, abort"},
	{"takeover rings for nobody", "writer.go", []string{
		"w.sleepers.Store(0)\n\tw.ring()\n\tw.flush()\n\treturn nil", "w.flush()\n\treturn nil",
	}, "sync, takeover, nobody rings"},
	{"latest sequence restarts at takeover", "writelatest.go", []string{
		"w.current, w.pos = s+1, stamp\n", "w.current, w.pos = s+1, w.view.head.Load()\n",
	}, "latest, kills, takeover"},
	{"latest slot written at takeover", "writelatest.go", []string{
		"w.current, w.pos = s+1, stamp\n", "w.pos = stamp\n",
	}, "latest, kills, takeover"},
}

var only = flag.String("mutant", "", "try only the mutant of this name")

// TestMutantsAreCaught builds each mutant and lets its model find it.
func TestMutantsAreCaught(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the protocol once per mutant")
	}
	dir := t.TempDir()
	var mu sync.Mutex // two at a time is plenty
	limit := make(chan struct{}, 2)
	for _, m := range mutants {
		if *only != "" && m.name != *only {
			continue
		}
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			limit <- struct{}{}
			defer func() { <-limit }()
			mu.Lock()
			bin := build(t, dir, m)
			mu.Unlock()
			out, err := exec.Command(bin, "-test.run=^TestModels$", "-test.v", "-model="+m.model).CombinedOutput()
			switch {
			case err == nil:
				t.Errorf("not caught by %q:\n%s", m.model, out)
			case !strings.Contains(string(out), "FAIL: TestModels/"):
				t.Errorf("did not run: %v\n%s", err, out)
			default:
				t.Log(firstLines(string(out), 3))
			}
		})
	}
}

// build compiles the explorer with a mutated file of package slot in place of the
// real one.
func build(t *testing.T, dir string, m mutant) string {
	t.Helper()
	overlay := map[string]map[string]string{"Replace": {}}
	if m.file != "" {
		path, err := filepath.Abs(filepath.Join("..", m.file))
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		text := string(b)
		for i := 0; i < len(m.edits); i += 2 {
			if n := strings.Count(text, m.edits[i]); n != 1 {
				t.Fatalf("%s has %d times the text %q, want once", m.file, n, m.edits[i])
			}
			text = strings.Replace(text, m.edits[i], m.edits[i+1], 1)
		}
		to := filepath.Join(dir, strings.ReplaceAll(m.name, " ", "-")+".go")
		if err := os.WriteFile(to, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		overlay["Replace"][path] = to
	}
	b, err := json.Marshal(overlay)
	if err != nil {
		t.Fatal(err)
	}
	name := strings.ReplaceAll(m.name, " ", "-")
	if err := os.WriteFile(filepath.Join(dir, name+".json"), b, 0o600); err != nil {
		t.Fatal(err)
	}
	bin := filepath.Join(dir, name+".test")
	cmd := exec.Command("go", "test", "-c", "-tags", "datahub_explore", "-overlay", filepath.Join(dir, name+".json"), "-o", bin, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return bin
}

func firstLines(s string, n int) string {
	lines := strings.Split(s, "\n")
	return strings.Join(lines[:min(n, len(lines))], "\n")
}
