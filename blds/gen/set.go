package gen

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pylabhub/datahub/blds/schema"
)

// A Set is the output of one run. It is compared with what is on disk by
// [Set.Check] and brought there by [Set.Write]. The zero value is an empty set.
type Set struct {
	files   map[string]File // by cleaned path
	covered map[cover]bool
	twice   []schema.Problem
	told    map[[2]string]bool // pairs of sources in twice
}

type cover struct{ dir, ext string }

// Add adds files. Two files with one path are a problem that Check and Write
// return.
func (s *Set) Add(files ...File) {
	if s.files == nil {
		s.files = make(map[string]File)
	}
	for _, f := range files {
		key := filepath.Clean(f.Path)
		if old, exists := s.files[key]; exists {
			pair := [2]string{old.Source, f.Source}
			if s.told[pair] {
				continue
			}
			if s.told == nil {
				s.told = make(map[[2]string]bool)
			}
			s.told[pair] = true
			s.twice = append(s.twice, schema.Problem{
				Code:    schema.CodeOutputTwice,
				Pos:     schema.Pos{File: f.Source},
				Message: fmt.Sprintf("%q is already the output of %q", f.Path, old.Source),
				Remedy:  "rename one of the two, or give them different go_package folders",
				Notes:   []schema.Note{{Pos: schema.Pos{File: old.Source}, Message: "the other source"}},
			})
			continue
		}
		s.files[key] = f
	}
}

// Cover says that the run saw every source with the extension ext (".go",
// ".blds") whose output goes to the folder dir. A file there that was made from
// another one has lost its source: Write deletes it. Without Cover only output of
// the sources in the set itself is looked at.
func (s *Set) Cover(dir, ext string) {
	if s.covered == nil {
		s.covered = make(map[cover]bool)
	}
	s.covered[cover{filepath.Clean(dir), ext}] = true
}

// Len returns the number of files.
func (s *Set) Len() int { return len(s.files) }

// Check compares the set with what is on disk and returns what [Set.Write] would
// change as problems: files that are stale, missing, or made from a source that
// gives nothing any more. It writes nothing.
func (s *Set) Check() []schema.Problem {
	st, problems := s.inspect()
	for _, p := range st.pending {
		problem := schema.Problem{Pos: schema.Pos{File: p.Path}, Remedy: "run blds-gen gen"}
		if p.missing {
			problem.Code = schema.CodeOutputMissing
			problem.Message = fmt.Sprintf("the output of %q does not exist", filepath.Base(p.Source))
		} else {
			problem.Code = schema.CodeOutputStale
			problem.Pos.Line, problem.Pos.Col = firstDifference(p.old, p.Data), 1
			problem.Message = fmt.Sprintf("this is not what %q gives", filepath.Base(p.Source))
		}
		problems = append(problems, problem)
	}
	for _, l := range st.leftovers {
		problems = append(problems, schema.Problem{
			Code:    schema.CodeOutputUntracked,
			Pos:     schema.Pos{File: l.path, Line: 1, Col: 1},
			Message: fmt.Sprintf("%q has no output of this name any more", l.source),
			Remedy:  "run blds-gen gen, which deletes the file",
		})
	}
	return problems
}

// firstDifference returns the number of the first line that is not the same.
func firstDifference(a, b []byte) int {
	n := 1
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			break
		}
		if a[i] == '\n' {
			n++
		}
	}
	return n
}

// A state is how the disk differs from the set.
type state struct {
	pending   []pending  // in path order
	leftovers []leftover // in path order
	same      int
}

// A pending file has to be written.
type pending struct {
	File
	missing bool
	old     []byte
	mode    fs.FileMode // of the old file
}

// A leftover is a file of ours that nothing generates any more.
type leftover struct{ path, source string }

// inspect compares the set with the disk and finds all that would keep it from
// being written.
func (s *Set) inspect() (*state, []schema.Problem) {
	st, problems := new(state), slices.Clone(s.twice)
	dirs := make(map[string]map[string]bool) // folder -> base names of its sources
	for c := range s.covered {
		dirs[c.dir] = make(map[string]bool)
	}
	for _, path := range sortedKeys(s.files) {
		f, dir := s.files[path], filepath.Dir(path)
		if dirs[dir] == nil {
			dirs[dir] = make(map[string]bool)
		}
		dirs[dir][filepath.Base(f.Source)] = true
		p, problem := inspectFile(f)
		switch {
		case problem != nil:
			problems = append(problems, *problem)
		case p.missing || !sameText(p.old, f.Data):
			st.pending = append(st.pending, p)
		default:
			st.same++
		}
	}
	for _, dir := range sortedKeys(dirs) {
		if problem := folder(dir); problem != nil {
			problems = append(problems, *problem)
			continue
		}
		st.leftovers = append(st.leftovers, s.leftoversIn(dir, dirs[dir])...)
	}
	return st, problems
}

// sameText compares without regard to the line ends that a version control
// system may have changed.
func sameText(a, b []byte) bool {
	return bytes.Equal(a, b) || bytes.Equal(bytes.ReplaceAll(a, []byte("\r\n"), []byte("\n")), b)
}

// inspectFile looks at the place a file goes to.
func inspectFile(f File) (pending, *schema.Problem) {
	p := pending{File: f}
	refuse := func(code schema.Code, remedy, format string, args ...any) (pending, *schema.Problem) {
		return p, &schema.Problem{Code: code, Pos: schema.Pos{File: f.Path}, Message: fmt.Sprintf(format, args...), Remedy: remedy}
	}
	info, err := os.Lstat(f.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		p.missing = true
		return p, nil
	case err != nil && folder(filepath.Dir(f.Path)) != nil:
		p.missing = true // inspect reports the folder, once for all its files
		return p, nil
	case err != nil:
		return refuse(schema.CodeOutputFailed, "", "cannot write: %v", cause(err))
	case !info.Mode().IsRegular():
		return refuse(schema.CodeOutputNotFile, "move it away",
			"%s stands where the output of %q goes", kind(info.Mode()), filepath.Base(f.Source))
	}
	if p.old, err = os.ReadFile(f.Path); err != nil {
		return refuse(schema.CodeOutputFailed, "make the file readable, or delete it", "cannot read: %v", cause(err))
	}
	if _, ours := MarkedSource(p.old); !ours {
		problem := schema.Problem{
			Code:    schema.CodeOutputForeign,
			Pos:     schema.Pos{File: f.Path, Line: 1, Col: 1},
			Message: fmt.Sprintf("this file was not written by blds-gen, and the output of %q goes here", filepath.Base(f.Source)),
			Remedy:  "move it away",
		}
		return p, &problem
	}
	p.mode = info.Mode().Perm()
	if p.mode&0o200 == 0 && !sameText(p.old, f.Data) {
		return refuse(schema.CodeOutputReadOnly, "make it writable, or delete it", "the file is write-protected (mode %04o)", p.mode)
	}
	return p, nil
}

// folder says what is wrong with an output folder. It need not exist yet.
func folder(dir string) *schema.Problem {
	info, err := os.Stat(dir)
	switch {
	case err == nil && info.IsDir():
		return nil
	case err == nil:
		return &schema.Problem{
			Code: schema.CodeOutputNotFile, Pos: schema.Pos{File: dir},
			Message: kind(info.Mode()) + " stands where an output folder goes", Remedy: "move it away",
		}
	}
	if parent := filepath.Dir(dir); parent != dir {
		if problem := folder(parent); problem != nil {
			return problem
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return &schema.Problem{Code: schema.CodeOutputFailed, Pos: schema.Pos{File: dir}, Message: cause(err).Error()}
}

// leftoversIn finds the files of ours in dir that are not in the set although
// the run knows their source.
func (s *Set) leftoversIn(dir string, sources map[string]bool) []leftover {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil // not there yet
	}
	var found []leftover
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if _, current := s.files[path]; current || !e.Type().IsRegular() {
			continue
		}
		source, ours := markedFile(path)
		if ours && isOutputName(e.Name(), source) && (sources[source] || s.covered[cover{dir, filepath.Ext(source)}]) {
			found = append(found, leftover{path, source})
		}
	}
	return found
}

// isOutputName reports whether output of a source may have this name: reading.go
// gives reading_blds.go and others that begin like it. A copy that somebody made
// under another name is theirs.
func isOutputName(name, source string) bool {
	return strings.HasPrefix(name, strings.TrimSuffix(source, filepath.Ext(source))+"_blds")
}

// markedFile is MarkedSource for a file on disk.
func markedFile(path string) (source string, ok bool) {
	f, err := os.Open(path)
	if err != nil {
		return "", false
	}
	defer f.Close()
	var head [512]byte
	n, _ := io.ReadFull(f, head[:])
	return MarkedSource(head[:n])
}

func kind(m fs.FileMode) string {
	switch {
	case m.IsDir():
		return "a folder"
	case m&fs.ModeSymlink != 0:
		return "a symbolic link"
	case m&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case m&fs.ModeSocket != 0:
		return "a socket"
	case m&fs.ModeDevice != 0:
		return "a device"
	}
	return "a file"
}

// cause strips the operation and the path, which the position tells.
func cause(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	var le *os.LinkError
	if errors.As(err, &le) {
		return le.Err
	}
	return err
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, strings.Compare)
	return keys
}
