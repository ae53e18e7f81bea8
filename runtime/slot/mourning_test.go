package slot

import (
	"errors"
	"testing"
	"time"
)

// A lastWord is the host of a reader whose producer writes once more while it is
// looked at, and is dead then.
type lastWord struct {
	*host
	write func()
}

func (h *lastWord) ProducerAlive() bool {
	if h.write != nil {
		h.write()
		h.write = nil
	}
	return false
}

func TestADeathIsToldAfterTheValueThatCameBetween(t *testing.T) {
	for name, sync := range syncs {
		t.Run(name, func(t *testing.T) {
			b := heapBlock(t, ring(sync, 4, 1), 0)
			w, _ := b.writer()
			h := &lastWord{host: b.host(), write: func() { write(t, w) }}
			r, err := JoinReader(b.ro, b.plan, b.conf, h, ReaderOptions{Wait: Block})
			if err != nil {
				t.Fatal(err)
			}
			s, err := r.Acquire(bg, 10*time.Second)
			if err != nil || s.Seq != 0 {
				t.Fatalf("got value %d, %v; want the one written last", s.Seq, err)
			}
			if err := r.Release(); err != nil {
				t.Fatal(err)
			}
			if _, err := r.Acquire(bg, 10*time.Second); !errors.Is(err, ErrProducerDied) {
				t.Errorf("got %v, want ErrProducerDied", err)
			}
			r.probed = -int64(probeEvery)
			if _, err := r.Acquire(bg, 0); errors.Is(err, ErrProducerDied) {
				t.Error("told twice")
			}
		})
	}
}

func TestAValueThatWasPutBackIsLentAgain(t *testing.T) {
	for name, sync := range syncs {
		t.Run(name, func(t *testing.T) {
			b := heapBlock(t, ring(sync, 4, 1), 0)
			w, _ := b.writer()
			r, _ := b.reader(StartDefault)
			write(t, w)
			for range 2 {
				s, ok, err := r.TryAcquire()
				if !ok || err != nil || s.Seq != 0 || s.Lost != 0 {
					t.Fatalf("got value %d with %d lost, ok=%t err=%v", s.Seq, s.Lost, ok, err)
				}
				r.PutBack()
			}
			write(t, w)
			if s := read(t, r); r.conf.latest() && (s.Seq != 1 || s.Lost != 1) || !r.conf.latest() && (s.Seq != 0 || s.Lost != 0) {
				t.Errorf("then got value %d with %d lost", s.Seq, s.Lost)
			}
		})
	}
}
