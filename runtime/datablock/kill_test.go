package datablock_test

import (
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pylabhub/datahub/runtime/datablock"
	"github.com/pylabhub/datahub/runtime/datablock/internal/weather"
)

var (
	kills = flag.Int("kills", defaultKills, "processes to kill, over all policies")
	seed  = flag.Uint64("seed", 0, "seed of the kills, 0 for a new one")
)

// defaultKills is for each change. The race detector sees nothing of what several
// processes do.
var defaultKills = map[bool]int{false: 2000, true: 200}[raceEnabled]

// roleVariable makes the test binary one of the processes that are killed.
const roleVariable = "DATABLOCK_TEST_ROLE"

func TestMain(m *testing.M) {
	if role := os.Getenv(roleVariable); role != "" {
		if err := play(role); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	flag.Parse()
	os.Exit(m.Run())
}

// play runs "producer|consumer policy name number" until it is killed.
func play(role string) error {
	f := strings.Fields(role)
	progress, err := os.OpenFile(f[3], os.O_RDWR, 0)
	if err != nil {
		return err
	}
	t := tape{progress}
	ctx := context.Background()
	if run := zoneRoles[f[0]]; run != nil {
		return run(ctx, t, f[1], f[2])
	}
	if f[1] == "reading" {
		return consume(ctx, t, f[2], killPolicies["sync_readers"], weather.ReadingChannel.Attach, func(v *weather.Reading) (uint64, bool) {
			return v.Number, v.Check == ^v.Number
		})
	}
	p, ok := killPolicies[f[1]]
	if !ok {
		return fmt.Errorf("unknown role %q", role)
	}
	if f[0] == "producer" {
		return produce(ctx, t, f[2], p.create, func(v *weather.Log, n uint64) {
			v.Number = n
			fill(&v.Words, n)
		})
	}
	return consume(ctx, t, f[2], p, p.attach, func(v *weather.Log) (uint64, bool) {
		return v.Number, whole(&v.Words, v.Number)
	})
}

// A killPolicy is a kind of channel whose users are killed.
type killPolicy struct {
	spec     datablock.Spec
	lossless bool
	options  []datablock.Option
}

var killPolicies = map[string]*killPolicy{
	"latest_only_single": {spec: datablock.Spec{Policy: datablock.Single, Sync: datablock.LatestOnly, Timestamp: true}},
	"latest_only_double": {spec: datablock.Spec{Policy: datablock.Double, Sync: datablock.LatestOnly}},
	"latest_only_ring": {spec: datablock.Spec{Policy: datablock.Ring, Capacity: 16, Sync: datablock.LatestOnly,
		Checksum: datablock.ChecksumEnforced, ChecksumType: datablock.CRC32C}},
	"single_reader": {spec: datablock.Spec{Policy: datablock.Ring, Capacity: 8, Sync: datablock.SingleReader}, lossless: true},
	"sync_readers":  {spec: datablock.Spec{Policy: datablock.Ring, Capacity: 8, Sync: datablock.SyncReaders}, lossless: true},
	"sync_readers_checked": {spec: datablock.Spec{Policy: datablock.Ring, Capacity: 8, Sync: datablock.SyncReaders,
		Checksum: datablock.ChecksumEnforced, ChecksumType: datablock.CRC32C}, lossless: true},
	"overwrite": {spec: datablock.Spec{Policy: datablock.Ring, Capacity: 64, Sync: datablock.Overwrite}},
	"evicting": {spec: datablock.Spec{Policy: datablock.Ring, Capacity: 8, Sync: datablock.SyncReaders},
		options: []datablock.Option{datablock.EvictAfter(5 * time.Millisecond)}, lossless: true},
}

// killReaders is how many consumers each channel has; see fault 5.
const killReaders = 8

func init() {
	for _, p := range killPolicies {
		p.spec.Schema, p.spec.PageSize, p.spec.Consumers = &weather.LogSchema, 4096, killReaders
		if p.spec.Sync == datablock.SingleReader {
			p.spec.Consumers = 1
		}
	}
}

func (p *killPolicy) create(name string, o ...datablock.Option) (*datablock.Producer[weather.Log], error) {
	return datablock.Create[weather.Log](&p.spec, name, append(o, p.options...)...)
}

func (p *killPolicy) attach(name string, o ...datablock.Option) (*datablock.Consumer[weather.Log], error) {
	return datablock.Attach[weather.Log](&p.spec, name, append(o, p.options...)...)
}

func fill(words *[15]uint64, n uint64) {
	for i := range words {
		words[i] = n * uint64(2*i+3)
	}
}

func whole(words *[15]uint64, n uint64) bool {
	for i := range words {
		if words[i] != n*uint64(2*i+3) {
			return false
		}
	}
	return true
}

// A tape survives its process: it holds the next sequence number that the process
// was sure of.
type tape struct{ f *os.File }

func (t tape) store(n uint64) error {
	_, err := t.f.WriteAt(binary.LittleEndian.AppendUint64(nil, n), 0)
	return err
}

func (t tape) load() (uint64, error) {
	var b [8]byte
	_, err := t.f.ReadAt(b[:], 0)
	return binary.LittleEndian.Uint64(b[:]), err
}

type producerOf[T any] interface {
	Begin(context.Context) (*T, error)
	Commit() error
	Seq() uint64
}

// produce writes values that tell their own sequence number.
func produce[T any, P producerOf[T]](ctx context.Context, t tape, name string, create func(string, ...datablock.Option) (P, error), fill func(*T, uint64)) error {
	p, err := create(name)
	if err != nil {
		return err
	}
	sure, err := t.load()
	if err != nil {
		return err
	}
	if p.Seq() < sure {
		return fmt.Errorf("producer goes on at %d, but %d values were committed", p.Seq(), sure)
	}
	for {
		v, err := p.Begin(ctx)
		if err != nil {
			return err
		}
		n := p.Seq()
		fill(v, n)
		if err := p.Commit(); err != nil {
			return err
		}
		if err := t.store(n + 1); err != nil {
			return err
		}
	}
}

type consumerOf[T any] interface {
	Next(context.Context) (datablock.Sample[T], error)
	Release() error
	SeekNewest() error
}

// consume checks what it reads: in a lossless channel there must be no gap, and in
// one that is overwritten the losses must add up.
func consume[T any, C consumerOf[T]](ctx context.Context, t tape, name string, p *killPolicy, attach func(string, ...datablock.Option) (C, error), check func(*T) (uint64, bool)) error {
	c, err := attach(name)
	for errors.Is(err, datablock.ErrNotFound) {
		time.Sleep(time.Millisecond)
		c, err = attach(name)
	}
	if err != nil {
		return err
	}
	last, err := t.load()
	if err != nil {
		return err
	}
	lossless, latest := p.lossless, p.spec.Sync == datablock.LatestOnly
	for first := true; ; {
		s, err := c.Next(ctx)
		switch {
		case errors.Is(err, datablock.ErrProducerDied):
			continue
		case errors.Is(err, datablock.ErrEvicted) && p.options != nil:
			if err := c.SeekNewest(); err != nil {
				return err
			}
			first = true
			continue
		case err != nil:
			return err
		}
		n, ok := check(s.Value)
		switch {
		case !ok:
			return fmt.Errorf("value %d is torn: %+v", s.Seq, *s.Value)
		case n != s.Seq:
			return fmt.Errorf("value %d says that it is number %d", s.Seq, n)
		case lossless && s.Lost != 0:
			return fmt.Errorf("value %d: %d were lost", s.Seq, s.Lost)
		case !first && lossless && s.Seq != last:
			return fmt.Errorf("got value %d after %d", s.Seq, last-1)
		case !first && s.Seq < last:
			return fmt.Errorf("got value %d again, after %d", s.Seq, last-1)
		case !first && !latest && s.Seq != last+s.Lost:
			return fmt.Errorf("got value %d after %d, and was told of %d lost", s.Seq, last-1, s.Lost)
		case first && t.single() && s.Seq > last:
			return fmt.Errorf("a single reader's successor began at %d, but %d was not read", s.Seq, last)
		}
		last, first = s.Seq+1, false
		if err := t.store(last); err != nil { // before the release: what was released is on the tape
			return err
		}
		if err := c.Release(); err != nil && !errors.Is(err, datablock.ErrEvicted) {
			return err
		}
	}
}

// single reports whether each consumer goes on where the one before it stopped.
func (t tape) single() bool { return strings.Contains(t.f.Name(), "single_reader") }

// A victim is a process that is started again and again.
type victim struct {
	role string
	cmd  *exec.Cmd
	err  *strings.Builder
}

func (v *victim) start(t *testing.T, root string) {
	t.Helper()
	v.err = new(strings.Builder)
	v.cmd = exec.Command(os.Args[0])
	v.cmd.Env = append(os.Environ(), roleVariable+"="+v.role, "DATAHUB_DIR="+root)
	v.cmd.Stderr = v.err
	must(t, v.cmd.Start())
}

// sure returns what is on the process's tape.
func (v *victim) sure(t *testing.T) uint64 {
	t.Helper()
	f, err := os.Open(strings.Fields(v.role)[3])
	must(t, err)
	defer f.Close()
	n, err := tape{f}.load()
	must(t, err)
	return n
}

// kill kills the process, and fails if it had ended before by itself.
func (v *victim) kill(t *testing.T) {
	t.Helper()
	_ = v.cmd.Process.Kill() // it may have ended: Wait tells
	if err := v.cmd.Wait(); v.cmd.ProcessState.Exited() {
		t.Errorf("%s ended by itself: %v\n%s", v.role, err, v.err)
	}
}

// TestFault05KilledProcessesTearLoseAndLeakNothing kills producers and consumers at random
// moments and starts them again.
func TestFault05KilledProcessesTearLoseAndLeakNothing(t *testing.T) {
	s := *seed
	if s == 0 {
		s = rand.Uint64()
	}
	names := slices.Sorted(maps.Keys(killPolicies))
	all, start := 0, time.Now()
	for i, name := range names {
		p := killPolicies[name]
		t.Run(name, func(t *testing.T) {
			consumers := int(p.spec.Consumers)
			root := sharedMemory(t)
			random := rand.New(rand.NewPCG(s, uint64(i)))
			var victims []*victim
			for k := range consumers + 1 {
				kind := "consumer"
				if k == 0 {
					kind = "producer"
				}
				file := filepath.Join(t.TempDir(), fmt.Sprintf("%s-%s-%d", name, kind, k))
				must(t, os.WriteFile(file, make([]byte, 8), 0o600))
				v := &victim{role: fmt.Sprintf("%s %s %s %s", kind, name, "roof", file)}
				v.start(t, root)
				defer func() { v.kill(t) }()
				victims = append(victims, v)
			}
			n, began := *kills/len(names), time.Now()
			for range n {
				time.Sleep(time.Duration(random.IntN(6000)) * time.Microsecond)
				v := victims[random.IntN(len(victims))]
				if random.IntN(3) == 0 {
					v = victims[0] // the producer's death is the interesting one
				}
				v.kill(t)
				if t.Failed() {
					t.Fatalf("seed %d", s)
				}
				v.start(t, root)
			}
			all += n
			rate := float64(n) / time.Since(began).Seconds()
			// Everybody gets on after the last kill.
			deadline := time.Now().Add(20 * time.Second)
			for _, v := range victims {
				for from := v.sure(t); v.sure(t) <= from; time.Sleep(time.Millisecond) {
					if time.Now().After(deadline) {
						t.Fatalf("%s stands still at %d; seed %d", v.role, from, s)
					}
				}
			}
			m, err := datablock.MetricsOf("roof", datablock.Root(root))
			must(t, err)
			t.Logf("seed %d: %d kills, %.0f a second; %d values written, %d places reclaimed, %d takeovers, %d evictions",
				s, n, rate, victims[0].sure(t), m.Reclaimed, m.Takeovers, m.Evictions)

			// No cell is lost: with all of them dead, as many as ever fit.
			for _, v := range victims[1:] {
				v.kill(t)
			}
			for range consumers {
				c, err := p.attach("roof", datablock.Root(root))
				must(t, err)
				defer c.Close()
			}
			if _, err := p.attach("roof", datablock.Root(root)); !errors.Is(err, datablock.ErrFull) {
				t.Errorf("one consumer too many: %v", err)
			}
			for _, v := range victims[1:] {
				v.role = "consumer " + name + " nowhere " + strings.Fields(v.role)[3]
				v.start(t, root) // for the deferred kill
			}
		})
	}
	t.Logf("seed %d: %d kills in %v", s, all, time.Since(start).Round(time.Millisecond))
}

// sharedMemory returns a folder for blocks, in memory where there is such a place.
func sharedMemory(t *testing.T) string {
	dir, err := os.MkdirTemp("/dev/shm", "datablock-test-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// TestADeadConsumerIsReclaimedEvenIfTheNameIsGone: the producer needs nothing but
// what it has mapped and locked.
func TestADeadConsumerIsReclaimedEvenIfTheNameIsGone(t *testing.T) {
	dir := sharedMemory(t)
	p := createReading(t, datablock.Root(dir))
	file := filepath.Join(t.TempDir(), "tape")
	must(t, os.WriteFile(file, make([]byte, 8), 0o600))
	v := &victim{role: "consumer reading roof " + file}
	v.start(t, dir)
	for p.Consumers() == 0 {
		time.Sleep(time.Millisecond)
	}
	must(t, os.RemoveAll(filepath.Join(dir, "roof")))
	v.kill(t)
	for n := range uint64(100) { // the ring has 8
		put(t, p, n)
	}
}
