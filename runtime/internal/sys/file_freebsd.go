package sys

import "golang.org/x/sys/unix"

// RenameNoReplace is not to be had on FreeBSD.
func (d Dir) RenameNoReplace(old, new string) error { return ErrUnsupported }

// Exchange is not to be had on FreeBSD.
func (d Dir) Exchange(a, b string) error { return ErrUnsupported }

// Allocate gives f its size and the space for it, all zero.
func (f File) Allocate(size int64) error {
	// posix_fallocate returns its error as the result.
	r, _, _ := unix.Syscall(unix.SYS_POSIX_FALLOCATE, uintptr(f.fd), 0, uintptr(size))
	switch err := unix.Errno(r); err {
	case 0:
		return nil
	case unix.EINVAL, unix.EOPNOTSUPP, unix.ENODEV: // ZFS and some others
		return zeroFill(f, size)
	default:
		return err
	}
}
