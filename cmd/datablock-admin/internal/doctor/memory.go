package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pylabhub/datahub/runtime/shm"
)

const (
	mib = 1 << 20
	// Less than this is little for blocks.
	lowFree = 64 * mib
)

// memory looks at the file system that holds the blocks.
func (p *Patient) memory(add addFunc) {
	at := p.Root
	if _, err := os.Stat(at); errors.Is(err, fs.ErrNotExist) {
		at = filepath.Dir(at)
		if _, err := os.Stat(at); err != nil {
			add("folder", Problem, "mkdir -p "+at, "%s is not there, and neither is the folder it would be in", p.Root)
			return
		}
		add("folder", Note, "", "%s is not there yet: the first producer makes it", p.Root)
	} else {
		p.folder(add)
	}
	var m mount
	if p.Linux {
		m = mountOf(p.read("/proc/self/mountinfo"), at)
	}
	where, resize := at, ""
	if m.point != "" {
		where = m.point
		resize = fmt.Sprintf("mount -o remount,size=2G %s   (a container: docker run --shm-size=2g ...)", m.point)
		switch {
		case slices.Contains(m.options, "ro"):
			add("mount", Problem, "mount -o remount,rw "+m.point, "%s is mounted read-only", m.point)
		case m.kind != "tmpfs" && m.kind != "ramfs" && m.kind != "hugetlbfs":
			add("mount", Warning, "DATAHUB_DIR=/dev/shm/datahub-"+fmt.Sprint(p.UID), "%s is %s: what is stored there goes to a disk now and then", m.point, m.kind)
		case m.kind == "ramfs":
			add("mount", Warning, "mount -t tmpfs -o size=2G tmpfs "+m.point, "%s is ramfs: it has no limit, and fills the machine's memory", m.point)
		default:
			add("mount", OK, "", "%s is %s (%s)", m.point, m.kind, strings.Join(m.options, ","))
		}
	}
	size, free, err := p.Usage(at)
	switch {
	case err != nil:
		add("space", Problem, "", "size of %s: %v", where, err)
	case size == 0:
		add("space", Note, "", "%s tells no size", where)
	case free == 0:
		add("space", Problem, resize, "%s is full: %s of %s; no block can be made", where, sizeText(size-free), sizeText(size))
	case free < lowFree || free < size/10:
		add("space", Warning, resize, "%s has %s left of %s", where, sizeText(free), sizeText(size))
	default:
		add("space", OK, "", "%s has %s left of %s", where, sizeText(free), sizeText(size))
	}
}

// entry says how to get at a folder that may not be entered, or written to. One that
// belongs to somebody else stays his.
func (p *Patient) entry(path string) string {
	owner := -1
	if d, err := shm.OpenDir(filepath.Dir(path)); err == nil {
		if st, err := d.Stat(filepath.Base(path)); err == nil {
			owner = int(st.UID)
		}
		_ = d.Close() // it was only asked
	}
	switch {
	case owner == p.UID:
		return "chmod 700 " + path
	case p.Own:
		return fmt.Sprintf("chown %d %s && chmod 700 %s   (as root)", p.UID, path, path)
	}
	return fmt.Sprintf("DATAHUB_DIR=/dev/shm/datahub-%d   (a folder of your own; or run as the owner of %s)", p.UID, path)
}

// folder looks at the folder itself as the library does.
func (p *Patient) folder(add addFunc) {
	chosen := p.Root
	if p.Own {
		chosen = "" // the library is stricter with the user's own
	}
	d, err := shm.OpenRoot(chosen, false, shm.Access{})
	var foreign *shm.ForeignOwnerError
	switch {
	case errors.As(err, &foreign) && foreign.Owner == foreign.Self:
		add("folder", Problem, fmt.Sprintf("chmod 700 %s", p.Root), "%v", err)
	case errors.As(err, &foreign):
		add("folder", Problem, fmt.Sprintf("chown %d %s && chmod 700 %s", foreign.Self, p.Root, p.Root), "%v", err)
	case errors.Is(err, fs.ErrPermission):
		add("folder", Problem, p.entry(p.Root), "%v", err)
	case errors.Is(err, shm.ErrInTheWay):
		add("folder", Problem, "mv "+p.Root+" "+p.Root+".old", "%v", err)
	case err != nil:
		add("folder", Problem, "", "%v", err)
	default:
		add("folder", OK, "", "%s can be used", p.Root)
		_ = d.Close() // only looked at
	}
}

// A mount is where a file system is mounted.
type mount struct {
	point   string
	kind    string
	options []string
}

// mountOf returns the mount that holds a path, from the text of a mountinfo file:
//
//	36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
func mountOf(mountinfo, name string) (best mount) {
	name = path.Clean(filepath.ToSlash(name))
	for line := range strings.Lines(mountinfo) {
		front, back, ok := strings.Cut(line, " - ")
		f, b := strings.Fields(front), strings.Fields(back)
		if !ok || len(f) < 6 || len(b) < 3 {
			continue
		}
		point := strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(f[4])
		inside := point == "/" || name == point || strings.HasPrefix(name, point+"/")
		if inside && len(point) >= len(best.point) { // the later of two covers the earlier
			options := strings.Split(f[5], ",")
			for _, o := range strings.Split(b[2], ",") {
				if !slices.Contains(options, o) && o != "rw" {
					options = append(options, o)
				}
			}
			best = mount{point, b[0], options}
		}
	}
	return best
}

func sizeText(n uint64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	case n >= mib:
		return fmt.Sprintf("%.1f MiB", float64(n)/mib)
	}
	return fmt.Sprintf("%d B", n)
}

// trial does in a folder of its own, which it removes, what making a block needs.
func (p *Patient) trial(add addFunc) {
	at := p.Root
	if _, err := os.Stat(at); err != nil {
		at = filepath.Dir(at)
	}
	err := func() (err error) {
		name, err := os.MkdirTemp(at, ".doctor-") // no name of a channel, and none that is swept
		if err != nil {
			return fmt.Errorf("make a folder: %w", err)
		}
		defer func() { err = errors.Join(err, os.RemoveAll(name)) }()
		d, err := shm.OpenDir(name)
		if err != nil {
			return fmt.Errorf("open a folder: %w", err)
		}
		defer func() { err = errors.Join(err, d.Close()) }()
		f, err := d.CreateData("data", 4096, shm.Access{})
		if err != nil {
			return fmt.Errorf("reserve memory: %w", err)
		}
		m, err := f.Map(4096, true)
		if err != nil {
			return errors.Join(fmt.Errorf("map memory: %w", err), f.Close())
		}
		defer func() { err = errors.Join(err, m.Close()) }()
		if err := tryLocks(d); err != nil {
			return fmt.Errorf("locks: %w", err)
		}
		return tryExchange(d)
	}()
	switch {
	case err == nil:
		add("trial", OK, "", "memory, locks and renames work in %s", at)
	case errors.Is(err, fs.ErrPermission):
		add("trial", Problem, p.entry(at), "no block can be made in %s: %v", at, err)
	case errors.Is(err, shm.ErrNoSpace):
		add("trial", Problem, "datablock-admin list   (shows what takes the space)", "no block can be made in %s: %v", at, err)
	default:
		add("trial", Problem, "DATAHUB_DIR=/dev/shm/datahub-"+fmt.Sprint(p.UID), "no block can be made in %s: %v", at, err)
	}
}

// tryLocks takes a lock and looks at it as another process would.
func tryLocks(d *shm.Dir) (err error) {
	mine, err := shm.CreateLocks(d, 1, shm.Access{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, mine.Close()) }()
	if got, err := mine.Try(0); err != nil || !got {
		return fmt.Errorf("take a free one: got %t: %w", got, err)
	}
	other, err := shm.ProbeLocks(d)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, other.Close()) }()
	held, err := other.Held(0)
	if err == nil && !held {
		err = errors.New("a lock that is held looks free")
	}
	return err
}

func tryExchange(d *shm.Dir) error {
	if !shm.ExchangesFolders {
		return nil
	}
	for _, name := range []string{"a", "b"} {
		sub, err := d.MakeDir(name, shm.Access{})
		if err != nil {
			return err
		}
		if err := sub.Close(); err != nil {
			return err
		}
	}
	if err := d.Exchange("a", "b"); err != nil {
		return fmt.Errorf("exchange two folders: %w", err)
	}
	return nil
}
