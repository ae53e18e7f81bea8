package sys

import "golang.org/x/sys/unix"

// RenameNoReplace gives the folder old the name new, which must be free.
func (d Dir) RenameNoReplace(old, new string) error { return d.rename(old, new, unix.RENAME_EXCL) }

// Exchange swaps the folders a and b in one step.
func (d Dir) Exchange(a, b string) error { return d.rename(a, b, unix.RENAME_SWAP) }

func (d Dir) rename(old, new string, flags uint32) error {
	err := again(func() error { return unix.RenameatxNp(d.fd, old, d.fd, new, flags) })
	if err == unix.ENOTSUP || err == unix.EINVAL {
		return ErrUnsupported
	}
	return err
}

// Allocate gives f its size and the space for it, all zero.
func (f File) Allocate(size int64) error {
	store := unix.Fstore_t{Flags: unix.F_ALLOCATEALL, Posmode: unix.F_PEOFPOSMODE, Length: size}
	if err := unix.FcntlFstore(uintptr(f.fd), unix.F_PREALLOCATE, &store); err != nil {
		if err == unix.ENOTSUP || err == unix.EINVAL {
			return zeroFill(f, size)
		}
		return err
	}
	return f.Truncate(size)
}
