package sys

import "golang.org/x/sys/unix"

// RenameNoReplace gives the folder old the name new, which must be free.
func (d Dir) RenameNoReplace(old, new string) error {
	return d.rename(old, new, unix.RENAME_NOREPLACE)
}

// Exchange swaps the folders a and b in one step.
func (d Dir) Exchange(a, b string) error { return d.rename(a, b, unix.RENAME_EXCHANGE) }

func (d Dir) rename(old, new string, flags uint) error {
	err := again(func() error { return unix.Renameat2(d.fd, old, d.fd, new, flags) })
	if err == unix.EINVAL || err == unix.ENOSYS {
		return ErrUnsupported // this file system cannot
	}
	return err
}

// Allocate gives f its size and the memory for it, all zero. What is too large by
// far is refused before anything is taken, so that others do not run out meanwhile.
func (f File) Allocate(size int64) error {
	var st unix.Statfs_t
	// A tmpfs without a limit says 0 blocks.
	if err := again(func() error { return unix.Fstatfs(f.fd, &st) }); err == nil && st.Blocks != 0 &&
		uint64(size)/uint64(st.Bsize) > st.Bavail {
		return unix.ENOSPC
	}
	// In pieces: a signal makes the kernel give back the whole piece it was at.
	for off := int64(0); off < size; off += zeroChunk {
		err := again(func() error { return unix.Fallocate(f.fd, 0, off, min(size-off, zeroChunk)) })
		if err == unix.EOPNOTSUPP || err == unix.ENOSYS {
			return zeroFill(f, size)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
