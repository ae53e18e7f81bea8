package datablock_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pylabhub/datahub/runtime/datablock"
	"github.com/pylabhub/datahub/runtime/datablock/internal/weather"
)

// manySpec is that of the many small channels.
func manySpec() *datablock.Spec {
	return &datablock.Spec{RawSize: 8, Policy: datablock.Ring, Sync: datablock.SyncReaders, Capacity: 4, Consumers: 2, PageSize: 4096}
}

func many(i int) string { return "c" + strconv.Itoa(i) }

func init() {
	// Creates as many channels as its argument says, writes values to them at random
	// that count up in each, in bursts and after pauses, and closes them one by one.
	zoneRoles["scatter"] = func(ctx context.Context, t tape, what, _ string) error {
		f := strings.Split(what, ",")
		channels, _ := strconv.Atoi(f[0])
		values, _ := strconv.Atoi(f[1])
		seed, _ := strconv.ParseUint(f[2], 10, 64)
		ps := make([]*datablock.RawProducer, channels)
		for i := range ps {
			var err error
			if ps[i], err = datablock.CreateRaw(manySpec(), many(i)); err != nil {
				return err
			}
		}
		if err := t.store(1); err != nil {
			return err
		}
		for sure := uint64(0); sure != 2; { // until the consumers are there
			time.Sleep(time.Millisecond)
			var err error
			if sure, err = t.load(); err != nil {
				return err
			}
		}
		rnd := rand.New(rand.NewPCG(seed, 3))
		sent := make([]uint64, channels)
		for n := 0; n < values; {
			for range 1 + rnd.IntN(50) {
				i := rnd.IntN(channels)
				if err := ps[i].Send(ctx, binary.LittleEndian.AppendUint64(nil, sent[i])); err != nil {
					return err
				}
				sent[i]++
				n++
			}
			if rnd.IntN(4) == 0 {
				time.Sleep(time.Duration(rnd.IntN(500)) * time.Microsecond)
			}
		}
		for _, p := range ps {
			if err := p.Close(); err != nil {
				return err
			}
		}
		return nil
	}
	// Writes one value and waits to be killed.
	zoneRoles["one"] = func(ctx context.Context, t tape, _, name string) error {
		p, err := datablock.CreateRaw(manySpec(), name)
		if err != nil {
			return err
		}
		if err := t.store(1); err != nil {
			return err
		}
		for {
			if n, err := t.load(); err != nil || n == 2 {
				if err = errors.Join(err, p.Send(ctx, []byte("12345678")), t.store(3)); err != nil {
					return err
				}
				break
			}
			time.Sleep(time.Millisecond)
		}
		select {}
	}
}

// newTape makes a tape and a process that plays a role with it.
func newVictim(t *testing.T, root, role, what, name string) (*victim, tape) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tape")
	must(t, os.WriteFile(path, make([]byte, 8), 0o600))
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	must(t, err)
	t.Cleanup(func() { f.Close() })
	v := &victim{role: strings.Join([]string{role, what, name, path}, " ")}
	v.start(t, root)
	t.Cleanup(func() { _ = v.cmd.Process.Kill(); _ = v.cmd.Wait() })
	return v, tape{f}
}

// until waits for n on the tape.
func (t tape) until(tb testing.TB, n uint64) {
	tb.Helper()
	for ctx := within(tb); ; time.Sleep(time.Millisecond) {
		got, err := t.load()
		must(tb, err)
		if got == n {
			return
		}
		must(tb, ctx.Err())
	}
}

// attachMany attaches a consumer to each of n channels.
func attachMany(t testing.TB, n int, opts ...datablock.Option) []*datablock.RawConsumer {
	t.Helper()
	cs := make([]*datablock.RawConsumer, n)
	for i := range cs {
		c, err := datablock.AttachRaw(manySpec(), many(i), append(opts, datablock.ConsumerName("many"))...)
		must(t, err)
		t.Cleanup(func() { _ = c.Release(); c.Close() })
		cs[i] = c
	}
	return cs
}

func TestNoWakeUpAmong200ChannelsOfAnotherProcessIsLost(t *testing.T) {
	for _, poll := range []bool{false, true} {
		t.Run(fmt.Sprintf("poll=%v", poll), func(t *testing.T) {
			const channels, values = 200, 20000
			seed := rand.Uint64()
			dir := t.TempDir()
			v, tp := newVictim(t, dir, "scatter", fmt.Sprintf("%d,%d,%d", channels, values, seed), "-")
			tp.until(t, 1)
			cs := attachMany(t, channels, datablock.Root(dir))
			// Never looks by itself: what is lost makes the test hang.
			set := datablock.NewWaitSetLooking(poll, time.Hour)
			defer set.Close()
			index, next := map[datablock.Waitable]int{}, make([]uint64, channels)
			for i, c := range cs {
				index[c] = i
				must(t, set.Add(c))
			}
			must(t, tp.store(2))
			got, rnd := 0, rand.New(rand.NewPCG(seed, 4))
			for e, err := range set.All(within(t)) {
				if err != nil {
					t.Fatalf("%v after %d of %d values, seed %d\n%s", err, got, values, seed, v.err)
				}
				c := e.Consumer.(*datablock.RawConsumer)
				i := index[c]
				if e.Err != nil {
					if !errors.Is(e.Err, datablock.ErrProducerClosed) {
						t.Fatalf("channel %d: %v, seed %d", i, e.Err, seed)
					}
					continue
				}
				for more := true; more; more = rnd.IntN(2) == 0 { // one or some
					s, ok, err := c.TryNext()
					must(t, err)
					if !ok {
						break
					}
					if n := binary.LittleEndian.Uint64(s.Value); n != next[i] || s.Lost != 0 {
						t.Fatalf("channel %d: value %d with %d lost, want %d, seed %d", i, n, s.Lost, next[i], seed)
					}
					next[i]++
					got++
				}
				if rnd.IntN(2) == 0 {
					must(t, noLoan(c.Release()))
				}
			}
			if got < values || set.Len() != 0 {
				t.Errorf("%d of %d values, %d channels left, seed %d", got, values, set.Len(), seed)
			}
		})
	}
}

// noLoan forgives a release of nothing.
func noLoan(err error) error {
	if errors.Is(err, datablock.ErrNoLoan) {
		return nil
	}
	return err
}

func TestAWaitSetTellsOfAProducersDeathAndOfItsSuccessor(t *testing.T) {
	dir := t.TempDir()
	v, tp := newVictim(t, dir, "one", "-", many(0))
	tp.until(t, 1)
	c := attachMany(t, 1, datablock.Root(dir))[0]
	set := datablock.NewWaitSet()
	defer set.Close()
	must(t, set.Add(c))
	must(t, tp.store(2))
	tp.until(t, 3)
	ctx := within(t)
	events, err := set.Wait(ctx)
	if err != nil || len(events) != 1 || events[0].Err != nil {
		t.Fatalf("got %v, %v, want the value", events, err)
	}
	if s, ok, err := c.TryNext(); !ok || string(s.Value) != "12345678" {
		t.Fatalf("got %q, %v, %v", s.Value, ok, err)
	}
	go func() {
		time.Sleep(20 * time.Millisecond)
		_ = v.cmd.Process.Kill()
		_, _ = v.cmd.Process.Wait()
	}()
	began := time.Now()
	events, err = set.Wait(ctx)
	took := time.Since(began)
	if err != nil || len(events) != 1 || !errors.Is(events[0].Err, datablock.ErrProducerDied) {
		t.Fatalf("got %v, %v, want the death", events, err)
	}
	t.Logf("the death was told after %v", took)
	if took > time.Second { // 120 ms on a machine with nothing else to do
		t.Errorf("the death was told after %v", took)
	}
	short, cancel := context.WithTimeout(ctx, 250*time.Millisecond)
	defer cancel()
	if events, err := set.Wait(short); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("told of %v, %v after the death", events, err)
	}
	p, err := datablock.CreateRaw(manySpec(), many(0), datablock.Root(dir))
	must(t, err)
	defer p.Close()
	must(t, p.Send(ctx, []byte("87654321")))
	if events, err = set.Wait(ctx); err != nil || events[0].Err != nil {
		t.Fatalf("got %v, %v, want a value of the successor", events, err)
	}
	if s, _, _ := c.TryNext(); string(s.Value) != "87654321" {
		t.Errorf("got %q of the successor", s.Value)
	}
}

func TestAWaitSetTellsOfAllChannelsOfADeadProcess(t *testing.T) {
	const channels = 200
	dir := t.TempDir()
	v, tp := newVictim(t, dir, "scatter", fmt.Sprintf("%d,%d,%d", channels, 1, 1), "-")
	tp.until(t, 1)
	set := datablock.NewWaitSet()
	defer set.Close()
	for _, c := range attachMany(t, channels, datablock.Root(dir)) {
		must(t, set.Add(c))
	}
	// One channel of a process that lives is not taken for dead with the others.
	p, at := createMany(t, 1)
	other := attachMany(t, 1, at)[0]
	must(t, set.Add(other))
	short, cancel := context.WithTimeout(within(t), 150*time.Millisecond)
	defer cancel()
	if events, err := set.Wait(short); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("got %v, %v of producers that live", events, err)
	}
	_ = v.cmd.Process.Kill()
	_, _ = v.cmd.Process.Wait()
	began := time.Now()
	for told := 0; told < channels; {
		events, err := set.Wait(within(t))
		must(t, err)
		for _, e := range events {
			if !errors.Is(e.Err, datablock.ErrProducerDied) || e.Consumer == other {
				t.Fatalf("got %+v", e)
			}
			told++
		}
	}
	took := time.Since(began)
	t.Logf("%d deaths were told after %v", channels, took)
	if took > 2*time.Second { // 100 ms on a machine with nothing else to do
		t.Errorf("the last of %d deaths was told after %v", channels, took)
	}
	must(t, p[0].Close())
	if events, err := set.Wait(within(t)); err != nil || len(events) != 1 || events[0].Consumer != other {
		t.Errorf("got %v, %v, want the end of the other", events, err)
	}
}

func TestAWaitSetServesAllInTurn(t *testing.T) {
	at := root(t)
	const n = 5
	index := map[datablock.Waitable]int{}
	set := datablock.NewWaitSet()
	defer set.Close()
	ps := make([]*datablock.RawProducer, n)
	for i := range ps {
		p, err := datablock.CreateRaw(manySpec(), many(i), at, datablock.Timeout(0))
		must(t, err)
		defer p.Close()
		ps[i] = p
	}
	for i, c := range attachMany(t, n, at) {
		index[c] = i
		must(t, set.Add(c))
	}
	var served [n]int
	ctx := within(t)
	for range 20 * n { // all have something, and only the first is served
		for _, p := range ps {
			if err := p.Send(ctx, []byte("x")); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Fatal(err)
			}
		}
		events, err := set.Wait(ctx)
		must(t, err)
		c := events[0].Consumer.(*datablock.RawConsumer)
		if _, ok, err := c.TryNext(); !ok || err != nil {
			t.Fatalf("nothing there: %v", err)
		}
		served[index[c]]++
	}
	for i, k := range served {
		if k < 10 {
			t.Errorf("channel %d was served %d times of %d: %v", i, k, 20*n, served)
		}
	}
}

func TestWaitSetTakesConsumersOfAnyType(t *testing.T) {
	at := root(t)
	p, c := createReading(t, at), attachReading(t, at)
	lp, err := weather.LatestChannel.Create("latest", at)
	must(t, err)
	defer lp.Close()
	lc, err := weather.LatestChannel.Attach("latest", at)
	must(t, err)
	defer lc.Close()
	set := datablock.NewWaitSet()
	defer set.Close()
	must(t, set.Add(c))
	must(t, set.Add(lc))
	if err := set.Add(c); !errors.Is(err, datablock.ErrMisuse) {
		t.Errorf("second Add: %v", err)
	}
	if err := datablock.NewWaitSet().Add(c); !errors.Is(err, datablock.ErrMisuse) {
		t.Errorf("Add to a second set: %v", err)
	}
	go func() {
		time.Sleep(5 * time.Millisecond)
		_ = p.Send(context.Background(), &weather.Reading{Number: 1})
		time.Sleep(5 * time.Millisecond)
		_ = lp.Send(context.Background(), &weather.Latest{Number: 2})
		_ = lp.Close()
		_ = p.Close()
	}()
	var got []string
	for e, err := range set.All(within(t)) {
		must(t, err)
		switch e.Consumer {
		case c:
			s, ok, err := c.TryNext()
			if ok {
				got = append(got, fmt.Sprint("reading ", s.Value.Number))
			}
			must(t, errors.Join(err, noLoan(c.Release())))
		case lc:
			s, ok, err := lc.TryNext()
			if ok {
				got = append(got, fmt.Sprint("latest ", s.Value.Number))
			}
			must(t, errors.Join(err, noLoan(lc.Release())))
		}
	}
	if s := strings.Join(got, ", "); s != "reading 1, latest 2" && s != "latest 2, reading 1" {
		t.Errorf("got %s", s)
	}
	if _, err := set.Wait(within(t)); !errors.Is(err, datablock.ErrNoMembers) {
		t.Errorf("Wait of the empty set: %v", err)
	}
}

func TestWhatEndsAWait(t *testing.T) {
	at := root(t)
	_ = createReading(t, at)
	cause := errors.New("enough")
	for name, c := range map[string]struct {
		end  func(set *datablock.WaitSet, c *weather.ReadingConsumer, cancel context.CancelCauseFunc)
		want error
		told error // as an event
	}{
		"the context ends": {func(_ *datablock.WaitSet, _ *weather.ReadingConsumer, cancel context.CancelCauseFunc) { cancel(cause) }, cause, nil},
		"the set is closed": {func(s *datablock.WaitSet, _ *weather.ReadingConsumer, _ context.CancelCauseFunc) {
			_ = s.Close()
		}, datablock.ErrClosed, nil},
		"the last consumer is removed": {func(s *datablock.WaitSet, c *weather.ReadingConsumer, _ context.CancelCauseFunc) {
			s.Remove(c)
			s.Remove(c)
		}, datablock.ErrNoMembers, nil},
		"the consumer is closed": {func(_ *datablock.WaitSet, c *weather.ReadingConsumer, _ context.CancelCauseFunc) {
			_ = c.Close()
		}, nil, datablock.ErrClosed},
	} {
		t.Run(name, func(t *testing.T) {
			for _, pause := range []time.Duration{0, 5 * time.Millisecond} {
				ctx, cancel := context.WithCancelCause(within(t))
				rc := attachReading(t, at)
				set := datablock.NewWaitSetLooking(false, time.Hour)
				must(t, set.Add(rc))
				var wg sync.WaitGroup
				wg.Go(func() {
					time.Sleep(pause)
					c.end(set, rc, cancel)
				})
				events, err := set.Wait(ctx)
				if !errors.Is(err, c.want) {
					t.Errorf("got %v, %v, want %v", events, err, c.want)
				}
				if c.told != nil && (len(events) != 1 || !errors.Is(events[0].Err, c.told)) {
					t.Errorf("got %v, want %v", events, c.told)
				}
				wg.Wait()
				cancel(nil)
				must(t, errors.Join(set.Close(), rc.Close()))
				if err := set.Add(rc); !errors.Is(err, datablock.ErrClosed) {
					t.Errorf("Add to a closed set: %v", err)
				}
			}
		})
	}
}

func TestTwoWaitsOnOneSetAreMisuse(t *testing.T) {
	at := root(t)
	_, c := createReading(t, at), attachReading(t, at)
	set := datablock.NewWaitSet()
	must(t, set.Add(c))
	done := make(chan error)
	for range 2 {
		go func() { _, err := set.Wait(within(t)); done <- err }()
	}
	if err := <-done; !errors.Is(err, datablock.ErrConcurrent) {
		t.Errorf("got %v", err)
	}
	must(t, set.Close())
	if err := <-done; !errors.Is(err, datablock.ErrClosed) {
		t.Errorf("got %v", err)
	}
}

func TestWaitingOnASetDoesNotAllocate(t *testing.T) {
	at := root(t)
	p, c := createReading(t, at), attachReading(t, at)
	set := datablock.NewWaitSet()
	defer set.Close()
	must(t, set.Add(c))
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	v, due, sent := new(weather.Reading), make(chan time.Duration), make(chan error)
	defer close(due)
	go func() {
		for d := range due {
			time.Sleep(d)
			sent <- p.Send(ctx, v)
		}
	}()
	for name, d := range map[string]time.Duration{"something is there": 0, "asleep": 300 * time.Microsecond} {
		n := testing.AllocsPerRun(200, func() {
			due <- d
			if d == 0 {
				<-sent
			}
			events, err := set.Wait(ctx)
			if err != nil || events[0].Err != nil {
				panic(fmt.Sprint(events, err))
			}
			if d != 0 {
				<-sent
			}
			if _, ok, err := c.TryNext(); !ok || err != nil {
				panic(fmt.Sprint(ok, err))
			}
			if err := c.Release(); err != nil {
				panic(err)
			}
		})
		if n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}
