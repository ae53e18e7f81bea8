package sys

import "golang.org/x/sys/unix"

// Collapse puts the memory of a mapped file into pages of [HugePage] bytes, for all
// who map it at a multiple of that. b, of [File.MapOver], begins and ends with such a
// page, and its memory is there already. Linux 6.1 can; what the settings of the host
// say about transparent huge pages does not matter, because it is asked for
// (madvise(2), MADV_COLLAPSE).
func Collapse(b []byte) error {
	var err error
	for range collapses {
		err = again(func() error { return unix.Madvise(b, unix.MADV_COLLAPSE) })
		if err != unix.EAGAIN && err != unix.EBUSY { // somebody had a page in hand for a moment
			break
		}
	}
	if err == unix.EINVAL || err == unix.ENOSYS {
		return ErrUnsupported
	}
	return err
}

// collapses is how often Collapse tries.
const collapses = 16
