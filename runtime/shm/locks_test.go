//go:build linux

package shm

import (
	"errors"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"
)

func init() {
	children["holder"] = func(args []string) error {
		d, err := OpenDir(args[1])
		if err != nil {
			return err
		}
		l, err := openLocksAs(args[0], d)
		if err != nil {
			return err
		}
		for _, a := range args[2:] {
			i, _ := strconv.Atoi(a)
			if ok, err := l.Try(i); !ok {
				return errors.Join(errors.New("lock is taken"), err)
			}
		}
		os.Stdout.WriteString("locked\n")
		waitForEOF()
		return nil
	}
}

// lockKinds are the ways to lock that work on this system: not just the one it
// uses.
var lockKinds = []string{"byte", "file"}

func openLocksAs(kind string, d *Dir) (*Locks, error) {
	l, err := OpenLocks(d)
	if err != nil || kind == "byte" {
		return l, err
	}
	l.set, err = newFileLocks(d, l.main)
	return l, err
}

func eachLockKind(t *testing.T, fn func(t *testing.T, kind string, d *Dir)) {
	for _, kind := range lockKinds {
		t.Run(kind, func(t *testing.T) {
			checkFiles(t)
			d := openDir(t, t.TempDir())
			l, err := CreateLocks(d, 4, Access{})
			if err != nil {
				t.Fatal(err)
			}
			if kind == "file" {
				set, err := newFileLocks(d, l.main)
				if err != nil {
					t.Fatal(err)
				}
				if err := set.make(4, Access{}); err != nil {
					t.Fatal(err)
				}
				l.set = set
			}
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			fn(t, kind, d)
		})
	}
}

func mustOpenLocks(t *testing.T, kind string, d *Dir) *Locks {
	t.Helper()
	l, err := openLocksAs(kind, d)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func wantLock(t *testing.T, what string, got bool, err error, want bool) {
	t.Helper()
	if err != nil || got != want {
		t.Fatalf("%s: got %t, %v, want %t", what, got, err, want)
	}
}

func TestTwoHandlesOfOneProcessKeepEachOtherOut(t *testing.T) {
	eachLockKind(t, func(t *testing.T, kind string, d *Dir) {
		a, b := mustOpenLocks(t, kind, d), mustOpenLocks(t, kind, d)
		for _, i := range []int{0, 1, 4} {
			got, err := a.Try(i)
			wantLock(t, "first", got, err, true)
			got, err = b.Try(i)
			wantLock(t, "second", got, err, false)
			got, err = b.Held(i)
			wantLock(t, "held", got, err, true)
			got, err = b.HeldFrom(i)
			wantLock(t, "held from", got, err, true)
			if i < 4 {
				got, err = b.Held(i + 1)
				wantLock(t, "the next is held", got, err, false)
				got, err = b.HeldFrom(i + 1)
				wantLock(t, "any further is held", got, err, false)
			}
			if err := a.Release(i); err != nil {
				t.Fatal(err)
			}
			got, err = b.Try(i)
			wantLock(t, "after release", got, err, true)
			if err := b.Release(i); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestClosingAnotherHandleFreesNoLock(t *testing.T) {
	eachLockKind(t, func(t *testing.T, kind string, d *Dir) {
		a, b := mustOpenLocks(t, kind, d), mustOpenLocks(t, kind, d)
		got, err := a.Try(1)
		wantLock(t, "lock", got, err, true)
		c, err := openLocksAs(kind, d)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		got, err = b.Held(1)
		wantLock(t, "held", got, err, true)
	})
}

func TestALockLivesExactlyAsLongAsItsProcess(t *testing.T) {
	eachLockKind(t, func(t *testing.T, kind string, d *Dir) {
		mine := mustOpenLocks(t, kind, d)
		p := start(t, "holder", kind, d.Path(), "0", "3")
		p.expect("locked")
		for _, i := range []int{0, 3} {
			got, err := mine.Held(i)
			wantLock(t, "held by a running process", got, err, true)
			got, err = mine.Try(i)
			wantLock(t, "lock of a running process", got, err, false)
		}
		if err := p.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Millisecond)
		got, err := mine.Held(3)
		wantLock(t, "held by a stopped process", got, err, true)
		if err := p.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		// Nobody has waited for it: it is a zombie from some moment on.
		deadline := time.Now().Add(5 * time.Second)
		for {
			got, err = mine.Held(3)
			if err != nil || !got || time.Now().After(deadline) {
				break
			}
			time.Sleep(time.Millisecond)
		}
		wantLock(t, "held by a zombie", got, err, false)
		if _, err := ProcessStart(p.cmd.Process.Pid); err != nil {
			t.Fatalf("the zombie is gone already: %v", err)
		}
		got, err = mine.Try(0)
		wantLock(t, "lock of a dead process", got, err, true)
	})
}

func TestTheLockFileCanBeReadByItsOwnerOnly(t *testing.T) {
	old := syscall.Umask(0)
	defer syscall.Umask(old)
	eachLockKind(t, func(t *testing.T, kind string, d *Dir) {
		names, err := d.Names()
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range names {
			st, err := d.Stat(n)
			if err != nil || st.Perm != 0o600 {
				t.Errorf("%s: mode %#o, %v, want 0600", n, st.Perm, err)
			}
			if !IsLockName(n) {
				t.Errorf("IsLockName(%q) is false", n)
			}
		}
	})
}
