package segment

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
)

func TestLargePagesAreWhatBothSidesMap(t *testing.T) {
	o := Options{Root: memoryDir(t)}
	c := withFlex()
	c.PageSize = Page2M
	s, err := Create("roof", c, o)
	if errors.Is(err, ErrHugePages) {
		t.Skipf("needs a host with large pages: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, r := range s.Header().Regions[:s.Header().RegionCount] {
		if (r.Kind == hdr.RegionKindFlex || r.Kind == hdr.RegionKindSlots) && r.Offset%Page2M != 0 {
			t.Errorf("%s at %d", r.Kind, r.Offset)
		}
	}
	size := s.Header().DataSize
	if size%Page2M != 0 || s.Size() != int64(size+s.Header().ControlSize) {
		t.Errorf("size %d of %d", size, s.Size())
	}
	a := mustAttach(t, "roof", c, o)
	// Looked at, it is there.
	for _, m := range [][]byte{a.Region(hdr.RegionKindSlots), s.Region(hdr.RegionKindSlots)} {
		sum := byte(0)
		for i := 0; i < len(m); i += Page4K {
			sum += m[i]
		}
		runtime.KeepAlive(sum)
	}
	slots := uint64(len(s.Region(hdr.RegionKindSlots))+Page2M-1) / Page2M * Page2M
	for i, kib := range largePages(t, filepath.Join(s.Path(), dataName)) {
		if uint64(kib)<<10 < slots {
			t.Errorf("mapping %d has %d KiB in large pages, its slots take %d bytes", i, kib, slots)
		}
	}
}

func TestLargePagesOnADiskAreRefused(t *testing.T) {
	dir := t.TempDir()
	o := Options{Root: dir}
	c := config()
	c.PageSize = Page2M
	s, err := Create("roof", c, o)
	if err == nil {
		_ = s.Close()
		t.Skip("the folder for temporary files has large pages")
	}
	if !errors.Is(err, ErrHugePages) || !strings.Contains(err.Error(), "choose a page size of 4096") {
		t.Errorf("got %v", err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

// largePages returns for each mapping of the file in this process how many KiB of it
// are in large pages.
func largePages(t *testing.T, path string) (kib []int) {
	f, err := os.Open("/proc/self/smaps")
	if err != nil {
		t.Skip("not on this system: only Linux tells what pages a mapping has")
	}
	defer f.Close()
	inside := false
	for in := bufio.NewScanner(f); in.Scan(); {
		line := in.Text()
		n := 0
		switch {
		case strings.HasSuffix(line, path):
			inside = true
		case inside && strings.HasPrefix(line, "ShmemPmdMapped:"):
			if _, err := fmt.Sscanf(line, "ShmemPmdMapped: %d kB", &n); err != nil {
				t.Fatal(err)
			}
			kib, inside = append(kib, n), false
		}
	}
	if len(kib) != 2 {
		t.Fatalf("%d mappings of %s, want that of the producer and that of the consumer", len(kib), path)
	}
	return kib
}
