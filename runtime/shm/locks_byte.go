//go:build linux || windows

package shm

// byteLocks is one lock per byte of the file.
type byteLocks struct{ f *File }

func (b byteLocks) try(i int) (bool, error)      { return b.f.sys.LockByte(int64(i)) }
func (b byteLocks) release(i int) error          { return b.f.sys.UnlockByte(int64(i)) }
func (b byteLocks) held(i int) (bool, error)     { return b.f.sys.ByteLocked(int64(i), 1) }
func (b byteLocks) heldFrom(i int) (bool, error) { return b.f.sys.ByteLocked(int64(i), 0) }
func (b byteLocks) close() error                 { return nil }
