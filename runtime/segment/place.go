package segment

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/pylabhub/datahub/blds/schema"
	"github.com/pylabhub/datahub/runtime/shm"
)

// A place is where a channel's block stands, or will. There are two kinds: where
// folders can change places in one step the block is the folder of the channel's
// name ([byExchange]); elsewhere that folder holds a file that tells which folder
// beside it is meant ([byPointer]).
//
// A place is open for one operation only.
type place struct {
	root    *shm.Dir
	channel string
	publisher
}

// A publisher makes names stand for blocks.
type publisher interface {
	// open opens the block that has the name; fs.ErrNotExist if there is none.
	open() (*shm.Dir, error)
	// path returns where the block that has the name is.
	path() string
	// staging returns the folder in which folders of blocks are made.
	staging() *shm.Dir
	// prepare readies a staged folder, so that publish and replace need nothing that
	// can run out.
	prepare(stage string, dir *shm.Dir) error
	// publish gives the name to the staged folder; fs.ErrExist if it is taken.
	publish(stage string) error
	// replace gives the name to the staged folder and takes it from the block in old,
	// in one step. It returns what old is called now.
	replace(stage string, old *shm.Dir) (string, error)
	// retract takes the name from the block in old and returns what that is called
	// now.
	retract(old *shm.Dir) (string, error)
	// named reports whether the staged folder has the name.
	named(stage string) (bool, error)
	// tidy removes what is empty without blocks.
	tidy() error
	close() error
}

// stagePrefix begins the names of folders that are no channel's: being made, or
// being removed. No channel is called so.
const stagePrefix = ".new-"

// stageName returns a name for a folder that is made or removed.
func stageName() (string, error) {
	var b [8]byte
	_, err := rand.Read(b[:])
	return stagePrefix + hex.EncodeToString(b[:]), err
}

// exchanges says which kind of place is used. Tests try both.
var exchanges = shm.ExchangesFolders

// openPlace opens the place of a channel; with create it makes the folders above
// the block, else a missing one is a [NotFoundError].
func openPlace(channel string, o *Options, create bool) (*place, error) {
	root, err := shm.OpenRoot(o.Root, create, o.Group)
	if err != nil {
		if !create && errors.Is(err, fs.ErrNotExist) {
			path, _, e := shm.Root(o.Root)
			return nil, errors.Join(&NotFoundError{Channel: channel, Root: path}, e)
		}
		return nil, err
	}
	p := &place{root: root, channel: channel}
	if exchanges {
		p.publisher = &byExchange{root, channel}
		return p, nil
	}
	if p.publisher, err = newByPointer(root, channel, create, o.Group); err != nil {
		return nil, errors.Join(p.explain(err), root.Close())
	}
	return p, nil
}

func (p *place) close() error {
	var err error
	if p.publisher != nil {
		err = p.publisher.close()
	}
	return errors.Join(err, p.root.Close())
}

// find opens the block that has the name.
func (p *place) find() (*shm.Dir, error) {
	d, err := p.open()
	return d, p.explain(err)
}

// explain makes a NotFoundError of what is not there and a ForeignOwnerError of
// what may not be touched because somebody else owns it.
func (p *place) explain(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return p.notFound()
	case errors.Is(err, fs.ErrPermission):
		if st, e := p.root.Stat(p.channel); e == nil {
			if e := foreign(p.root.Path(), p.channel, st); e != nil {
				return e
			}
		}
	}
	return err
}

func (p *place) notFound() *NotFoundError {
	e := &NotFoundError{Channel: p.channel, Root: p.root.Path()}
	if names, err := channels(p.root); err == nil {
		e.Near = schema.Nearest(p.channel, names)
	}
	return e
}

// foreign returns a [ForeignOwnerError] if st is another user's.
func foreign(dir, name string, st shm.Stat) error {
	if self := shm.Self().UID; int(st.UID) != self {
		return &ForeignOwnerError{Path: dir + string(os.PathSeparator) + name, Owner: int(st.UID), Self: self, Perm: st.Perm}
	}
	return nil
}

// isCurrent reports whether the block whose locks these are still has the name.
// Ask after winning a lock, and again from the start if not: the block may have
// been replaced or removed in the meantime.
func (p *place) isCurrent(l *shm.Locks) (bool, error) {
	mine, err := l.Stat()
	if err != nil {
		return false, err
	}
	d, err := p.open()
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrInTheWay) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	now, err := shm.StatLocks(d)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil // now is no file's
	}
	return mine.Same(now), errors.Join(err, d.Close())
}

// discard removes a folder that has no name any more, or never had one. dir is
// the folder if it is open. What cannot be removed now the next sweep removes:
// Windows keeps files that are mapped.
func (p *place) discard(name string, dir *shm.Dir) {
	if dir == nil {
		d, err := p.staging().OpenDir(name)
		if err != nil {
			return
		}
		defer d.Close()
		dir = d
	}
	_ = p.removeFolder(name, dir)
	_ = p.tidy()
}

// removeFolder removes the folder dir of a block, which is called name in the
// staging folder. Files that are no block's stay, and so does the folder.
func (p *place) removeFolder(name string, dir *shm.Dir) error {
	names, err := dir.Names()
	if err != nil { // no descriptor is left to list it with
		names = []string{dataName, controlName, pointerName, shm.SocketName, shm.LockName}
	}
	for _, n := range names {
		if isPart(n) {
			if err := dir.Remove(n); err != nil {
				return err
			}
		}
	}
	return p.staging().RemoveDir(name)
}

// isPart reports whether a file of this name can be part of a block.
func isPart(name string) bool {
	return name == dataName || name == controlName || name == pointerName || name == shm.SocketName || shm.IsLockName(name)
}

// onlyParts returns an error if dir holds something that is no part of a block.
func onlyParts(dir *shm.Dir) error {
	names, err := dir.Names()
	for _, n := range names {
		if !isPart(n) {
			return &InTheWayError{Path: dir.Path(), Want: "block", Got: "folder with other files (" + printable(n) + ")"}
		}
	}
	return err
}

// grace is how old a folder must be before a sweep looks at it: longer than
// anybody needs between making it and locking it. A creator that was stopped
// there for longer finds its folder gone and makes another.
var grace = 10 * time.Second

// sweep removes folders whose maker or remover died: those whose first lock is
// free. It returns how many it removed; what it may not touch it leaves alone.
func (p *place) sweep() int {
	names, err := p.staging().Names()
	if err != nil {
		return 0
	}
	n := 0
	for _, name := range names {
		if strings.HasPrefix(name, stagePrefix) && p.sweepOne(name) {
			n++
		}
	}
	return n
}

func (p *place) sweepOne(name string) bool {
	d, err := p.staging().OpenDir(name)
	if err != nil {
		return false
	}
	defer d.Close()
	// A folder from the future is as good as an old one: the clock was set.
	st, err := d.Self()
	if age := time.Since(st.ModTime); err != nil || age.Abs() < grace {
		return false
	}
	locks, err := shm.OpenLocks(d)
	if errors.Is(err, fs.ErrNotExist) {
		return p.removeFolder(name, d) == nil
	}
	if err != nil {
		return false
	}
	defer locks.Close()
	if won, err := locks.Try(0); err != nil || !won {
		return false
	}
	// Between opening and locking the folder may have become a channel's block.
	mine, err := locks.Stat()
	if err != nil {
		return false
	}
	again, err := p.staging().OpenDir(name)
	if err != nil {
		return false
	}
	defer again.Close()
	now, err := shm.StatLocks(again)
	if err != nil || !now.Same(mine) {
		return false
	}
	if named, err := p.named(name); err != nil || named {
		return false
	}
	return p.removeFolder(name, d) == nil
}

// channels lists the names in root that can be channels.
func channels(root *shm.Dir) ([]string, error) {
	names, err := root.Names()
	list := names[:0]
	for _, n := range names {
		if CheckName(n) == nil {
			list = append(list, n)
		}
	}
	return list, err
}
