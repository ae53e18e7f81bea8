package shm

import (
	"errors"
	"fmt"
	"os"

	"github.com/pylabhub/datahub/runtime/internal/sys"
)

// A Seal is what can never again be done to a file, by nobody.
type Seal = sys.Seal

// The seals.
const (
	SealSeal        = sys.SealSeal        // no more seals
	SealShrink      = sys.SealShrink      // it gets no shorter
	SealGrow        = sys.SealGrow        // nor longer
	SealWrite       = sys.SealWrite       // its bytes never change
	SealFutureWrite = sys.SealFutureWrite // they do only through mappings that are there already
)

// CreateMemory makes a file of size bytes, all zero, that is in no folder and that
// can be sealed: only who is given it has it. ErrUnsupported: only Linux has such.
func CreateMemory(name string, size int64) (*File, error) {
	s, err := sys.CreateMemory("datahub-" + name)
	if err != nil {
		return nil, classify("create memory", name, err)
	}
	f := &File{sys: s, path: name}
	if err := s.Allocate(size); err != nil {
		return nil, errors.Join(classify(fmt.Sprintf("reserve %d bytes for", size), name, err), f.Close())
	}
	return f, nil
}

// Seal adds seals to f.
func (f *File) Seal(s Seal) error { return classify("seal", f.path, f.sys.Seal(s)) }

// Seals returns the seals of f.
func (f *File) Seals() (Seal, error) {
	s, err := f.sys.Seals()
	return s, classify("look at the seals of", f.path, err)
}

// ReadOnly opens f once more, for reading only if the system lets it: what one gives
// away, sealed.
func (f *File) ReadOnly() (*File, error) {
	s, err := f.sys.ReadOnly()
	if err != nil {
		return nil, classify("open for reading", f.path, err)
	}
	return &File{sys: s, path: f.path}, nil
}

// A Shelf is a range of addresses with n places of one size, where files come and
// go. A place that was read or written yesterday can be today: there is always some
// file.
type Shelf struct {
	mem  []byte
	size int
}

// NewShelf makes a shelf with n places of size bytes. Until there is a file in a
// place it must not be touched.
func NewShelf(n int, size int64) (*Shelf, error) {
	page := os.Getpagesize()
	whole := (int(size) + page - 1) / page * page
	mem, err := sys.Reserve(n * whole)
	if err != nil {
		return nil, classify(fmt.Sprintf("reserve %d addresses for", n*whole), "control memory", err)
	}
	return &Shelf{mem: mem, size: whole}, nil
}

// Place puts f in place i, instead of what is there. Whoever loads or stores there
// meanwhile does it in the one or in the other. f may be closed afterwards.
func (s *Shelf) Place(i int, f *File) error {
	return classify("map", f.path, f.sys.MapOver(s.At(i), true))
}

// At returns the memory of place i, until Close.
func (s *Shelf) At(i int) []byte {
	return s.mem[i*s.size : (i+1)*s.size : (i+1)*s.size]
}

// Close unmaps the shelf. Nobody may touch it any more.
func (s *Shelf) Close() error { return classify("unmap", "control memory", sys.Unmap(s.mem)) }
