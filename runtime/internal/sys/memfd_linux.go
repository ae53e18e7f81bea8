package sys

import (
	"strconv"

	"golang.org/x/sys/unix"
)

// A Seal is what can never again be done to a file, by nobody.
type Seal uint32

// The seals of a file in memory.
const (
	SealSeal        Seal = unix.F_SEAL_SEAL         // no more seals
	SealShrink      Seal = unix.F_SEAL_SHRINK       // it gets no shorter
	SealGrow        Seal = unix.F_SEAL_GROW         // nor longer
	SealWrite       Seal = unix.F_SEAL_WRITE        // its bytes never change
	SealFutureWrite Seal = unix.F_SEAL_FUTURE_WRITE // they do only through mappings that are there already
)

// CreateMemory makes a file of no folder, for reading and writing, that can be
// sealed. The name is for people who look at /proc.
func CreateMemory(name string) (File, error) {
	fd, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING|unix.MFD_NOEXEC_SEAL)
	if err == unix.EINVAL { // before Linux 6.3 nobody knew of the last flag
		fd, err = unix.MemfdCreate(name, unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	}
	if err == unix.ENOSYS {
		err = ErrUnsupported
	}
	return File{fd}, err
}

// Seal adds seals to f. ErrUnsupported: the kernel does not know one of them.
func (f File) Seal(s Seal) error {
	_, err := unix.FcntlInt(uintptr(f.fd), unix.F_ADD_SEALS, int(s))
	if err == unix.EINVAL {
		return ErrUnsupported
	}
	return err
}

// Seals returns the seals of f. A file that cannot have any is ErrUnsupported.
func (f File) Seals() (Seal, error) {
	s, err := unix.FcntlInt(uintptr(f.fd), unix.F_GET_SEALS, 0)
	if err == unix.EINVAL {
		return 0, ErrUnsupported
	}
	return Seal(s), err
}

// ReadOnly opens f once more, for reading only. Where /proc cannot be used it is for
// reading as much as f is: the seals alone decide then.
func (f File) ReadOnly() (File, error) {
	var fd int
	err := again(func() (err error) {
		fd, err = unix.Open("/proc/self/fd/"+strconv.Itoa(f.fd), unix.O_RDONLY|unix.O_CLOEXEC, 0)
		return err
	})
	if err == unix.EACCES || err == unix.ENOENT {
		fd, err = unix.FcntlInt(uintptr(f.fd), unix.F_DUPFD_CLOEXEC, 0)
	}
	return File{fd}, err
}

// Reserve takes size bytes of addresses with nothing behind them, for
// [File.MapOver]. [Unmap] gives them back.
func Reserve(size int) ([]byte, error) {
	return unix.Mmap(-1, 0, size, unix.PROT_NONE, unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_NORESERVE)
}
