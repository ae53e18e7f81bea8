package shm

import (
	"errors"
	"fmt"
	"io"

	"github.com/pylabhub/datahub/runtime/internal/sys"
)

// A File is an open file.
type File struct {
	sys  sys.File
	path string // for messages
}

// CreateData makes a file of size bytes, all zero, that the producer writes and
// others may at most read. Its memory is there: a full file system shows now,
// not when a word is stored.
func (d *Dir) CreateData(name string, size int64, a Access) (*File, error) {
	return d.create(name, size, a, a.data())
}

// CreateControl makes a file of size bytes, all zero, that all who are allowed
// to open it write.
func (d *Dir) CreateControl(name string, size int64, a Access) (*File, error) {
	return d.create(name, size, a, a.control())
}

func (d *Dir) create(name string, size int64, a Access, perm uint32) (*File, error) {
	s, err := d.sys.Create(name)
	if err != nil {
		return nil, classify("create", d.join(name), err)
	}
	f := &File{sys: s, path: d.join(name)}
	if err := f.prepare(size, a, perm); err != nil {
		return nil, errors.Join(err, f.Close(), d.Remove(name))
	}
	return f, nil
}

func (f *File) prepare(size int64, a Access, perm uint32) error {
	if err := f.sys.Allocate(size); err != nil {
		return classify(fmt.Sprintf("reserve %d bytes for", size), f.path, err)
	}
	if a.Group {
		if err := f.sys.Chgrp(a.GID); err != nil {
			return classify("give to the group", f.path, err)
		}
	}
	return classify("set permissions of", f.path, f.sys.Chmod(perm))
}

// OpenFile opens a plain file in d: not a symbolic link, not one with a second
// name elsewhere, not a FIFO (which it never waits for). A file that was removed
// in the meantime is fs.ErrNotExist.
func (d *Dir) OpenFile(name string, write bool) (*File, Stat, error) {
	s, err := d.sys.Open(name, write)
	if err != nil {
		return nil, Stat{}, d.wrongKind(name, sys.Regular, err)
	}
	f := &File{sys: s, path: d.join(name)}
	st, err := f.Stat()
	if err == nil {
		err = plain(f.path, st)
	}
	if err != nil {
		return nil, Stat{}, errors.Join(err, f.Close())
	}
	return f, st, nil
}

// ReadSmall returns what stands in a plain file of d, of which it reads no more
// than max bytes and one. Other than for [Dir.OpenFile] the file may have more
// names than one.
func (d *Dir) ReadSmall(name string, max int) ([]byte, error) {
	s, err := d.sys.Open(name, false)
	if err != nil {
		return nil, d.wrongKind(name, sys.Regular, err)
	}
	f := &File{sys: s, path: d.join(name)}
	st, err := f.Stat()
	if err == nil && st.Kind != sys.Regular {
		err = plain(f.path, st)
	}
	var b []byte
	if err == nil {
		b = make([]byte, min(st.Size, int64(max)+1))
		err = f.ReadAt(b, 0)
	}
	return b, errors.Join(err, f.Close())
}

func plain(path string, st Stat) error {
	got := ""
	switch {
	case st.Kind != sys.Regular:
		got = st.Kind.String()
	case st.Nlink > 1:
		got = "hard link"
	default:
		return nil
	}
	return &InTheWayError{Path: path, Want: sys.Regular.String(), Got: got}
}

// Stat describes f.
func (f *File) Stat() (Stat, error) {
	st, err := f.sys.Stat()
	return st, classify("look at", f.path, err)
}

// ReadAt fills p from off. A file that ends before is [ErrTruncated].
func (f *File) ReadAt(p []byte, off int64) error {
	_, err := f.sys.ReadAt(p, off)
	if err == io.EOF {
		return fmt.Errorf("read %s: %w", f.path, ErrTruncated)
	}
	return classify("read", f.path, err)
}

// WriteAt stores p at off.
func (f *File) WriteAt(p []byte, off int64) error {
	_, err := f.sys.WriteAt(p, off)
	return classify("write", f.path, err)
}

// Path returns the path f was opened by.
func (f *File) Path() string { return f.path }

// Close closes f. It must be called once.
func (f *File) Close() error { return classify("close", f.path, f.sys.Close()) }
