//go:build !race

package datablock_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/pylabhub/datahub/runtime/datablock"
)

// The race detector goes through values word by word, which for 1 GiB takes too long.

func TestFault35ValuesOfOneByteAndOneGiBAndRingsOfEverySize(t *testing.T) {
	at, ctx := datablock.Root(sharedMemory(t)), within(t)
	spec := func(size, capacity uint32) *datablock.Spec {
		return &datablock.Spec{
			RawSize: size, Policy: datablock.Ring, Sync: datablock.SyncReaders, Capacity: capacity, Consumers: 1, PageSize: 4096,
		}
	}
	exchange := func(s *datablock.Spec, n int) error {
		p, err := datablock.CreateRaw(s, "roof", at)
		if err != nil {
			return err
		}
		defer p.Close()
		c, err := datablock.AttachRaw(s, "roof", at)
		must(t, err)
		defer c.Close()
		for i := range n {
			must(t, p.Write(ctx, func(b []byte) (int, error) {
				if len(b) != int(s.RawSize) {
					return 0, fmt.Errorf("a value has %d bytes", len(b))
				}
				b[0], b[len(b)-1] = byte(i), byte(i)
				return len(b), nil
			}))
			if i%2 == 1 && s.Capacity > 1 {
				continue // two at a time
			}
			for want := i; ; want++ {
				v, ok, err := c.TryNext()
				must(t, err)
				if !ok {
					break
				}
				if v.Seq > uint64(i) || len(v.Value) != int(s.RawSize) || v.Value[0] != byte(v.Seq) || v.Value[len(v.Value)-1] != byte(v.Seq) {
					return fmt.Errorf("value %d of %d: %d bytes, first %d", v.Seq, i, len(v.Value), v.Value[0])
				}
			}
		}
		return nil
	}
	for _, size := range []uint32{1, 7, 8, 4097} {
		for _, capacity := range []uint32{1, 2, 3, 65536} {
			if err := exchange(spec(size, capacity), 70); err != nil {
				t.Errorf("%d values of %d bytes: %v", capacity, size, err)
			}
		}
	}
	if err := exchange(spec(1, 65536), 200_000); err != nil { // three times round
		t.Error(err)
	}
	for what, s := range map[string]*datablock.Spec{"0 bytes": spec(0, 8), "no capacity": spec(8, 0)} {
		var e *datablock.ConfigError
		if err := exchange(s, 1); !errors.As(err, &e) {
			t.Errorf("%s: %v", what, err)
		}
	}
	t.Run("1 GiB", func(t *testing.T) {
		err := exchange(spec(1<<30, 1), 3)
		if errors.Is(err, datablock.ErrNoSpace) {
			t.Skip("needs a /dev/shm with more than 1 GiB free:", err)
		}
		must(t, err)
	})
}
