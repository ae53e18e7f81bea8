package datablock_test

import (
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/pylabhub/datahub/runtime/datablock"
	"github.com/pylabhub/datahub/runtime/datablock/internal/weather"
)

// Close and an update of the zone in place, each from a goroutine of its own: the
// update happens under the lock of a handle that is open, or not at all.
func TestACloseBesideUpdatesOfASharedZoneNeverTakesItAway(t *testing.T) {
	refused := 0
	for range 100 {
		p, c := inPlace(t)
		done := make(chan error)
		go func() {
			for {
				if err := p.Flex().Update(func(v *weather.Tag) error { v.Words[0]++; return nil }); err != nil {
					done <- err
					return
				}
			}
		}()
		read := make(chan error)
		go func() {
			for {
				err := c.Flex().Read(func(*weather.Tag) error { return nil })
				if err != nil && !errors.Is(err, datablock.ErrNoValue) {
					read <- err
					return
				}
			}
		}()
		for _, closes := range []func() error{c.Close, p.Close} {
			err := closes()
			for errors.Is(err, datablock.ErrLockHeld) {
				refused++
				runtime.Gosched()
				err = closes()
			}
			must(t, err)
		}
		for _, err := range []error{<-read, <-done} {
			if !errors.Is(err, datablock.ErrClosed) {
				t.Errorf("got %v, want ErrClosed", err)
			}
		}
	}
	t.Logf("Close was refused %d times", refused)
}

// A Close that is refused does nothing: who waits goes on waiting.
func TestARefusedCloseEndsNoWait(t *testing.T) {
	r := newRawPair(t, rawSpec(datablock.SyncReaders), datablock.Wait(datablock.Block))
	r.send(8)
	l, err := r.p.GetSpinlock(0)
	must(t, err)
	g, err := l.Lock(within(t))
	must(t, err)
	sent := make(chan error)
	go func() { sent <- r.p.Send(within(t), []byte("late")) }()
	for range 20 {
		if err := r.p.Close(); !errors.Is(err, datablock.ErrLockHeld) {
			t.Fatalf("close: %v, want ErrLockHeld", err)
		}
		time.Sleep(time.Millisecond)
	}
	r.next()
	must(t, r.c.Release())
	must(t, <-sent)
	must(t, g.Unlock())
}
