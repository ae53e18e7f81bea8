package shm

import (
	"errors"
	"io/fs"
	"path/filepath"

	"github.com/pylabhub/datahub/runtime/internal/sys"
)

// Stat is what the system says of a file or folder.
type Stat = sys.Stat

// Access is who may open what is made: its owner, or also a group.
type Access struct {
	Group bool
	GID   int
}

// The permissions of what a block is made of. The lock file is never readable by
// the world: a foreign read lock would keep the producer out.
func (a Access) folder() uint32  { return a.perm(0o700, 0o750) }
func (a Access) data() uint32    { return a.perm(0o600, 0o640) }
func (a Access) control() uint32 { return a.perm(0o600, 0o660) }

func (a Access) perm(private, group uint32) uint32 {
	if a.Group {
		return group
	}
	return private
}

// A Dir is an open folder. What is opened through it lies in this very folder,
// wherever the path leads by now.
type Dir struct {
	sys  sys.Dir
	path string // for messages
}

// OpenDir opens the folder at path, not following a symbolic link at its end.
func OpenDir(path string) (*Dir, error) {
	d, err := sys.OpenDir(path)
	if sys.IsWrongKind(err) {
		return nil, &InTheWayError{Path: path, Want: sys.Folder.String(), Got: "symbolic link or file"}
	}
	if err != nil {
		return nil, classify("open", path, err)
	}
	return &Dir{sys: d, path: path}, nil
}

// Path returns the path d was opened by.
func (d *Dir) Path() string { return d.path }

func (d *Dir) join(name string) string { return filepath.Join(d.path, name) }

// OpenDir opens the folder name in d, not following a symbolic link.
func (d *Dir) OpenDir(name string) (*Dir, error) {
	sub, err := d.sys.OpenDir(name)
	if err != nil {
		return nil, d.wrongKind(name, sys.Folder, err)
	}
	return &Dir{sys: sub, path: d.join(name)}, nil
}

// wrongKind says what stands at name instead of what was asked for.
func (d *Dir) wrongKind(name string, want sys.Kind, err error) error {
	if sys.IsWrongKind(err) {
		if st, e := d.sys.Stat(name); e == nil && st.Kind != want {
			return &InTheWayError{Path: d.join(name), Want: want.String(), Got: st.Kind.String()}
		}
	}
	return classify("open", d.join(name), err)
}

// MakeDir makes the folder name in d and opens it.
func (d *Dir) MakeDir(name string, a Access) (*Dir, error) {
	if err := d.sys.MakeDir(name, a.folder()); err != nil {
		return nil, classify("make folder", d.join(name), err)
	}
	sub, err := d.OpenDir(name)
	if err != nil {
		return nil, errors.Join(err, d.removed(name))
	}
	if a.Group {
		if err := errors.Join(sub.sys.Chgrp(a.GID), sub.sys.Chmod(a.folder())); err != nil {
			return nil, errors.Join(classify("give to the group", sub.path, err), sub.Close(), d.removed(name))
		}
	}
	return sub, nil
}

func (d *Dir) removed(name string) error {
	return classify("remove", d.join(name), d.sys.RemoveDir(name))
}

// Stat describes what name stands for in d, not following a symbolic link.
func (d *Dir) Stat(name string) (Stat, error) {
	st, err := d.sys.Stat(name)
	return st, classify("look at", d.join(name), err)
}

// Self describes d.
func (d *Dir) Self() (Stat, error) {
	st, err := d.sys.Self()
	return st, classify("look at", d.path, err)
}

// Names returns what is in d, in no order.
func (d *Dir) Names() ([]string, error) {
	names, err := d.sys.Names()
	return names, classify("list", d.path, err)
}

// RenameNoReplace gives the folder old the name new. If that is taken the error
// is fs.ErrExist.
func (d *Dir) RenameNoReplace(old, new string) error {
	return classify("rename to", d.join(new), d.sys.RenameNoReplace(old, new))
}

// Exchange swaps the folders a and b in one step.
func (d *Dir) Exchange(a, b string) error {
	return classify("exchange", d.join(a), d.sys.Exchange(a, b))
}

// Rename gives the file old the name new; a file of that name is replaced.
func (d *Dir) Rename(old, new string) error {
	return classify("rename to", d.join(new), d.sys.Rename(old, new))
}

// Link gives the file old a second name. If that is taken the error is
// fs.ErrExist.
func (d *Dir) Link(old, new string) error {
	return classify("link to", d.join(new), d.sys.Link(old, new))
}

// Remove removes a file from d. That there is none is no error.
func (d *Dir) Remove(name string) error {
	err := d.sys.Remove(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return classify("remove", d.join(name), err)
}

// RemoveDir removes an empty folder from d. That there is none is no error, one
// that is not empty is fs.ErrExist.
func (d *Dir) RemoveDir(name string) error {
	err := d.sys.RemoveDir(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return d.wrongKind(name, sys.Folder, err)
}

// Close closes d. It must be called once.
func (d *Dir) Close() error { return classify("close", d.path, d.sys.Close()) }
