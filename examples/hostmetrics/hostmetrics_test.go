package main

import (
	"fmt"
	"os"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pylabhub/datahub/examples/internal/process"
)

func TestMain(m *testing.M) { process.Main(m, main) }

// number returns the number in the line of the summary that begins with what.
func number(t *testing.T, out, what string) int {
	t.Helper()
	m := regexp.MustCompile(`(?m)^` + what + ` +(\d+)$`).FindStringSubmatch(out)
	if m == nil {
		t.Fatalf("the summary does not say %q:\n%s", what, out)
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestTheDemoReadsAllThatItWrites(t *testing.T) {
	dir := t.TempDir()
	out := process.Start(t, dir, "demo", "-for", "2s", "-every", "20ms", "-plain").Finish(t)
	written, read, lost := number(t, out, "written"), number(t, out, "read"), number(t, out, "lost")
	if written < 10 || read != written || lost != 0 {
		t.Errorf("written %d, read %d, lost %d", written, read, lost)
	}
	hashes := fmt.Sprintf("layout hash %x\n          schema hash %x\n", SnapshotSchema.LayoutHash, SnapshotSchema.SchemaHash)
	for _, want := range []string{hashes, "latency   p50", "cpu ", "mem ", dir, "memory    "} {
		if !strings.Contains(out, want) {
			t.Errorf("the output does not say %q:\n%s", want, out)
		}
	}
	process.Empty(t, dir)
}

func TestTheDemoGoesOnWhenItsProcessesAreKilled(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("needs pgrep's view of processes; the kill tests of package datablock run here")
	}
	dir := t.TempDir()
	p := process.Start(t, dir, "demo", "-for", "4s", "-every", "20ms", "-plain")
	for _, what := range []string{"produce", "watch", "produce"} {
		time.Sleep(700 * time.Millisecond)
		pid := childOf(t, p.Process.Pid, what)
		child, err := os.FindProcess(pid)
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Kill(); err != nil {
			t.Fatal(err)
		}
	}
	out := p.Finish(t)
	if n := strings.Count(out, "starting another"); n != 3 {
		t.Errorf("%d processes were started again, want 3:\n%s", n, out)
	}
	if lost := number(t, out, "lost"); lost != 0 {
		t.Errorf("%d samples were lost:\n%s", lost, out)
	}
	process.Empty(t, dir)
}

func TestInterruptLeavesNothingBehind(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot be interrupted there without its console")
	}
	dir := t.TempDir()
	p := process.Start(t, dir, "demo", "-for", "1m", "-plain")
	time.Sleep(time.Second)
	if err := p.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if out := p.Finish(t); !strings.Contains(out, "latency") {
		t.Errorf("there is no summary:\n%s", out)
	}
	process.Empty(t, dir)
}
