package shm

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// The test binary runs itself as another process: the first argument after
// childFlag is what it is to be.
const childFlag = "-as-child"

var children = map[string]func(args []string) error{}

func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == childFlag {
		if err := children[os.Args[2]](os.Args[3:]); err != nil {
			fmt.Println("error:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// A child is another process. Tests talk with it line by line.
type child struct {
	t   *testing.T
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func start(t *testing.T, role string, args ...string) *child {
	t.Helper()
	cmd := exec.Command(os.Args[0], append([]string{childFlag, role}, args...)...)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	return &child{t, cmd, in, bufio.NewReader(out)}
}

// line returns the next line the child prints.
func (c *child) line() string {
	c.t.Helper()
	s, err := c.out.ReadString('\n')
	if err != nil && s == "" {
		c.t.Fatalf("child: %v", err)
	}
	return strings.TrimSpace(s)
}

func (c *child) expect(want string) {
	c.t.Helper()
	if got := c.line(); got != want {
		c.t.Fatalf("child said %q, want %q", got, want)
	}
}

// waitForEOF blocks until the parent closes our standard input or dies.
func waitForEOF() { io.Copy(io.Discard, os.Stdin) }

func openDir(t *testing.T, path string) *Dir {
	t.Helper()
	d, err := OpenDir(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// openFiles returns how many descriptors this process has, -1 if unknown.
func openFiles() int {
	e, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return -1
	}
	return len(e)
}

func checkFiles(t *testing.T) {
	t.Helper()
	before := openFiles()
	t.Cleanup(func() {
		if after := openFiles(); after != before {
			t.Errorf("%d descriptors are open, %d were before", after, before)
		}
	})
}
