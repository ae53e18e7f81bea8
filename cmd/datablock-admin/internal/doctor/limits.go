package doctor

import (
	"fmt"
	"io/fs"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"
)

const (
	// A participant has four files of each block open.
	filesPerBlock = 4
	enoughFiles   = 4096
)

// limits looks at what this process, and those started like it, may use.
func (p *Patient) limits(add addFunc) {
	limits := parseLimits(p.read("/proc/self/limits"))
	if limits == nil {
		add("limits", Note, "", "/proc/self/limits cannot be read")
		return
	}
	if n := limits["Max open files"]; n < enoughFiles {
		add("files", Warning, "ulimit -n 65536   (a service: LimitNOFILE=65536)", "%d open files are allowed, enough for %d channels in one process", n, n/filesPerBlock)
	} else {
		add("files", OK, "", "%s open files are allowed", limitText(n))
	}
	if n := limits["Max file size"]; n != math.MaxUint64 {
		add("file size", Warning, "ulimit -f unlimited   (a service: LimitFSIZE=infinity)", "files of at most %s are allowed: making a larger block kills the process", sizeText(n))
	}
	if n := limits["Max address space"]; n != math.MaxUint64 {
		add("address space", Warning, "ulimit -v unlimited   (a service: LimitAS=infinity)", "%s of address space are allowed: blocks are mapped there", sizeText(n))
	}
	// Nothing is locked into memory: the limit counts for huge pages only.
	add("locked memory", OK, "", "%s may be locked into memory; blocks need none", limitSize(limits["Max locked memory"]))
}

// parseLimits returns the soft limits of a limits file by name; no limit is the
// largest number.
func parseLimits(text string) map[string]uint64 {
	head, rest, ok := strings.Cut(text, "\n")
	soft, hard := strings.Index(head, "Soft Limit"), strings.Index(head, "Hard Limit")
	if !ok || soft < 0 || hard < soft {
		return nil
	}
	out := map[string]uint64{}
	for line := range strings.Lines(rest) {
		if len(line) < hard {
			continue
		}
		value := strings.TrimSpace(line[soft:hard])
		n, err := strconv.ParseUint(value, 10, 64)
		if value == "unlimited" {
			n, err = math.MaxUint64, nil
		}
		if err == nil {
			out[strings.TrimSpace(line[:soft])] = n
		}
	}
	return out
}

func limitText(n uint64) string {
	if n == math.MaxUint64 {
		return "any number of"
	}
	return strconv.FormatUint(n, 10)
}

func limitSize(n uint64) string {
	if n == math.MaxUint64 {
		return "any amount"
	}
	return sizeText(n)
}

// features are what newer kernels have.
var features = []struct {
	name         string
	major, minor int
	level        Level
	without      string
}{
	{"OFD locks", 3, 15, Problem, "nobody can tell who is alive"},
	{"renameat2", 3, 15, Problem, "blocks cannot be replaced"},
	{"sealed memfd", 5, 1, Note, "secure mode is not there"},
}

func (p *Patient) kernel(add addFunc) {
	release := strings.TrimSpace(p.read("/proc/sys/kernel/osrelease"))
	var major, minor int
	if _, err := fmt.Sscanf(release, "%d.%d", &major, &minor); err != nil {
		add("kernel", Note, "", "its version cannot be read")
		return
	}
	have := []string{}
	for _, f := range features {
		if major > f.major || major == f.major && minor >= f.minor {
			have = append(have, f.name)
			continue
		}
		add("kernel", f.level, "use a newer kernel", "%s lacks %s (%d.%d): %s", release, f.name, f.major, f.minor, f.without)
	}
	if p.Waits() {
		have = append(have, "futex_waitv")
	} else {
		add("kernel", Note, "use a kernel from 5.16 on, and allow futex_waitv in the container's seccomp profile",
			"%s lacks futex_waitv, or a filter forbids it: wait sets look at their channels again and again", release)
	}
	add("kernel", OK, "", "%s has %s", release, strings.Join(have, ", "))
}

// removeIPC looks whether systemd removes a user's shared memory when he logs out.
// It spares system users and those who linger.
func (p *Patient) removeIPC(add addFunc) {
	if _, err := fs.Stat(p.System, "run/systemd/system"); err != nil {
		add("RemoveIPC", OK, "", "systemd does not run here")
		return
	}
	value, from := "yes", "its default"
	for _, name := range p.logindFiles() {
		for line := range strings.Lines(p.read(name)) {
			key, v, ok := strings.Cut(strings.TrimSpace(line), "=")
			if ok && strings.TrimSpace(key) == "RemoveIPC" {
				value, from = strings.ToLower(strings.TrimSpace(v)), name
			}
		}
	}
	lingers := false
	if p.User != "" {
		_, err := fs.Stat(p.System, path.Join("var/lib/systemd/linger", p.User))
		lingers = err == nil
	}
	switch {
	case slices.Contains([]string{"no", "false", "off", "0"}, value):
		add("RemoveIPC", OK, "", "systemd keeps shared memory at logout (%s)", from)
	case !strings.HasPrefix(p.Root, "/dev/shm/"):
		add("RemoveIPC", OK, "", "systemd removes shared memory at logout, but not in %s", p.Root)
	case p.UID < 1000:
		add("RemoveIPC", OK, "", "systemd removes shared memory at logout, but not that of system users")
	case lingers:
		add("RemoveIPC", OK, "", "systemd removes shared memory at logout, but this user lingers")
	default:
		user := p.User
		if user == "" {
			user = strconv.Itoa(p.UID)
		}
		add("RemoveIPC", Warning, "loginctl enable-linger "+user+"   (or RemoveIPC=no in /etc/systemd/logind.conf)",
			"systemd removes this user's blocks from /dev/shm when the last session ends, also under running programs")
	}
}

// logindFiles returns the configuration of logind, what counts more later.
func (p *Patient) logindFiles() []string {
	var dropIns []string
	for _, dir := range []string{"usr/lib/systemd", "run/systemd", "etc/systemd"} {
		names, _ := fs.Glob(p.System, dir+"/logind.conf.d/*.conf") // the pattern is right
		dropIns = append(dropIns, names...)
	}
	slices.SortStableFunc(dropIns, func(a, b string) int { return strings.Compare(path.Base(a), path.Base(b)) })
	return append([]string{"usr/lib/systemd/logind.conf", "etc/systemd/logind.conf"}, dropIns...)
}

// cgroup looks whether memory is limited: blocks count there.
func (p *Patient) cgroup(add addFunc) {
	group := ""
	for line := range strings.Lines(p.read("/proc/self/cgroup")) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(line), "0::"); ok {
			group = rest
		}
	}
	least := uint64(math.MaxUint64)
	for dir := path.Join("/sys/fs/cgroup", group); strings.HasPrefix(dir, "/sys/fs/cgroup"); dir = path.Dir(dir) {
		if n, err := strconv.ParseUint(strings.TrimSpace(p.read(path.Join(dir, "memory.max"))), 10, 64); err == nil {
			least = min(least, n)
		}
	}
	if least == math.MaxUint64 {
		return
	}
	add("cgroup", Note, "", "this control group may use %s of memory, and blocks made in it count", sizeText(least))
}
