package doctor

import (
	"os"
	"strings"
	"testing"
)

func TestNobodyIsToldToTakeSomebodyElsesFolder(t *testing.T) {
	dir := t.TempDir()
	self := os.Getuid()
	for _, c := range []struct {
		name string
		p    Patient
		want string
	}{
		{"his own", Patient{UID: self}, "chmod 700 "},
		{"the one that is meant for him", Patient{UID: self + 1, Own: true}, "chown "},
		{"somebody else's", Patient{UID: self + 1}, "DATAHUB_DIR="},
	} {
		if got := c.p.entry(dir); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
