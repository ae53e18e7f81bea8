package datablock_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/pylabhub/datahub/runtime/datablock"
	"github.com/pylabhub/datahub/runtime/datablock/internal/weather"
)

func TestABlockIsFoundAgainWhateverTheWorkingFolder(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	must(t, os.Mkdir("hub", 0o700))
	t.Setenv("DATAHUB_DIR", "hub")
	p, err := weather.ReadingChannel.Create("roof")
	must(t, err)
	t.Setenv("DATAHUB_DIR", "elsewhere")
	t.Chdir("/")
	if path := p.Info().Path; path != filepath.Join(dir, "hub", "roof") {
		t.Errorf("the block is at %s", path)
	}
	must(t, p.Close())
	if _, err := os.Stat(filepath.Join(dir, "hub", "roof")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Close left the block behind: %v", err)
	}
}

func TestSendRefusesNil(t *testing.T) {
	p := createReading(t, root(t))
	if err := p.Send(within(t), nil); !errors.Is(err, datablock.ErrMisuse) {
		t.Errorf("Send of nil: %v", err)
	}
	put(t, p, 1) // nothing is in hand
}

func TestAnEmptySampleHasNothing(t *testing.T) {
	var s datablock.Sample[weather.Reading]
	if s.Lag() != 0 || s.Has(weather.FieldReadingNumber) || !errors.Is(s.Verify(), datablock.ErrNoLoan) {
		t.Error("an empty sample has something")
	}
}
