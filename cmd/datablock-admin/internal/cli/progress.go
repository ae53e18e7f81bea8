package cli

import (
	"fmt"
	"time"
)

// patience is how long work is silent.
const patience = time.Second

// busy says on a terminal, from a second on, that work goes on, until the function
// it returns is called.
func (a *app) busy(what string) (stop func()) {
	if !isTerminal(a.stderr) {
		return func() {}
	}
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		begin := time.Now()
		tick := time.NewTicker(patience)
		defer tick.Stop()
		shown := false
		for {
			select {
			case <-done:
				if shown {
					fmt.Fprint(a.stderr, "\r\x1b[K")
				}
				return
			case <-tick.C:
				shown = true
				fmt.Fprintf(a.stderr, "\r\x1b[K%s, %s", what, time.Since(begin).Round(time.Second))
			}
		}
	}()
	return func() { close(done); <-ended }
}

// progress returns what reports how many bytes of how many are done, on a terminal
// only, and ends the work with stop's error.
func (a *app) progress(what string, stop func() error) func(done, total int64) error {
	begin, last := time.Now(), time.Time{}
	terminal := isTerminal(a.stderr)
	return func(done, total int64) error {
		if err := stop(); err != nil {
			return err
		}
		now := time.Now()
		switch {
		case !terminal || total == 0:
		case done == total && !last.IsZero():
			fmt.Fprint(a.stderr, "\r\x1b[K")
		case now.Sub(begin) > patience && now.Sub(last) > patience/10:
			last = now
			fmt.Fprintf(a.stderr, "\r\x1b[K%s: %d%%, %s of %s", what, 100*done/total, bytesText(uint64(done)), bytesText(uint64(total)))
		}
		return nil
	}
}
