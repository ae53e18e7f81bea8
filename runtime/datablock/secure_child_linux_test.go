package datablock_test

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// childVariable makes TestSecureChild another process: what it is to be, and the root.
const childVariable = "DATABLOCK_SECURE_CHILD"

var secureChildren = map[string]func(root string) error{}

// stranger is the user that children have, if this process may choose.
const stranger = 65534

// TestSecureChild is no test of its own, but what the other processes of the tests of
// secure channels do.
func TestSecureChild(t *testing.T) {
	role, root, ok := strings.Cut(os.Getenv(childVariable), " ")
	if !ok {
		t.Skip("only where another test starts it")
	}
	name, user, _ := strings.Cut(role, "@")
	if user != "" {
		uid, err := strconv.Atoi(user)
		if err == nil {
			err = become(uid)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := secureChildren[name](root); err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// become makes this process another user's.
func become(uid int) error {
	return errors.Join(syscall.Setgroups(nil), syscall.Setgid(uid), syscall.Setuid(uid))
}

// dumpable lets a process that has changed its user use its own /proc/self again.
func dumpable() error {
	const prSetDumpable = 4
	if _, _, e := syscall.RawSyscall(syscall.SYS_PRCTL, prSetDumpable, 1, 0); e != 0 {
		return e
	}
	return nil
}

// A secureChild is a process that says something line by line.
type secureChild struct {
	t   testing.TB
	cmd *exec.Cmd
	out *bufio.Reader
	in  io.Closer
}

// spawn starts a child.
func spawn(t testing.TB, role, root string) *secureChild {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestSecureChild$")
	cmd.Env = append(os.Environ(), childVariable+"="+role+" "+root)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	must(t, err)
	in, err := cmd.StdinPipe()
	must(t, err)
	must(t, cmd.Start())
	c := &secureChild{t, cmd, bufio.NewReader(out), in}
	t.Cleanup(c.kill)
	return c
}

func (c *secureChild) kill() {
	c.cmd.Process.Kill()
	c.cmd.Wait()
}

func (c *secureChild) line() string {
	c.t.Helper()
	s, err := c.out.ReadString('\n')
	if err != nil {
		c.t.Fatalf("child said %q, then: %v", s, err)
	}
	return strings.TrimSpace(s)
}

func (c *secureChild) expect(want string) {
	c.t.Helper()
	if got := c.line(); got != want {
		c.t.Fatalf("child said %q, want %q", got, want)
	}
}

// publicRoot returns a folder that other users can enter.
func publicRoot(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "datahub-secure-")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	must(t, os.Chmod(dir, 0o755))
	return dir
}

// strangerIfRoot returns role for a child of another user if that can be had. Of the
// same user, it can do more.
func strangerIfRoot(role string) string {
	if os.Geteuid() != 0 {
		return role
	}
	return fmt.Sprintf("%s@%d", role, stranger)
}

// A caller speaks with a producer as docs/secure-mode.md tells, without the library.
type caller struct{ fd int }

func dialSocket(root string) (caller, error) {
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_SEQPACKET|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return caller{}, err
	}
	return caller{fd}, syscall.Connect(fd, &syscall.SockaddrUnix{Name: filepath.Join(root, "roof", "socket")})
}

func (c caller) say(what uint16, number uint32) error {
	b := append([]byte("DHSECURE"), 1, 0)
	b = binary.LittleEndian.AppendUint16(b, what)
	b = binary.LittleEndian.AppendUint32(b, number)
	return syscall.Sendmsg(c.fd, append(b, make([]byte, 16)...), nil, nil, syscall.MSG_NOSIGNAL)
}

// hear receives a message and the descriptor with it, -1 if there is none.
func (c caller) hear() (what uint16, number uint32, fd int, err error) {
	b, oob := make([]byte, 64), make([]byte, 64)
	n, oobn, _, _, err := syscall.Recvmsg(c.fd, b, oob, syscall.MSG_CMSG_CLOEXEC)
	if err != nil || n != 32 {
		return 0, 0, -1, errors.Join(err, fmt.Errorf("a message of %d bytes", n))
	}
	fd = -1
	m, err := syscall.ParseSocketControlMessage(oob[:oobn])
	if err == nil && len(m) == 1 {
		fds, err := syscall.ParseUnixRights(&m[0])
		if err != nil || len(fds) != 1 {
			return 0, 0, -1, fmt.Errorf("%d descriptors, %w", len(fds), err)
		}
		fd = fds[0]
	}
	return binary.LittleEndian.Uint16(b[10:]), binary.LittleEndian.Uint32(b[12:]), fd, err
}

// A stolen is what a consumer is given.
type stolen struct {
	caller
	data, control int
	dataMap, map2 []byte // data for reading, control for writing
	place         uint32
}

// join shakes hands as a consumer does.
func join(root string) (*stolen, error) {
	c, err := dialSocket(root)
	if err != nil {
		return nil, err
	}
	s := &stolen{caller: c}
	if err := c.say(1, 0); err != nil {
		return nil, err
	}
	what, number, fd, err := c.hear()
	if err != nil || what != 3 {
		return nil, fmt.Errorf("heard %d (%d), not the data: %w", what, number, err)
	}
	s.data = fd
	if what, _, s.control, err = c.hear(); err != nil || what != 4 {
		return nil, fmt.Errorf("heard %d, not the control file: %w", what, err)
	}
	for _, m := range []struct {
		fd, prot int
		to       *[]byte
	}{{s.data, syscall.PROT_READ, &s.dataMap}, {s.control, syscall.PROT_READ | syscall.PROT_WRITE, &s.map2}} {
		var st syscall.Stat_t
		if err := syscall.Fstat(m.fd, &st); err != nil {
			return nil, err
		}
		if *m.to, err = syscall.Mmap(m.fd, 0, int(st.Size), m.prot, syscall.MAP_SHARED); err != nil {
			return nil, err
		}
	}
	if err := c.say(5, 0); err != nil {
		return nil, err
	}
	if what, s.place, _, err = c.hear(); err != nil || what != 6 {
		return nil, fmt.Errorf("heard %d, not go: %w", what, err)
	}
	return s, nil
}

// untilEOF blocks until the parent is gone or closes our standard input.
func untilEOF() { io.Copy(io.Discard, os.Stdin) }

// soon fails the test unless ok becomes true.
func soon(t testing.TB, what string, ok func() bool) time.Duration {
	t.Helper()
	begin := time.Now()
	for !ok() {
		if time.Since(begin) > 20*time.Second {
			t.Fatalf("not after 20 s: %s", what)
		}
		time.Sleep(time.Millisecond)
	}
	return time.Since(begin)
}
