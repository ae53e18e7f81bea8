package shm

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/pylabhub/datahub/runtime/internal/sys"
)

// RootVariable names the environment variable that says where blocks live.
const RootVariable = "DATAHUB_DIR"

// ErrForeignOwner is returned for what belongs to another user.
var ErrForeignOwner = errors.New("belongs to another user")

// A ForeignOwnerError reports a file or folder that belongs to another user, or
// that others could change. It is an [ErrForeignOwner] and an fs.ErrPermission.
type ForeignOwnerError struct {
	Path        string
	Owner, Self int    // user numbers
	Perm        uint32 // permission bits
	Remedy      string
}

func (e *ForeignOwnerError) Error() string {
	s := fmt.Sprintf("%s belongs to user %d and this process is user %d", e.Path, e.Owner, e.Self)
	if e.Owner == e.Self {
		s = fmt.Sprintf("%s can be changed by other users (mode %#o)", e.Path, e.Perm)
	}
	if e.Remedy != "" {
		s += ": " + e.Remedy
	}
	return s
}

// Unwrap returns both classes.
func (e *ForeignOwnerError) Unwrap() []error { return []error{ErrForeignOwner, fs.ErrPermission} }

// Root returns the folder that holds the blocks: explicit if it is not empty,
// else $DATAHUB_DIR, else the user's private folder in shared memory. private
// says that it is the last.
func Root(explicit string) (path string, private bool, err error) {
	if explicit == "" {
		explicit = os.Getenv(RootVariable)
	}
	if explicit != "" {
		path, err = filepath.Abs(explicit)
		return path, false, err
	}
	path, err = defaultRoot()
	return path, true, err
}

// OpenRoot opens the folder that holds the blocks. If it is not there it is made
// with create, for its owner and the group of a if that has one; its parent must
// exist. A private root must be this user's and closed to all others; a root
// somebody chose must not be one where everybody may swap what others made.
func OpenRoot(explicit string, create bool, a Access) (*Dir, error) {
	path, private, err := Root(explicit)
	if err != nil {
		return nil, err
	}
	if private {
		a = Access{}
	}
	if create {
		if err := makeRoot(path, a); err != nil {
			return nil, err
		}
	}
	d, err := OpenDir(path)
	if errors.Is(err, ErrInTheWay) && !private { // a link that the user chose is followed
		if path, err = filepath.EvalSymlinks(path); err != nil {
			return nil, classify("open", path, err)
		}
		d, err = OpenDir(path)
	}
	if err != nil {
		return nil, err
	}
	if err := checkRoot(d, private); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

func makeRoot(path string, a Access) error {
	err := sys.MakeDir(path, a.folder())
	if sys.IsExist(err) {
		return nil
	}
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: the folder above must be there, see %s", classify("make folder", path, err), RootVariable)
	}
	if err != nil {
		return classify("make folder", path, err)
	}
	if !a.Group {
		return nil
	}
	d, err := OpenDir(path)
	if err != nil {
		return err
	}
	// The group may make blocks of its own here, and not remove those of others.
	return errors.Join(classify("give to the group", path, d.sys.Chgrp(a.GID)),
		classify("set permissions of", path, d.sys.Chmod(0o1770)), d.Close())
}

func checkRoot(d *Dir, private bool) error {
	st, err := d.Self()
	if err != nil {
		return err
	}
	self := max(os.Geteuid(), 0)
	bad := &ForeignOwnerError{Path: d.path, Owner: int(st.UID), Self: self, Perm: st.Perm}
	switch {
	case private && (int(st.UID) != self || st.Perm&0o077 != 0):
		bad.Remedy = "remove it, or set " + RootVariable
		return bad
	case st.Perm&0o1002 == 0o002: // writable by the world and not sticky
		bad.Owner = self
		bad.Remedy = "chmod o-w, or set " + RootVariable
		return bad
	}
	return nil
}
