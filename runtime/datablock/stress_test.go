package datablock_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pylabhub/datahub/runtime/datablock"
	"github.com/pylabhub/datahub/runtime/datablock/internal/weather"
)

var messages = flag.Uint64("messages", map[bool]uint64{false: 200_000, true: 2_000}[raceEnabled],
	"values of each stress test")

// stressBatch is how many values are written and read at a time.
const stressBatch = 64

// stressSpec is a channel for as many consumers as take part.
func stressSpec(sync datablock.Sync, consumers int) *datablock.Spec {
	return &datablock.Spec{Schema: &weather.LogSchema, Policy: datablock.Ring, Sync: sync, Capacity: 1024,
		Consumers: uint32(consumers), PageSize: 4096}
}

var stressSyncs = map[string]datablock.Sync{
	"sync_readers": datablock.SyncReaders, "overwrite": datablock.Overwrite, "latest_only": datablock.LatestOnly,
}

func init() { zoneRoles["stress"] = stressRead }

// stressRead reads to the end of a channel, and says on its tape how many it got.
func stressRead(ctx context.Context, t tape, what, name string) error {
	sync, text, _ := strings.Cut(what, ",")
	consumers, err := strconv.Atoi(text)
	if err != nil {
		return err
	}
	want, err := t.load()
	if err != nil {
		return err
	}
	c, err := datablock.Attach[weather.Log](stressSpec(stressSyncs[sync], consumers), name)
	if err != nil {
		return err
	}
	next, lost := uint64(0), uint64(0)
	check := func(s datablock.Sample[weather.Log]) error {
		switch v := s.Value; {
		case v.Number != s.Seq || !whole(&v.Words, v.Number):
			return fmt.Errorf("value %d is torn: %+v", s.Seq, *v)
		case sync == "latest_only" && s.Seq < next, sync != "latest_only" && s.Seq != next+s.Lost:
			return fmt.Errorf("value %d came when %d was next, and %d were lost", s.Seq, next, s.Lost)
		}
		lost += s.Lost
		next = s.Seq + 1
		return nil
	}
	for err == nil {
		if sync == "latest_only" {
			var s datablock.Sample[weather.Log]
			if s, err = c.Next(ctx); err == nil {
				err = check(s)
			}
			continue
		}
		if _, err = c.NextN(ctx, stressBatch); err != nil {
			break
		}
		for _, s := range c.Batch() {
			if err = check(s); err != nil {
				break
			}
		}
	}
	switch {
	case !errors.Is(err, datablock.ErrProducerClosed):
		return err
	case next != want, sync == "sync_readers" && lost != 0:
		return fmt.Errorf("the last value was %d of %d, %d were lost", next, want, lost)
	}
	return t.store(next - lost)
}

// TestStressTearsLosesAndReordersNothing lets one producer and many consumers, each
// a process, exchange values as fast as they can. Each value tells its number and
// what its words are.
func TestStressTearsLosesAndReordersNothing(t *testing.T) {
	for _, sync := range []string{"sync_readers", "overwrite", "latest_only"} {
		for _, consumers := range []int{8, 32} {
			t.Run(fmt.Sprintf("%s, %d consumers", sync, consumers), func(t *testing.T) {
				root := sharedMemory(t)
				p, err := datablock.Create[weather.Log](stressSpec(stressSyncs[sync], consumers), "roof", datablock.Root(root))
				must(t, err)
				defer p.Close()
				var all []*victim
				for i := range consumers {
					file := filepath.Join(t.TempDir(), fmt.Sprint("tape-", i))
					must(t, os.WriteFile(file, nil, 0o600))
					f, err := os.OpenFile(file, os.O_RDWR, 0)
					must(t, err)
					must(t, tape{f}.store(*messages))
					must(t, f.Close())
					v := &victim{role: fmt.Sprintf("stress %s,%d roof %s", sync, consumers, file)}
					v.start(t, root)
					t.Cleanup(func() { _ = v.cmd.Process.Kill() }) // it may have ended
					all = append(all, v)
				}
				for end := time.Now().Add(time.Minute); p.Consumers() < consumers; time.Sleep(time.Millisecond) {
					if time.Now().After(end) {
						t.Fatalf("%d consumers of %d are there", p.Consumers(), consumers)
					}
				}
				start := time.Now()
				must(t, stressWrite(t, p, sync))
				must(t, p.Drain(context.Background()))
				must(t, p.Close())
				read := uint64(0)
				for _, v := range all {
					if err := v.cmd.Wait(); err != nil {
						t.Errorf("a consumer: %v\n%s", err, v.err)
					}
					read += v.sure(t)
				}
				took := time.Since(start)
				t.Logf("%d values written, %d read, in %v: %.2f million a second written", *messages, read, took.Round(time.Millisecond),
					float64(*messages)/took.Seconds()/1e6)
			})
		}
	}
}

func stressWrite(t *testing.T, p *datablock.Producer[weather.Log], sync string) error {
	ctx := context.Background()
	for n := uint64(0); n < *messages; {
		batch := min(stressBatch, *messages-n)
		if sync == "latest_only" {
			batch = 1
		}
		if err := p.BeginN(ctx, int(batch)); err != nil {
			return err
		}
		for i := range batch {
			v := p.At(int(i))
			v.Number = n + i
			fill(&v.Words, v.Number)
		}
		if err := p.CommitN(int(batch)); err != nil {
			return err
		}
		n += batch
	}
	return nil
}
