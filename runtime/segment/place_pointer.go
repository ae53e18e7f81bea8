package segment

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/pylabhub/datahub/runtime/shm"
)

// byPointer publishes by a small file: <root>/<channel>/current holds the name
// of the folder beside it that is the block. The file appears by a link, which
// does not replace, and is replaced by a rename.
type byPointer struct {
	dir    *shm.Dir // <root>/<channel>
	up     *shm.Dir // <root>
	access shm.Access
}

// Names in the folder of a channel.
const (
	pointerName = "current"
	pointerSize = len(stagePrefix) + 16
)

func newByPointer(root *shm.Dir, channel string, create bool, a shm.Access) (*byPointer, error) {
	for range attempts {
		d, err := root.OpenDir(channel)
		if err == nil {
			return &byPointer{d, root, a}, nil
		}
		if !create || !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if d, err = root.MakeDir(channel, a); err == nil {
			return &byPointer{d, root, a}, nil
		}
		if !errors.Is(err, fs.ErrExist) && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return nil, ErrUnstable
}

// target returns the folder the pointer names, "" if there is no pointer.
func (p *byPointer) target() (string, error) {
	b, err := p.dir.ReadSmall(pointerName, pointerSize)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	name := string(b)
	if len(name) != pointerSize || !strings.HasPrefix(name, stagePrefix) || CheckName(name[1:]) != nil {
		path := filepath.Join(p.dir.Path(), pointerName)
		return "", headerError(path, "target", ErrIncomplete, fmt.Sprintf("%q", name), nil)
	}
	return name, nil
}

func (p *byPointer) open() (*shm.Dir, error) {
	for last := ""; ; {
		name, err := p.target()
		if err != nil {
			return nil, err
		}
		path := filepath.Join(p.dir.Path(), pointerName)
		switch name {
		case "":
			return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
		case last:
			return nil, fmt.Errorf("%w: %s names %s, which is gone: remove it", ErrIncomplete, path, name)
		}
		d, err := p.dir.OpenDir(name)
		if !errors.Is(err, fs.ErrNotExist) {
			return d, err
		}
		last = name // the folder was replaced and removed: the pointer must be another by now
	}
}

func (p *byPointer) path() string {
	name, _ := p.target()
	return filepath.Join(p.dir.Path(), name)
}

func (p *byPointer) staging() *shm.Dir { return p.dir }

// prepare makes the file that is to be the pointer to the staged folder, inside
// of it.
func (p *byPointer) prepare(stage string, dir *shm.Dir) error {
	f, err := dir.CreateData(pointerName, 0, p.access)
	if err != nil {
		return err
	}
	return errors.Join(f.WriteAt([]byte(stage), 0), f.Close())
}

func (p *byPointer) publish(stage string) error {
	own := filepath.Join(stage, pointerName)
	if err := p.dir.Link(own, pointerName); err != nil {
		return err
	}
	_ = p.dir.Remove(own) // a second name does no harm
	return nil
}

func (p *byPointer) replace(stage string, old *shm.Dir) (string, error) {
	return filepath.Base(old.Path()), p.dir.Rename(filepath.Join(stage, pointerName), pointerName)
}

func (p *byPointer) retract(old *shm.Dir) (string, error) {
	return filepath.Base(old.Path()), p.dir.Remove(pointerName)
}

func (p *byPointer) named(stage string) (bool, error) {
	target, err := p.target()
	return target == stage, err
}

// tidy removes the channel's folder if it is empty.
func (p *byPointer) tidy() error {
	err := p.up.RemoveDir(filepath.Base(p.dir.Path()))
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}

func (p *byPointer) close() error { return p.dir.Close() }
