//go:build linux

package datablock_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pylabhub/datahub/runtime/datablock"
	"github.com/pylabhub/datahub/runtime/datablock/internal/weather"
)

var _ = faultRole("holds the latest", func(args []string) error {
	c, err := weather.LatestChannel.Attach("roof", datablock.Root(args[0]))
	if err != nil {
		return err
	}
	if _, err := c.Next(context.Background()); err != nil {
		return err
	}
	fmt.Println("holds")
	_, err = io.Copy(io.Discard, os.Stdin) // until it is killed
	return err
})

// rate returns how many values p writes in a tenth of a second.
func rate(t *testing.T, p *weather.LatestProducer) (n int) {
	t.Helper()
	for end := time.Now().Add(100 * time.Millisecond); time.Now().Before(end); {
		for range 100 {
			must(t, p.Write(within(t), func(v *weather.Latest) error {
				v.Number = p.Seq()
				fill(&v.Words, v.Number)
				return nil
			}))
			n++
		}
	}
	return n
}

func TestFault06AReaderKilledWhileHoldingALatestValueSlowsNobodyDown(t *testing.T) {
	dir := sharedMemory(t)
	p, err := weather.LatestChannel.Create("roof", datablock.Root(dir))
	must(t, err)
	defer p.Close()
	rate(t, p)
	var dead []*faultChild
	for range p.Config().Consumers { // all places
		c := startChild(t, faultCommand("holds the latest", dir))
		for said := false; !said; {
			rate(t, p)
			select {
			case s := <-c.out:
				if said = s == "holds"; !said {
					t.Fatalf("the child said %q", s)
				}
			default:
			}
		}
		dead = append(dead, c)
	}
	before := rate(t, p)
	for _, c := range dead {
		c.signal(syscall.SIGKILL)
		_ = c.cmd.Wait()
	}
	after := rate(t, p)
	t.Logf("%d values in 100 ms while they lived, %d after", before, after)
	if after < before/10 {
		t.Errorf("%d values in 100 ms while they lived, %d after", before, after)
	}
	for range p.Config().Consumers { // and their places are there
		c, err := weather.LatestChannel.Attach("roof", datablock.Root(dir))
		must(t, err)
		defer c.Close()
		s, err := c.Latest()
		must(t, err)
		if !whole(&s.Value.Words, s.Value.Number) || s.Value.Number != s.Seq {
			t.Errorf("value %d is torn: %+v", s.Seq, *s.Value)
		}
		must(t, c.Release())
	}
}

var _ = faultRole("stands still in order", func(args []string) error {
	c, err := weather.ReadingChannel.Attach("roof", datablock.Root(args[0]))
	if err != nil {
		return err
	}
	fmt.Println("attached")
	if _, err := c.Next(context.Background()); err != nil {
		return err
	}
	fmt.Println("holds")
	_, err = io.Copy(io.Discard, os.Stdin) // until it is killed
	return err
})

// stalledReaders starts n readers of which each holds the first value.
func stalledReaders(t *testing.T, p *weather.ReadingProducer, dir string, n int) (all []*faultChild) {
	t.Helper()
	for range n {
		c := startChild(t, faultCommand("stands still in order", dir))
		c.expect("attached")
		all = append(all, c)
	}
	put(t, p, 0)
	for _, c := range all {
		c.expect("holds")
	}
	return all
}

// slack is how many times longer than promised a busy machine may take to find out
// about the dead.
const slack = 10

func TestFault07AWriterGoesOnWhenAReaderItWaitsForIsKilled(t *testing.T) {
	const bound = 100 * time.Millisecond
	for _, sleeps := range []bool{false, true} {
		t.Run(map[bool]string{false: "before it waits", true: "while it waits"}[sleeps], func(t *testing.T) {
			dir := sharedMemory(t)
			p := createReading(t, datablock.Root(dir))
			living := attachReading(t, datablock.Root(dir))
			c := stalledReaders(t, p, dir, 1)[0]
			n := uint64(1)
			read := func() {
				s, err := living.Next(within(t))
				must(t, err)
				if s.Value.Number != s.Seq || s.Value.Check != ^s.Seq {
					t.Errorf("the living reader got value %d: %+v", s.Seq, *s.Value)
				}
				must(t, living.Release())
			}
			read()
			for ; n < uint64(p.Config().Capacity); n++ { // full
				put(t, p, n)
				read()
			}
			var killed time.Time
			kill := func() { killed = time.Now(); c.signal(syscall.SIGKILL) }
			var all sync.WaitGroup
			if sleeps {
				all.Go(func() { time.Sleep(50 * time.Millisecond); kill() })
			} else {
				kill()
				_ = c.cmd.Wait()
			}
			put(t, p, n)
			all.Wait()
			took := time.Since(killed)
			t.Logf("it goes on %v after the kill", took)
			if took > slack*bound {
				t.Errorf("it went on %v after the kill, want %v", took, bound)
			}
			read()
		})
	}
}

func TestFault08AWriterGoesOnWhenAllReadersAreKilled(t *testing.T) {
	dir := sharedMemory(t)
	p := createReading(t, datablock.Root(dir))
	all := stalledReaders(t, p, dir, int(p.Config().Consumers))
	n := uint64(1)
	for ; n < uint64(p.Config().Capacity); n++ {
		put(t, p, n)
	}
	for _, c := range all {
		c.signal(syscall.SIGKILL)
		_ = c.cmd.Wait()
	}
	start := time.Now()
	for range 10 * p.Config().Capacity {
		put(t, p, n)
		n++
	}
	t.Logf("%d values in %v", 10*p.Config().Capacity, time.Since(start))
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("the writer needed %v", took)
	}
	m, err := p.Metrics()
	must(t, err)
	if m.Reclaimed != uint64(len(all)) || p.Consumers() != 0 {
		t.Errorf("%d places were reclaimed, and %d consumers are there", m.Reclaimed, p.Consumers())
	}
	for range all {
		attachReading(t, datablock.Root(dir))
	}
}

var _ = faultRole("writes one and stands still", func(args []string) error {
	p, err := weather.ReadingChannel.Create("roof", datablock.Root(args[0]))
	if err != nil {
		return err
	}
	fmt.Println("created")
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		n := p.Seq()
		err := p.Write(context.Background(), func(v *weather.Reading) error { v.Number, v.Check = n, ^n; return nil })
		if err != nil {
			return err
		}
	}
	return in.Err()
})

func TestFault09ReadersThatSleepAreToldThatTheWriterWasKilled(t *testing.T) {
	const bound = 200 * time.Millisecond
	dir := sharedMemory(t)
	p := startChild(t, faultCommand("writes one and stands still", dir))
	p.expect("created")
	waits := map[string]func(c *weather.ReadingConsumer) error{
		"Next":    func(c *weather.ReadingConsumer) error { _, err := c.Next(within(t)); return err },
		"Chan":    func(c *weather.ReadingConsumer) error { return (<-c.Chan(within(t), 1)).Err },
		"WaitSet": waitInSet,
		"NextN":   func(c *weather.ReadingConsumer) error { _, err := c.NextN(within(t), 2); return err },
	}
	type outcome struct {
		how string
		err error
		at  time.Time
	}
	told := make(chan outcome, len(waits))
	for how, wait := range waits {
		c := attachReading(t, datablock.Root(dir))
		go func() {
			err := wait(c)
			told <- outcome{how, err, time.Now()}
		}()
	}
	time.Sleep(300 * time.Millisecond) // they sleep
	killed := time.Now()
	p.signal(syscall.SIGKILL)
	for range waits {
		o := <-told
		took := o.at.Sub(killed)
		t.Logf("%s: %v after %v", o.how, o.err, took)
		if !errors.Is(o.err, datablock.ErrProducerDied) || took > slack*bound {
			t.Errorf("%s: %v after %v, want ErrProducerDied within %v", o.how, o.err, took, bound)
		}
	}
}

func waitInSet(c *weather.ReadingConsumer) error {
	set := datablock.NewWaitSet()
	defer set.Close()
	if err := set.Add(c); err != nil {
		return err
	}
	events, err := set.Wait(context.Background())
	if err != nil {
		return err
	}
	return events[0].Err
}

func TestFault12APanicOrGoexitInACallbackPublishesNothingAndHoldsNothing(t *testing.T) {
	dir := sharedMemory(t)
	p := createReading(t, datablock.Root(dir))
	c := attachReading(t, datablock.Root(dir))
	// run calls f on a goroutine of its own, which f may end.
	run := func(f func()) {
		done := make(chan struct{})
		go func() {
			defer close(done)
			defer func() { _ = recover() }()
			f()
		}()
		<-done
	}
	n := uint64(0)
	for name, end := range map[string]func(){"panic": func() { panic("the user's") }, "Goexit": runtime.Goexit} {
		for range 2 * p.Config().Capacity { // a place that is not given back is missed
			run(func() {
				_ = p.Write(context.Background(), func(v *weather.Reading) error { v.Number, v.Check = 1<<40, 1; end(); return nil })
			})
			if got := p.Seq(); got != n {
				t.Fatalf("%s in Write: the next value is number %d, want %d", name, got, n)
			}
			if _, ok, err := c.TryNext(); ok || err != nil {
				t.Fatalf("%s in Write: something was published: %v, %v", name, ok, err)
			}
			put(t, p, n)
			run(func() {
				_ = c.Read(context.Background(), func(s datablock.Sample[weather.Reading]) error {
					if s.Seq != n || s.Value.Check != ^n {
						t.Errorf("%s in Read: value %d: %+v", name, s.Seq, *s.Value)
					}
					end()
					return nil
				})
			})
			if c.Held() != 0 {
				t.Fatalf("%s in Read: the value is still in use", name)
			}
			n++
		}
	}
}
