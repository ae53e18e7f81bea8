//go:build linux

package datablock_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pylabhub/datahub/runtime/datablock"
	"github.com/pylabhub/datahub/runtime/datablock/internal/weather"
)

// inNamespace makes cmd the first process of a pid namespace of its own.
func inNamespace(cmd *exec.Cmd) *exec.Cmd {
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWPID | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: os.Getuid(), HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: os.Getgid(), HostID: os.Getgid(), Size: 1}},
		// A user of its own namespace may do there what root may.
		AmbientCaps: []uintptr{capSysAdmin},
	}
	return cmd
}

const capSysAdmin = 21

// needNamespaces skips a test where users cannot make namespaces.
func needNamespaces(t *testing.T) {
	t.Helper()
	if err := inNamespace(exec.Command("/proc/self/exe", "-test.list", "^$")).Run(); err != nil {
		t.Skip("needs a kernel that lets this user make namespaces:", err)
	}
}

var _ = faultRole("sits in a namespace", func(args []string) error {
	at := datablock.Root(args[1])
	fmt.Println("pid", os.Getpid())
	if args[0] == "consumer" {
		c, err := weather.ReadingChannel.Attach("roof", at)
		if err != nil {
			return err
		}
		fmt.Println("attached")
		_, err = c.Next(context.Background())
		fmt.Println(errors.Is(err, datablock.ErrProducerDied))
		fmt.Scanln()
		return c.Close()
	}
	_, err := weather.ReadingChannel.Create("roof", at)
	if err != nil {
		return err
	}
	fmt.Println("created")
	fmt.Scanln()
	return nil
})

// TestFault20InAnotherPIDNamespaceTheLivingAndTheDeadAreTold: a pid says nothing
// there, as everybody is number 1.
func TestFault20InAnotherPIDNamespaceTheLivingAndTheDeadAreTold(t *testing.T) {
	needNamespaces(t)
	dir := sharedMemory(t)
	at := datablock.Root(dir)
	producer := startChild(t, inNamespace(faultCommand("sits in a namespace", "producer", dir)))
	producer.expect("pid 1")
	producer.expect("created")
	mine := attachReading(t, at, datablock.Timeout(200*time.Millisecond))
	consumer := startChild(t, inNamespace(faultCommand("sits in a namespace", "consumer", dir)))
	consumer.expect("pid 1")
	consumer.expect("attached")

	alive := func(what string) {
		t.Helper()
		if _, err := mine.Next(within(t)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: a consumer of this namespace got %v", what, err)
		}
		if _, err := weather.ReadingChannel.Create("roof", at); !errors.Is(err, datablock.ErrExists) {
			t.Errorf("%s: a second producer got %v", what, err)
		}
	}
	alive("running")
	producer.signal(syscall.SIGSTOP)
	alive("stopped")
	must(t, producer.cmd.Process.Kill())
	if _, err := mine.Next(within(t)); !errors.Is(err, datablock.ErrProducerDied) {
		t.Errorf("killed: a consumer of this namespace got %v", err)
	}
	consumer.expect("true") // that of the other namespace was told as well

	p := createReading(t, at, datablock.Timeout(10*time.Second))
	if n := p.Consumers(); n != 2 {
		t.Errorf("%d consumers are alive, want 2", n)
	}
	must(t, mine.Close())
	must(t, consumer.cmd.Process.Kill())
	for n := range uint64(30) { // the ring has 8: the dead one's place is needed
		put(t, p, n)
	}
	if n := p.Consumers(); n != 0 {
		t.Errorf("%d consumers are alive, want none", n)
	}
}

// TestFault19AZombieIsDead: a killed process whose parent has not asked for it yet
// still has its pid, and kill(pid, 0) finds it.
func TestFault19AZombieIsDead(t *testing.T) {
	dir := sharedMemory(t)
	at := datablock.Root(dir)
	zombie := func(c *faultChild) {
		t.Helper()
		must(t, c.cmd.Process.Kill())
		for end := time.Now().Add(10 * time.Second); c.state() != "Z"; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("no zombie: state %q", c.state())
			}
		}
		if err := syscall.Kill(c.cmd.Process.Pid, 0); err != nil {
			t.Fatal("the kernel knows no such process:", err)
		}
	}
	producer := startChild(t, faultCommand("sits in a namespace", "producer", dir))
	producer.line()
	producer.expect("created")
	c := attachReading(t, at)
	zombie(producer)
	began := time.Now()
	if _, err := c.Next(within(t)); !errors.Is(err, datablock.ErrProducerDied) {
		t.Errorf("a consumer of a zombie got %v", err)
	}
	t.Logf("told after %v", time.Since(began))
	p := createReading(t, at, datablock.Timeout(10*time.Second))
	must(t, c.Close())

	consumer := startChild(t, faultCommand("reads in order", dir))
	consumer.expect("attached")
	zombie(consumer)
	// Its first thread is a zombie by now, the last one frees the lock.
	for end := time.Now().Add(10 * time.Second); p.Consumers() != 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("a zombie is taken for alive")
		}
	}
	for n := range uint64(30) {
		put(t, p, n)
	}
	if producer.state() != "Z" || consumer.state() != "Z" {
		t.Error("they are zombies no more")
	}
}

// The first process of a namespace, where nobody else makes processes, gives the
// pids of the killed away again.
var _ = faultRole("reuses pids", func(args []string) error {
	// The /proc of this namespace.
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("skip: private mounts: %w", err)
	}
	if err := syscall.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		return fmt.Errorf("skip: mount /proc: %w", err)
	}
	at := datablock.Root(args[0])
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()

	producer := faultCommand("sits in a namespace", "producer", args[0])
	if err := killAndReplace(producer, "created"); err != nil {
		return fmt.Errorf("producer: %w", err)
	}
	c, err := weather.ReadingChannel.Attach("roof", at)
	if err != nil {
		return err
	}
	if _, err := c.Next(ctx); !errors.Is(err, datablock.ErrProducerDied) {
		return fmt.Errorf("the consumer got %w", err)
	}
	p, err := weather.ReadingChannel.Create("roof", at)
	if err != nil {
		return fmt.Errorf("the next producer: %w", err)
	}
	if err := c.Close(); err != nil {
		return err
	}

	consumer := faultCommand("reads in order", args[0])
	if err := killAndReplace(consumer, "attached"); err != nil {
		return fmt.Errorf("consumer: %w", err)
	}
	m, err := p.Metrics()
	if err != nil || !m.Consumers[0].Attached || m.Consumers[0].PID != consumer.Process.Pid {
		return fmt.Errorf("the dead consumer's cell: %+v, %w", m.Consumers, err)
	}
	if n := p.Consumers(); n != 0 {
		return fmt.Errorf("%d consumers are alive", n)
	}
	for range 30 {
		if err := p.Send(ctx, &weather.Reading{}); err != nil {
			return fmt.Errorf("the writer waits for a bystander: %w", err)
		}
	}
	fmt.Println("nobody was mistaken for another")
	return p.Close()
})

var _ = faultRole("bystander", func([]string) error { time.Sleep(time.Hour); return nil })

// killAndReplace runs cmd until it says what is wanted, kills it, and starts a
// bystander with its pid.
func killAndReplace(cmd *exec.Cmd, say string) error {
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	in, err := cmd.StdinPipe() // left open
	if err != nil {
		return err
	}
	defer in.Close()
	if err := cmd.Start(); err != nil {
		return err
	}
	b := make([]byte, 100)
	for said := ""; !strings.Contains(said, say); {
		n, err := out.Read(b)
		if err != nil {
			return fmt.Errorf("it said %q: %w", said, err)
		}
		said += string(b[:n])
	}
	if err := cmd.Process.Kill(); err != nil {
		return err
	}
	_ = cmd.Wait() // killed
	for range 200 {
		last := strconv.Itoa(cmd.Process.Pid - 1)
		if err := os.WriteFile("/proc/sys/kernel/ns_last_pid", []byte(last), 0); err != nil {
			return fmt.Errorf("skip: %w", err)
		}
		other := faultCommand("bystander")
		if err := other.Start(); err != nil {
			return err
		}
		if other.Process.Pid == cmd.Process.Pid {
			return nil // it ends with the namespace
		}
		_ = other.Process.Kill() // a thread was faster
		_ = other.Wait()
	}
	return errors.New("skip: the pid does not come again")
}

func TestFault18AnotherProcessWithThePIDOfADeadOneIsNotTakenForIt(t *testing.T) {
	needNamespaces(t)
	c := startChild(t, inNamespace(faultCommand("reuses pids", sharedMemory(t))))
	said := c.line()
	if reason, ok := strings.CutPrefix(said, "error: "); ok && strings.Contains(reason, "skip: ") {
		t.Skip("needs a kernel that gives pids away on demand:", reason)
	}
	if said != "nobody was mistaken for another" {
		t.Error(said)
	}
	must(t, c.cmd.Wait())
}
