package datablock_test

import (
	"testing"

	"github.com/pylabhub/datahub/runtime/datablock"
)

func TestGoodCapacityKeepsRingsInTheCache(t *testing.T) {
	for _, c := range []struct{ size, want uint32 }{
		{0, 256}, {1, 256}, {64, 256}, {32 << 10, 256}, {64 << 10, 128}, {1 << 20, 8}, {4 << 20, 2}, {1 << 30, 2},
	} {
		if got := datablock.GoodCapacity(c.size); got != c.want {
			t.Errorf("%d bytes: got %d, want %d", c.size, got, c.want)
		}
	}
}
