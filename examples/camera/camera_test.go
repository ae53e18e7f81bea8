package main

import (
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/pylabhub/datahub/examples/internal/process"
)

func TestMain(m *testing.M) { process.Main(m, main) }

func TestAViewerSavesTheFrameThatWasRecorded(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(t.TempDir(), "frame.png")
	recorder := process.Start(t, dir, "record", "-for", "3s")
	slow := process.Start(t, dir, "view", "-work", "50ms")
	out := process.Start(t, dir, "view", "-save", file).Finish(t)
	var recorded int
	if _, err := fmt.Sscanf(recorder.Finish(t), "recorded %d frames", &recorded); err != nil {
		t.Fatal(err)
	}

	var number uint64
	var saved string
	var seen, skipped int
	if _, err := fmt.Sscanf(out, "saved frame %d to %s\nframes seen %d, skipped %d", &number, &saved, &seen, &skipped); err != nil {
		t.Fatalf("%v in:\n%s", err, out)
	}
	if seen < 1 || seen+skipped > recorded {
		t.Errorf("a viewer saw %d and skipped %d of %d frames", seen, skipped, recorded)
	}
	out = slow.Finish(t)
	if _, err := fmt.Sscanf(out, "frames seen %d, skipped %d", &seen, &skipped); err != nil || seen < 1 || seen+skipped > recorded {
		t.Errorf("a slow viewer saw %d and skipped %d of %d frames: %v in:\n%s", seen, skipped, recorded, err, out)
	}

	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	if b := img.Bounds(); b.Dx() != width || b.Dy() != height {
		t.Fatalf("the picture is %v", b)
	}
	picture := chart()
	for y := range height {
		for x := range width {
			wr, wg, wb, _ := picture.At(x, (y+int(number))%height).RGBA()
			r, g, b, _ := img.At(x, y).RGBA()
			if r != wr || g != wg || b != wb {
				t.Fatalf("frame %d: pixel %d, %d is %d %d %d, want %d %d %d", number, x, y, r>>8, g>>8, b>>8, wr>>8, wg>>8, wb>>8)
			}
		}
	}
	process.Empty(t, dir)
}
