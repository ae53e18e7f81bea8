package datablock_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/pylabhub/datahub/runtime/datablock"
	"github.com/pylabhub/datahub/runtime/datablock/internal/weather"
)

func init() {
	secureChildren["hold"] = holdOne
	secureChildren["read"] = readAll
	secureChildren["produce"] = produceSecure
}

// holdOne holds a value for ever.
func holdOne(root string) error {
	c, err := weather.ReadingChannel.Attach("roof", datablock.Root(root))
	if err != nil {
		return err
	}
	fmt.Println("attached")
	if _, err := c.Next(context.Background()); err != nil {
		return err
	}
	fmt.Println("holds")
	untilEOF()
	return nil
}

// readAll reads until it is killed.
func readAll(root string) error {
	c, err := weather.ReadingChannel.Attach("roof", datablock.Root(root))
	if err != nil {
		return err
	}
	fmt.Println("attached")
	for s, err := range c.All(context.Background()) {
		if err != nil || s.Value.Check != ^s.Value.Number {
			return fmt.Errorf("value %+v, %w", s.Value, err)
		}
	}
	return nil
}

// produceSecure writes until it is killed.
func produceSecure(root string) error {
	p, err := weather.ReadingChannel.Create("roof", datablock.Root(root), datablock.Secure())
	if err != nil {
		return err
	}
	fmt.Println("created")
	for n := uint64(0); ; n++ {
		err := p.Write(context.Background(), func(v *weather.Reading) error { v.Number, v.Check = n, ^n; return nil })
		if err != nil {
			return err
		}
		if n%16 == 0 {
			time.Sleep(50 * time.Microsecond)
		}
	}
}

func TestSecureConsumerKilledWhileHoldingGivesItsPlaceBackAtOnce(t *testing.T) {
	sameFiles(t)
	root := t.TempDir()
	p := createReading(t, datablock.Root(root), datablock.Secure())
	c := spawn(t, "hold", root)
	c.expect("attached")
	put(t, p, 0)
	c.expect("holds")
	for i := range uint64(7) { // the ring is full
		put(t, p, 1+i)
	}
	if _, err := p.Begin(expired()); err == nil {
		t.Fatal("there is room for a ninth value")
	}
	wrote := make(chan error, 1)
	go func() {
		_, err := p.Begin(within(t))
		wrote <- err
	}()
	time.Sleep(50 * time.Millisecond) // the producer sleeps
	begin := time.Now()
	must(t, c.cmd.Process.Kill())
	must(t, <-wrote)
	d := time.Since(begin)
	t.Logf("the producer had room %v after the consumer was killed", d)
	if d > time.Second {
		t.Errorf("the producer waited %v for a dead consumer, want 100 ms or less", d)
	}
	must(t, p.Abort())
	m, err := p.Metrics()
	must(t, err)
	if p.Consumers() != 0 || m.Reclaimed != 1 {
		t.Errorf("%d consumers and %d reclaimed, want 0 and 1", p.Consumers(), m.Reclaimed)
	}
	must(t, p.Close())
}

// expired returns a context that has ended.
func expired() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

func TestSecureConsumersLearnOfTheirProducersDeath(t *testing.T) {
	sameFiles(t)
	root := t.TempDir()
	p := spawn(t, "produce", root)
	p.expect("created")
	type waiter interface {
		Next(context.Context) (datablock.Sample[weather.Reading], error)
		Close() error
	}
	attach := func() map[string]waiter {
		c, err := weather.ReadingChannel.Attach("roof", datablock.Root(root))
		must(t, err)
		o, err := datablock.Observe[weather.Reading](&datablock.Spec{Schema: &weather.ReadingSchema}, "roof", datablock.Root(root))
		must(t, err)
		return map[string]waiter{"consumer": c, "observer": o}
	}
	for round := range 3 {
		all := attach()
		type report struct {
			who string
			at  time.Time
			err error
		}
		reports := make(chan report, len(all))
		for who, w := range all {
			go func() {
				var err error
				for err == nil || errors.Is(err, datablock.ErrOverrun) {
					_, err = w.Next(within(t))
				}
				reports <- report{who, time.Now(), errors.Join(err)}
			}()
		}
		time.Sleep(20 * time.Millisecond)
		killed := time.Now()
		p.kill()
		for range all {
			r := <-reports
			d := r.at.Sub(killed)
			t.Logf("round %d: the %s knew after %v", round, r.who, d)
			if !errors.Is(r.err, datablock.ErrProducerDied) {
				t.Errorf("%s: %v, want ErrProducerDied", r.who, r.err)
			}
			if d > 2*time.Second {
				t.Errorf("the %s knew after %v, want 200 ms", r.who, d)
			}
		}
		if _, err := weather.ReadingChannel.Attach("roof", datablock.Root(root)); !errors.Is(err, datablock.ErrNotFound) {
			t.Errorf("attach to a dead producer: %v, want ErrNotFound", err)
		}
		p = spawn(t, "produce", root)
		p.expect("created")
		for _, w := range all {
			if c, ok := w.(*weather.ReadingConsumer); ok {
				_ = c.Release()
			}
			must(t, w.Close())
		}
	}
	p.kill()
}

func TestSecureConsumersKilledAtAnyInstantLeaveNothing(t *testing.T) {
	sameFiles(t)
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	root := publicRoot(t)
	run := runSecure(t, root)
	const rounds = 60
	for range rounds {
		c := spawn(t, "read", root)
		if r.IntN(2) == 0 {
			c.expect("attached")
		}
		time.Sleep(time.Duration(r.IntN(20000)) * time.Microsecond)
		c.kill()
	}
	soon(t, "only the honest consumer is left", run.alone)
	m := run.metrics()
	t.Logf("seed %d: %d consumers killed, %d reclaimed, %d values", seed, rounds, m.Reclaimed, run.stop())
	if m.Detached != 0 {
		t.Errorf("%d honest consumers were detached (seed %d)", m.Detached, seed)
	}
}
