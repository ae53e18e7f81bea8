//go:build linux

package datablock_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/pylabhub/datahub/runtime/datablock"
	"github.com/pylabhub/datahub/runtime/datablock/internal/weather"
)

// TestFault26ASharedZoneThatIsCutOffAnywhereLeavesNoLockHeld cuts the data file page
// by page: also where only the zone is missing, and not the words of its lock.
func TestFault26ASharedZoneThatIsCutOffAnywhereLeavesNoLockHeld(t *testing.T) {
	calls := map[string]func(p *weather.InPlaceProducer, c *weather.InPlaceConsumer) error{
		"Update": func(p *weather.InPlaceProducer, _ *weather.InPlaceConsumer) error {
			return p.Flex().Update(func(v *weather.Tag) error { v.Words[0]++; return nil })
		},
		"Set": func(p *weather.InPlaceProducer, _ *weather.InPlaceConsumer) error {
			return p.Flex().Set(&weather.Tag{})
		},
		"Read": func(_ *weather.InPlaceProducer, c *weather.InPlaceConsumer) error {
			return c.Flex().Read(func(v *weather.Tag) error { sink = uint64(v.Words[0]); return nil })
		},
	}
	page := int64(os.Getpagesize())
	for what, call := range calls {
		t.Run(what, func(t *testing.T) {
			missed := 0
			for size := page; ; size += page {
				dir := sharedMemory(t)
				at := datablock.Root(dir)
				p, err := weather.InPlaceChannel.Create("inplace", at)
				must(t, err)
				c, err := weather.InPlaceChannel.Attach("inplace", at)
				must(t, err)
				must(t, p.Flex().Set(&weather.Tag{}))
				data := filepath.Join(dir, "inplace", "data")
				st, err := os.Stat(data)
				must(t, err)
				if size >= st.Size() {
					must(t, errors.Join(c.Close(), p.Close()))
					break
				}
				must(t, os.Truncate(data, size))
				switch err := call(p, c); {
				case errors.Is(err, datablock.ErrTruncated):
					missed++
				case err != nil:
					t.Errorf("%d bytes: %v", size, err)
				}
				for _, err := range []error{c.Close(), p.Close()} {
					if err != nil && !errors.Is(err, datablock.ErrTruncated) {
						t.Errorf("%d bytes: Close: %v", size, err)
					}
				}
			}
			if missed == 0 {
				t.Error("no cut was noticed")
			}
		})
	}
}
