package main

import (
	"strings"
	"testing"

	"github.com/pylabhub/datahub/examples/internal/process"
)

func TestMain(m *testing.M) { process.Main(m, main) }

func TestThreeReceiversGetEveryCommandInOrder(t *testing.T) {
	dir := t.TempDir()
	out := process.Start(t, dir, "-n", "100").Finish(t)
	if n := strings.Count(out, "received 100 commands in order, none lost, at 9.9 mm"); n != 3 {
		t.Errorf("%d receivers got all, want 3:\n%s", n, out)
	}
	process.Empty(t, dir)
}
