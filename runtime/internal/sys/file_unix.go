//go:build linux || darwin || freebsd

package sys

import (
	"io"
	"time"

	"golang.org/x/sys/unix"
)

// A Dir is an open folder; names are looked up in it, not in whatever its path
// has become. The zero Dir is not open.
type Dir struct{ fd int }

// A File is an open file description of its own.
type File struct{ fd int }

// again repeats a call that a signal interrupted.
func again(call func() error) error {
	for {
		if err := call(); err != unix.EINTR {
			return err
		}
	}
}

func open(dir int, name string, flags int, perm uint32) (fd int, err error) {
	err = again(func() error {
		fd, err = unix.Openat(dir, name, flags|unix.O_CLOEXEC|unix.O_NOFOLLOW, perm)
		return err
	})
	return fd, err
}

// OpenDir opens the folder at path. The last element must not be a symbolic
// link.
func OpenDir(path string) (Dir, error) {
	fd, err := open(unix.AT_FDCWD, path, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	return Dir{fd}, err
}

// MakeDir makes the folder at path with these permissions, whatever the umask.
func MakeDir(path string, perm uint32) error {
	if err := again(func() error { return unix.Mkdir(path, perm) }); err != nil {
		return err
	}
	return again(func() error { return unix.Chmod(path, perm) })
}

// OpenDir opens a folder in d, not following a symbolic link.
func (d Dir) OpenDir(name string) (Dir, error) {
	fd, err := open(d.fd, name, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	return Dir{fd}, err
}

// MakeDir makes a folder in d with these permissions, whatever the umask.
func (d Dir) MakeDir(name string, perm uint32) error {
	if err := again(func() error { return unix.Mkdirat(d.fd, name, perm) }); err != nil {
		return err
	}
	return again(func() error { return unix.Fchmodat(d.fd, name, perm, 0) })
}

// Create makes a file in d that must not be there, for reading and writing.
// Nobody else can open it before Chmod.
func (d Dir) Create(name string) (File, error) {
	fd, err := open(d.fd, name, unix.O_RDWR|unix.O_CREAT|unix.O_EXCL, 0)
	return File{fd}, err
}

// Open opens a file in d, not following a symbolic link and never waiting for
// the other end of a FIFO.
func (d Dir) Open(name string, write bool) (File, error) {
	flags := unix.O_RDONLY
	if write {
		flags = unix.O_RDWR
	}
	fd, err := open(d.fd, name, flags|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	return File{fd}, err
}

// Stat describes what name stands for in d, not following a symbolic link.
func (d Dir) Stat(name string) (Stat, error) {
	var st unix.Stat_t
	err := again(func() error { return unix.Fstatat(d.fd, name, &st, unix.AT_SYMLINK_NOFOLLOW) })
	return toStat(&st), err
}

// Self describes d.
func (d Dir) Self() (Stat, error) { return File(d).Stat() }

// Remove removes a file from d.
func (d Dir) Remove(name string) error {
	return again(func() error { return unix.Unlinkat(d.fd, name, 0) })
}

// RemoveDir removes an empty folder from d.
func (d Dir) RemoveDir(name string) error {
	return again(func() error { return unix.Unlinkat(d.fd, name, unix.AT_REMOVEDIR) })
}

// Rename gives the file old the name new; a file of that name is replaced.
// Either may be a path below d.
func (d Dir) Rename(old, new string) error {
	return again(func() error { return unix.Renameat(d.fd, old, d.fd, new) })
}

// Link gives the file old a second name, which must be free. Either may be a
// path below d.
func (d Dir) Link(old, new string) error {
	return again(func() error { return unix.Linkat(d.fd, old, d.fd, new, 0) })
}

// Names returns what is in d, without "." and "..", in no order.
func (d Dir) Names() ([]string, error) {
	own, err := d.OpenDir(".") // a description of its own: nobody else moves its position
	if err != nil {
		return nil, err
	}
	defer own.Close()
	var names []string
	buf := make([]byte, 8192)
	for {
		var n int
		err := again(func() error { n, err = unix.ReadDirent(own.fd, buf); return err })
		if err != nil || n <= 0 {
			return names, err
		}
		_, _, names = unix.ParseDirent(buf[:n], -1, names)
	}
}

// Close closes d.
func (d Dir) Close() error { return unix.Close(d.fd) }

// Stat describes f.
func (f File) Stat() (Stat, error) {
	var st unix.Stat_t
	err := again(func() error { return unix.Fstat(f.fd, &st) })
	return toStat(&st), err
}

// Chmod sets the permissions of f.
func (f File) Chmod(perm uint32) error {
	return again(func() error { return unix.Fchmod(f.fd, perm) })
}

// Chgrp gives f to a group.
func (f File) Chgrp(gid int) error {
	return again(func() error { return unix.Fchown(f.fd, -1, gid) })
}

// Chgrp gives d to a group.
func (d Dir) Chgrp(gid int) error { return File(d).Chgrp(gid) }

// Chmod sets the permissions of d.
func (d Dir) Chmod(perm uint32) error { return File(d).Chmod(perm) }

// Truncate makes f exactly size bytes long.
func (f File) Truncate(size int64) error {
	return again(func() error { return unix.Ftruncate(f.fd, size) })
}

// ReadAt reads like [io.ReaderAt].
func (f File) ReadAt(p []byte, off int64) (int, error) {
	total := 0
	for total < len(p) {
		var n int
		err := again(func() (err error) { n, err = unix.Pread(f.fd, p[total:], off+int64(total)); return err })
		if err != nil {
			return total, err
		}
		if n <= 0 {
			return total, io.EOF
		}
		total += n
	}
	return total, nil
}

// WriteAt writes like [io.WriterAt].
func (f File) WriteAt(p []byte, off int64) (int, error) {
	total := 0
	for total < len(p) {
		var n int
		err := again(func() (err error) { n, err = unix.Pwrite(f.fd, p[total:], off+int64(total)); return err })
		if err != nil {
			return total, err
		}
		total += n
	}
	return total, nil
}

// Map maps the first size bytes of f, shared.
func (f File) Map(size int, write bool) ([]byte, error) {
	prot := unix.PROT_READ
	if write {
		prot |= unix.PROT_WRITE
	}
	return unix.Mmap(f.fd, 0, size, prot, unix.MAP_SHARED)
}

// Unmap takes back what Map returned.
func Unmap(b []byte) error { return unix.Munmap(b) }

// Close closes f; locks held through it are freed.
func (f File) Close() error { return unix.Close(f.fd) }

func toStat(st *unix.Stat_t) Stat {
	kind := Other
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		kind = Regular
	case unix.S_IFDIR:
		kind = Folder
	case unix.S_IFLNK:
		kind = Symlink
	}
	return Stat{
		Dev: uint64(st.Dev), Ino: st.Ino, Nlink: uint64(st.Nlink), Size: st.Size,
		Kind: kind, Perm: uint32(st.Mode) & 0o1777, UID: st.Uid, GID: st.Gid,
		ModTime: time.Unix(st.Mtim.Unix()),
	}
}
