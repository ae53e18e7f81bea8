package datablocktest_test

import (
	"slices"
	"testing"

	"github.com/pylabhub/datahub/runtime/datablock"
	"github.com/pylabhub/datahub/runtime/datablock/datablocktest"
	"github.com/pylabhub/datahub/runtime/datablock/internal/weather"
)

var spec = &datablock.Spec{
	Schema: &weather.LogSchema, Policy: datablock.Ring, Sync: datablock.SyncReaders,
	Capacity: 4, Consumers: 1, PageSize: 4096,
}

func TestWhatIsFedIsCollected(t *testing.T) {
	p, c := datablocktest.Pair[weather.Log](t, spec)
	want := []weather.Log{{Number: 1}, {Number: 2}, {Number: 3}}
	datablocktest.Feed(t, &weather.LogProducer{Producer: p}, want...)
	if got := datablocktest.Collect(t, &weather.LogConsumer{Consumer: c}, 3); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestBlocksOfOneTestAreByThemselves(t *testing.T) {
	at := datablocktest.Root(t)
	p, err := weather.LogChannel.Create("test", at)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	other, err := weather.LogChannel.Create("test", datablocktest.Root(t))
	if err != nil {
		t.Fatalf("the same name in another test: %v", err)
	}
	defer other.Close()
}
