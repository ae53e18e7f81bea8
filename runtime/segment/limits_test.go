//go:build linux

package segment

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func init() {
	// Creates and attaches with more and more descriptors until both work. Prints
	// what goes wrong.
	children["few files"] = func(args []string) error {
		root := args[0]
		s, err := Create("there", config(), Options{Root: root})
		if err != nil {
			return err
		}
		other := config()
		other.Sync, other.Capacity = 1, 0
		other.Policy = 1
		for _, op := range []struct {
			name  string
			final error // what it comes to with enough descriptors
			fn    func() (*Segment, error)
		}{
			{"create", nil, func() (*Segment, error) { return Create("new", config(), Options{Root: root}) }},
			{"attach", nil, func() (*Segment, error) { return Attach("there", config(), Options{Root: root}) }},
			{"mismatch", ErrSchema, func() (*Segment, error) { return Attach("there", Config{Schema: readingF32}, Options{Root: root}) }},
			{"second producer", ErrExists, func() (*Segment, error) { return Create("there", config(), Options{Root: root}) }},
			{"take over", nil, func() (*Segment, error) { return Create("dead", config(), Options{Root: root}) }},
			{"replace", nil, func() (*Segment, error) { return Create("dead", other, Options{Root: root, Replace: true}) }},
			{"replace own", nil, func() (*Segment, error) { return s.Replace(other, Options{}) }},
			{"cell", nil, func() (*Segment, error) {
				c, err := Attach("new", config(), Options{Root: root})
				if err != nil {
					return nil, err
				}
				ok, err := c.Host().TryLockCell(0)
				if err == nil && !ok {
					err = errors.New("cell is taken")
				}
				if err == nil {
					c.Host().UnlockCell(0)
				}
				return nil, errors.Join(err, c.Close())
			}},
		} {
			if op.name == "take over" {
				d, err := Create("dead", config(), Options{Root: root})
				if err != nil {
					return err
				}
				d.Close()
			}
			if err := withFewFiles(op.name, root, op.final, op.fn); err != nil {
				return err
			}
		}
		return s.Close()
	}
}

func withFewFiles(name, root string, final error, fn func() (*Segment, error)) error {
	var full syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &full); err != nil {
		return err
	}
	for n := uint64(3); n < 64; n++ {
		before, left := openFiles(), dirNames(root)
		few := full
		few.Cur = n
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &few); err != nil {
			return err
		}
		s, err := fn()
		if e := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &full); e != nil {
			return e
		}
		if errors.Is(err, ErrTooManyFiles) {
			if after := openFiles(); after != before {
				fmt.Printf("%s with %d: %d descriptors open, %d before: %v\n", name, n, after, before, err)
			}
			if now := dirNames(root); now != left {
				fmt.Printf("%s with %d: left %s behind, before %s: %v\n", name, n, now, left, err)
			}
			continue
		}
		if final == nil && err != nil || final != nil && !errors.Is(err, final) {
			fmt.Printf("%s with %d: %v\n", name, n, err)
		}
		if n == 3 {
			fmt.Printf("%s needs no descriptor\n", name)
		}
		if s != nil {
			return s.Close()
		}
		return nil
	}
	return fmt.Errorf("%s never worked", name)
}

func dirNames(root string) string {
	var names []string
	entries, _ := os.ReadDir(root)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}

func TestWithTooFewDescriptorsNothingIsLeftBehind(t *testing.T) {
	eachPlace(t, func(t *testing.T) {
		cmd := command("few files", memoryDir(t))
		out, err := cmd.Output()
		if err != nil || len(out) != 0 {
			t.Errorf("%v\n%s", err, out)
		}
	})
}

func TestAFullFileSystemFailsCreateAndLeavesNothing(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: mounts small file systems")
	}
	eachPlace(t, func(t *testing.T) {
		for _, opt := range []string{"size=%dk", "size=10m,nr_inodes=%d"} {
			fitted := false
			for n := 1; n <= 30 && !fitted; n++ {
				mnt := t.TempDir()
				if err := syscall.Mount("tmpfs", mnt, "tmpfs", 0, fmt.Sprintf(opt, 4*n)); err != nil {
					t.Skip("needs root: mount:", err)
				}
				s, err := Create("roof", withFlex(), Options{Root: mnt})
				if err == nil {
					fitted = true
					s.Close()
				} else if !errors.Is(err, ErrNoSpace) {
					t.Errorf(opt+": %v", 4*n, err)
				} else if got := leftovers(t, mnt); len(got) != 0 {
					t.Errorf(opt+": left %q behind", 4*n, got)
				}
				if err := syscall.Unmount(mnt, 0); err != nil {
					t.Error(err)
				}
			}
			if !fitted {
				t.Errorf(opt+": never fitted", 120)
			}
		}
	})
}

func init() {
	// Does what it is told as another user, and prints the error.
	children["stranger"] = func(args []string) error {
		o := Options{Root: args[0]}
		_, err := Create("mine", config(), o)
		fmt.Println("create:", err, errors.Is(err, fs.ErrPermission))
		before := openFiles() // the Go runtime has opened its own by now
		_, err = Create("roof", config(), o)
		fmt.Println("take over:", err, errors.Is(err, ErrForeignOwner), errors.Is(err, fs.ErrPermission))
		_, err = Attach("roof", config(), o)
		fmt.Println("attach:", err, errors.Is(err, ErrForeignOwner), errors.Is(err, fs.ErrPermission))
		if after := openFiles(); after != before {
			fmt.Println(after, "descriptors are open,", before, "were before")
		}
		return nil
	}
}

// asNobody makes cmd run as a user without rights. The binary must be where that
// user can read it.
func asNobody(t *testing.T, role string, args ...string) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "datahub-test-*")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	exe := filepath.Join(dir, "test")
	src, err := os.Open(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	dst, err := os.OpenFile(exe, os.O_WRONLY|os.O_CREATE, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(dst, src); err != nil {
		t.Fatal(err)
	}
	if err := dst.Close(); err != nil {
		t.Fatal(err)
	}
	cmd := command(role, args...)
	cmd.Path, cmd.Args[0], cmd.Dir = exe, exe, dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := cmd.Output()
	if errors.Is(err, syscall.EACCES) {
		t.Skip("needs a /dev/shm that programs run from:", err)
	}
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return string(out)
}

func TestAnotherUsersBlocksAreRefused(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: runs a process as another user")
	}
	root := memoryDir(t)
	if err := os.Chmod(root, 0o755); err != nil {
		t.Fatal(err)
	}
	mustCreate(t, "roof", config(), Options{Root: root})
	got := asNobody(t, "stranger", root)
	for _, want := range []string{
		`create: create channel "mine": make folder ` + root + `/.new-`, `permission denied true`,
		`take over: create channel "roof": ` + root + `/roof belongs to user 0 and this process is user 65534 true true`,
		`attach: attach to channel "roof": ` + root + `/roof belongs to user 0 and this process is user 65534 true true`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("got\n%swant %s", got, want)
		}
	}
	if strings.Contains(got, "descriptors") {
		t.Error(got)
	}

	// The other way round: a block that a stranger has put into our root, which we
	// could open.
	if err := chownAll(filepath.Join(root, "roof"), 65534); err != nil {
		t.Fatal(err)
	}
	if _, err := Attach("roof", config(), Options{Root: root}); !errors.Is(err, ErrForeignOwner) {
		t.Errorf("attach: %v", err)
	}
	if _, err := Create("roof", config(), Options{Root: root}); !errors.Is(err, ErrForeignOwner) {
		t.Errorf("create: %v", err)
	}
	if err := Remove("roof", true, Options{Root: root}); !errors.Is(err, ErrForeignOwner) {
		t.Errorf("remove: %v", err)
	}
	mustAttach(t, "roof", config(), Options{Root: root, AllowForeign: true})
}

func chownAll(dir string, uid int) error {
	return filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		return errors.Join(err, os.Chown(path, uid, -1))
	})
}

func TestAReadOnlyRootIsAPermissionError(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: mounts a file system")
	}
	checkFiles(t)
	mnt := t.TempDir()
	if err := syscall.Mount("tmpfs", mnt, "tmpfs", 0, ""); err != nil {
		t.Skip("needs root: mount:", err)
	}
	defer syscall.Unmount(mnt, syscall.MNT_DETACH)
	o := Options{Root: mnt}
	s, err := Create("roof", config(), o)
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	if err := syscall.Mount("", mnt, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Skip("needs root: remount:", err)
	}
	for op, fn := range map[string]func() error{
		"create":    func() error { _, err := Create("new", config(), o); return err },
		"take over": func() error { _, err := Create("roof", config(), o); return err },
		"attach":    func() error { _, err := Attach("roof", config(), o); return err },
		"remove":    func() error { return Remove("roof", false, o) },
	} {
		if err := fn(); !errors.Is(err, fs.ErrPermission) || !errors.Is(err, syscall.EROFS) {
			t.Errorf("%s: %v", op, err)
		}
	}
}

// inTheWay are things that are no block's part; each is put at path.
var inTheWay = map[string]func(path string) error{
	"file":     func(p string) error { return os.WriteFile(p, []byte("x"), 0o600) },
	"FIFO":     func(p string) error { return syscall.Mkfifo(p, 0o600) },
	"symlink":  func(p string) error { return os.Symlink("/etc/passwd", p) },
	"dangling": func(p string) error { return os.Symlink("nowhere", p) },
	"folder":   func(p string) error { return os.Mkdir(p, 0o700) },
	"socket":   listen,
	"hard link": func(p string) error {
		other := filepath.Join(filepath.Dir(filepath.Dir(p)), ".other")
		if err := os.WriteFile(other, make([]byte, 1<<16), 0o600); err != nil {
			return err
		}
		return os.Link(other, p)
	},
}

func listen(path string) error {
	l, err := net.Listen("unix", path)
	if err == nil {
		l.(*net.UnixListener).SetUnlinkOnClose(false)
		err = l.Close()
	}
	return err
}

func TestWhatStandsInTheWayIsNamedAndLeftAlone(t *testing.T) {
	eachPlace(t, func(t *testing.T) {
		for what, put := range inTheWay {
			for _, at := range []string{"", "lock", dataName, controlName} {
				if at == "" && (what == "folder" || what == "hard link") || at != "" && what == "file" {
					continue // that is what stands there, or another test's
				}
				o := Options{Root: memoryDir(t)}
				path := filepath.Join(o.Root, "roof")
				if at != "" {
					s, err := Create("roof", config(), o)
					if err != nil {
						t.Fatal(err)
					}
					s.Close()
					path = filepath.Join(s.Path(), at)
					if err := os.Remove(path); err != nil {
						t.Fatal(err)
					}
				}
				if err := put(path); err != nil {
					t.Fatal(err)
				}
				before := leftovers(t, o.Root)
				for op, fn := range map[string]func() error{
					"attach":  func() error { _, err := Attach("roof", config(), o); return err },
					"create":  func() error { _, err := Create("roof", config(), o); return err },
					"replace": func() error { _, err := Create("roof", config(), Options{Root: o.Root, Replace: true}); return err },
				} {
					err := fn()
					if !errors.Is(err, ErrInTheWay) {
						t.Errorf("%s with a %s at roof/%s: %v", op, what, at, err)
					}
				}
				if after := leftovers(t, o.Root); strings.Join(after, " ") != strings.Join(before, " ") {
					t.Errorf("%s at roof/%s: before %q, after %q", what, at, before, after)
				}
			}
		}
	})
}

func TestAFolderThatIsNoBlockIsNamedAndLeftAlone(t *testing.T) {
	usePlace(t, true)
	o := Options{Root: t.TempDir()}
	folder := filepath.Join(o.Root, "Documents")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := Attach("Documents", config(), o)
	if want := fmt.Sprintf(`attach to channel "Documents": %s: block lacks a file: lock; move the folder away if it is no block`, folder); !errors.Is(err, ErrIncomplete) || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if _, err := Create("Documents", config(), o); !errors.Is(err, ErrIncomplete) {
		t.Errorf("create: %v", err)
	}
	if err := os.WriteFile(filepath.Join(folder, "letter"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	err = Remove("Documents", true, o)
	if want := fmt.Sprintf(`remove channel "Documents": %s is a folder with other files (letter), expected a block: move it away`, folder); !errors.Is(err, ErrInTheWay) || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	os.Remove(filepath.Join(folder, "letter"))
	if err := Remove("Documents", false, o); err != nil {
		t.Errorf("removing a block without files: %v", err)
	}
	if err := Remove("Documents", false, o); !errors.Is(err, ErrNotFound) {
		t.Errorf("removing what is not there: %v", err)
	}
}

func TestABlockInUseIsRemovedByForceOnly(t *testing.T) {
	eachPlace(t, func(t *testing.T) {
		o := Options{Root: t.TempDir()}
		p := mustCreate(t, "roof", config(), o)
		c := mustAttach(t, "roof", config(), o)
		if ok, err := c.Host().TryLockCell(1); !ok {
			t.Fatal(err)
		}
		p.Close()
		err := Remove("roof", false, o)
		if want := fmt.Sprintf(`remove channel "roof": %s: channel has live consumers: stop them first`, c.Path()); !errors.Is(err, ErrBusy) || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
		if err := Remove("roof", true, o); err != nil {
			t.Error(err)
		}
		if info := c.ProducerInfo(); info.State != 2 {
			t.Errorf("the consumer was not told: state %d", info.State)
		}
		if got := leftovers(t, o.Root); len(got) != 0 {
			t.Errorf("left behind: %q", got)
		}
	})
}

var sink byte

func TestATruncatedFileIsAnErrorWhileItIsMapped(t *testing.T) {
	checkFiles(t)
	o := Options{Root: t.TempDir()}
	p := mustCreate(t, "roof", config(), o)
	c := mustAttach(t, "roof", config(), o)
	for _, name := range []string{dataName, controlName} {
		if err := os.Truncate(filepath.Join(p.Path(), name), 0); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		what string
		s    *Segment
		fn   func() error
	}{
		{"the consumer reads a slot", c, func() error { sink = c.Memory().Slots[0]; return nil }},
		{"the consumer writes its cell", c, func() error { c.Memory().Cells[0]++; return nil }},
		{"the consumer asks for the state", c, func() error { c.ProducerInfo(); return nil }},
		{"the producer writes a slot", p, func() error { p.Memory().Slots[0]++; return nil }},
	} {
		if err := c.s.Guard(c.fn); !errors.Is(err, ErrTruncated) {
			t.Errorf("%s: %v", c.what, err)
		}
	}
	if err := p.Remove(); !errors.Is(err, ErrTruncated) {
		t.Errorf("remove: %v", err)
	}
	if got := leftovers(t, o.Root); len(got) != 0 {
		t.Errorf("left behind: %q", got)
	}
}
