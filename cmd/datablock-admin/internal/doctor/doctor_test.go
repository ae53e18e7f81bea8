package doctor_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/pylabhub/datahub/cmd/datablock-admin/internal/doctor"
)

const limitsText = `Limit                     Soft Limit           Hard Limit           Units
Max file size             %s            unlimited            bytes
Max open files            %s                 1048576              files
Max locked memory         8388608              8388608              bytes
Max address space         %s            unlimited            bytes
`

// host is a fit one, of a folder that is really there.
func host(t *testing.T) *doctor.Patient {
	t.Helper()
	root := filepath.Join(t.TempDir(), "hub")
	if err := os.Mkdir(root, 0o700); err != nil {
		t.Fatal(err)
	}
	return &doctor.Patient{
		Root: root, UID: 1000, User: "ada", Linux: true,
		System: fstest.MapFS{
			"proc/self/mountinfo":        {Data: fmt.Appendf(nil, "22 1 0:20 / / rw - ext4 /dev/sda1 rw\n25 22 0:22 / %s rw,nosuid - tmpfs tmpfs rw,size=1g\n", root)},
			"proc/self/limits":           {Data: fmt.Appendf(nil, limitsText, "unlimited", "65536", "unlimited")},
			"proc/sys/kernel/osrelease":  {Data: []byte("6.8.0-45-generic\n")},
			"run/systemd/system/x":       {},
			"etc/systemd/logind.conf":    {Data: []byte("[Login]\n#RemoveIPC=yes\nRemoveIPC=no\n")},
			"proc/self/cgroup":           {Data: []byte("0::/user.slice\n")},
			"sys/fs/cgroup/x/memory.max": {Data: []byte("1073741824\n")},
		},
		Usage: func(string) (uint64, uint64, error) { return 1 << 30, 1 << 29, nil },
		Waits: func() bool { return true },
	}
}

func set(p *doctor.Patient, name, text string) {
	p.System.(fstest.MapFS)[name] = &fstest.MapFile{Data: []byte(text)}
}

func TestAFitHostHasNoFindings(t *testing.T) {
	for _, f := range host(t).Examine() {
		if f.Level > doctor.OK {
			t.Errorf("%+v", f)
		}
	}
}

func TestEveryAilmentIsFoundWithTheLineThatMendsIt(t *testing.T) {
	for _, c := range []struct {
		name     string
		ail      func(t *testing.T, p *doctor.Patient)
		level    doctor.Level
		text, in string // of the finding, of its fix
	}{
		{"full memory", func(_ *testing.T, p *doctor.Patient) {
			p.Usage = func(string) (uint64, uint64, error) { return 1 << 30, 0, nil }
		}, doctor.Problem, "is full: 1.0 GiB of 1.0 GiB", "remount,size="},
		{"little memory", func(_ *testing.T, p *doctor.Patient) {
			p.Usage = func(string) (uint64, uint64, error) { return 1 << 30, 1 << 20, nil }
		}, doctor.Warning, "1.0 MiB left of 1.0 GiB", "remount,size="},
		{"read-only mount", func(_ *testing.T, p *doctor.Patient) {
			set(p, "proc/self/mountinfo", "25 22 0:22 / "+p.Root+" ro,nosuid - tmpfs tmpfs rw\n")
		}, doctor.Problem, "mounted read-only", "remount,rw"},
		{"a disk", func(_ *testing.T, p *doctor.Patient) {
			set(p, "proc/self/mountinfo", "22 1 0:20 / / rw - ext4 /dev/sda1 rw\n")
		}, doctor.Warning, "/ is ext4", "DATAHUB_DIR=/dev/shm"},
		{"no limit", func(_ *testing.T, p *doctor.Patient) {
			set(p, "proc/self/mountinfo", "22 1 0:20 / / rw - ramfs none rw\n")
		}, doctor.Warning, "it has no limit", "mount -t tmpfs"},
		{"few files", func(_ *testing.T, p *doctor.Patient) {
			set(p, "proc/self/limits", fmt.Sprintf(limitsText, "unlimited", "1024 ", "unlimited"))
		}, doctor.Warning, "1024 open files are allowed, enough for 256 channels", "ulimit -n"},
		{"small files", func(_ *testing.T, p *doctor.Patient) {
			set(p, "proc/self/limits", fmt.Sprintf(limitsText, "1048576  ", "65536", "unlimited"))
		}, doctor.Warning, "files of at most 1.0 MiB", "ulimit -f"},
		{"little address space", func(_ *testing.T, p *doctor.Patient) {
			set(p, "proc/self/limits", fmt.Sprintf(limitsText, "unlimited", "65536", "1073741824"))
		}, doctor.Warning, "1.0 GiB of address space", "ulimit -v"},
		{"an old kernel", func(_ *testing.T, p *doctor.Patient) { set(p, "proc/sys/kernel/osrelease", "3.10.0-1160.el7\n") },
			doctor.Problem, "lacks OFD locks", "newer kernel"},
		{"no memfd", func(_ *testing.T, p *doctor.Patient) { set(p, "proc/sys/kernel/osrelease", "4.19.0\n") },
			doctor.Note, "lacks sealed memfd", "newer kernel"},
		{"no futex_waitv", func(_ *testing.T, p *doctor.Patient) { p.Waits = func() bool { return false } },
			doctor.Note, "lacks futex_waitv", "5.16"},
		{"RemoveIPC", func(_ *testing.T, p *doctor.Patient) {
			set(p, "etc/systemd/logind.conf", "[Login]\n")
			p.Root = "/dev/shm/datahub-doctor-test"
		}, doctor.Warning, "removes this user's blocks", "loginctl enable-linger ada"},
		{"RemoveIPC in a drop-in", func(_ *testing.T, p *doctor.Patient) {
			set(p, "run/systemd/logind.conf.d/50-x.conf", "[Login]\nRemoveIPC = yes\n")
			p.Root = "/dev/shm/datahub-doctor-test"
		}, doctor.Warning, "removes this user's blocks", "loginctl enable-linger ada"},
		{"limited memory", func(_ *testing.T, p *doctor.Patient) { set(p, "sys/fs/cgroup/user.slice/memory.max", "1073741824\n") },
			doctor.Note, "may use 1.0 GiB of memory", ""},
		{"no folder", func(_ *testing.T, p *doctor.Patient) { p.Root = filepath.Join(p.Root, "a", "b") },
			doctor.Problem, "is not there, and neither", "mkdir -p"},
		{"no folder yet", func(_ *testing.T, p *doctor.Patient) { p.Root = filepath.Join(p.Root, "a") },
			doctor.Note, "the first producer makes it", ""},
		{"an open folder", func(t *testing.T, p *doctor.Patient) {
			if err := os.Chmod(p.Root, 0o777); err != nil {
				t.Fatal(err)
			}
		}, doctor.Problem, "changed by other users", "chmod 700"},
		{"a file in the way", func(t *testing.T, p *doctor.Patient) {
			p.Root = filepath.Join(p.Root, "a")
			if err := os.WriteFile(p.Root, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}, doctor.Problem, "folder", "mv "},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := host(t)
			c.ail(t, p)
			for _, f := range p.Examine() {
				if f.Level == c.level && strings.Contains(f.Text, c.text) && strings.Contains(f.Fix, c.in) && (c.in == "") == (f.Fix == "") {
					return
				}
			}
			t.Errorf("no %s %q with %q in\n%+v", c.level, c.text, c.in, p.Examine())
		})
	}
}

func TestATrialLeavesNothingBehind(t *testing.T) {
	p := host(t)
	found := false
	for _, f := range p.Examine() {
		found = found || f.Check == "trial" && f.Level == doctor.OK
	}
	left, err := os.ReadDir(p.Root)
	if err != nil || !found || len(left) != 0 {
		t.Errorf("trial went well: %t, it left %v (%v)", found, left, err)
	}
}
