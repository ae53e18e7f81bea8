//go:build linux

package segment

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"runtime/debug"
	"testing"

	"github.com/pylabhub/datahub/runtime/slot"
)

// stores reports whether a store into b is possible.
func stores(b []byte) (ok bool) {
	old := debug.SetPanicOnFault(true)
	defer debug.SetPanicOnFault(old)
	defer func() { ok = recover() == nil }()
	b[0]++
	b[0]--
	return true
}

func TestAnObserverCanStoreNowhereAndLeavesNoTrace(t *testing.T) {
	eachPlace(t, func(t *testing.T) {
		o := Options{Root: t.TempDir()}
		p := mustCreate(t, "roof", withFlex(), o)
		files := func() (all []byte) {
			err := filepath.WalkDir(o.Root, func(path string, e os.DirEntry, err error) error {
				if err != nil || e.IsDir() {
					return err
				}
				b, err := os.ReadFile(path)
				all = append(append(all, path...), b...)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return all
		}
		before := files()
		s, err := Observe("roof", Config{}, o)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		m := s.Memory()
		for name, b := range map[string][]byte{
			"producer": m.Producer, "flex": m.Flex, "slots": m.Slots, "control": m.Control, "cells": m.Cells,
			"spinlocks": m.Spinlocks, "counters": m.Counters, "baselines": m.Baselines,
		} {
			if stores(b) {
				t.Errorf("an observer can store into the region %s", name)
			}
		}
		if s.Producer() || !s.Host().ProducerAlive() || s.Host().CellAlive(0) {
			t.Errorf("producer %t, producer alive %t, cell alive %t; want false, true, false",
				s.Producer(), s.Host().ProducerAlive(), s.Host().CellAlive(0))
		}
		if won, err := s.Host().TryLockCell(0); won || err == nil {
			t.Errorf("an observer locks a cell: %t, %v", won, err)
		}
		if err := s.Remove(); !errors.Is(err, ErrNotProducer) {
			t.Errorf("an observer removes: %v", err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		conf := withFlex()
		conf.Schema = readingF32
		if _, err := Observe("roof", conf, o); !errors.Is(err, ErrSchema) {
			t.Errorf("another schema: %v", err)
		}
		if n := p.SchemaMismatches(); n != 0 {
			t.Errorf("%d mismatches were counted, want 0: observers leave no trace", n)
		}
		if after := files(); !bytes.Equal(before, after) {
			t.Error("observing changed the block")
		}
	})
}

func TestObservingNeedsNoSchemaAndTellsTheBlocks(t *testing.T) {
	o := Options{Root: t.TempDir()}
	mustCreate(t, "roof", withFlex(), o)
	s, err := Observe("roof", Config{}, o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for flex, want := range map[bool]string{false: reading.Descriptor, true: calib.Descriptor} {
		if d, err := s.Descriptor(flex); err != nil || d != want {
			t.Errorf("descriptor, flex %t: %d bytes, %v", flex, len(d), err)
		}
	}
	if _, err := Observe("cellar", Config{}, o); !errors.Is(err, ErrNotFound) {
		t.Errorf("no such channel: %v", err)
	}
	if _, err := Observe("..", Config{}, o); !errors.Is(err, ErrName) {
		t.Errorf("no name: %v", err)
	}
	if _, err := Observe("roof", Config{Config: slot.Config{Sync: 1}}, o); !errors.Is(err, ErrPolicy) {
		t.Errorf("another policy: %v", err)
	}
}

func TestOpenWritesControlOnlyWhateverTheSchema(t *testing.T) {
	o := Options{Root: t.TempDir()}
	mustCreate(t, "roof", withFlex(), o)
	s, err := Open("roof", o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if m := s.Memory(); !stores(m.Baselines) || stores(m.Slots) || stores(m.Producer) {
		t.Error("baselines are not writable, or slots or the producer page are")
	}
	if _, err := Open("cellar", o); !errors.Is(err, ErrNotFound) {
		t.Errorf("no such channel: %v", err)
	}
}
