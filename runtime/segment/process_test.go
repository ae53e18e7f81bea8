package segment

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/shm"
)

func TestAProcessIsShownInWordsFitForATerminal(t *testing.T) {
	at := time.Date(2026, 11, 23, 10, 0, 0, 0, time.Local)
	for _, c := range []struct {
		p    Process
		want string
	}{
		{Process{}, "an unknown process"},
		{Process{PID: 4711, Program: "roof", Started: at}, "roof (pid 4711, started 2026-11-23 10:00:00)"},
		{Process{PID: 4711, Program: "roof", Started: at, Host: shm.Self().Host}, "roof (pid 4711, started 2026-11-23 10:00:00)"},
		{Process{PID: 4711, Program: "roof", Started: at, Host: "attic"}, "roof (pid 4711, started 2026-11-23 10:00:00 on attic)"},
		{Process{PID: 1, Program: "\x1b[2J", Started: at, Host: "a b"}, `"\x1b[2J" (pid 1, started 2026-11-23 10:00:00 on "a b")`},
	} {
		if got := c.p.String(); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
}

func TestAProcessWithAUsedPidIsNotTakenForAnother(t *testing.T) {
	self := Identity()
	if got := NewProcess(&self); got.PID != os.Getpid() || got.Program != strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe") {
		t.Errorf("this process is %+v", got)
	}
	for _, c := range []struct {
		what   string
		change func(p *hdr.Process)
		gone   bool
	}{
		{"this process", func(*hdr.Process) {}, false},
		{"one that had our pid before", func(p *hdr.Process) { p.Start-- }, true},
		{"a pid nobody has", func(p *hdr.Process) { p.PID = 1 << 30 }, true},
		{"a pid of another boot", func(p *hdr.Process) { p.Start--; p.BootID[0]++ }, false},
		{"a pid of another namespace", func(p *hdr.Process) { p.Start--; p.PIDNamespace++ }, false},
	} {
		p := self
		c.change(&p)
		if got := gone(&p); got != c.gone {
			t.Errorf("%s: gone is %t, want %t", c.what, got, c.gone)
		}
	}
}

func TestAProducerThatHasNotWrittenItsNameYetIsUnknown(t *testing.T) {
	o := Options{Root: t.TempDir()}
	l := mustCreate(t, "roof", config(), o)
	page := l.Memory().Producer
	first := int(hdr.FieldProducerPageProducers)
	for i := range 2 { // both copies name a process that has ended
		copy(page[first+128*i:][8:16], make([]byte, 8)) // start
	}
	_, err := Create("roof", config(), o)
	var e *ExistsError
	if !errors.As(err, &e) || e.Producer != (Process{}) || !strings.Contains(err.Error(), "an unknown process is its producer") {
		t.Errorf("got %v", err)
	}
}

func TestTheLockSchemeInTheHeaderIsThisSystems(t *testing.T) {
	want := map[string]hdr.LockScheme{
		"linux": hdr.LockSchemeOfd, "darwin": hdr.LockSchemeFlock,
		"freebsd": hdr.LockSchemeFlock, "windows": hdr.LockSchemeLockFileEx,
	}[runtime.GOOS]
	if shm.LockScheme != want {
		t.Errorf("scheme %d, want %s", shm.LockScheme, want)
	}
}
