package datablock

import (
	"sync"
	"time"
)

// tendEvery is how often a producer looks after what is in nobody's way.
const tendEvery = time.Second

// A tender calls a function now and then.
type tender struct {
	mu    sync.Mutex // held during the call
	timer *time.Timer
	done  bool
}

func (t *tender) start(fn func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.timer = time.AfterFunc(tendEvery, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if !t.done {
			fn()
			t.timer.Reset(tendEvery)
		}
	})
}

// stop waits for a call that is under way; there is none afterwards.
func (t *tender) stop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.done = true
	t.timer.Stop()
}
