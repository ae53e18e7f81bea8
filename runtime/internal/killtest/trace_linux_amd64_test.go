//go:build !race

package killtest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// roleVariable makes the test binary a child that does one operation.
const roleVariable = "KILLTEST_ROLE"

func init() {
	if os.Getenv(roleVariable) != "" {
		runtime.LockOSThread() // main runs on the thread that is traced
	}
}

// onOneProcessor keeps the calling thread and its children on one processor, which
// makes a step three times as fast, until the returned function is called.
func onOneProcessor() (undo func()) {
	const bytes = 128
	var was, one [bytes]byte
	affinity := func(call uintptr, mask *[bytes]byte) bool {
		_, _, e := syscall.RawSyscall(call, 0, bytes, addressOf(mask))
		return e == 0
	}
	if !affinity(syscall.SYS_SCHED_GETAFFINITY, &was) {
		return func() {}
	}
	var allowed []int
	for i := range 8 * bytes {
		if was[i/8]>>(i%8)&1 != 0 {
			allowed = append(allowed, i)
		}
	}
	cpu := allowed[rand.IntN(len(allowed))]
	one[cpu/8] = 1 << (cpu % 8)
	affinity(syscall.SYS_SCHED_SETAFFINITY, &one)
	return func() { affinity(syscall.SYS_SCHED_SETAFFINITY, &was) }
}

// mark stops the traced thread, which is the first of its process. A tracer sees
// the signal and swallows it.
func mark() {
	syscall.RawSyscall(syscall.SYS_TGKILL, self, self, uintptr(syscall.SIGSTOP))
}

var self = uintptr(syscall.Getpid())

// A tracee is a child whose main thread is traced by the calling thread.
type tracee struct {
	pid    int
	dead   bool
	frozen []int           // its other threads
	calls  map[uint64]bool // by address, whether the instruction there is a system call
	out    *os.File
	watch  *time.Timer
	hung   atomic.Bool
}

// launch starts a child and runs it until it has prepared its operation. The
// caller has locked its goroutine to its thread.
func launch(role, dir string, calls map[uint64]bool) (*tracee, error) {
	out, err := os.CreateTemp(dir, "child-*")
	if err != nil {
		return nil, err
	}
	env := []string{roleVariable + "=" + role, "KILLTEST_DIR=" + dir, "GOMAXPROCS=1", "GOGC=off", "GODEBUG=asyncpreemptoff=1"}
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "GO") {
			env = append(env, v)
		}
	}
	pid, err := syscall.ForkExec(os.Args[0], os.Args[:1], &syscall.ProcAttr{
		Env:   env,
		Files: []uintptr{0, out.Fd(), out.Fd()},
		Sys:   &syscall.SysProcAttr{Ptrace: true, Pdeathsig: syscall.SIGKILL},
	})
	if err != nil {
		return nil, errors.Join(err, out.Close())
	}
	c := &tracee{pid: pid, calls: calls, out: out}
	c.watch = time.AfterFunc(patience, func() {
		c.hung.Store(true)
		tasks := c.others()
		_ = syscall.Kill(pid, syscall.SIGKILL)
		reap(tasks)
	})
	if s, err := c.wait(); err != nil || s != syscall.SIGTRAP { // of the exec
		c.kill()
		return nil, fmt.Errorf("start: %v, %w", s, err)
	}
	const exitKill = 0x100000 // a child does not outlive its test
	if err := syscall.PtraceSetOptions(pid, exitKill|syscall.PTRACE_O_TRACESYSGOOD); err != nil {
		c.kill()
		return nil, err
	}
	if err := c.untilMark(); err != nil {
		c.kill()
		return nil, err
	}
	if err := c.freeze(); err != nil {
		c.kill()
		return nil, err
	}
	return c, nil
}

// freeze stops the other threads of the child for good. They are the scheduler's,
// for whom a thread that is stepped is one that is stuck in a system call: what is
// stepped would be half Go's taking work away from it and giving it back.
func (c *tracee) freeze() error {
	c.frozen = c.others()
	for _, tid := range c.frozen {
		if err := syscall.PtraceAttach(tid); err != nil {
			return err
		}
		var ws syscall.WaitStatus
		if _, err := syscall.Wait4(tid, &ws, syscall.WALL, nil); err != nil || !ws.Stopped() {
			return fmt.Errorf("stop thread %d: %v, %w", tid, ws, err)
		}
	}
	return nil
}

// others returns the threads of the child beside its first.
func (c *tracee) others() (tids []int) {
	tasks, _ := os.ReadDir(fmt.Sprintf("/proc/%d/task", c.pid)) // nothing if it has ended
	for _, e := range tasks {
		if tid, err := strconv.Atoi(e.Name()); err == nil && tid != c.pid {
			tids = append(tids, tid)
		}
	}
	return tids
}

// reap waits for the end of threads that were frozen. A traced thread is there until
// then, and its process with it.
func reap(tids []int) {
	for _, tid := range tids {
		var ws syscall.WaitStatus
		for err := error(nil); err == nil || err == syscall.EINTR; {
			if _, err = syscall.Wait4(tid, &ws, syscall.WALL, nil); err == nil && !ws.Stopped() {
				break
			}
		}
	}
}

// wait waits until the child stops, and returns the signal it stopped for.
func (c *tracee) wait() (syscall.Signal, error) {
	var ws syscall.WaitStatus
	for {
		_, err := syscall.Wait4(c.pid, &ws, syscall.WALL, nil)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return 0, err
		}
		if !ws.Stopped() {
			c.dead = true
			if c.hung.Load() {
				return 0, errHung
			}
			return 0, fmt.Errorf("the child ended: exit code %d, signal %v: %s", ws.ExitStatus(), ws.Signal(), c.said())
		}
		return ws.StopSignal(), nil
	}
}

// errHung says that a child did not come to its place in time: a thread that was
// frozen had a lock of Go's scheduler.
var errHung = errors.New("the child hung")

// said returns what the child has printed.
func (c *tracee) said() string {
	b, err := os.ReadFile(c.out.Name())
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// untilMark runs the child to its next mark.
func (c *tracee) untilMark() error {
	sig := syscall.Signal(0)
	for {
		if err := syscall.PtraceCont(c.pid, int(sig)); err != nil {
			return err
		}
		s, err := c.wait()
		if err != nil || s == syscall.SIGSTOP {
			return err
		}
		sig = s
	}
}

// A stepped instruction is what a step has executed.
type stepped struct {
	pc   uint64
	end  bool // a mark
	call bool // a system call
	felt bool // a system call that others can notice
}

// step executes one instruction, but not the mark at the end.
func (c *tracee) step() (i stepped, err error) {
	var regs syscall.PtraceRegs
	if err := syscall.PtraceGetRegs(c.pid, &regs); err != nil {
		return i, err
	}
	i.pc = regs.Rip
	var known bool
	if i.call, known = c.calls[regs.Rip]; !known {
		var b [2]byte
		if _, err := syscall.PtracePeekText(c.pid, uintptr(regs.Rip), b[:]); err != nil {
			return i, err
		}
		i.call = b == [2]byte{0x0f, 0x05}
		c.calls[regs.Rip] = i.call
	}
	if i.end = i.call && regs.Rax == syscall.SYS_TGKILL; i.end {
		return i, nil
	}
	i.felt = i.call && felt(&regs)
	return i, c.resume(syscall.PtraceSingleStep(c.pid))
}

// felt reports whether others can notice the system call that a thread is about to
// make: by names, sizes, locks, or a wake-up. Whatever is not known here counts.
func felt(r *syscall.PtraceRegs) bool {
	switch r.Rax {
	case syscall.SYS_OPENAT:
		return r.Rdx&syscall.O_CREAT != 0
	case syscall.SYS_FCNTL:
		const getOwnLock = 36 // F_OFD_GETLK
		return r.Rsi != getOwnLock && r.Rsi != syscall.F_GETFL && r.Rsi != syscall.F_SETFD && r.Rsi != syscall.F_GETFD
	case syscall.SYS_READ, syscall.SYS_PREAD64, syscall.SYS_FSTAT, syscall.SYS_NEWFSTATAT, syscall.SYS_FSTATFS, syscall.SYS_LSEEK,
		syscall.SYS_GETDENTS64, syscall.SYS_MMAP, syscall.SYS_MPROTECT, syscall.SYS_MADVISE, syscall.SYS_RT_SIGPROCMASK,
		syscall.SYS_GETPID, syscall.SYS_GETTID, syscall.SYS_GETUID, syscall.SYS_GETEUID, syscall.SYS_SCHED_YIELD, syscall.SYS_CLOCK_GETTIME,
		syscall.SYS_UNAME, syscall.SYS_READLINKAT, syscall.SYS_EPOLL_CREATE1, syscall.SYS_EPOLL_CTL, syscall.SYS_EVENTFD2, getrandom:
		return false
	}
	return true
}

const getrandom = 318 // not in package syscall

// errElsewhere says that a child did not come by the place where it was to stop.
var errElsewhere = errors.New("the child took another way")

// untilEntry lets the child go on to its next system call, and not into it.
func (c *tracee) untilEntry() (i stepped, err error) {
	if err := c.resume(syscall.PtraceSyscall(c.pid, 0)); err != nil {
		return i, err
	}
	var regs syscall.PtraceRegs
	if err := syscall.PtraceGetRegs(c.pid, &regs); err != nil {
		return i, err
	}
	regs.Rax = regs.Orig_rax
	return stepped{pc: regs.Rip - 2, call: true, end: regs.Rax == syscall.SYS_TGKILL, felt: felt(&regs)}, nil
}

// untilExit lets the child go on to the end of that system call.
func (c *tracee) untilExit() error { return c.resume(syscall.PtraceSyscall(c.pid, 0)) }

// untilCall is both, but leaves out the mark at the end.
func (c *tracee) untilCall() (i stepped, err error) {
	if i, err = c.untilEntry(); err == nil && !i.end {
		err = c.untilExit()
	}
	return i, err
}

// skipCalls lets the child go on until just after its n-th system call that others
// can notice. The others are the memory allocator's as often as not, and come and go.
func (c *tracee) skipCalls(n int) error {
	for n > 0 {
		i, err := c.untilCall()
		if err != nil || i.end {
			return errors.Join(err, errElsewhere)
		}
		if i.felt {
			n--
		}
	}
	return nil
}

// walkTo is reach by single steps, as slowly as a walk.
func (c *tracee) walkTo(p point) error {
	if err := c.skipCalls(p.calls); err != nil {
		return err
	}
	for range p.steps {
		if err := c.resume(syscall.PtraceSingleStep(c.pid)); err != nil {
			return err
		}
	}
	return nil
}

// reach lets the child go on until it is at p, and not beyond.
func (c *tracee) reach(p point) error {
	if err := c.skipCalls(p.calls); err != nil || p.pc == 0 {
		return err
	}
	var old [1]byte
	if _, err := syscall.PtracePeekText(c.pid, uintptr(p.pc), old[:]); err != nil {
		return errElsewhere // the kernel's page of functions, which has no fixed place
	}
	trap := func(b byte) error {
		_, err := syscall.PtracePokeText(c.pid, uintptr(p.pc), []byte{b})
		return err
	}
	const breakpoint = 0xcc
	for left := p.times; ; {
		var regs syscall.PtraceRegs
		if err := syscall.PtraceGetRegs(c.pid, &regs); err != nil {
			return err
		}
		at := regs.Rip == p.pc
		if at {
			left--
		}
		if left == 0 {
			return nil
		}
		if at { // over it
			if err := c.resume(syscall.PtraceSingleStep(c.pid)); err != nil {
				return err
			}
			continue
		}
		if err := trap(breakpoint); err != nil {
			return errElsewhere // as above
		}
		if err := c.resume(syscall.PtraceCont(c.pid, 0)); err != nil {
			return err
		}
		if err := syscall.PtraceGetRegs(c.pid, &regs); err != nil {
			return err
		}
		regs.Rip-- // behind the breakpoint
		if err := errors.Join(trap(old[0]), syscall.PtraceSetRegs(c.pid, &regs)); err != nil {
			return err
		}
	}
}

// atCall is the signal of a stop at the beginning or the end of a system call.
const atCall = syscall.SIGTRAP | 0x80

// resume waits for the child, if it could be made to go on.
func (c *tracee) resume(err error) error {
	if err != nil {
		return err
	}
	c.watch.Reset(patience)
	switch s, err := c.wait(); {
	case err != nil:
		return err
	case s == syscall.SIGSTOP:
		return errElsewhere
	case s != syscall.SIGTRAP && s != atCall:
		return fmt.Errorf("stopped by %v", s)
	}
	return nil
}

// kill kills the child as it is and waits until the kernel has freed what it had.
func (c *tracee) kill() {
	if c == nil {
		return
	}
	c.watch.Stop()
	if !c.dead {
		_ = syscall.Kill(c.pid, syscall.SIGKILL)
		reap(c.frozen)
		for !c.dead {
			if _, err := c.wait(); err != nil {
				break
			}
		}
	}
	c.out.Close()
	os.Remove(c.out.Name())
}

// within fails a test that hangs: a survivor that waits for the dead.
const within = 20 * time.Second

// patience is how long a child may need from one stop to the next.
const patience = 3 * time.Second

// cannotTrace skips the test where ptrace is not allowed.
func cannotTrace(t *testing.T, err error) {
	t.Helper()
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOSYS) {
		t.Skipf("needs a system that allows ptrace: steps a process by single instructions: %v", err)
	}
}
