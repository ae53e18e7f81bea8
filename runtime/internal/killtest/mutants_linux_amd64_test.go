//go:build !race

package killtest

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// A mutant is the slot protocol with a step left out or in another place, so that
// somebody's death loses something. The operation must fail with it.
type mutant struct {
	name      string
	operation string
	edits     []edit
}

// An edit replaces a text that stands once in a file of package slot. In the new
// text MUTANT is whether the program is to be this mutant: there is one program for
// all.
type edit struct{ file, old, new string }

var mutants = []mutant{
	{"head before its stamp", "write, nobody sleeps: sync readers", []edit{
		{"writer.go", "w.slots.Fast64(w.off).Store(p)\n", "if !MUTANT {\n\t\tw.slots.Fast64(w.off).Store(p)\n\t}\n"},
		{"writer.go", "w.head.Store(p)\n\tw.pos = p\n", "w.head.Store(p)\n\tif MUTANT {\n\t\tw.slots.Fast64(w.off).Store(p)\n\t}\n\tw.pos = p\n"},
	}},
	{"commit before the payload", "write: sync readers, checked", []edit{
		{"writer.go", "w.finish(off, w.pos+i+1, now)\n", "if MUTANT {\n\t\t\t\tw.slots.Fast64(off).Store(w.pos + i + 1)\n\t\t\t}\n\t\t\tw.finish(off, w.pos+i+1, now)\n"},
	}},
	{"latest before the payload", "write: latest, ring", []edit{
		{"writelatest.go", "w.finish(w.off, stamp, w.now())\n", "if MUTANT {\n\t\tdefer w.finish(w.off, stamp, w.now())\n\t} else {\n\t\tw.finish(w.off, stamp, w.now())\n\t}\n"},
	}},
	{"head without stamp roll-forward", "write: sync readers", []edit{
		{"writer.go", "for head-from < c &&", "for !MUTANT && head-from < c &&"},
	}},
	{"latest sequence restarts at takeover", "take over and write: latest, single", []edit{
		{"writelatest.go", "w.current, w.pos = s+1, stamp\n", "w.current, w.pos = s+1, stamp\n\tif MUTANT {\n\t\tw.pos = w.view.head.Load()\n\t}\n"},
	}},
	{"takeover rings for nobody", "write: sync readers", []edit{
		{"writer.go", "w.sleepers.Store(0)\n\tw.ring()\n\tw.flush()\n", "w.sleepers.Store(0)\n\tif !MUTANT {\n\t\tw.ring()\n\t}\n\tw.flush()\n"},
	}},
	{"shared reader count", "hold: latest, single", []edit{
		{"take.go", "r.cell.hold.Store(s + 1) // pairs", "if MUTANT {\n\t\t\tr.control.U64(384 + 8*s).Add(1)\n\t\t} else {\n\t\t\tr.cell.hold.Store(s + 1)\n\t\t} // pairs"},
		{"take.go", "r.count.Retries++\n\t\tl = again", "r.count.Retries++\n\t\tif MUTANT {\n\t\t\tr.control.U64(384 + 8*s).Add(^uint64(0))\n\t\t}\n\t\tl = again"},
		{"reader.go", "r.cell.hold.Store(0) // pairs", "if MUTANT {\n\t\t\tr.control.U64(384 + 8*uint64(r.off/r.stride)).Add(^uint64(0))\n\t\t}\n\t\tr.cell.hold.Store(0) // pairs"},
		{"writelatest.go", "clear(w.busy)\n", "clear(w.busy)\n\tfor s := range w.busy {\n\t\tw.busy[s] = MUTANT && w.control.U64(384+8*uint64(s)).Load() != 0\n\t}\n"},
	}},
	{"heartbeat reclaim", "reclaim: sync readers", []edit{
		{"scan.go", "|| w.host.CellAlive(i) {", "|| !MUTANT && w.host.CellAlive(i) {"},
		{"scan.go", "if err != nil || !won {\n\t\treturn false\n\t}\n\tdirty", "if !MUTANT && (err != nil || !won) {\n\t\treturn false\n\t}\n\tdirty"},
	}},
	{"unlock without keeping poisoned", "lock a poisoned one, as consumer: locks", []edit{
		{"guard.go", "if !w.CompareAndSwap(v, v&uint64(hdr.SpinlockPoisoned)) {", "kept := v & uint64(hdr.SpinlockPoisoned)\n\t\tif MUTANT {\n\t\t\tkept = 0\n\t\t}\n\t\tif !w.CompareAndSwap(v, kept) {"},
	}},
	{"stolen without poisoning", "lock a dead man's one, as consumer: locks", []edit{
		{"spinlock.go", "if w.CompareAndSwap(v, token|lockFlags) {", "if MUTANT && w.CompareAndSwap(v, token|uint64(hdr.SpinlockWaiters)) || !MUTANT && w.CompareAndSwap(v, token|lockFlags) {"},
	}},
	{"lock of a dead owner taken in silence", "lock a free one, as consumer: locks", []edit{
		{"spinlock.go", "return v, true, ErrOwnerDied", "if MUTANT {\n\t\t\t\t\treturn v, true, nil\n\t\t\t\t}\n\t\t\t\treturn v, true, ErrOwnerDied"},
	}},
	{"selector before the copy", "update: double-buffered zone", []edit{
		{"flex.go", "f.zone.CopyIn(uintptr(next&1)*f.stride, f.buf)\n", "if MUTANT {\n\t\tf.selector.Store(next)\n\t}\n\tf.zone.CopyIn(uintptr(next&1)*f.stride, f.buf)\n"},
	}},
}

// mutantVariable names the mutant that a program is to be.
const mutantVariable = "KILLTEST_MUTANT"

// TestMutantsAreCaughtByKills does with each mutant what the other tests do with
// the protocol as it is.
func TestMutantsAreCaughtByKills(t *testing.T) {
	if testing.Short() || *every {
		t.Skip("builds the mutants, and knows all with the first kill that finds something")
	}
	bin := buildMutants(t)
	run := func(t *testing.T, m mutant, name string) (string, error) {
		pattern := "^TestFault/^" + regexp.QuoteMeta(strings.ReplaceAll(m.operation, " ", "_")) + "$"
		cmd := exec.Command(bin, "-test.run", pattern, "-test.v")
		cmd.Env = append(os.Environ(), mutantVariable+"="+name)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	for _, m := range mutants {
		t.Run(m.name, func(t *testing.T) {
			out, err := run(t, m, m.name)
			if err == nil && strings.Contains(out, "--- SKIP") {
				t.Skip("needs a system that allows ptrace: steps a process by single instructions")
			}
			if err == nil || !strings.Contains(out, ", killed at ") {
				t.Errorf("%q does not find it: %v\n%s", m.operation, err, out)
			}
			for line := range strings.Lines(out) {
				if strings.Contains(line, ", killed at ") {
					t.Log(strings.TrimSpace(line))
				}
			}
		})
	}
	if out, err := run(t, mutants[0], ""); err != nil { // the program without a mutant is sound
		t.Errorf("no mutant: %v\n%s", err, out)
	}
}

// buildMutants builds this test with all mutants in package slot.
func buildMutants(t *testing.T) string {
	t.Helper()
	dir, from := t.TempDir(), filepath.Join("..", "..", "slot")
	files := map[string]string{}
	for _, m := range mutants {
		for _, e := range m.edits {
			text, ok := files[e.file]
			if !ok {
				b, err := os.ReadFile(filepath.Join(from, e.file))
				if err != nil {
					t.Fatal(err)
				}
				text = string(b)
			}
			if n := strings.Count(text, e.old); n != 1 {
				t.Fatalf("%s: %s has %d times the text %q, want once", m.name, e.file, n, e.old)
			}
			is := "(mutant == " + strconv.Quote(m.name) + ")"
			files[e.file] = strings.Replace(text, e.old, strings.ReplaceAll(e.new, "MUTANT", is), 1)
		}
	}
	files["mutant.go"] = "package slot\n\nimport \"os\"\n\nvar mutant = os.Getenv(\"" + mutantVariable + "\")\n"
	overlay := map[string]map[string]string{"Replace": {}}
	for name, text := range files {
		path, err := filepath.Abs(filepath.Join(from, name))
		if err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(dir, name)
		if err := os.WriteFile(to, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		overlay["Replace"][path] = to
	}
	b, err := json.Marshal(overlay)
	if err != nil {
		t.Fatal(err)
	}
	list, bin := filepath.Join(dir, "overlay.json"), filepath.Join(dir, "mutants.test")
	if err := os.WriteFile(list, b, 0o600); err != nil {
		t.Fatal(err)
	}
	// Without vet: what it remembers of a package are the names of an earlier overlay.
	cmd := exec.Command("go", "test", "-c", "-vet=off", "-ldflags=-s -w", "-overlay="+list, "-o="+bin, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build the mutants: %v\n%s", err, out)
	}
	return bin
}
