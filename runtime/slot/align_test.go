package slot

import (
	"testing"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
)

func TestLargePayloadsBeginOnACacheLine(t *testing.T) {
	for _, c := range []struct {
		name                string
		size, align         uint32
		timestamp           bool
		wantOffset, wantStr uint32
	}{
		{"small ones are on the line of the stamp", 64, 8, false, 8, 128},
		{"and up to 511 bytes", 504, 8, false, 8, 512},
		{"where a line more costs nothing", 1024, 8, false, 64, 1088},
		{"where there is more beside the stamp", 1024, 8, true, 64, 1088},
		{"not where a line more is more than a sixteenth", 568, 8, false, 8, 576},
		{"a line more of a megabyte", 1<<20 - 8, 8, false, 64, 1<<20 + 64},
		{"an alignment that was asked for", 1024, 128, false, 128, 1152},
	} {
		t.Run(c.name, func(t *testing.T) {
			conf := ring(hdr.SyncSyncReaders, 4, 1)
			conf.PayloadSize, conf.PayloadAlign, conf.Timestamp = c.size, c.align, c.timestamp
			p, err := NewPlan(conf)
			if err != nil {
				t.Fatal(err)
			}
			if p.PayloadOff != c.wantOffset || p.Stride != c.wantStr {
				t.Errorf("payload at %d, stride %d; want %d and %d", p.PayloadOff, p.Stride, c.wantOffset, c.wantStr)
			}
			if err := p.Check(conf); err != nil {
				t.Error(err)
			}
		})
	}
}
