package quickstart

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/pylabhub/datahub/examples/internal/process"
)

func TestTheConsumerPrintsWhatTheProducerWrites(t *testing.T) {
	bin, dir := t.TempDir(), t.TempDir()
	suffix := ""
	if runtime.GOOS == "windows" {
		suffix = ".exe"
	}
	for _, side := range []string{"producer", "consumer"} {
		build := exec.Command("go", "build", "-o", filepath.Join(bin, side+suffix), "./"+side)
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	process.StartProgram(t, dir, filepath.Join(bin, "producer"+suffix)) // killed at the end
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if _, err := os.Stat(filepath.Join(dir, "roof")); err == nil {
			break
		} else if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
	consumer := process.StartProgram(t, dir, filepath.Join(bin, "consumer"+suffix))
	for deadline := time.Now().Add(20 * time.Second); strings.Count(consumer.Output(), "\n") < 5; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the consumer printed only:\n%s", consumer.Output())
		}
	}
	last := -1
	lines := bufio.NewScanner(strings.NewReader(consumer.Output()))
	for n := 0; n < 5 && lines.Scan(); n++ {
		var seq int
		var station string
		var temperature float64
		if _, err := fmt.Sscan(lines.Text(), &seq, &station, &temperature); err != nil {
			t.Fatalf("%q: %v", lines.Text(), err)
		}
		if last >= 0 && seq != last+1 || station != "roof" || temperature < 20 || temperature > 30 {
			t.Errorf("%q after number %d", lines.Text(), last)
		}
		last = seq
	}
}

// TestEachSideIsSmall holds what the quickstart promises.
func TestEachSideIsSmall(t *testing.T) {
	for _, side := range []string{"producer", "consumer"} {
		b, err := os.ReadFile(filepath.Join(side, "main.go"))
		if err != nil {
			t.Fatal(err)
		}
		_, body, ok := strings.Cut(string(b), "func main() {\n")
		if n := strings.Count(body, "\n") - 1; !ok || n > 15 {
			t.Errorf("%s: %d lines in main, want 15 at most", side, n)
		}
	}
}
