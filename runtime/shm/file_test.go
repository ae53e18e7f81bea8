//go:build linux

package shm

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestOnlyPlainFilesAreOpened(t *testing.T) {
	checkFiles(t)
	dir := t.TempDir()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	path := func(name string) string { return filepath.Join(dir, name) }
	must(os.WriteFile(path("plain"), []byte("12345"), 0o600))
	must(os.WriteFile(path("two names"), nil, 0o600))
	must(os.Link(path("two names"), path("hard link")))
	must(os.Symlink("plain", path("symbolic link")))
	must(os.Mkdir(path("folder"), 0o700))
	must(syscall.Mkfifo(path("FIFO"), 0o600))
	sock, err := net.Listen("unix", path("socket"))
	must(err)
	defer sock.Close()

	d, err := OpenDir(dir)
	must(err)
	defer d.Close()
	for _, c := range []struct{ name, got string }{
		{"hard link", "hard link"},
		{"two names", "hard link"},
		{"symbolic link", "symbolic link"},
		{"folder", "folder"},
		{"FIFO", "special file"},
		{"socket", "special file"},
	} {
		for _, write := range []bool{false, true} {
			done := make(chan error, 1)
			go func() {
				f, _, err := d.OpenFile(c.name, write)
				if err == nil {
					f.Close()
				}
				done <- err
			}()
			select {
			case err = <-done:
			case <-time.After(5 * time.Second):
				t.Fatalf("%s: opening hangs", c.name)
			}
			want := fmt.Sprintf("%s is a %s, expected a regular file: move it away", path(c.name), c.got)
			if !errors.Is(err, ErrInTheWay) || err.Error() != want {
				t.Errorf("%s, write %t: %v, want %s", c.name, write, err, want)
			}
		}
	}
	if _, err := d.OpenDir("symbolic link"); !errors.Is(err, ErrInTheWay) {
		t.Errorf("a symbolic link as folder: %v", err)
	}
	if _, err := d.OpenDir("plain"); !errors.Is(err, ErrInTheWay) {
		t.Errorf("a file as folder: %v", err)
	}
	if _, _, err := d.OpenFile("nothing", false); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing: %v", err)
	}
	if b, err := d.ReadSmall("plain", 8); err != nil || string(b) != "12345" {
		t.Errorf("ReadSmall: %q, %v", b, err)
	}
	if b, err := d.ReadSmall("plain", 3); err != nil || len(b) != 4 {
		t.Errorf("ReadSmall of a file that is too long: %q, %v", b, err)
	}
	if _, err := d.ReadSmall("FIFO", 8); !errors.Is(err, ErrInTheWay) {
		t.Errorf("ReadSmall of a FIFO: %v", err)
	}
}

func TestPermissionsDoNotDependOnTheUmask(t *testing.T) {
	for _, umask := range []int{0, 0o022, 0o777} {
		for _, c := range []struct {
			access                Access
			folder, data, control uint32
		}{
			{Access{}, 0o700, 0o600, 0o600},
			{Access{Group: true, GID: os.Getgid()}, 0o750, 0o640, 0o660},
		} {
			root := openDir(t, t.TempDir())
			old := syscall.Umask(umask)
			d, err := root.MakeDir("block", c.access)
			if err != nil {
				t.Fatal(err)
			}
			data, err1 := d.CreateData("data", 10, c.access)
			control, err2 := d.CreateControl("control", 10, c.access)
			syscall.Umask(old)
			if err := errors.Join(err1, err2); err != nil {
				t.Fatal(err)
			}
			for _, f := range []struct {
				name string
				stat func() (Stat, error)
				want uint32
			}{{"folder", d.Self, c.folder}, {"data", data.Stat, c.data}, {"control", control.Stat, c.control}} {
				if st, err := f.stat(); err != nil || st.Perm != f.want {
					t.Errorf("umask %#o: %s has mode %#o, %v, want %#o", umask, f.name, st.Perm, err, f.want)
				}
			}
			if err := errors.Join(data.Close(), control.Close(), d.Close()); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestAFullFileSystemShowsWhenTheFileIsMade(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: mounts a small tmpfs")
	}
	checkFiles(t)
	mnt := t.TempDir()
	if err := syscall.Mount("tmpfs", mnt, "tmpfs", 0, "size=1m"); err != nil {
		t.Skip("needs root: mount:", err)
	}
	defer syscall.Unmount(mnt, syscall.MNT_DETACH)
	d, err := OpenDir(mnt)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	_, err = d.CreateData("data", 2<<20, Access{})
	want := "reserve 2097152 bytes for " + mnt + "/data: not enough space: remove blocks that nobody uses, or make the file system larger (no space left on device)"
	if !errors.Is(err, ErrNoSpace) || !errors.Is(err, syscall.ENOSPC) || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if names, err := d.Names(); err != nil || len(names) != 0 {
		t.Errorf("left behind: %q, %v", names, err)
	}
	f, err := d.CreateData("data", 512<<10, Access{})
	if err != nil {
		t.Fatal("what fits:", err)
	}
	f.Close()
}

func TestNamesChangePlacesInOneStep(t *testing.T) {
	d := openDir(t, t.TempDir())
	for _, name := range []string{"a", "b"} {
		sub, err := d.MakeDir(name, Access{})
		if err != nil {
			t.Fatal(err)
		}
		f, err := sub.CreateData("I am "+name, 0, Access{})
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
		sub.Close()
	}
	if err := d.RenameNoReplace("a", "b"); !errors.Is(err, fs.ErrExist) {
		t.Errorf("rename to a name that is taken: %v", err)
	}
	if err := d.Exchange("a", "b"); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Stat("a/I am b"); err != nil {
		t.Error(err)
	}
	if err := d.RenameNoReplace("a", "c"); err != nil {
		t.Fatal(err)
	}
	names, _ := d.Names()
	slices.Sort(names)
	if got := strings.Join(names, " "); got != "b c" {
		t.Errorf("names are %s", got)
	}
	if err := d.RemoveDir("b"); !errors.Is(err, fs.ErrExist) {
		t.Errorf("removing a folder that is not empty: %v", err)
	}
	if err := errors.Join(d.RemoveDir("nothing"), d.Remove("nothing")); err != nil {
		t.Errorf("removing nothing: %v", err)
	}
}

func TestTheRootMustNotBeOthersToChange(t *testing.T) {
	checkFiles(t)
	base := t.TempDir()
	mk := func(name string, perm os.FileMode) string {
		p := filepath.Join(base, name)
		if err := os.Mkdir(p, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(p, perm); err != nil {
			t.Fatal(err)
		}
		return p
	}
	open := func(path string, create bool) error {
		d, err := OpenRoot(path, create, Access{})
		if err == nil {
			return d.Close()
		}
		return err
	}
	if err := open(mk("private", 0o700), false); err != nil {
		t.Error(err)
	}
	if err := open(mk("sticky", 0o777|os.ModeSticky), false); err != nil {
		t.Error(err)
	}
	world := mk("world", 0o777)
	want := world + " can be changed by other users (mode 0777): chmod o-w, or set DATAHUB_DIR"
	if err := open(world, false); !errors.Is(err, ErrForeignOwner) || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if err := open(filepath.Join(base, "new"), false); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a root that is not there: %v", err)
	}
	if err := open(filepath.Join(base, "new"), true); err != nil {
		t.Error(err)
	}
	if st, err := os.Stat(filepath.Join(base, "new")); err != nil || st.Mode().Perm() != 0o700 {
		t.Errorf("the new root: %v, %v", st.Mode(), err)
	}
	if err := open(filepath.Join(base, "no", "parent"), true); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a root without parent: %v", err)
	}
	if err := os.Symlink("private", filepath.Join(base, "link")); err != nil {
		t.Fatal(err)
	}
	if err := open(filepath.Join(base, "link"), true); err != nil {
		t.Errorf("a link the user chose: %v", err)
	}
	if err := os.WriteFile(filepath.Join(base, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := open(filepath.Join(base, "file"), true); !errors.Is(err, ErrInTheWay) {
		t.Errorf("a file: %v", err)
	}
}

func TestThePrivateRootIsRefusedIfItIsNotPrivate(t *testing.T) {
	t.Setenv(RootVariable, "")
	dir := t.TempDir()
	check := func(want string) {
		t.Helper()
		d, err := OpenDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		err = checkRoot(d, true)
		if want == "" && err != nil || want != "" && (err == nil || err.Error() != want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	os.Chmod(dir, 0o700)
	check("")
	os.Chmod(dir, 0o750)
	check(dir + " can be changed by other users (mode 0750): remove it, or set DATAHUB_DIR")
	if os.Geteuid() == 0 {
		os.Chmod(dir, 0o700)
		os.Chown(dir, 65534, -1)
		check(dir + " belongs to user 65534 and this process is user 0: remove it, or set DATAHUB_DIR")
	}
	path, private, err := Root("")
	if want := fmt.Sprintf("/dev/shm/datahub-%d", os.Geteuid()); path != want || !private || err != nil {
		t.Errorf("Root: %s %t %v, want %s", path, private, err, want)
	}
	t.Setenv(RootVariable, "/somewhere")
	if path, private, _ := Root(""); path != "/somewhere" || private {
		t.Errorf("Root with %s: %s %t", RootVariable, path, private)
	}
	if path, private, _ := Root("/here"); path != "/here" || private {
		t.Errorf("Root with an argument: %s %t", path, private)
	}
}

func TestThisProcessKnowsWhoItIs(t *testing.T) {
	p := Self()
	if p.PID != os.Getpid() || p.UID != os.Geteuid() || p.Program != filepath.Base(os.Args[0]) {
		t.Errorf("Self() = %+v", p)
	}
	if age := time.Since(time.Unix(0, p.StartedNS)); age < -time.Second || age > time.Hour {
		t.Errorf("started %v ago", age)
	}
	if p.BootID == ([16]byte{}) || p.PIDNamespace == 0 {
		t.Errorf("boot %x, pid namespace %d", p.BootID, p.PIDNamespace)
	}
	if start, err := ProcessStart(p.PID); err != nil || start != p.Start {
		t.Errorf("ProcessStart: %d, %v, want %d", start, err, p.Start)
	}
	cmd := exec.Command("true")
	if err := cmd.Run(); err != nil {
		t.Skip("no program to run:", err)
	}
	if _, err := ProcessStart(cmd.Process.Pid); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("ProcessStart of a process that is gone: %v", err)
	}
}
