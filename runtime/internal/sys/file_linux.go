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

// Allocate gives f its size and the memory for it, all zero.
func (f File) Allocate(size int64) error {
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
