package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pylabhub/datahub/examples/internal/process"
)

func TestMain(m *testing.M) { process.Main(m, main) }

func TestReadersTurnCountsIntoDegreesUnderTheRightCalibration(t *testing.T) {
	dir := t.TempDir()
	watchers := []*process.Process{process.Start(t, dir, "watch", "-print", "100"), process.Start(t, dir, "watch", "-print", "100")}
	out := process.Start(t, dir, "measure", "-n", "300", "-every", "0s").Finish(t)
	if want := "took 300 readings under 3 calibrations\n"; out != want {
		t.Errorf("the thermometer printed %q, want %q", out, want)
	}
	whole := 0
	for _, w := range watchers {
		out := w.Finish(t)
		lines := strings.Split(out, "\n")
		var n, calibrations int
		var low, high float64
		last := lines[len(lines)-2]
		if _, err := fmt.Sscanf(last, "%d readings under %d calibrations, %g to %g degC", &n, &calibrations, &low, &high); err != nil {
			t.Fatalf("%v in:\n%s", err, out)
		}
		if low < 20 || high > 29 || strings.Count(out, "\ncalibration ")+strings.Count(out[:12], "calibration ") != calibrations {
			t.Errorf("a reader printed:\n%s", out)
		}
		if n == 300 { // the other may have joined later
			whole++
			for _, want := range []string{
				"calibration 1 by mira (no reference): 0.0100 degC per count from -5.0 degC",
				"calibration 2 by joel (ice water): 0.0110 degC per count from -5.0 degC",
				"calibration 3 by mira (no reference): 0.0120 degC per count from -5.0 degC",
				"reading 0: 2500 counts, 20.0 degC",
				"reading 200: 2083 counts, 20.0 degC",
			} {
				if !strings.Contains(out, want+"\n") {
					t.Errorf("a reader did not print %q but:\n%s", want, out)
				}
			}
		}
	}
	if whole == 0 {
		t.Error("no reader saw all 300 readings")
	}
	process.Empty(t, dir)
}

func TestAllRunsBoth(t *testing.T) {
	dir := t.TempDir()
	out := process.Start(t, dir, "-n", "101").Finish(t)
	for _, want := range []string{"took 101 readings under 2 calibrations", "101 readings under 2 calibrations, 20.0 to 29.0 degC, 0 of unknown calibration"} {
		if !strings.Contains(out, want+"\n") {
			t.Errorf("%q is missing in:\n%s", want, out)
		}
	}
	process.Empty(t, dir)
}
