//go:build !race

package killtest

import (
	"errors"
	"fmt"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/segment"
	"github.com/pylabhub/datahub/runtime/slot"
)

// withWriter prepares a block whose writer lives and has written some values, for
// a reader that lives too.
func withWriter(s *stage) error {
	if err := s.create(); err != nil {
		return err
	}
	if s.config().Sync != hdr.SyncSingleReader {
		var err error
		if s.reader, err = s.join(slot.StartOldest); err != nil {
			return err
		}
	}
	return s.write(1)
}

// childJoins maps the block in the child and, with now, makes a reader.
func childJoins(s *stage, start slot.Start, now bool) (*segment.Segment, *slot.Reader, error) {
	seg, err := s.attach()
	if err != nil || !now {
		return seg, nil, err
	}
	r, err := slot.JoinReader(seg.Memory(), seg.Plan(), seg.Config(), seg.Host(), slot.ReaderOptions{Start: start})
	return seg, r, err
}

// read is the acquiring and releasing of one value.
func read(policy string, short bool) *operation {
	return &operation{
		name: "read: " + policy, short: short,
		before: withWriter,
		child: func(s *stage) (func() error, error) {
			_, r, err := childJoins(s, slot.StartOldest, true)
			if err != nil {
				return nil, err
			}
			if _, ok, err := take(r); !ok || err != nil {
				return nil, errWrong("the first value: %v, %v", ok, err)
			}
			return func() error {
				v, ok, err := r.TryAcquire()
				if err != nil || !ok || !whole(v.Payload, v.Seq) {
					return errWrong("got %v, %v, %v", v, ok, err)
				}
				s.note(0, 1) // read, and about to be released
				if err := r.Release(); err != nil {
					return err
				}
				s.note(1, 1)
				return nil
			}, nil
		},
		ready: func(s *stage) error {
			// One more value to read, and the writer wants to know when that is done.
			if err := s.write(1); err != nil {
				return err
			}
			poke(s.seg.Region(hdr.RegionKindProducer), uint64(hdr.FieldProducerPageRoomWanted), 1)
			return nil
		},
		after: func(s *stage, done bool) error { return s.afterRead() },
	}
}

// afterRead checks that a dead reader is in nobody's way. A single reader's
// successor begins with the value that was not released, or with the next one.
func (s *stage) afterRead() error {
	if s.config().Sync == hdr.SyncSingleReader {
		least, most := 1+s.noted(1), 1+s.noted(0)
		r, err := s.join(slot.StartDefault)
		if err != nil {
			return fmt.Errorf("the successor: %w", err)
		}
		if got := r.Seq(); got < least || got > most {
			return errWrong("the successor begins at %d, not between %d and %d", got, least, most)
		}
		s.reader, s.last = r, r.Seq()
	}
	return s.goOn()
}

// join is a reader's joining.
func join(policy string, start slot.Start, how string) *operation {
	return &operation{
		name: "join" + how + ": " + policy, long: true,
		before: func(s *stage) error {
			if err := withWriter(s); err != nil {
				return err
			}
			// The writer waits for room, and is to be told.
			poke(s.seg.Region(hdr.RegionKindProducer), uint64(hdr.FieldProducerPageRoomWanted), 1)
			return nil
		},
		child: func(s *stage) (func() error, error) {
			seg, _, err := childJoins(s, start, false)
			if err != nil {
				return nil, err
			}
			return func() error {
				_, err := slot.JoinReader(seg.Memory(), seg.Plan(), seg.Config(), seg.Host(), slot.ReaderOptions{Start: start, Name: "child"})
				return err
			}, nil
		},
		after: func(s *stage, done bool) error { return s.afterNothingRead() },
	}
}

// leave is a reader's leaving, with a value in use.
func leave(policy string) *operation {
	return &operation{
		name:   "leave: " + policy,
		before: withWriter,
		child: func(s *stage) (func() error, error) {
			_, r, err := childJoins(s, slot.StartOldest, true)
			if err != nil {
				return nil, err
			}
			if _, ok, err := r.TryAcquire(); !ok || err != nil {
				return nil, errWrong("the first value: %v, %v", ok, err)
			}
			return func() error {
				if err := r.Leave(); !errors.Is(err, slot.ErrLoanOpen) {
					return errWrong("leave: %v", err)
				}
				return nil
			}, nil
		},
		ready: func(s *stage) error {
			poke(s.seg.Region(hdr.RegionKindProducer), uint64(hdr.FieldProducerPageRoomWanted), 1)
			return nil
		},
		after: func(s *stage, done bool) error { return s.afterNothingRead() },
	}
}

// afterNothingRead checks that a dead reader that has released nothing is in
// nobody's way, and that a single reader's successor gets all.
func (s *stage) afterNothingRead() error {
	if s.config().Sync == hdr.SyncSingleReader {
		r, err := s.join(slot.StartDefault)
		if err != nil {
			return fmt.Errorf("the successor: %w", err)
		}
		if r.Seq() != 0 {
			return errWrong("the successor begins at %d, and nothing was released", r.Seq())
		}
		s.reader = r
	}
	return s.goOn()
}

// hold is a reader of latest values that dies and leaves its hold; then as many
// others as there are cells hold values and the writer must still find a slot.
func hold(policy string) *operation {
	o := read(policy, false)
	o.name = "hold: " + policy
	o.ready = func(s *stage) error { return s.write(1) }
	o.after = func(s *stage, done bool) error {
		// Other values become the latest one and go.
		if err := s.write(int(s.ring())); err != nil {
			return err
		}
		return s.goOn()
	}
	return o
}
