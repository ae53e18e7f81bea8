package shm

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"unsafe"

	"github.com/pylabhub/datahub/runtime/internal/sys"
)

// A Mapping is a file in memory, shared with everybody who maps it.
type Mapping struct {
	mem   []byte
	whole []byte // what was mapped, mem and what lies around it
	file  *File
}

// Map maps the first size bytes of f, which must stay open as long as the mapping
// is used. The mapping cannot be made writable later if f was not opened for
// writing.
func (f *File) Map(size int64, write bool) (*Mapping, error) {
	mem, err := f.sys.Map(int(size), write)
	if err != nil {
		return nil, classify(fmt.Sprintf("map %d bytes of", size), f.path, err)
	}
	return &Mapping{mem: mem, whole: mem, file: f}, nil
}

// MapHuge is Map for a file whose pages are to have [HugePage] bytes, a multiple of
// which size is. Who makes the file calls [Mapping.Collapse] then. Others get what is
// there.
func (f *File) MapHuge(size int64, write bool) (*Mapping, error) {
	whole, err := sys.Reserve(int(size) + HugePage)
	if errors.Is(err, sys.ErrUnsupported) {
		return f.Map(size, write) // there are no such pages
	}
	if err != nil {
		return nil, classify(fmt.Sprintf("map %d bytes of", size), f.path, err)
	}
	skip := -uintptr(unsafe.Pointer(unsafe.SliceData(whole))) & (HugePage - 1)
	mem := whole[skip : skip+uintptr(size) : skip+uintptr(size)]
	if err := f.sys.MapOver(mem, write); err != nil {
		return nil, errors.Join(classify(fmt.Sprintf("map %d bytes of", size), f.path, err), sys.Unmap(whole))
	}
	return &Mapping{mem: mem, whole: whole, file: f}, nil
}

// HugePage is the size of a large page in bytes.
const HugePage = sys.HugePage

// Collapse puts the memory of m, of [File.MapHuge], into large pages, for all who map
// the file so. [ErrHugePages]: it cannot.
func (m *Mapping) Collapse() error {
	if err := sys.Collapse(m.mem); err != nil {
		return fmt.Errorf("put %s into pages of 2 MiB: %w: %w", m.file.path, ErrHugePages, err)
	}
	return nil
}

// Bytes returns the memory. It must not be touched after Close: what is mapped
// there next would be read or written.
func (m *Mapping) Bytes() []byte { return m.mem }

// File returns the file that is mapped, to be asked, not to be closed.
func (m *Mapping) File() *File { return m.file }

// offset returns where addr lies in m.
func (m *Mapping) offset(addr uintptr) (uintptr, bool) {
	base := uintptr(unsafe.Pointer(unsafe.SliceData(m.mem)))
	return addr - base, addr >= base && addr-base < uintptr(len(m.mem))
}

// Unmap takes the memory back and leaves the file open. It must be called once,
// when nobody uses the memory any more.
func (m *Mapping) Unmap() error {
	err := classify("unmap", m.file.path, sys.Unmap(m.whole))
	m.mem, m.whole = nil, nil
	return err
}

// Close is Unmap, and closes the file.
func (m *Mapping) Close() error { return errors.Join(m.Unmap(), m.file.Close()) }

// Guard runs fn. If fn touches memory of one of maps whose file somebody has cut
// short, the fault comes back as an error that is [ErrTruncated]. Every other
// fault and panic goes on: a store into read-only memory is the caller's own
// bug. It works for what runs on the calling goroutine.
func Guard(fn func() error, maps ...*Mapping) (err error) {
	old := debug.SetPanicOnFault(true)
	defer func() {
		debug.SetPanicOnFault(old)
		if r := recover(); r != nil {
			if err = Truncated(r, maps...); err == nil {
				panic(r)
			}
		}
	}()
	return fn()
}

// Truncated is for those who guard themselves, which costs less than [Guard]: with
// debug.SetPanicOnFault set they recover r. It returns an error that is
// [ErrTruncated] if r is a fault in memory of one of maps whose file somebody has
// cut short, nil if r is to be panicked with again.
func Truncated(r any, maps ...*Mapping) error {
	fault, ok := r.(interface {
		runtime.Error
		Addr() uintptr
	})
	if !ok {
		return nil
	}
	for _, m := range maps {
		off, inside := m.offset(fault.Addr())
		if !inside {
			continue
		}
		st, err := m.file.Stat()
		// The kernel cuts at whole pages, so the end of the page is what counts.
		if err == nil && st.Size < int64(len(m.mem)) && int64(off) >= st.Size {
			return fmt.Errorf("%s has %d bytes, %d are mapped: %w", m.file.path, st.Size, len(m.mem), ErrTruncated)
		}
	}
	return nil
}
