//go:build linux

package datablock_test

import (
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pylabhub/datahub/runtime/datablock"
	"github.com/pylabhub/datahub/runtime/datablock/internal/weather"
)

// stall is how long a process stands still in the tests of stalls. A minute shows
// nothing that two seconds do not.
var stall = flag.Duration("stall", 2*time.Second, "how long stopped processes stand still")

var _ = faultRole("reads in order", func(args []string) error {
	c, err := weather.ReadingChannel.Attach("roof", datablock.Root(args[0]))
	if err != nil {
		return err
	}
	fmt.Println("attached")
	for next := uint64(0); ; next++ {
		s, err := c.Next(context.Background())
		if errors.Is(err, datablock.ErrProducerClosed) {
			fmt.Println("read", next)
			return c.Close()
		}
		if err != nil {
			return err
		}
		if s.Seq != next || s.Value.Number != next || s.Value.Check != ^next || s.Lost != 0 {
			return fmt.Errorf("got value %d, number %d, %d lost; want %d", s.Seq, s.Value.Number, s.Lost, next)
		}
		time.Sleep(100 * time.Microsecond) // it is behind when it is stopped
	}
})

func TestFault13AStoppedReaderHoldsTheWriterUpToItsDeadlineAndLosesNothing(t *testing.T) {
	dir := sharedMemory(t)
	p := createReading(t, datablock.Root(dir), datablock.Timeout(100*time.Millisecond))
	c := startChild(t, faultCommand("reads in order", dir))
	c.expect("attached")
	n := uint64(0)
	write := func() error {
		err := p.Write(within(t), func(v *weather.Reading) error { v.Number, v.Check = n, ^n; return nil })
		if err == nil {
			n++
		}
		return err
	}
	for range 100 {
		must(t, write())
	}
	c.signal(syscall.SIGSTOP)
	var err error
	for end := time.Now().Add(*stall); time.Now().Before(end); {
		if err = write(); err == nil {
			continue // until the ring is full
		}
		var e *datablock.TimeoutError
		if !errors.As(err, &e) || !errors.Is(err, os.ErrDeadlineExceeded) || int(e.Holder.PID) != c.cmd.Process.Pid {
			t.Fatalf("the writer got %v", err)
		}
		if p.Consumers() != 1 {
			t.Fatal("a stopped consumer is taken for dead")
		}
	}
	t.Log(err)
	c.signal(syscall.SIGCONT)
	for range 100 {
		for err = write(); err != nil; err = write() {
			if !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Fatal(err)
			}
		}
	}
	must(t, p.Drain(within(t)))
	must(t, p.Close())
	c.expect(fmt.Sprint("read ", n))
	must(t, c.cmd.Wait())
}

// evicting is a channel whose values take long to copy, most of all under the race
// detector.
var evicting = datablock.Spec{
	RawSize: slow, Policy: datablock.Ring, Sync: datablock.SyncReaders, Capacity: 4, Consumers: 2, PageSize: 4096,
}

func fillRaw(b []byte, n uint64) {
	for i := 0; i < len(b); i += 8 {
		binary.LittleEndian.PutUint64(b[i:], n^uint64(i))
	}
}

func wholeRaw(b []byte, n uint64) bool {
	for i := 0; i < len(b); i += 8 {
		if binary.LittleEndian.Uint64(b[i:]) != n^uint64(i) {
			return false
		}
	}
	return true
}

var _ = faultRole("reads until evicted", func(args []string) error {
	c, err := datablock.AttachRaw(&evicting, "roof", datablock.Root(args[0]))
	if err != nil {
		return err
	}
	fmt.Println("attached")
	for good := 0; ; {
		n, torn := uint64(0), false
		err := c.Read(context.Background(), func(s datablock.RawSample) error {
			n, torn = s.Seq, !wholeRaw(s.Value, s.Seq)
			return nil
		})
		switch {
		case errors.Is(err, datablock.ErrEvicted):
			if err := c.SeekNewest(); err != nil {
				return err
			}
			fmt.Println("evicted after", good)
			good = 0
		case errors.Is(err, datablock.ErrProducerClosed):
			return c.Close()
		case err != nil:
			return err
		case torn:
			return fmt.Errorf("value %d was accepted and is torn", n)
		default:
			good++
		}
	}
})

func TestFault14AStoppedReaderIsEvictedToldSoAndAcceptsNothingTorn(t *testing.T) {
	dir := sharedMemory(t)
	p, err := datablock.CreateRaw(&evicting, "roof", datablock.Root(dir), datablock.EvictAfter(20*time.Millisecond))
	must(t, err)
	defer p.Close()
	c := startChild(t, faultCommand("reads until evicted", dir))
	c.expect("attached")
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 14))
	write := func() {
		t.Helper()
		must(t, p.Write(within(t), func(b []byte) (int, error) { fillRaw(b, p.Seq()); return len(b), nil }))
	}
	evictions := func() uint64 {
		m, err := p.Metrics()
		must(t, err)
		return m.Evictions
	}
	stopped := 0 // evictions of a process that stood still
	for range 12 {
		before := evictions()
		for range 4 + random.IntN(8) {
			write()
		}
		time.Sleep(time.Duration(random.IntN(500)) * time.Microsecond) // somewhere in a copy
		c.signal(syscall.SIGSTOP)
		running := evictions() // on a busy machine it may have lost its place before
		for end := time.Now().Add(time.Second); evictions() == before && time.Now().Before(end); {
			write()
		}
		if evictions() != running {
			stopped++
		}
		for range 8 {
			write() // over all that it was reading
		}
		if p.Consumers() == 0 {
			t.Error("a stopped consumer is taken for dead")
		}
		c.signal(syscall.SIGCONT)
		if evictions() == before {
			continue // it was stopped before it had its place again
		}
		if s := c.line(); !strings.HasPrefix(s, "evicted after ") {
			t.Fatalf("the consumer says %q; seed %d", s, seed)
		}
	}
	if t.Logf("seed %d: evicted %d times while it stood still", seed, stopped); stopped == 0 {
		t.Error("it was never evicted while it stood still")
	}
	must(t, p.Close())
	for s := range c.out { // the last values may have cost it its place again
		if !strings.HasPrefix(s, "evicted after ") {
			t.Errorf("the consumer says %q; seed %d", s, seed)
		}
	}
	must(t, c.cmd.Wait())
}

var _ = faultRole("writes in order", func(args []string) error {
	p, err := weather.ReadingChannel.Create("roof", datablock.Root(args[0]))
	if err != nil {
		return err
	}
	fmt.Println("created")
	for {
		n := p.Seq()
		if err := p.Send(context.Background(), &weather.Reading{Number: n, Check: ^n}); err != nil {
			return err
		}
		time.Sleep(time.Millisecond)
	}
})

func TestFault15AStoppedWriterIsStalledAndNotDead(t *testing.T) {
	dir := sharedMemory(t)
	at := datablock.Root(dir)
	w := startChild(t, faultCommand("writes in order", dir))
	w.expect("created")
	c := attachReading(t, at, datablock.Timeout(100*time.Millisecond))
	next := func() error {
		s, err := c.Next(within(t))
		if err == nil && (s.Value.Number != s.Seq || s.Value.Check != ^s.Seq || s.Lost != 0) {
			t.Fatalf("value %d: %+v, %d lost", s.Seq, *s.Value, s.Lost)
		}
		return err
	}
	for range 20 {
		must(t, next())
	}
	w.signal(syscall.SIGSTOP)
	for end, stalled := time.Now().Add(*stall), 0; time.Now().Before(end) || stalled == 0; {
		err := next()
		if err == nil {
			continue // what it had written
		}
		var e *datablock.TimeoutError
		if !errors.As(err, &e) || int(e.Holder.PID) != w.cmd.Process.Pid {
			t.Fatalf("the reader got %v", err)
		}
		stalled++
		_, err = weather.ReadingChannel.Create("roof", at)
		var there *datablock.ExistsError
		if !errors.As(err, &there) || there.Producer.PID != w.cmd.Process.Pid {
			t.Fatalf("a second producer got %v", err)
		}
	}
	m, err := datablock.MetricsOf("roof", at)
	must(t, err)
	if m.Producer.State != datablock.ProducerLive || m.Producer.HeartbeatAge < *stall/2 {
		t.Errorf("the producer is shown %v, last seen %v ago", m.Producer.State, m.Producer.HeartbeatAge)
	}
	w.signal(syscall.SIGCONT)
	for got := 0; got < 20; {
		if err := next(); err == nil {
			got++
		} else if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatal(err)
		}
	}
}

var _ = faultRole("starves", func(args []string) error {
	strategy, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	if n := runtime.GOMAXPROCS(0); n != 1 {
		return fmt.Errorf("GOMAXPROCS is %d", n)
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	for range 2 {
		go func() {
			for n := 0; ctx.Err() == nil; { // without a call that lets others run
				for range 100_000 {
					n++
				}
			}
		}()
	}
	go func() {
		for ctx.Err() == nil {
			runtime.GC()
			time.Sleep(time.Millisecond)
		}
	}()
	opts := []datablock.Option{datablock.Root(args[0]), datablock.Wait(datablock.WaitStrategy(strategy))}
	p, err := weather.ReadingChannel.Create("roof", opts...)
	if err != nil {
		return err
	}
	c, err := weather.ReadingChannel.Attach("roof", opts...)
	if err != nil {
		return err
	}
	const values = 200
	var wg sync.WaitGroup
	var writes, reads error
	wg.Go(func() {
		for n := range uint64(values) {
			if writes = p.Send(ctx, &weather.Reading{Number: n}); writes != nil {
				return
			}
		}
	})
	wg.Go(func() {
		for n := range uint64(values) {
			s, err := c.Next(ctx)
			if err == nil && s.Value.Number != n {
				err = fmt.Errorf("got %d, want %d", s.Value.Number, n)
			}
			if err == nil {
				err = c.Release()
			}
			if reads = err; err != nil {
				return
			}
		}
	})
	wg.Wait()
	fmt.Println("done")
	return errors.Join(writes, reads, c.Close(), p.Close())
})

func TestFault17OneProcessorBusyGoroutinesAndGCStopNobody(t *testing.T) {
	for name, strategy := range map[string]datablock.WaitStrategy{
		"adaptive": datablock.Adaptive, "busy": datablock.Busy, "block": datablock.Block,
	} {
		t.Run(name, func(t *testing.T) {
			cmd := faultCommand("starves", sharedMemory(t), strconv.Itoa(int(strategy)))
			cmd.Env = append(cmd.Env, "GOMAXPROCS=1")
			began := time.Now()
			c := startChild(t, cmd)
			c.expect("done")
			must(t, c.cmd.Wait())
			t.Logf("200 values in %v", time.Since(began))
		})
	}
}
