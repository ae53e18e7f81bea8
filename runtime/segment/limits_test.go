//go:build linux

package segment

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/pylabhub/datahub/runtime/shm"
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

func TestFault36WithTooFewDescriptorsNothingIsLeftBehind(t *testing.T) {
	eachPlace(t, func(t *testing.T) {
		cmd := command("few files", memoryDir(t))
		out, err := cmd.Output()
		if err != nil || len(out) != 0 {
			t.Errorf("%v\n%s", err, out)
		}
	})
}

// mountsVariable says that a test runs where it may mount.
const mountsVariable = "SEGMENT_TEST_MOUNTS"

// withMounts runs fn, and the test it is called from, in a process whose mounts
// nobody else sees and which go away with it.
func withMounts(t *testing.T, fn func()) {
	t.Helper()
	if os.Getenv(mountsVariable) != "" {
		if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
			t.Fatal(err)
		}
		fn()
		return
	}
	inside := func(args ...string) *exec.Cmd {
		cmd := exec.Command(os.Args[0], args...)
		cmd.Env = append(os.Environ(), mountsVariable+"=1")
		cmd.SysProcAttr = &syscall.SysProcAttr{
			Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
			UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
			GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
		}
		return cmd
	}
	if err := inside("-test.list", "^$").Run(); err != nil {
		t.Skip("needs a kernel that lets this user make namespaces:", err)
	}
	out, err := inside("-test.run", "^"+t.Name()+"$", "-test.v").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestFault25AFullFileSystemFailsCreateAndLeavesNothing(t *testing.T) {
	withMounts(t, func() { fillUp(t) })
}

func fillUp(t *testing.T) {
	eachPlace(t, func(t *testing.T) {
		for _, opt := range []string{"size=%dk", "size=10m,nr_inodes=%d"} {
			fitted := false
			for n := 1; n <= 30 && !fitted; n++ {
				mnt := t.TempDir()
				if err := syscall.Mount("tmpfs", mnt, "tmpfs", 0, fmt.Sprintf(opt, 4*n)); err != nil {
					t.Fatal("mount:", err)
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

func TestFault36AnotherUsersBlocksAreRefused(t *testing.T) {
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

func init() {
	// Attaches to a block of a group and takes a cell.
	children["member"] = func(args []string) error {
		s, err := Attach("roof", config(), Options{Root: args[0], AllowForeign: true})
		if err != nil {
			return err
		}
		ok, err := s.Host().TryLockCell(0)
		fmt.Println("cell:", ok, err)
		_, err = Create("roof", config(), Options{Root: args[0], AllowForeign: true})
		fmt.Println("second producer:", errors.Is(err, ErrExists))
		return s.Close()
	}
}

func TestTheMembersOfAGroupAttachIfThatWasAskedFor(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: runs a process as another user")
	}
	base := memoryDir(t)
	if err := os.Chmod(base, 0o755); err != nil {
		t.Fatal(err)
	}
	o := Options{Root: filepath.Join(base, "root"), Group: shm.Access{Group: true, GID: 65534}}
	mustCreate(t, "roof", config(), o)
	if st, err := os.Stat(o.Root); err != nil || st.Mode() != fs.ModeDir|fs.ModeSticky|0o770 {
		t.Errorf("the root has mode %v, %v", st.Mode(), err)
	}
	if got := asNobody(t, "member", o.Root); got != "cell: true <nil>\nsecond producer: true\n" {
		t.Errorf("got %s", got)
	}
}

func chownAll(dir string, uid int) error {
	return filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		return errors.Join(err, os.Chown(path, uid, -1))
	})
}

func TestFault36AReadOnlyRootIsAPermissionError(t *testing.T) {
	withMounts(t, func() { readOnly(t) })
}

func readOnly(t *testing.T) {
	checkFiles(t)
	mnt := t.TempDir()
	if err := syscall.Mount("tmpfs", mnt, "tmpfs", 0, ""); err != nil {
		t.Fatal("mount:", err)
	}
	defer syscall.Unmount(mnt, syscall.MNT_DETACH)
	o := Options{Root: mnt}
	s, err := Create("roof", config(), o)
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	if err := syscall.Mount("", mnt, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal("remount:", err)
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
