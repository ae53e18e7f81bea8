//go:build linux

package datablock_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A fault test makes other processes of the test binary: each plays one role, and
// they talk line by line.
const faultVariable = "DATABLOCK_TEST_FAULT"

var faultRoles map[string]func(args []string) error

// faultRole is called where package variables are made, before any init.
func faultRole(name string, fn func(args []string) error) bool {
	if faultRoles == nil {
		faultRoles = map[string]func([]string) error{}
	}
	faultRoles[name] = fn
	return true
}

func init() {
	line := os.Getenv(faultVariable)
	if line == "" {
		return
	}
	args := strings.Split(line, "\n")
	if err := faultRoles[args[0]](args[1:]); err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// A faultChild is another process.
type faultChild struct {
	t   testing.TB
	cmd *exec.Cmd
	in  io.WriteCloser
	out chan string // its lines
}

func faultCommand(role string, args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), faultVariable+"="+strings.Join(append([]string{role}, args...), "\n"))
	cmd.Stderr = os.Stderr
	return cmd
}

func startChild(t testing.TB, cmd *exec.Cmd) *faultChild {
	t.Helper()
	in, err := cmd.StdinPipe()
	must(t, err)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	c := &faultChild{t, cmd, in, make(chan string, 1<<16)}
	go func() {
		defer close(c.out)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			c.out <- lines.Text()
		}
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended
		_ = cmd.Wait()
	})
	return c
}

// line returns what the child says next, "" if it has ended.
func (c *faultChild) line() string {
	c.t.Helper()
	select {
	case s := <-c.out:
		return s
	case <-time.After(60 * time.Second):
		c.t.Fatal("the child says nothing")
		return ""
	}
}

func (c *faultChild) expect(want string) {
	c.t.Helper()
	if got := c.line(); got != want {
		c.t.Fatalf("the child said %q, want %q", got, want)
	}
}

func (c *faultChild) say(line string) {
	c.t.Helper()
	_, err := fmt.Fprintln(c.in, line)
	must(c.t, err)
}

func (c *faultChild) signal(s syscall.Signal) {
	c.t.Helper()
	must(c.t, c.cmd.Process.Signal(s))
	if s != syscall.SIGSTOP {
		return
	}
	// Until the kernel says so.
	for end := time.Now().Add(10 * time.Second); c.state() != "T"; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			c.t.Fatalf("the child does not stop: state %s", c.state())
		}
	}
}

// state returns the state of the process as /proc has it: R, S, T, Z ...
func (c *faultChild) state() string {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", c.cmd.Process.Pid))
	if err != nil {
		return ""
	}
	_, rest, _ := strings.Cut(string(b), ") ")
	return rest[:1]
}

// descriptors returns how many descriptors this process has.
func descriptors(t testing.TB) int {
	t.Helper()
	r, w, err := os.Pipe() // the Go runtime opens its own with the first of these
	must(t, errors.Join(err, r.Close(), w.Close()))
	e, err := os.ReadDir("/proc/self/fd")
	must(t, err)
	return len(e)
}
