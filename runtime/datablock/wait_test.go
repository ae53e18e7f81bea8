package datablock_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/pylabhub/datahub/runtime/datablock"
)

// eachStrategy runs fn with each way to wait. asks says that who waits asks to be
// woken.
func eachStrategy(t *testing.T, fn func(t *testing.T, asks bool, opts ...datablock.Option)) {
	for name, wait := range map[string]datablock.WaitStrategy{"adaptive": datablock.Adaptive, "busy": datablock.Busy, "block": datablock.Block} {
		for kind, backoff := range map[string]datablock.BackoffKind{
			"none": datablock.NoBackoff, "exponential": datablock.ExponentialBackoff,
			"constant": datablock.ConstantBackoff, "aggressive": datablock.AggressiveBackoff,
		} {
			t.Run(fmt.Sprintf("%s, %s", name, kind), func(t *testing.T) {
				fn(t, wait != datablock.Busy && backoff == datablock.NoBackoff,
					datablock.Wait(wait), datablock.Backoff(backoff, 200*time.Microsecond))
			})
		}
	}
}

func TestEachWayToWaitFindsWhatComes(t *testing.T) {
	eachStrategy(t, func(t *testing.T, asks bool, opts ...datablock.Option) {
		r := newRawPair(t, rawSpec(datablock.SyncReaders), opts...)
		// On a busy machine one side may not come to sleep in time, so whoever asks to be
		// woken has some rounds to show it.
		for round := 1; ; round++ {
			sendAndReceive(t, r)
			m := r.metrics()
			if !asks {
				if m.Wakes != 0 || m.Consumers[0].Wakes != 0 {
					t.Errorf("%d and %d wakes of those who did not ask", m.Wakes, m.Consumers[0].Wakes)
				}
				return
			}
			if m.Wakes != 0 && m.Consumers[0].Wakes != 0 && m.RoomWaits.Count != 0 {
				return
			}
			if round == 50 {
				t.Fatalf("%d and %d wakes, %d waits for room in %d rounds; want some of each",
					m.Wakes, m.Consumers[0].Wakes, m.RoomWaits.Count, round)
			}
		}
	})
}

// sendAndReceive lets the consumer wait for the first values and the producer for
// room behind them.
func sendAndReceive(t *testing.T, r *rawPair) {
	const n = 40
	sent := make(chan error, 1)
	go func() {
		for i := range n {
			if i < 4 { // slow: everybody is asleep by then; fast: the ring is full
				time.Sleep(3 * time.Millisecond)
			}
			if err := r.p.Send(context.Background(), []byte{byte(i)}); err != nil {
				sent <- err
				return
			}
		}
		sent <- nil
	}()
	for i := range n {
		if i == 4 {
			time.Sleep(10 * time.Millisecond) // the producer waits for room
		}
		if s := r.next(); s.Value[0] != byte(i) {
			t.Fatalf("got %d, want %d", s.Value[0], i)
		}
	}
	must(t, <-sent)
}

func TestAnObserverThatWaitsFindsWhatComesAndWakesNobody(t *testing.T) {
	eachStrategy(t, func(t *testing.T, _ bool, opts ...datablock.Option) {
		r := newRawPair(t, rawSpec(datablock.SyncReaders), opts...)
		must(t, r.c.Close())
		o := r.observe(opts...)
		for i := range 3 {
			sent := make(chan error)
			time.AfterFunc(2*time.Millisecond, func() { sent <- r.p.Send(context.Background(), []byte{byte(i)}) })
			if s, err := o.Next(within(t)); err != nil || s.Value[0] != byte(i) {
				t.Fatalf("got %+v, %v; want %d", s, err, i)
			}
			must(t, <-sent)
		}
		m, err := o.Metrics()
		must(t, err)
		if m.Wakes != 0 {
			t.Errorf("%d wakes for one whom nobody knows", m.Wakes)
		}
	})
}

func TestEachWayToWaitEndsInTime(t *testing.T) {
	eachStrategy(t, func(t *testing.T, _ bool, opts ...datablock.Option) {
		r := newRawPair(t, rawSpec(datablock.SyncReaders), append(opts, datablock.Timeout(5*time.Millisecond))...)
		start := time.Now()
		_, err := r.c.Next(context.Background())
		timesOut(t, err)
		if d := time.Since(start); d < 5*time.Millisecond || d > 5*time.Second {
			t.Errorf("a consumer's time-out took %v, want 5 ms", d)
		}
		r.send(8)
		start = time.Now()
		_, err = r.p.Begin(context.Background())
		timesOut(t, err)
		if d := time.Since(start); d < 5*time.Millisecond || d > 5*time.Second {
			t.Errorf("a producer's time-out took %v, want 5 ms", d)
		}

		endless := r.attach(append(opts, datablock.StartNewest())...)
		why := errors.New("enough")
		ctx, cancel := context.WithCancelCause(context.Background())
		ended := make(chan error)
		go func() { _, err := endless.Next(ctx); ended <- err }()
		time.Sleep(2 * time.Millisecond)
		cancel(why)
		if err := <-ended; err != why {
			t.Errorf("a context that ends: %v, want its cause", err)
		}
		go func() { _, err := endless.Next(context.Background()); ended <- err }()
		time.Sleep(2 * time.Millisecond)
		must(t, endless.Close())
		if err := <-ended; !errors.Is(err, datablock.ErrClosed) {
			t.Errorf("Close: %v, want ErrClosed", err)
		}
	})
}
