package datablock_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/pylabhub/datahub/runtime/datablock"
)

// TestEachCombinationOfPoliciesWorksOrIsRefusedByName: what is refused names the
// field that does not fit, and what is not refused carries a value.
func TestEachCombinationOfPoliciesWorksOrIsRefusedByName(t *testing.T) {
	type given struct {
		policy   datablock.Policy
		sync     datablock.Sync
		capacity uint32
		evict    bool
		readers  uint32
	}
	// refused returns the fields that are wrong, those that docs and the header's
	// checks know.
	refused := func(g given) (fields []string) {
		keeps := map[datablock.Policy]uint32{datablock.Single: 1, datablock.Double: 2}[g.policy]
		switch {
		case g.policy == 0:
			fields = append(fields, "Policy")
		case keeps != 0 && g.sync != 0 && g.sync != datablock.LatestOnly:
			fields = append(fields, "Sync")
		}
		if keeps != 0 && g.capacity != 0 && g.capacity != keeps || g.policy == datablock.Ring && g.capacity == 0 {
			fields = append(fields, "Capacity")
		}
		if g.sync == 0 {
			fields = append(fields, "Sync")
		}
		if g.readers == 0 || g.sync == datablock.SingleReader && g.readers > 1 {
			fields = append(fields, "Consumers")
		}
		if g.evict && g.sync != datablock.SyncReaders && g.sync != 0 {
			fields = append(fields, "Evict")
		}
		return fields
	}
	works, refusals := 0, 0
	for _, policy := range []datablock.Policy{0, datablock.Single, datablock.Double, datablock.Ring} {
		for _, sync := range []datablock.Sync{0, datablock.LatestOnly, datablock.SingleReader, datablock.SyncReaders, datablock.Overwrite} {
			for _, capacity := range []uint32{0, 1, 2, 8} {
				for _, readers := range []uint32{0, 1, 2} {
					for _, evict := range []bool{false, true} {
						g := given{policy, sync, capacity, evict, readers}
						spec := &datablock.Spec{RawSize: 16, Policy: policy, Sync: sync, Capacity: capacity, Consumers: readers, PageSize: 4096}
						opts := []datablock.Option{root(t), datablock.Timeout(time.Minute)}
						if evict {
							opts = append(opts, datablock.EvictAfter(time.Minute))
						}
						p, err := datablock.CreateRaw(spec, "raw", opts...)
						if want := refused(g); len(want) > 0 {
							refusals++
							if err == nil {
								p.Close()
							}
							if got := configFields(err); !slices.Equal(got, sorted(want)) {
								t.Errorf("%+v: refused for %v, want %v: %v", g, got, sorted(want), err)
							}
							continue
						}
						if err != nil {
							t.Errorf("%+v: %v", g, err)
							continue
						}
						works++
						carries(t, fmt.Sprintf("%+v", g), p, spec, opts)
					}
				}
			}
		}
	}
	t.Logf("%d combinations work, %d are refused", works, refusals)
}

func sorted(s []string) []string { slices.Sort(s); return slices.Compact(s) }

// configFields returns the fields that the errors in err name.
func configFields(err error) (fields []string) {
	var walk func(error)
	walk = func(err error) {
		switch e := err.(type) {
		case *datablock.ConfigError:
			fields = append(fields, e.Field)
		case interface{ Unwrap() []error }:
			for _, e := range e.Unwrap() {
				walk(e)
			}
		case interface{ Unwrap() error }:
			walk(e.Unwrap())
		}
	}
	if err != nil {
		walk(err)
	}
	return sorted(fields)
}

// carries sends a value through a channel.
func carries(t *testing.T, name string, p *datablock.RawProducer, spec *datablock.Spec, opts []datablock.Option) {
	t.Helper()
	defer func() { must(t, p.Close()) }()
	c, err := datablock.AttachRaw(spec, "raw", opts...)
	if err != nil {
		t.Errorf("%s: attach: %v", name, err)
		return
	}
	defer func() { must(t, c.Close()) }()
	must(t, p.Send(within(t), []byte("hello")))
	if s, err := c.Next(within(t)); err != nil || string(s.Value) != "hello" {
		t.Errorf("%s: got %q, %v", name, s.Value, err)
	}
	must(t, c.Release())
}

func TestALazySingleReaderSeeksToWhatItHasNotReleased(t *testing.T) {
	r := newRawPair(t, func() *datablock.Spec {
		s := rawSpec(datablock.SingleReader)
		s.Capacity = 64
		return s
	}(), datablock.LazyRelease())
	r.send(20)
	for range 3 {
		r.next()
	}
	must(t, r.c.Release())
	must(t, r.c.SeekOldest())
	if s := r.next(); s.Seq != 3 || s.Lost != 0 {
		t.Errorf("got value %d with %d lost, want 3", s.Seq, s.Lost)
	}
	must(t, r.c.Release())
	// Who leaves shows how far it was.
	must(t, r.c.Close())
	r.c = r.attach(datablock.StartOldest())
	if s := r.next(); s.Seq != 4 || s.Lost != 0 {
		t.Errorf("the next got value %d with %d lost, want 4", s.Seq, s.Lost)
	}
}

// A loan may be ended by another goroutine than the one that took it, if one hands
// it to the other: the handle is used by one at a time still.
func TestALoanMayBeEndedByAnotherGoroutine(t *testing.T) {
	r := newRawPair(t, rawSpec(datablock.SyncReaders))
	elsewhere := func(fn func() error) error {
		done := make(chan error)
		go func() { done <- fn() }()
		return <-done
	}
	for range 20 {
		_, err := r.p.Begin(within(t))
		must(t, err)
		must(t, elsewhere(func() error { return r.p.Commit(5) }))
		if _, err := r.c.Next(within(t)); err != nil {
			t.Fatal(err)
		}
		must(t, elsewhere(r.c.Release))
		if err := elsewhere(r.c.Release); !errors.Is(err, datablock.ErrNoLoan) {
			t.Errorf("a second release: %v, want ErrNoLoan", err)
		}
		if err := elsewhere(func() error { return r.p.Commit(5) }); !errors.Is(err, datablock.ErrNoLoan) {
			t.Errorf("a second commit: %v, want ErrNoLoan", err)
		}
	}
}
