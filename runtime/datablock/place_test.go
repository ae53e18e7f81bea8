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

func TestALazyConsumerHoldsTheProducerUpNoLongerThanItReads(t *testing.T) {
	at := root(t)
	s := &datablock.Spec{Schema: &weather.LogSchema, Policy: datablock.Ring, Sync: datablock.SyncReaders, Capacity: 64, Consumers: 1, PageSize: 4096}
	p, err := datablock.Create[weather.Log](s, "log", at, datablock.Timeout(0))
	must(t, err)
	defer p.Close()
	attach := func(opts ...datablock.Option) *datablock.Consumer[weather.Log] {
		c, err := datablock.Attach[weather.Log](s, "log", append(opts, at)...)
		must(t, err)
		return c
	}
	room := func(c *datablock.Consumer[weather.Log]) (n int) {
		defer func() { must(t, c.Close()) }()
		for range 64 {
			must(t, p.Send(within(t), new(weather.Log)))
		}
		for range 3 {
			_, err := c.Next(within(t))
			must(t, err)
			must(t, c.Release())
		}
		for p.Send(within(t), new(weather.Log)) == nil {
			n++
		}
		return n
	}
	if n := room(attach()); n != 3 {
		t.Errorf("room for %d values where 3 were released", n)
	}
	if n := room(attach(datablock.LazyRelease())); n != 0 {
		t.Errorf("room for %d values where a lazy consumer has released 3 and told nobody", n)
	}
	c := attach(datablock.LazyRelease())
	defer c.Close()
	for n := range uint64(1000) {
		must(t, p.Send(within(t), &weather.Log{Number: n}))
		s, err := c.Next(within(t))
		must(t, err)
		if s.Value.Number != n {
			t.Fatalf("got %d, want %d", s.Value.Number, n)
		}
		must(t, c.Release())
	}
}
