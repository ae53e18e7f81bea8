//go:build !race

package datablock_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/pylabhub/datahub/runtime/datablock"
	"github.com/pylabhub/datahub/runtime/datablock/internal/weather"
)

// TestCloseMeetsACallThatStopsWaiting closes handles at the moment their wait ends:
// the call either gets ErrClosed, or its value and Close ErrLoanOpen. Nobody ever
// holds what is unmapped. A call that got its value before Close began is concurrent
// use, which the race detector reports.
func TestCloseMeetsACallThatStopsWaiting(t *testing.T) {
	at := root(t)
	for round := range 300 {
		p, err := weather.ReadingChannel.Create("roof", at)
		must(t, err)
		c, err := weather.ReadingChannel.Attach("roof", at)
		must(t, err)
		for n := range uint64(8) {
			put(t, p, n)
		}
		wrote := make(chan error, 1)
		go func() { // waits for room
			wrote <- p.Write(context.Background(), func(v *weather.Reading) error { v.Number++; return nil })
		}()
		untilWaiting(p.Waits)
		read := make(chan error, 1)
		go func() { // makes room
			time.Sleep(time.Duration(round%10) * 10 * time.Microsecond)
			_, err := c.Next(context.Background())
			read <- errors.Join(err, c.Release())
		}()
		closed := p.Close()
		must(t, <-read)
		if err := <-wrote; err != nil && !errors.Is(err, datablock.ErrClosed) {
			t.Fatalf("round %d: Write: %v", round, err)
		}
		if errors.Is(closed, datablock.ErrLoanOpen) {
			must(t, p.Close())
		} else {
			must(t, closed)
		}
		must(t, c.Close())
	}
	for round := range 300 {
		p, err := weather.LogChannel.Create("log", at)
		must(t, err)
		c, err := weather.LogChannel.Attach("log", at)
		must(t, err)
		read := make(chan error, 1)
		go func() {
			_, err := c.Next(context.Background())
			read <- err
		}()
		untilWaiting(c.Waits)
		sent := make(chan error, 1)
		go func() {
			time.Sleep(time.Duration(round%10) * 10 * time.Microsecond)
			sent <- p.Send(context.Background(), &weather.Log{Number: uint64(round)})
		}()
		err = c.Close()
		must(t, <-sent)
		got := <-read
		switch {
		case errors.Is(got, datablock.ErrClosed):
			must(t, err)
			// The value was not taken: the next reader gets it.
			if c, err = weather.LogChannel.Attach("log", at); err != nil {
				t.Fatal(err)
			}
			s, err := c.Next(within(t))
			must(t, err)
			if s.Value.Number != uint64(round) {
				t.Fatalf("round %d: the next reader got %d", round, s.Value.Number)
			}
			must(t, c.Release())
		case got != nil:
			t.Fatalf("round %d: Next: %v", round, got)
		case !errors.Is(err, datablock.ErrLoanOpen):
			t.Fatalf("round %d: a value is in use, but Close returned %v", round, err)
		default:
			must(t, c.Release())
		}
		must(t, c.Close())
		must(t, p.Close())
	}
}

// untilWaiting returns when a call waits.
func untilWaiting(waits func() bool) {
	for !waits() {
		time.Sleep(10 * time.Microsecond)
	}
}
