package gen

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/pylabhub/datahub/blds/schema"
)

// A Report says what [Set.Write] did.
type Report struct {
	Written []string // new and changed files
	Deleted []string // files whose source is gone
	Same    int      // files that were right already
}

// Write brings the set to disk: it writes what is new or different, in new
// folders if need be, and deletes what has lost its source. Only files that bear
// the marker are replaced or deleted.
//
// All or nothing: everything that can be known to go wrong is looked for
// first, each file then appears whole, by a rename, and if one cannot be put in
// place those before it are put back. Files that are right already are not
// touched.
func (s *Set) Write() (Report, []schema.Problem) {
	st, problems := s.inspect()
	if len(problems) > 0 {
		return Report{}, problems
	}
	w := writer{}
	for _, p := range st.pending {
		if err := w.stage(p); err != nil {
			w.undo()
			return Report{}, []schema.Problem{failed(p.Path, "cannot write", err)}
		}
	}
	report := Report{Same: st.same}
	for i := range w.staged {
		if err := w.staged[i].place(); err != nil {
			w.undo()
			return Report{}, []schema.Problem{failed(w.staged[i].Path, "cannot write", err)}
		}
		report.Written = append(report.Written, w.staged[i].Path)
	}
	for _, l := range st.leftovers {
		if err := os.Remove(l.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			problems = append(problems, failed(l.path, "cannot delete", err))
			continue
		}
		report.Deleted = append(report.Deleted, l.path)
	}
	return report, problems
}

func failed(path, what string, err error) schema.Problem {
	return schema.Problem{
		Code: schema.CodeOutputFailed, Pos: schema.Pos{File: path},
		Message: fmt.Sprintf("%s: %v", what, cause(err)),
	}
}

// A writer holds what has to be undone if a later step fails.
type writer struct {
	staged []staged
	made   []string // folders, outermost first
}

type staged struct {
	pending
	temp   string
	placed bool
}

// stage writes a file under another name beside its place.
func (w *writer) stage(p pending) error {
	if err := w.mkdir(filepath.Dir(p.Path)); err != nil {
		return err
	}
	f, err := createTemp(p.Path)
	if err != nil {
		return err
	}
	w.staged = append(w.staged, staged{pending: p, temp: f.Name()})
	_, err = f.Write(p.Data)
	if err == nil && !p.missing {
		err = f.Chmod(p.mode)
	}
	return errors.Join(err, f.Close())
}

// createTemp makes a file that the go command does not look at, with the
// permissions that the umask gives (os.CreateTemp would take those of group and
// others away).
func createTemp(path string) (*os.File, error) {
	for {
		name := fmt.Sprintf(".blds-gen.%08x.tmp", rand.Uint32())
		f, err := os.OpenFile(filepath.Join(filepath.Dir(path), name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
	}
}

func (w *writer) mkdir(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	if parent := filepath.Dir(dir); parent != dir {
		if err := w.mkdir(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, 0o777); err != nil {
		return err
	}
	w.made = append(w.made, dir)
	return nil
}

func (s *staged) place() error {
	if err := os.Rename(s.temp, s.Path); err != nil {
		return err
	}
	s.placed = true
	return nil
}

// undo puts back what was there before, as far as the system lets it: the
// problem that led here is what the user has to hear of.
func (w *writer) undo() {
	for _, s := range w.staged {
		switch {
		case !s.placed:
			_ = os.Remove(s.temp)
		case s.missing:
			_ = os.Remove(s.Path)
		default:
			if os.WriteFile(s.temp, s.old, s.mode) == nil {
				_ = os.Rename(s.temp, s.Path)
			}
		}
	}
	for i := len(w.made) - 1; i >= 0; i-- {
		_ = os.Remove(w.made[i])
	}
}
