//go:build !race

package killtest

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

var (
	every = flag.Bool("every", false, "kill after every single instruction, of long operations too")
	extra = flag.Int("extra", 4, "kills at random instructions of a long operation, beside those where something changes")
	seed  = flag.Uint64("seed", 0, "seed of the random kills, 0 for a new one")
)

// shortOperation is how many instructions an operation has at most that is killed
// after each of them in every run.
const shortOperation = 1000

// An operation is what a child is killed in. The functions of the parent return
// what is wrong.
type operation struct {
	name string
	// before prepares the block, before there is a child.
	before func(s *stage) error
	// child prepares, and returns the stretch in which it is killed. It runs in the
	// child.
	child func(s *stage) (do func() error, err error)
	// ready is called when the child has prepared.
	ready func(s *stage) error
	// after does what the survivors do, and checks it. done says that the child had
	// come to the end.
	after func(s *stage, done bool) error
	short bool // kill after every instruction in every run
	long  bool // do not step where nothing is stored
}

// A point is a place in an operation: after so many system calls that others can
// notice and so many instructions after that, which is before the instruction at
// pc is executed for the n-th time since, the first being 1. pc is 0 in a stretch
// that was not stepped: then it is the beginning of that.
type point struct {
	calls, steps int
	pc           uint64
	times        int
}

// A record is what a walk through an operation has found.
type record struct {
	instructions int
	calls        int
	points       []point // before each instruction that was stepped, and each system call
	states       []int   // indices of points after which a survivor can meet something new
}

// figures sum up what was done.
type figures struct{ instructions, calls, states, kills int }

func (f *figures) add(g figures) {
	f.instructions += g.instructions
	f.calls += g.calls
	f.states += g.states
	f.kills += g.kills
}

func (f figures) String() string {
	return fmt.Sprintf("%d instructions stepped, %d noticeable system calls, %d states that a survivor can meet, %d kills", f.instructions, f.calls, f.states, f.kills)
}

// scratch returns a folder for the blocks of one test, in memory where there is
// such a place.
func scratch(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "killtest-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// exhaust kills children of o after each of its instructions, or where it matters,
// and returns the first thing that is wrong.
func exhaust(t *testing.T, o *operation) (figures, error) {
	t.Helper()
	runtime.LockOSThread() // the tracer is a thread
	defer runtime.UnlockOSThread()
	defer onOneProcessor()()
	dir, calls := scratch(t), map[uint64]bool{}
	var r *record
	err := again(func() (err error) { r, err = walk(o, dir, calls); return err })
	cannotTrace(t, err)
	if err != nil {
		return figures{}, fmt.Errorf("%s, killed at the end: %w", o.name, err)
	}
	s := *seed
	if s == 0 {
		s = rand.Uint64()
	}
	at := slices.Clone(r.states)
	if *every || o.short && r.instructions <= shortOperation {
		at = at[:0]
		for i := range r.points {
			at = append(at, i)
		}
	} else {
		random := rand.New(rand.NewPCG(s, uint64(len(r.points))))
		for range *extra {
			at = append(at, random.IntN(len(r.points)))
		}
	}
	f := figures{instructions: r.instructions, calls: r.calls, states: len(r.states)}
	for _, i := range at {
		err := killAt(o, dir, calls, func(c *tracee) error { return c.reach(r.points[i]) })
		if errors.Is(err, errElsewhere) {
			// It went another way, because less time had passed: so as slowly as the walk.
			p := r.points[i]
			if !o.long {
				p = point{steps: i}
			}
			err = killAt(o, dir, calls, func(c *tracee) error { return c.walkTo(p) })
		}
		if err != nil {
			return f, fmt.Errorf("%s, killed at place %d of %d (before %s; seed %d): %w",
				o.name, i, len(r.points)-1, place(r.points[i]), s, err)
		}
		f.kills++
	}
	return f, nil
}

// place names a point for people: child and test are the same program.
func place(p point) string {
	name := "?"
	if p.pc == 0 {
		return fmt.Sprintf("what follows on system call %d", p.calls)
	}
	if f := runtime.FuncForPC(uintptr(p.pc)); f != nil {
		_, line := f.FileLine(uintptr(p.pc))
		name = fmt.Sprintf("%s:%d", f.Name(), line)
	}
	return fmt.Sprintf("%#x in %s for the %d. time, %d instructions after system call %d", p.pc, name, p.times, p.steps, p.calls)
}

// survey finds between which system calls of an operation shared memory changes.
func survey(o *operation, dir string, calls map[uint64]bool) (stores []bool, err error) {
	s, c, err := prepare(o, dir, calls)
	if err != nil {
		return nil, err
	}
	defer s.close()
	defer c.kill()
	img := newImage(s.root)
	defer img.close()
	if _, err := img.changed(true); err != nil {
		return nil, err
	}
	stores = append(stores, false)
	for {
		did, err := c.untilEntry()
		if err != nil {
			return nil, err
		}
		changed, err := img.changed(false)
		if err != nil {
			return nil, err
		}
		stores[len(stores)-1] = stores[len(stores)-1] || changed
		if did.end {
			return stores, nil
		}
		if err := c.untilExit(); err != nil {
			return nil, err
		}
		if did.felt {
			stores = append(stores, false)
		}
		if _, err := img.changed(did.felt); err != nil {
			return nil, err
		}
	}
}

// walk steps a child through an operation and kills nobody. In a long one the
// stretches between two system calls in which nothing is stored to shared memory
// are not stepped.
func walk(o *operation, dir string, calls map[uint64]bool) (*record, error) {
	var stores []bool
	if o.long && !*every {
		var err error
		if stores, err = survey(o, dir, calls); err != nil {
			return nil, err
		}
	}
	s, c, err := prepare(o, dir, calls)
	if err != nil {
		return nil, err
	}
	defer s.close()
	defer c.kill()
	img := newImage(s.root)
	defer img.close()
	if _, err := img.changed(true); err != nil {
		return nil, err
	}
	r, p, times := &record{}, point{}, map[uint64]int{}
	for new := true; ; {
		step := *every || !o.long || p.calls < len(stores) && stores[p.calls]
		var did stepped
		if step {
			did, err = c.step()
			r.instructions++
			times[did.pc]++
			p.pc, p.times = did.pc, times[did.pc]
		} else {
			did, err = c.untilCall()
			p.pc, p.times = 0, 0
		}
		if err != nil {
			return nil, err
		}
		if new {
			r.states = append(r.states, len(r.points))
		}
		if r.points = append(r.points, p); did.end {
			break
		}
		p.steps++
		if did.felt {
			p = point{calls: p.calls + 1}
			clear(times)
		}
		if new, err = img.changed(did.felt); err != nil {
			return nil, err
		}
		new = new || did.felt
	}
	r.calls = p.calls
	if s.noted(failed) != 0 {
		return nil, errWrong("the operation: %s", c.said())
	}
	c.kill()
	return r, s.verify(true)
}

// again calls f until no child hangs, which happens once in some thousand times.
func again(f func() error) (err error) {
	for range 5 {
		if err = f(); !errors.Is(err, errHung) {
			return err
		}
	}
	return err
}

// killAt kills a new child where reach brings it, and does what the survivors do.
func killAt(o *operation, dir string, calls map[uint64]bool, reach func(c *tracee) error) error {
	return again(func() error { return killOnce(o, dir, calls, reach) })
}

func killOnce(o *operation, dir string, calls map[uint64]bool, reach func(c *tracee) error) error {
	s, c, err := prepare(o, dir, calls)
	if err != nil {
		return err
	}
	defer s.close()
	defer c.kill()
	if err := reach(c); err != nil {
		return err
	}
	c.kill()
	return s.verify(false)
}

// prepare makes a stage and a child on it, ready for its operation.
func prepare(o *operation, dir string, calls map[uint64]bool) (*stage, *tracee, error) {
	s, err := newStage(o, dir)
	if err != nil {
		return nil, nil, err
	}
	if err := s.do(o.before); err != nil {
		s.close()
		return nil, nil, fmt.Errorf("prepare: %w", err)
	}
	c, err := launch(o.name, s.dir, calls)
	if err == nil {
		err = s.do(o.ready)
	}
	if err != nil {
		c.kill()
		s.close()
		return nil, nil, fmt.Errorf("child: %w", err)
	}
	return s, c, nil
}

// do calls one of the functions of an operation, if there is one.
func (s *stage) do(f func(*stage) error) error {
	if f == nil {
		return nil
	}
	return f(s)
}

// verify calls after, which must not hang.
func (s *stage) verify(done bool) error {
	start := time.Now()
	err := s.op.after(s, done)
	if took := time.Since(start); took > within && err == nil {
		err = fmt.Errorf("the survivors needed %v", took)
	}
	return err
}

// An image is what is in a folder of blocks: names, and the bytes of the files
// that are shared memory.
type image struct {
	root  string
	names string
	files []sharedFile
}

type sharedFile struct{ mem, was []byte }

func newImage(root string) *image { return &image{root: root} }

func (m *image) close() {
	for _, f := range m.files {
		_ = syscall.Munmap(f.mem)
	}
	m.files = nil
}

// changed reports whether the image is another than at the last call. Only a
// system call changes names and sizes.
func (m *image) changed(afterCall bool) (bool, error) {
	changed := false
	if afterCall {
		names, err := m.list()
		if err != nil {
			return false, err
		}
		if changed = names != m.names; changed {
			m.names = names
			if err := m.open(); err != nil {
				return false, err
			}
		}
	}
	for _, f := range m.files {
		if !bytes.Equal(f.mem, f.was) {
			copy(f.was, f.mem)
			changed = true
		}
	}
	return changed, nil
}

// list returns names and sizes.
func (m *image) list() (string, error) {
	var all strings.Builder
	err := filepath.WalkDir(m.root, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		fmt.Fprintln(&all, path, info.Mode(), info.Size())
		return nil
	})
	return all.String(), err
}

// open maps the files anew.
func (m *image) open() error {
	m.close()
	for line := range strings.Lines(m.names) {
		path := strings.Fields(line)[0]
		if name := filepath.Base(path); name != "data" && name != "control" {
			continue
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		info, err := f.Stat()
		if err != nil || info.Size() == 0 {
			f.Close()
			continue
		}
		mem, err := syscall.Mmap(int(f.Fd()), 0, int(info.Size()), syscall.PROT_READ, syscall.MAP_SHARED)
		f.Close()
		if err != nil {
			return err
		}
		m.files = append(m.files, sharedFile{mem, bytes.Clone(mem)})
	}
	return nil
}
