package main

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	if role := os.Getenv(roleVariable); role != "" {
		be(role)
	}
	os.Exit(m.Run())
}

// TestAShortSoakFindsNothing runs the whole thing for some seconds: that it is
// ready for an hour.
func TestAShortSoakFindsNothing(t *testing.T) {
	s := settings{length: 4 * time.Second, kill: 50 * time.Millisecond, sample: 200 * time.Millisecond, rate: 100,
		seed: rand.Uint64(), output: filepath.Join(t.TempDir(), "samples.tsv")}
	if err := soak(&s); err != nil {
		t.Fatalf("seed %d: %v", s.seed, err)
	}
	b, err := os.ReadFile(s.output)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	if len(lines) < 9 || lines[0] != strings.Join(columns, "\t") {
		t.Errorf("%d lines of samples, the first is %q", len(lines), lines[0])
	}
}

// row returns a sample with what a column shows.
func row(seconds, column int, v int64) []int64 {
	r := make([]int64, len(columns))
	r[atSeconds], r[atKills], r[atRecoveries] = int64(seconds), 100, 100
	r[column] = v
	return r
}

func TestWhatGrowsIsFound(t *testing.T) {
	for _, c := range []struct {
		name   string
		column int
		step   int64
		bad    string
	}{
		{"nothing", atRSS, 0, ""},
		{"memory", atRSS, 100, "resident memory"},
		{"descriptors", atDescriptors, 1, "descriptors"},
		{"files", atFiles, 1, "files of the blocks"},
		{"places", atPlaces, 1, "places that are taken"},
		{"checksums", atErrors, 1, "checksum failures"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := &record{set: &settings{}}
			for i := range 100 {
				l.rows = append(l.rows, row(i, c.column, int64(i)*c.step))
			}
			err := l.judge()
			switch {
			case c.bad == "" && err != nil:
				t.Error(err)
			case c.bad != "" && (err == nil || !strings.Contains(err.Error(), c.bad)):
				t.Errorf("%v, want something about %q", err, c.bad)
			}
		})
	}
}
