//go:build linux

package segment

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

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

func TestFault37WhatStandsInTheWayIsNamedAndLeftAlone(t *testing.T) {
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

func TestABlockThatLacksAFileIsNamedAndRemovable(t *testing.T) {
	eachPlace(t, func(t *testing.T) {
		for _, name := range []string{"lock", dataName, controlName} {
			o := Options{Root: t.TempDir()}
			s := mustCreate(t, "roof", config(), o)
			s.Close()
			if err := os.Remove(filepath.Join(s.Path(), name)); err != nil {
				t.Fatal(err)
			}
			want := fmt.Sprintf("%s: block lacks a file: %s; move the folder away if it is no block", s.Path(), name)
			for op, fn := range map[string]func() error{
				"attach": func() error { _, err := Attach("roof", config(), o); return err },
				"create": func() error { _, err := Create("roof", config(), o); return err },
			} {
				if err := fn(); !errors.Is(err, ErrIncomplete) || !strings.HasSuffix(err.Error(), want) {
					t.Errorf("%s without %s: %v, want %s", op, name, err, want)
				}
			}
			if err := Remove("roof", false, o); err != nil {
				t.Errorf("remove without %s: %v", name, err)
			}
			if got := leftovers(t, o.Root); len(got) != 0 {
				t.Errorf("without %s: left behind: %q", name, got)
			}
		}
	})
}

func TestAPointerToNothingOrToNoBlockIsNamed(t *testing.T) {
	usePlace(t, false)
	o := Options{Root: t.TempDir()}
	if err := os.Mkdir(filepath.Join(o.Root, "roof"), 0o700); err != nil {
		t.Fatal(err)
	}
	pointer := filepath.Join(o.Root, "roof", pointerName)
	for _, c := range []struct{ text, want string }{
		{stagePrefix + "0123456789abcdef", "block lacks a file: " + pointer + " names .new-0123456789abcdef, which is gone: remove it"},
		{"", pointer + `: block lacks a file: target is ""`},
		{"../../../../../../../", pointer + `: block lacks a file: target is "../../../../../../../"`},
		{stagePrefix + "../../../../../x", pointer + `: block lacks a file: target is ".new-../../../../../x"`},
		{strings.Repeat("x", 1000), pointer + `: block lacks a file: target is "` + strings.Repeat("x", pointerSize+1) + `"`},
	} {
		if err := os.WriteFile(pointer, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		for op, fn := range map[string]func() error{
			"attach": func() error { _, err := Attach("roof", config(), o); return err },
			"create": func() error { _, err := Create("roof", config(), o); return err },
		} {
			if err := fn(); !errors.Is(err, ErrIncomplete) || !strings.HasSuffix(err.Error(), c.want) {
				t.Errorf("%s: got %v, want %s", op, err, c.want)
			}
		}
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
