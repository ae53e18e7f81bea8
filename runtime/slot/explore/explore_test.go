//go:build !datahub_explore

package explore

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A mutant is the protocol with a step left out or in another place. One of the
// models must fail with it.
type mutant struct {
	name  string
	file  string   // of package slot
	edits []string // old and new text, in turn, or the name of another file; each old one stands there once
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
	{"shared reader count", "take.go", []string{
		"r.cell.hold.Store(s + 1) // pairs", "r.control.U64(384 + 8*s).Add(1) // pairs",
		"r.count.Retries++\n\t\tl = again", "r.control.U64(384 + 8*s).Add(^uint64(0))\n\t\tl = again",
		"reader.go",
		"r.cell.hold.Store(0) // pairs", "r.control.U64(384 + 8*uint64(r.off/r.stride)).Add(^uint64(0)) // pairs",
		"writelatest.go",
		"clear(w.busy)\n", "for s := range w.busy {\n\t\tw.busy[s] = w.control.U64(384+8*uint64(s)).Load() != 0\n\t}\n",
	}, "latest, readers killed"},
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
		"b = r.bell.Load()\n", "", "r.sleepers.Store(1)\n\t\t\t}\n", "r.sleepers.Store(1)\n\t\t\t}\n\t\t\tb = r.bell.Load()\n",
	}, "latest, nobody rings at the end"},
	{"sleepers set after the last look", "reader.go", []string{
		"\t\t\t\tr.sleepers.Store(1)\n", "",
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

// TestProtocolInEveryOrder explores the models with the protocol as it is.
func TestProtocolInEveryOrder(t *testing.T) {
	if raceEnabled {
		t.Skip("builds the explorer without the race detector")
	}
	watchSources(t)
	bin := build(t, t.TempDir(), mutant{name: "none"})
	const shards = 2
	for i := range shards {
		t.Run(fmt.Sprintf("part %d of %d", i+1, shards), func(t *testing.T) {
			t.Parallel()
			args := []string{"-test.v", fmt.Sprintf("-part=%d/%d", i+1, shards)}
			if testing.Short() {
				args = append(args, "-states=3000", "-walk=50ms")
			}
			out, err := exec.Command(bin, args...).CombinedOutput()
			for line := range strings.Lines(string(out)) {
				if err != nil || strings.Contains(line, " states ") {
					t.Log(strings.TrimRight(line, "\n"))
				}
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
}

var only = flag.String("mutant", "", "try only the mutant of this name")

// TestMutantsAreCaught builds each mutant and lets its model find it.
func TestMutantsAreCaught(t *testing.T) {
	if testing.Short() || raceEnabled {
		t.Skip("builds the protocol once per mutant, never with the race detector")
	}
	watchSources(t)
	dir := t.TempDir()
	limit := make(chan struct{}, 2)
	for _, m := range mutants {
		if *only != "" && m.name != *only {
			continue
		}
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			limit <- struct{}{}
			defer func() { <-limit }()
			bin := build(t, dir, m)
			// Random walks find most of them at once, a search all.
			out, err := exec.Command(bin, "-test.run=^TestModels$", "-test.v", "-model="+m.model,
				"-walk=3s", "-first", "-states=1000000").CombinedOutput()
			switch {
			case err == nil:
				t.Errorf("not caught by %q:\n%s", m.model, out)
			case !strings.Contains(string(out), "FAIL: TestModels/"):
				t.Errorf("did not run: %v\n%s", err, out)
			default:
				t.Logf("caught by %s", caught(string(out)))
			}
		})
	}
}

// watchSources reads what the explorer is built from, so that go test knows when
// to run it again.
func watchSources(t *testing.T) {
	t.Helper()
	for _, dir := range []string{".", "..", "../../internal/word", "../../../generated/datahub/segment"} {
		names, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil || len(names) == 0 {
			t.Fatalf("%s: no sources (%v)", dir, err)
		}
		for _, name := range names {
			if _, err := os.ReadFile(name); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// build compiles the explorer with a mutated file of package slot in place of the
// real one.
func build(t *testing.T, dir string, m mutant) string {
	t.Helper()
	overlay := map[string]map[string]string{"Replace": {}}
	for file, text := range m.apply(t) {
		path, err := filepath.Abs(filepath.Join("..", file))
		if err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(dir, strings.ReplaceAll(m.name, " ", "-")+"-"+file)
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
	cmd := exec.Command("go", "test", "-c", "-tags=datahub_explore", "-ldflags=-s -w",
		"-overlay="+filepath.Join(dir, name+".json"), "-o="+bin, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return bin
}

// apply returns the files that the mutant changes, by name.
func (m mutant) apply(t *testing.T) map[string]string {
	t.Helper()
	files, file := map[string]string{}, m.file
	for i := 0; i < len(m.edits); i += 2 {
		if strings.HasSuffix(m.edits[i], ".go") {
			file = m.edits[i]
			i--
			continue
		}
		if _, ok := files[file]; !ok {
			b, err := os.ReadFile(filepath.Join("..", file))
			if err != nil {
				t.Fatal(err)
			}
			files[file] = string(b)
		}
		if n := strings.Count(files[file], m.edits[i]); n != 1 {
			t.Fatalf("%s has %d times the text %q, want once", file, n, m.edits[i])
		}
		files[file] = strings.Replace(files[file], m.edits[i], m.edits[i+1], 1)
	}
	return files
}

// caught returns what the explorer says of the last run, and which property does not
// hold.
func caught(out string) string {
	lines := strings.Split(out, "\n")
	for i := len(lines) - 2; i >= 0; i-- {
		if strings.Contains(lines[i], " states ") {
			_, run, _ := strings.Cut(lines[i], ": ")
			return run + ": " + strings.TrimSpace(lines[i+1])
		}
	}
	return out
}
