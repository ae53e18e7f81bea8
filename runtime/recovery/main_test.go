//go:build linux || darwin || freebsd

package recovery_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/datablock"
	"github.com/pylabhub/datahub/runtime/recovery"
	"github.com/pylabhub/datahub/runtime/segment"
	"github.com/pylabhub/datahub/runtime/slot"
)

// roleVariable makes the test binary one of the processes that die.
const roleVariable = "RECOVERY_TEST_ROLE"

func TestMain(m *testing.M) {
	if role := strings.Fields(os.Getenv(roleVariable)); len(role) > 0 {
		if err := roles[role[0]](segment.Options{Root: os.Getenv("DATAHUB_DIR")}, role[1:]); err != nil {
			fmt.Println("error:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// roles are what a child can be. Each says what it has come to, line by line, and
// goes on for ever.
var roles = map[string]func(o segment.Options, args []string) error{
	// hold CHANNEL N: reads N values, and uses one more.
	"hold": func(o segment.Options, args []string) error {
		r, err := attach(args[0], o)
		if err != nil {
			return err
		}
		n, err := strconv.Atoi(args[1])
		for i := 0; i <= n && err == nil; i++ {
			_, err = r.Acquire(context.Background(), 10*time.Second)
			if err == nil && i < n {
				err = r.Release()
			}
		}
		if err != nil {
			return err
		}
		fmt.Println("holding")
		// What becomes of the place, once the parent says so.
		io.Copy(io.Discard, os.Stdin)
		fmt.Println(r.Release())
		return r.Leave()
	},
	// sit CHANNEL: has a place and does nothing.
	"sit": func(o segment.Options, args []string) error {
		if _, err := attach(args[0], o); err != nil {
			return err
		}
		fmt.Println("sitting")
		return linger()
	},
	// write CHANNEL SYNC N HOW: writes N values and leaves the rest as a death leaves
	// it: claim (a value is half written), stamp (the last one is not counted), none.
	"write": func(o segment.Options, args []string) error {
		n, err := strconv.Atoi(args[2])
		if err != nil {
			return err
		}
		w, err := create(args[0], config(syncs[args[1]], 8, 4), o)
		if err != nil {
			return err
		}
		for range n {
			b, err := w.Claim(context.Background(), 10*time.Second)
			if err != nil {
				return err
			}
			fill(b, w.Seq())
			if err := w.Commit(); err != nil {
				return err
			}
		}
		switch args[3] {
		case "claim":
			b, err := w.Claim(context.Background(), 10*time.Second)
			if err != nil {
				return err
			}
			fill(b[:len(b)/2], w.Seq())
		case "stamp":
			page := w.seg.Region(hdr.RegionKindProducer)
			binary.NativeEndian.PutUint64(page[hdr.FieldProducerPageHead:], uint64(n-1))
		}
		fmt.Println("written")
		return linger()
	},
	// lock CHANNEL: takes spinlock 0 as a consumer.
	"lock": func(o segment.Options, args []string) error {
		r, err := attach(args[0], o)
		if err != nil {
			return err
		}
		l, err := r.Locks().At(0)
		if err == nil {
			_, err = l.Lock(context.Background(), 0)
		}
		if err != nil {
			return err
		}
		fmt.Println("locked")
		return linger()
	},
	// stream CHANNEL SYNC: writes without end.
	"stream": func(o segment.Options, args []string) error {
		w, err := create(args[0], config(syncs[args[1]], 64, 4), o)
		if err != nil {
			return err
		}
		for n := 0; ; n++ {
			b, err := w.Claim(context.Background(), 10*time.Second)
			if err != nil {
				return err
			}
			fill(b, w.Seq())
			if err := w.Commit(); err != nil {
				return err
			}
			if n == 1000 {
				fmt.Println("streaming")
			}
		}
	},
	// produce CHANNEL SYNC N SIZE: sends N values of SIZE bytes to a channel that may be
	// there, replaced if it does not fit.
	"produce": func(o segment.Options, args []string) error {
		n, err := strconv.Atoi(args[2])
		if err != nil {
			return err
		}
		size, err := strconv.Atoi(args[3])
		if err != nil {
			return err
		}
		p, err := datablock.CreateRaw(spec(syncs[args[1]], uint32(size)), args[0], datablock.Replace())
		for ; n > 0 && err == nil; n-- {
			err = p.Send(context.Background(), make([]byte, size))
		}
		if err != nil {
			return err
		}
		fmt.Println(time.Now().UnixNano())
		return linger()
	},
	// mend CHANNEL ACTION STEP: dies in the STEP-th call of the host, says "done" if
	// there are fewer.
	"mend": func(o segment.Options, args []string) error {
		step, err := strconv.Atoi(args[2])
		if err != nil {
			return err
		}
		recovery.WrapHost(func(h slot.Host) slot.Host { return &mortal{h, step} })
		out, err := actions[args[1]](args[0], recovery.Options{Root: o.Root, Logger: quiet})
		if err != nil {
			return err
		}
		fmt.Println("done", out.Result)
		return linger()
	},
	// mending CHANNEL: cleans up again and again.
	"mending": func(o segment.Options, args []string) error {
		fmt.Println("mending")
		for {
			if _, err := recovery.CleanupDeadConsumers(args[0], recovery.Options{Root: o.Root, Logger: quiet}); err != nil {
				return err
			}
		}
	},
}

var syncs = map[string]hdr.Sync{
	"latest": hdr.SyncLatestOnly, "single": hdr.SyncSingleReader, "sync": hdr.SyncSyncReaders, "overwrite": hdr.SyncOverwrite,
}

// spec is that of a channel of bytes.
func spec(sync hdr.Sync, size uint32) *datablock.Spec {
	s := &datablock.Spec{
		RawSize: size, Policy: datablock.Ring, Sync: datablock.Sync(sync), Capacity: 8, Consumers: 4,
		PageSize: segment.Page4K, Spinlocks: 1,
	}
	if sync == hdr.SyncSingleReader {
		s.Consumers = 1
	}
	return s
}

var actions = map[string]func(string, recovery.Options) (recovery.Outcome, error){
	"readers": recovery.ReleaseZombieReaders,
	"cleanup": recovery.CleanupDeadConsumers,
	"writer":  recovery.ReleaseZombieWriter,
}

// A mortal host kills its process before its n-th step.
type mortal struct {
	slot.Host
	left int
}

func (m *mortal) step() {
	if m.left--; m.left == 0 {
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
}

func (m *mortal) TryLockCell(i int) (bool, error) {
	m.step()
	ok, err := m.Host.TryLockCell(i)
	m.step()
	return ok, err
}

func (m *mortal) UnlockCell(i int) { m.step(); m.Host.UnlockCell(i); m.step() }

func (m *mortal) Wake(w *uint32) { m.step(); m.Host.Wake(w); m.step() }

// linger waits to be killed.
func linger() error {
	_, err := io.Copy(io.Discard, os.Stdin)
	return err
}

// A child is another process.
type child struct {
	t   testing.TB
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func (p *place) start(role string) *child {
	p.t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), roleVariable+"="+role, "DATAHUB_DIR="+p.root)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	must(p.t, err)
	out, err := cmd.StdoutPipe()
	must(p.t, err)
	must(p.t, cmd.Start())
	c := &child{p.t, cmd, in, bufio.NewReader(out)}
	p.t.Cleanup(c.kill)
	return c
}

// expect waits until the child says a line.
func (c *child) expect(want string) {
	c.t.Helper()
	if got, err := c.out.ReadString('\n'); strings.TrimSuffix(got, "\n") != want {
		c.t.Fatalf("the child said %q (%v), want %q", got, err, want)
	}
}

func (c *child) signal(s syscall.Signal) {
	c.t.Helper()
	must(c.t, c.cmd.Process.Signal(s))
}

// kill kills the child and waits for its end. It may be called again.
func (c *child) kill() {
	if c.cmd.ProcessState == nil {
		_ = c.cmd.Process.Kill() // it may have ended by itself
		_ = c.cmd.Wait()
	}
}

// awaitDeath waits until the child has died by itself, by SIGKILL.
func (c *child) awaitDeath() (killed bool) {
	c.t.Helper()
	var exit *exec.ExitError
	return errors.As(c.cmd.Wait(), &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL
}
