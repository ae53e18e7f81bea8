package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pylabhub/datahub/cmd/datablock-admin/internal/station"
	"github.com/pylabhub/datahub/runtime/datablock"
)

// TestLookingChangesNoByteAndTakesNoLock looks with every command that only looks at
// a block that nobody else writes to: its producer and its consumer are dead.
func TestLookingChangesNoByteAndTakesNoLock(t *testing.T) {
	root := t.TempDir()
	for _, args := range [][]string{
		{"produce", "reading", "roof", "-n", "12", "-hold", "-ready", root + "/../p"},
		{"consume", "reading", "roof", "-n", "5", "-loan", "-hold", "-ready", root + "/../c"},
	} {
		start(t, root, args...)
	}
	for _, ready := range []string{"p", "c"} {
		end(t, filepath.Join(root, "..", ready))
	}
	before := snapshot(t, filepath.Join(root, "roof"))
	dump := filepath.Join(t.TempDir(), "roof.dhdump")
	for _, c := range []struct {
		args []string
		code int
	}{
		{[]string{"list"}, 0},
		{[]string{"info", "roof"}, 0},
		{[]string{"consumers", "roof", "--watch", "20ms"}, 0},
		{[]string{"metrics", "roof"}, 0},
		{[]string{"echo", "roof", "--all"}, 0},
		{[]string{"echo", "roof", "--flex"}, 0},
		{[]string{"hz", "roof", "--interval", "50ms", "-c", "2"}, 0},
		{[]string{"export", "--once"}, 0},
		{[]string{"diagnose", "roof", "--watch", "20ms"}, 100},
		{[]string{"validate", "roof"}, 100},
		{[]string{"cleanup-zombies", "roof", "--dry-run"}, 100},
		{[]string{"force-reset", "roof", "--slot", "4", "--dry-run"}, 100},
		{[]string{"dump", "roof", dump}, 0},
	} {
		out, errs, code := run(context.Background(), append([]string{"--dir", root}, c.args...)...)
		if code != c.code {
			t.Errorf("%s: exit code %d, want %d\n%s%s", strings.Join(c.args, " "), code, c.code, out, errs)
		}
		for name, was := range before {
			if now := snapshot(t, filepath.Join(root, "roof"))[name]; now != was {
				t.Errorf("%s changed %s", strings.Join(c.args, " "), name)
			}
		}
	}

	// And while one goes on looking.
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	done := make(chan int, 2)
	go func() {
		_, _, code := run(ctx, "--dir", root, "echo", "roof", "--follow", "--last", "5")
		done <- code
	}()
	go func() {
		_, _, code := run(ctx, "--dir", root, "hz", "roof", "--interval", "20ms")
		done <- code
	}()
	for ctx.Err() == nil {
		if held := locksOn(t, filepath.Join(root, "roof", "lock")); held != "" {
			t.Errorf("a lock is held: %s", held)
		}
		time.Sleep(10 * time.Millisecond)
	}
	for range 2 {
		if code := <-done; code != 0 {
			t.Errorf("exit code %d when interrupted", code)
		}
	}
	for name, was := range snapshot(t, filepath.Join(root, "roof")) {
		if before[name] != was {
			t.Errorf("%s has changed", name)
		}
	}
}

// snapshot returns the bytes and the time of change of the files of a block.
func snapshot(t testing.TB, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, name := range []string{"data", "control", "lock"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		must(t, err)
		st, err := os.Stat(filepath.Join(dir, name))
		must(t, err)
		out[name] = st.ModTime().String() + string(b)
	}
	return out
}

// locksOn returns the lines of /proc/locks about a file.
func locksOn(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile("/proc/locks")
	if err != nil {
		t.Skip("needs /proc/locks: " + err.Error())
	}
	inode, err := exec.Command("stat", "-c", "%i", name).Output()
	must(t, err)
	var held []string
	for line := range strings.Lines(string(b)) {
		if strings.Contains(line, ":"+strings.TrimSpace(string(inode))+" ") {
			held = append(held, line)
		}
	}
	return strings.Join(held, "")
}

// start starts a process of a test, and waits until it is ready.
func start(t testing.TB, root string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("station", args...)
	cmd.Env = append(os.Environ(), "DATAHUB_DIR="+root)
	cmd.Stderr = os.Stderr
	must(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }) // it may be gone
	ready := args[len(args)-1]
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		if _, err := os.Stat(ready); err == nil {
			return cmd
		}
		if time.Now().After(deadline) {
			t.Fatalf("station %s is not ready", strings.Join(args, " "))
		}
	}
}

// end kills the process whose number stands in a file.
func end(t testing.TB, file string) {
	t.Helper()
	b, err := os.ReadFile(file)
	must(t, err)
	pid, err := strconv.Atoi(string(b))
	must(t, err)
	p, err := os.FindProcess(pid)
	must(t, err)
	must(t, p.Kill())
}

// BenchmarkProducerWhileSomebodyLooks measures what a producer at full rate notices
// of those who look at its channel from another process.
func BenchmarkProducerWhileSomebodyLooks(b *testing.B) {
	for _, looker := range []string{"nobody", "echo", "hz", "export"} {
		b.Run(looker, func(b *testing.B) {
			root := b.TempDir()
			p, err := station.ReadingChannel.Create("roof", datablock.Root(root))
			must(b, err)
			defer func() { must(b, p.Close()) }()
			var cmd *exec.Cmd
			switch looker {
			case "echo":
				cmd = exec.Command("datablock-admin", "--dir", root, "echo", "roof", "--follow", "--fields", "number", "--format", "csv")
			case "hz":
				cmd = exec.Command("datablock-admin", "--dir", root, "hz", "roof")
			case "export": // scraped as often as it answers would be no use: ten times a second
				cmd = exec.Command("sh", "-c", fmt.Sprintf("while datablock-admin --dir %s export --once; do sleep 0.1; done", root))
			}
			if cmd != nil {
				cmd.Stdout = io.Discard
				must(b, cmd.Start())
				defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
				time.Sleep(300 * time.Millisecond)
			}
			b.ResetTimer()
			for range b.N {
				v, err := p.Begin(context.Background())
				if err != nil {
					b.Fatal(err)
				}
				v.Number++
				if err := p.Commit(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
