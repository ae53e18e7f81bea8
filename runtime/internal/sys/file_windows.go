package sys

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/windows"
)

// A Dir is an open folder; names are looked up in it, not in whatever its path
// has become. The zero Dir is not open.
type Dir struct{ root *os.Root }

// A File is an open file of its own.
type File struct{ f *os.File }

// OpenDir opens the folder at path. The last element must not be a reparse
// point.
func OpenDir(path string) (Dir, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return Dir{}, err
	}
	if !info.IsDir() {
		return Dir{}, &fs.PathError{Op: "open", Path: path, Err: windows.ERROR_DIRECTORY}
	}
	root, err := os.OpenRoot(path)
	return Dir{root}, err
}

// MakeDir makes the folder at path. Who may enter is inherited: there are no
// permission bits.
func MakeDir(path string, perm uint32) error { return os.Mkdir(path, fs.FileMode(perm)) }

// OpenDir opens a folder in d, not following a reparse point.
func (d Dir) OpenDir(name string) (Dir, error) {
	info, err := d.root.Lstat(name)
	if err != nil {
		return Dir{}, err
	}
	if !info.IsDir() {
		return Dir{}, &fs.PathError{Op: "open", Path: name, Err: windows.ERROR_DIRECTORY}
	}
	root, err := d.root.OpenRoot(name)
	return Dir{root}, err
}

// MakeDir makes a folder in d.
func (d Dir) MakeDir(name string, perm uint32) error { return d.root.Mkdir(name, fs.FileMode(perm)) }

// Create makes a file in d that must not be there, for reading and writing.
func (d Dir) Create(name string) (File, error) {
	f, err := d.root.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	return File{f}, err
}

// Open opens a file in d, not following a reparse point.
func (d Dir) Open(name string, write bool) (File, error) {
	info, err := d.root.Lstat(name)
	if err != nil {
		return File{}, err
	}
	flag := os.O_RDONLY
	if write {
		flag = os.O_RDWR
	}
	f, err := d.root.OpenFile(name, flag, 0)
	if err != nil {
		return File{}, err
	}
	if now, err := f.Stat(); err != nil || !os.SameFile(info, now) {
		return File{}, errors.Join(&fs.PathError{Op: "open", Path: name, Err: windows.ERROR_CANT_RESOLVE_FILENAME}, err, f.Close())
	}
	return File{f}, nil
}

// Stat describes what name stands for in d, not following a reparse point.
func (d Dir) Stat(name string) (Stat, error) {
	info, err := d.root.Lstat(name)
	if err != nil {
		return Stat{}, err
	}
	if !info.Mode().IsRegular() {
		kind := Other
		if info.IsDir() {
			kind = Folder
		} else if info.Mode()&fs.ModeSymlink != 0 {
			kind = Symlink
		}
		return Stat{Kind: kind, ModTime: info.ModTime()}, nil
	}
	f, err := d.Open(name, false)
	if err != nil {
		return Stat{}, err
	}
	defer f.Close()
	return f.Stat()
}

// Self describes d.
func (d Dir) Self() (Stat, error) {
	f, err := d.root.Open(".")
	if err != nil {
		return Stat{}, err
	}
	defer f.Close()
	return File{f}.Stat()
}

// Remove removes a file from d. One that is mapped somewhere stays.
func (d Dir) Remove(name string) error { return d.root.Remove(name) }

// RemoveDir removes an empty folder from d.
func (d Dir) RemoveDir(name string) error { return d.root.Remove(name) }

// Rename gives the file old the name new; a file of that name is replaced.
// Either may be a path below d.
func (d Dir) Rename(old, new string) error { return d.root.Rename(old, new) }

// Link gives the file old a second name, which must be free. Either may be a
// path below d.
func (d Dir) Link(old, new string) error { return d.root.Link(old, new) }

// RenameNoReplace is not to be had for folders on Windows.
func (d Dir) RenameNoReplace(old, new string) error { return ErrUnsupported }

// Exchange is not to be had on Windows.
func (d Dir) Exchange(a, b string) error { return ErrUnsupported }

// Names returns what is in d, in no order.
func (d Dir) Names() ([]string, error) {
	f, err := d.root.Open(".")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.Readdirnames(-1)
}

// Chmod and Chgrp do nothing: who may enter is inherited.
func (d Dir) Chmod(perm uint32) error { return nil }

// Chgrp does nothing.
func (d Dir) Chgrp(gid int) error { return nil }

// Close closes d.
func (d Dir) Close() error { return d.root.Close() }

// Stat describes f.
func (f File) Stat() (Stat, error) {
	var info windows.ByHandleFileInformation
	if err := windows.GetFileInformationByHandle(windows.Handle(f.f.Fd()), &info); err != nil {
		return Stat{}, err
	}
	st := Stat{
		Dev:   uint64(info.VolumeSerialNumber),
		Ino:   uint64(info.FileIndexHigh)<<32 | uint64(info.FileIndexLow),
		Nlink: uint64(info.NumberOfLinks),
		Size:  int64(info.FileSizeHigh)<<32 | int64(info.FileSizeLow),
		Kind:  Regular,
	}
	switch attr := info.FileAttributes; {
	case attr&windows.FILE_ATTRIBUTE_REPARSE_POINT != 0:
		st.Kind = Symlink
	case attr&windows.FILE_ATTRIBUTE_DIRECTORY != 0:
		st.Kind = Folder
	}
	fi, err := f.f.Stat()
	if err != nil {
		return Stat{}, err
	}
	st.ModTime = fi.ModTime()
	return st, nil
}

// Chmod does nothing: who may enter is inherited from the folder.
func (f File) Chmod(perm uint32) error { return nil }

// Chgrp does nothing.
func (f File) Chgrp(gid int) error { return nil }

// Truncate makes f exactly size bytes long.
func (f File) Truncate(size int64) error { return f.f.Truncate(size) }

// Allocate gives f its size and the space for it: NTFS files are not sparse
// unless asked to be.
func (f File) Allocate(size int64) error { return f.f.Truncate(size) }

// ReadAt reads like [io.ReaderAt].
func (f File) ReadAt(p []byte, off int64) (int, error) { return f.f.ReadAt(p, off) }

// WriteAt writes like [io.WriterAt].
func (f File) WriteAt(p []byte, off int64) (int, error) { return f.f.WriteAt(p, off) }

// Close closes f; locks held through it are freed.
func (f File) Close() error { return f.f.Close() }
