//go:build linux

package datablock_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/datablock"
	"github.com/pylabhub/datahub/runtime/segment"
	"github.com/pylabhub/datahub/runtime/slot"
)

// beset are the channels of the tests with hostile consumers.
func beset(sync datablock.Sync) *datablock.Spec {
	s := &datablock.Spec{
		RawSize: 256, Policy: datablock.Ring, Sync: sync, Capacity: 8, Consumers: 3, PageSize: 4096, Spinlocks: 4,
	}
	if sync == datablock.LatestOnly {
		s.Policy, s.Capacity = datablock.Single, 0
	}
	return s
}

// mine are the words that a consumer may have to write, by their offsets in the
// control file: its own cell, counters and baselines, locks, and what wakes the
// producer. Cells of others are theirs.
func mine(dir string) ([]byte, []int, error) {
	seg, err := segment.Observe("roof", segment.Config{}, segment.Options{Root: dir})
	if err != nil {
		return nil, nil, err
	}
	defer seg.Close()
	f, err := os.OpenFile(filepath.Join(dir, "roof", "control"), os.O_RDWR, 0)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	mem, err := syscall.Mmap(int(f.Fd()), 0, int(seg.Header().ControlSize), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	if err != nil {
		return nil, nil, err
	}
	words := []int{int(hdr.FieldControlHeaderSchemaMismatches)}
	for _, r := range seg.Header().Regions {
		if r.File != hdr.FileKindControl {
			continue
		}
		for at := int(r.Offset); at < int(r.Offset+r.Size); at += 8 {
			if r.Kind == hdr.RegionKindCells {
				cell := at - (at-int(r.Offset))%int(r.Stride)
				if binary.LittleEndian.Uint32(mem[cell+int(hdr.FieldConsumerCellPID):]) != uint32(os.Getpid()) {
					continue
				}
			}
			words = append(words, at)
		}
	}
	return mem, words, nil
}

var _ = faultRole("hostile", func(args []string) error {
	seed, err := strconv.ParseUint(args[2], 10, 64)
	if err != nil {
		return err
	}
	sync, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	c, err := datablock.AttachRaw(beset(datablock.Sync(sync)), "roof", datablock.Root(args[0]))
	if err != nil {
		return err
	}
	mem, words, err := mine(args[0])
	if err != nil {
		return err
	}
	fmt.Println("attached", c.Info().Channel)
	fmt.Scanln()
	for random := rand.New(rand.NewPCG(seed, 32)); ; {
		at, v := words[random.IntN(len(words))], random.Uint64()
		switch random.IntN(8) {
		case 0:
			v = ^uint64(0)
		case 1:
			v = 0
		case 2: // nearly true
			v = binary.LittleEndian.Uint64(mem[at:]) + uint64(random.IntN(20)) - 10
		}
		binary.LittleEndian.PutUint64(mem[at:], v)
	}
})

func TestFault32AHostileConsumersNonsenseIsItsOwnLoss(t *testing.T) {
	for name, sync := range map[string]datablock.Sync{
		"sync_readers": datablock.SyncReaders, "latest_only": datablock.LatestOnly, "overwrite": datablock.Overwrite,
	} {
		t.Run(name, func(t *testing.T) {
			seed := rand.Uint64()
			dir := sharedMemory(t)
			at, spec, ctx := datablock.Root(dir), beset(sync), within(t)
			p, err := datablock.CreateRaw(spec, "roof", at)
			must(t, err)
			defer p.Close()
			good, err := datablock.AttachRaw(spec, "roof", at)
			must(t, err)
			hostile := startChild(t, faultCommand("hostile", dir, strconv.Itoa(int(sync)), fmt.Sprint(seed)))
			hostile.expect("attached roof")

			next := uint64(0)
			exchange := func() {
				t.Helper()
				err := p.Write(ctx, func(b []byte) (int, error) { fillRaw(b, p.Seq()); return len(b), nil })
				if err != nil {
					t.Fatalf("write %d: %v; seed %d", p.Seq(), err, seed)
				}
				s, err := good.Next(ctx)
				if err != nil || s.Seq != next || s.Lost != 0 || !wholeRaw(s.Value, s.Seq) {
					t.Fatalf("read %d: value %d, %d lost, %v; seed %d", next, s.Seq, s.Lost, err, seed)
				}
				next++
			}
			exchange()
			hostile.say("go")
			lock, err := p.GetSpinlock(2)
			must(t, err)
			for end := time.Now().Add(500 * time.Millisecond); time.Now().Before(end); {
				exchange()
				if next%64 == 0 { // its word is anybody's: it only must not hang
					hurry, cancel := context.WithTimeout(ctx, time.Millisecond)
					if g, err := lock.Lock(hurry); err == nil || errors.Is(err, datablock.ErrPoisoned) {
						_ = g.Unlock()
					}
					cancel()
					_ = p.Consumers()
					_, err := good.Metrics()
					must(t, err)
				}
			}
			detached := detachedOf(t, dir, p)
			t.Logf("%d values, %d times detached", next, detached)
			if sync != datablock.Overwrite && detached == 0 { // there the producer asks nobody
				t.Error("the hostile one was never detached")
			}
			must(t, hostile.cmd.Process.Kill())
			_ = hostile.cmd.Wait()
			for range 30 {
				exchange()
			}
			// Its cell can be had again.
			for range spec.Consumers - 1 {
				c, err := datablock.AttachRaw(spec, "roof", at)
				must(t, err)
				defer c.Close()
			}
			must(t, good.Release())
			must(t, good.Close())
		})
	}
}

// detachedOf returns what the producer has counted itself: of metrics anybody can
// change the baselines.
func detachedOf(t *testing.T, dir string, p *datablock.RawProducer) uint64 {
	t.Helper()
	_, err := p.Metrics() // which shows its counters to others
	must(t, err)
	seg, err := segment.Observe("roof", segment.Config{}, segment.Options{Root: dir})
	must(t, err)
	defer seg.Close()
	book, err := slot.NewBook(seg.Memory(), seg.Plan(), seg.Config())
	must(t, err)
	return book.Figures().Writer.Detached
}
