//go:build linux || darwin || freebsd

package shm

import (
	"errors"
	"io/fs"
	"strconv"
	"sync"
	"time"
)

// fileLocks is one flock per file: lock for the producer, lock.1 and so on for
// the consumers. A flock cannot be asked about, only tried, so a probe takes the
// lock, shared, for a moment; who finds a lock taken tries a few times.
type fileLocks struct {
	dir  *Dir
	main *File
	mu   sync.Mutex
	own  map[int]*File // locks of this handle besides number 0
}

func newFileLocks(d *Dir, main *File) (*fileLocks, error) {
	dir, err := d.OpenDir(".")
	if err != nil {
		return nil, err
	}
	return &fileLocks{dir: dir, main: main, own: map[int]*File{}}, nil
}

func (l *fileLocks) make(n int, a Access) error {
	for i := 1; i <= n; i++ {
		f, err := l.dir.CreateControl(fileLockName(i), 0, a)
		if err != nil {
			return err
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
	return nil
}

func fileLockName(i int) string { return LockName + "." + strconv.Itoa(i) }

// A lock that is taken for longer than this is not taken by a probe.
const (
	probeTries = 5
	probePause = 100 * time.Microsecond
)

func (l *fileLocks) try(i int) (bool, error) {
	f := l.main
	if i > 0 {
		var err error
		if f, _, err = l.dir.OpenFile(fileLockName(i), true); err != nil {
			return false, err
		}
	}
	ok, err := tryFor(func() (bool, error) { return f.sys.Flock(true) })
	if i == 0 {
		return ok, err
	}
	if !ok || err != nil {
		return false, errors.Join(err, f.Close())
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.own[i] = f
	return true, nil
}

func tryFor(lock func() (bool, error)) (ok bool, err error) {
	for range probeTries {
		if ok, err = lock(); ok || err != nil {
			return ok, err
		}
		time.Sleep(probePause)
	}
	return false, nil
}

func (l *fileLocks) release(i int) error {
	if i == 0 {
		return l.main.sys.Funlock()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	f := l.own[i]
	delete(l.own, i)
	if f == nil {
		return nil
	}
	return f.Close()
}

func (l *fileLocks) held(i int) (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.own[i] != nil {
		return true, nil
	}
	name := LockName
	if i > 0 {
		name = fileLockName(i)
	}
	f, _, err := l.dir.OpenFile(name, false)
	if err != nil {
		return false, err
	}
	ok, err := f.sys.Flock(false)
	return !ok && err == nil, errors.Join(err, f.Close())
}

func (l *fileLocks) heldFrom(i int) (bool, error) {
	for ; ; i++ {
		held, err := l.held(i)
		if errors.Is(err, fs.ErrNotExist) {
			return false, nil
		}
		if held || err != nil {
			return held, err
		}
	}
}

func (l *fileLocks) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	err := l.dir.Close()
	for i, f := range l.own {
		err = errors.Join(err, f.Close())
		delete(l.own, i)
	}
	return err
}
