//go:build !race

package killtest

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/segment"
	"github.com/pylabhub/datahub/runtime/slot"
)

// written is how many values the block has when a writer is killed, so that the
// write after that uses a slot again.
const written = 5

// flushPause is how long a writer has not shown its counters when it does so with
// the next wake-up.
const flushPause = 11 * time.Millisecond

// write is the write and commit of one value, or of a batch. With quiet nobody
// sleeps who has to be woken.
func write(policy string, batch int, quiet bool) *operation {
	name := "write: "
	switch {
	case quiet:
		name = "write, nobody sleeps: "
	case batch > 1:
		name = "write a batch: "
	}
	return &operation{
		name: name + policy, short: quiet,
		child: func(s *stage) (func() error, error) {
			if err := s.create(); err != nil {
				return nil, err
			}
			if s.config().Sync == hdr.SyncSingleReader { // somebody has to make room
				r, err := s.join(slot.StartDefault)
				if err != nil {
					return nil, err
				}
				for range written {
					if err := s.write(1); err != nil {
						return nil, err
					}
					if _, _, err := take(r); err != nil {
						return nil, err
					}
				}
				if err := r.Leave(); err != nil {
					return nil, err
				}
			} else if err := s.write(written); err != nil {
				return nil, err
			}
			if !quiet {
				time.Sleep(flushPause)
			}
			return func() error {
				if batch > 1 {
					if err := s.writer.ClaimN(context.Background(), 0, batch); err != nil {
						return err
					}
					for i := range batch {
						fill(s.writer.Slot(i), written+uint64(i))
					}
					if err := s.writer.CommitN(batch); err != nil {
						return err
					}
				} else {
					b, err := s.writer.Claim(context.Background(), 0)
					if err != nil {
						return err
					}
					fill(b, written)
					if err := s.writer.Commit(); err != nil {
						return err
					}
				}
				s.note(1, 1)
				return nil
			}, nil
		},
		ready: func(s *stage) error {
			var err error
			if s.reader, err = s.join(slot.StartOldest); err != nil {
				return err
			}
			s.last = s.reader.Seq()
			// It has read what there is, and sleeps.
			for {
				seq, ok, err := take(s.reader)
				if err != nil {
					return err
				}
				if !ok {
					break
				}
				s.last = seq + 1
			}
			if quiet {
				return nil
			}
			o, err := s.attach()
			if err != nil {
				return err
			}
			poke(o.Region(hdr.RegionKindControlWords), uint64(hdr.FieldControlWordsSleepers), 1)
			return nil
		},
		after: func(s *stage, done bool) error { return s.afterWrite(uint64(max(batch, 1)), s.noted(1) == 1) },
	}
}

// afterWrite checks that of at most n values that were being written each is there
// whole or not at all, the same for everybody, and that a new producer goes on
// behind them. sure says that the commit had returned.
func (s *stage) afterWrite(n uint64, sure bool) error {
	newest, any, err := s.observed(written + n - 1)
	if err != nil {
		return err
	}
	for s.reader != nil {
		seq, ok, err := take(s.reader)
		if err != nil {
			return fmt.Errorf("the living reader: %w", err)
		}
		if !ok {
			break
		}
		if seq < s.last || seq != s.last && !s.latest() || seq >= written+n {
			return errWrong("the living reader got value %d, and wanted %d of at most %d", seq, s.last, written+n-1)
		}
		s.last = seq + 1
	}
	if s.reader != nil && s.last < written {
		return errWrong("the living reader is at %d of %d that were committed", s.last, written)
	}
	if sure && s.last != written+n {
		return errWrong("the commit had returned, and the living reader is at %d, not %d", s.last, written+n)
	}
	// In a small ring the newest may be about to be overwritten: then an observer sees
	// none.
	if any && s.latest() && newest+1 != s.last {
		return errWrong("an observer sees value %d, the living reader is at %d", newest, s.last)
	}
	o, err := s.attach()
	if err != nil {
		return err
	}
	bell := binary.NativeEndian.Uint32(o.Region(hdr.RegionKindProducer)[hdr.FieldProducerPageBell:])
	if err := s.create(); err != nil {
		return fmt.Errorf("take over: %w", err)
	}
	if got := s.writer.Seq(); got != s.last {
		return errWrong("the new producer goes on at %d, the living reader is at %d", got, s.last)
	}
	if now := binary.NativeEndian.Uint32(o.Region(hdr.RegionKindProducer)[hdr.FieldProducerPageBell:]); now == bell {
		return errors.New("the new producer woke nobody")
	}
	return s.goOn()
}

// reclaim is the cleaning of a dead reader's cell by a writer that needs its room,
// while another reader stands still at the same place and lives.
func reclaim(policy string) *operation {
	return &operation{
		name: "reclaim: " + policy,
		child: func(s *stage) (func() error, error) {
			if err := s.create(); err != nil {
				return nil, err
			}
			return func() error {
				b, err := s.writer.Claim(context.Background(), 0)
				if err == nil { // which the living one should not have allowed
					fill(b, s.writer.Seq())
					return s.writer.Commit()
				}
				var late *slot.TimeoutError
				if !errors.As(err, &late) {
					return err
				}
				return nil
			}, nil
		},
		before: func(s *stage) error {
			if err := s.create(); err != nil {
				return err
			}
			dead, err := s.attach()
			if err != nil {
				return err
			}
			if _, err = slot.JoinReader(dead.Memory(), dead.Plan(), dead.Config(), dead.Host(), slot.ReaderOptions{Start: slot.StartOldest}); err != nil {
				return err
			}
			if s.reader, err = s.join(slot.StartOldest); err != nil {
				return err
			}
			if err := s.write(int(s.ring())); err != nil { // the ring is full
				return err
			}
			s.die()
			return dead.Close() // without leaving
		},
		after: func(s *stage, done bool) error {
			// All that was there is there still, for the one who lives.
			for s.last < s.ring() {
				seq, ok, err := take(s.reader)
				if err != nil || !ok || seq != s.last {
					return errWrong("the living reader got %d, %v, %v, and wanted value %d", seq, ok, err, s.last)
				}
				s.last++
			}
			return s.goOn()
		},
	}
}

// takeover is a producer that goes on where a dead one stopped, and writes. With
// whole it also finds the block and wins its lock.
func takeover(policy string, entire bool) *operation {
	name := "take over and write: "
	if entire {
		name = "find, take over and write: "
	}
	return &operation{
		name: name + policy, long: entire,
		before: func(s *stage) error {
			if err := s.create(); err != nil {
				return err
			}
			r, err := s.join(slot.StartOldest)
			if err != nil {
				return err
			}
			s.reader = r
			for range written - 1 {
				if err := s.write(1); err != nil {
					return err
				}
				if _, _, err := take(r); err != nil {
					return err
				}
				s.last++
			}
			if err := s.write(1); err != nil {
				return err
			}
			// The dead one had stamped its last value and not moved head.
			if !s.latest() {
				binary.NativeEndian.PutUint64(s.seg.Region(hdr.RegionKindProducer)[hdr.FieldProducerPageHead:], written-1)
			}
			s.die()
			return nil
		},
		child: func(s *stage) (func() error, error) {
			if !entire {
				seg, err := segment.Create("roof", s.config(), s.options())
				if err != nil {
					return nil, err
				}
				s.seg = seg
			}
			return func() error {
				var err error
				if entire {
					err = s.create()
				} else {
					s.writer, err = slot.OpenWriter(s.seg.Memory(), s.seg.Plan(), s.seg.Config(), s.seg.Host(), slot.WriterOptions{})
				}
				if err == nil {
					err = s.write(1)
				}
				s.note(1, 1)
				return err
			}, nil
		},
		after: func(s *stage, done bool) error { return s.afterWrite(1, s.noted(1) == 1) },
	}
}
