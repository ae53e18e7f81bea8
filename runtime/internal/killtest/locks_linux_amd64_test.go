//go:build !race

package killtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pylabhub/datahub/runtime/slot"
)

// Phases of a locker, on its tape.
const (
	phaseBefore = iota
	phaseInside
	phaseUnlocking
	phaseAfter
)

// lock is the locking and unlocking of a spinlock: a free one, one that is
// poisoned, and one whose owner died.
func lock(state string, producer bool) *operation {
	who := "consumer"
	if producer {
		who = "producer"
	}
	return &operation{
		name: "lock a " + state + " one, as " + who + ": locks", short: state == "free" && !producer,
		before: func(s *stage) error {
			if err := s.create(); err != nil {
				return err
			}
			if state == "free" {
				if producer {
					s.die()
				}
				return nil
			}
			// Somebody has the lock and dies.
			dead, err := s.attach()
			if err != nil {
				return err
			}
			r, err := slot.JoinReader(dead.Memory(), dead.Plan(), dead.Config(), dead.Host(), slot.ReaderOptions{})
			if err != nil {
				return err
			}
			l, err := r.Locks().At(0)
			if err != nil {
				return err
			}
			if _, err := l.Lock(context.Background(), 0); err != nil {
				return err
			}
			if err := dead.Close(); err != nil {
				return err
			}
			if state == "poisoned" {
				if l, err = s.writer.Locks().At(0); err != nil {
					return err
				}
				g, err := l.Lock(context.Background(), 0)
				if !errors.Is(err, slot.ErrOwnerDied) {
					return errWrong("the first to lock after a death: %v", err)
				}
				if err := g.Unlock(); err != nil {
					return err
				}
			}
			if producer {
				s.die()
			}
			return nil
		},
		child: func(s *stage) (func() error, error) {
			var t *slot.Locks
			if producer {
				if err := s.create(); err != nil {
					return nil, err
				}
				t = s.writer.Locks()
			} else {
				_, r, err := childJoins(s, slot.StartDefault, true)
				if err != nil {
					return nil, err
				}
				t = r.Locks()
			}
			l, err := t.At(0)
			if err != nil {
				return nil, err
			}
			return func() error {
				g, err := l.Lock(context.Background(), 0)
				s.note(0, phaseInside)
				if (err != nil) != (state != "free") || err != nil && !errors.Is(err, slot.ErrPoisoned) ||
					errors.Is(err, slot.ErrOwnerDied) != (state == "dead man's") {
					return errWrong("lock: %v", err)
				}
				s.note(0, phaseUnlocking)
				if err := g.Unlock(); err != nil {
					return err
				}
				s.note(0, phaseAfter)
				return nil
			}, nil
		},
		after: func(s *stage, done bool) error { return s.afterLock(state != "free") },
	}
}

// afterLock checks that nobody's death with the lock is passed over in silence, and
// that it is told to one.
func (s *stage) afterLock(poisoned bool) error {
	var locks []slot.Lock
	for range 2 {
		r, err := s.join(slot.StartDefault)
		if err != nil {
			return err
		}
		l, err := r.Locks().At(0)
		if err != nil {
			return err
		}
		locks = append(locks, l)
	}
	phase := s.noted(0)
	told := false
	for i, l := range locks {
		g, err := l.Lock(context.Background(), within)
		died := errors.Is(err, slot.ErrOwnerDied)
		switch {
		case err != nil && !errors.Is(err, slot.ErrPoisoned):
			return fmt.Errorf("lock: %w", err)
		case phase == phaseInside && i == 0 && !died:
			return errWrong("it died with the lock, and the next was told %v", err)
		case phase == phaseAfter && died:
			return errWrong("it had unlocked, and the next was told %v", err)
		case died && i > 0:
			return errWrong("the death was told twice")
		case died:
			told = true
		case err == nil && (poisoned || told):
			return errWrong("the lock is not poisoned any more, and nobody has mended it")
		case err != nil && !poisoned && !told:
			return errWrong("the lock is poisoned, and nobody died with it")
		}
		if err := g.Unlock(); err != nil {
			return err
		}
	}
	g, err := locks[0].Lock(context.Background(), within)
	if err != nil && !errors.Is(err, slot.ErrPoisoned) {
		return err
	}
	if err := errors.Join(g.MarkConsistent(), g.Unlock()); err != nil {
		return err
	}
	if g, err = locks[1].Lock(context.Background(), within); err != nil {
		return fmt.Errorf("after it was mended: %w", err)
	}
	return g.Unlock()
}

// name is the giving out of a lock under a name.
func name() *operation {
	return &operation{
		name:   "name a lock: locks",
		before: func(s *stage) error { return s.create() },
		child: func(s *stage) (func() error, error) {
			_, r, err := childJoins(s, slot.StartDefault, true)
			if err != nil {
				return nil, err
			}
			return func() error {
				_, err := r.Locks().Named(context.Background(), within, "mine")
				s.note(0, 1)
				return err
			}, nil
		},
		after: func(s *stage, done bool) error {
			r, err := s.join(slot.StartDefault)
			if err != nil {
				return err
			}
			l, err := r.Locks().Named(context.Background(), within, "mine")
			if err != nil {
				return fmt.Errorf("named: %w", err)
			}
			again, err := s.writer.Locks().Named(context.Background(), within, "mine")
			if err != nil {
				return fmt.Errorf("named: %w", err)
			}
			if l.Index() != again.Index() || l.Index() != 2 {
				return errWrong("the name stands for lock %d and for lock %d", l.Index(), again.Index())
			}
			// The others are free still.
			for _, n := range []string{"yours", "theirs"} {
				if _, err := r.Locks().Named(context.Background(), within, n); err != nil {
					return fmt.Errorf("%s: %w", n, err)
				}
			}
			return nil
		},
	}
}

// zone is the update of the flexible zone.
func zone(policy string) *operation {
	shared := policy == "shared zone"
	publish := func(s *stage, n uint64) error {
		f, err := s.writer.Flex()
		if err != nil {
			return err
		}
		if !shared {
			fill(f.Buffer(), n)
			return f.Publish()
		}
		b, g, err := f.Lock(within, true)
		if err != nil {
			return err
		}
		fill(b, n)
		return f.Unlock(g, true)
	}
	return &operation{
		name: "update: " + policy,
		child: func(s *stage) (func() error, error) {
			if err := s.create(); err != nil {
				return nil, err
			}
			for n := range uint64(2) {
				if err := publish(s, n+1); err != nil {
					return nil, err
				}
			}
			return func() error {
				err := publish(s, 3)
				s.note(1, 1)
				return err
			}, nil
		},
		after: func(s *stage, done bool) error {
			r, err := s.join(slot.StartDefault)
			if err != nil {
				return err
			}
			s.reader, s.last = r, r.Seq()
			f, err := r.Flex()
			if err != nil {
				return err
			}
			n, b, err := zoneValue(f)
			switch {
			case shared && errors.Is(err, slot.ErrPoisoned) && s.noted(1) == 0:
				n = 0 // half changed, and said so
			case err != nil:
				return err
			case n != 2 && n != 3 || s.noted(1) == 1 && n != 3:
				return errWrong("the zone is at value %d", n)
			case !whole(b, n):
				return errWrong("value %d of the zone is torn: %x", n, b)
			}
			if err := s.create(); err != nil {
				return err
			}
			w, err := s.writer.Flex()
			if err != nil {
				return err
			}
			next := w.Seq() + 1
			if n != 0 && next != n+1 {
				return errWrong("the next producer goes on at value %d after %d", next, n)
			}
			for i := range uint64(3) {
				if err := publish(s, next+i); err != nil {
					return fmt.Errorf("the next producer: %w", err)
				}
				if n, b, err = zoneValue(f); err != nil || n != next+i || !whole(b, n) {
					return errWrong("then value %d, %v: %x, want %d", n, err, b, next+i)
				}
			}
			return s.goOn()
		},
	}
}

// zoneValue reads the zone.
func zoneValue(f *slot.FlexReader) (uint64, []byte, error) {
	if !f.Shared() {
		n, err := f.Load()
		return n, f.Buffer(), err
	}
	b, n, g, err := f.Lock(5 * time.Second)
	if err != nil {
		return 0, nil, err
	}
	b = bytes.Clone(b)
	return n, b, g.Unlock()
}
