// Package sys is the door to the operating system: the only package of the
// runtime that imports golang.org/x/sys. It wraps calls, one by one, behind one
// set of names for all systems and decides nothing; package shm gives them
// their meaning.
//
// A [Dir] and a [File] are plain handles. Nothing closes them but Close.
package sys

import (
	"errors"
	"time"
)

// Kind is what a name in a folder stands for.
type Kind uint8

// The kinds that are told apart.
const (
	Other   Kind = iota // a FIFO, a socket, a device
	Regular             // a file
	Folder
	Symlink // or another kind of reparse point
)

// String returns the kind in words.
func (k Kind) String() string {
	return [...]string{"special file", "regular file", "folder", "symbolic link"}[k&3]
}

// A Stat is what the system says of a file or folder. Where a system has no
// such thing the number is 0.
type Stat struct {
	Dev, Ino uint64 // together they name the file while anybody has it open
	Nlink    uint64
	Size     int64
	Kind     Kind
	Perm     uint32 // permission bits with the sticky bit, 0o1777
	UID, GID uint32
	ModTime  time.Time
}

// Same reports whether s and t describe one file.
func (s Stat) Same(t Stat) bool { return s.Dev == t.Dev && s.Ino == t.Ino }

// ErrUnsupported is returned by calls that a system or file system does not
// have.
var ErrUnsupported = errors.ErrUnsupported

// zeroChunk is how much is allocated or cleared by one call.
const zeroChunk = 64 << 20

// zeroFill writes zeros where nothing better allocates.
func zeroFill(f File, size int64) error {
	buf := make([]byte, min(size, 1<<20))
	for off := int64(0); off < size; {
		n, err := f.WriteAt(buf[:min(size-off, int64(len(buf)))], off)
		if err != nil {
			return err
		}
		off += int64(n)
	}
	return nil
}

// HugePage is the size of a large page in bytes.
const HugePage = 2 << 20
