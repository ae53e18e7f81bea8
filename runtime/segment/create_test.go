//go:build linux

package segment

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"
	"time"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/shm"
	"github.com/pylabhub/datahub/runtime/slot"
)

func init() {
	// Creates the channel and stays until its input ends.
	children["producer"] = func(args []string) error {
		s, err := Create(args[1], config(), Options{Root: args[0]})
		if err != nil {
			return err
		}
		fmt.Println("created", s.TookOver())
		waitForEOF()
		return s.Close()
	}
	// Attaches and stores into the data file.
	children["vandal"] = func(args []string) error {
		s, err := Attach(args[1], config(), Options{Root: args[0]})
		if err != nil {
			return err
		}
		debug.SetPanicOnFault(true)
		defer func() {
			if r := recover(); r != nil {
				fmt.Println("fault:", strings.Contains(fmt.Sprint(r), "invalid memory address"))
			}
		}()
		s.Memory().Control[0]++
		fmt.Println("stored into control")
		s.Memory().Slots[0]++
		return errors.New("stored into a slot")
	}
}

func TestABlockIsMadeFoundAndRemoved(t *testing.T) {
	eachPlace(t, func(t *testing.T) {
		o := Options{Root: t.TempDir()}
		p := mustCreate(t, "roof", withFlex(), o)
		c := mustAttach(t, "roof", withFlex(), o)
		if p.TookOver() || p.Generation() != 1 || !p.Producer() || c.Producer() {
			t.Errorf("took over %t, generation %d, producer %t, consumer is producer %t", p.TookOver(), p.Generation(), p.Producer(), c.Producer())
		}
		if *p.Header() != *c.Header() {
			t.Errorf("headers differ:\n%+v\n%+v", p.Header(), c.Header())
		}
		if p.Plan() != c.Plan() || p.Config() != c.Config() {
			t.Errorf("plans differ:\n%+v\n%+v", p.Plan(), c.Plan())
		}
		plan := p.Plan()
		for _, r := range []struct {
			name           string
			mine, theirs   []byte
			size, multiple uint64
		}{
			{"producer", p.Memory().Producer, c.Memory().Producer, plan.ProducerSize, 4096},
			{"flex", p.Memory().Flex, c.Memory().Flex, plan.FlexSize, 4096},
			{"slots", p.Memory().Slots, c.Memory().Slots, plan.SlotsSize, 4096},
			{"control", p.Memory().Control, c.Memory().Control, plan.ControlSize, 128},
			{"cells", p.Memory().Cells, c.Memory().Cells, plan.CellsSize, 128},
			{"spinlocks", p.Memory().Spinlocks, c.Memory().Spinlocks, plan.SpinlocksSize, 128},
			{"counters", p.Memory().Counters, c.Memory().Counters, plan.CountersSize, 128},
			{"baselines", p.Memory().Baselines, c.Memory().Baselines, plan.BaselinesSize, 128},
		} {
			if uint64(len(r.mine)) != r.size || uint64(len(r.theirs)) != r.size || r.size == 0 {
				t.Errorf("%s: %d and %d bytes, want %d", r.name, len(r.mine), len(r.theirs), r.size)
			}
			if cap(r.mine) != len(r.mine) {
				t.Errorf("%s can grow into its neighbour", r.name)
			}
			r.mine[len(r.mine)-1] = 0x5a
			if r.theirs[len(r.theirs)-1] != 0x5a {
				t.Errorf("%s: the consumer does not see what the producer stores", r.name)
			}
			r.mine[len(r.mine)-1] = 0
		}
		for _, flex := range []bool{false, true} {
			want := map[bool]string{false: reading.Descriptor, true: calib.Descriptor}[flex]
			if d, err := c.Descriptor(flex); err != nil || d != want {
				t.Errorf("descriptor, flex %t: %d bytes, %v", flex, len(d), err)
			}
		}
		info := c.ProducerInfo()
		if who := NewProcess(&info.Who); who.PID != os.Getpid() || info.State != hdr.ProducerPageStateLive {
			t.Errorf("producer is %s, state %d", who, info.State)
		}
		if names, err := List(o); err != nil || len(names) != 1 || names[0] != "roof" {
			t.Errorf("List: %q, %v", names, err)
		}
		if err := c.Remove(); !errors.Is(err, ErrNotProducer) {
			t.Errorf("a consumer removes: %v", err)
		}
		if err := p.Remove(); err != nil {
			t.Error(err)
		}
		if got := leftovers(t, o.Root); len(got) != 0 {
			t.Errorf("left behind: %q", got)
		}
		if info := c.ProducerInfo(); info.State != hdr.ProducerPageStateClosing {
			t.Errorf("the consumer sees state %d, want closing", info.State)
		}
		if err := p.Remove(); err != nil {
			t.Errorf("removing again: %v", err)
		}
		_, err := Attach("roof", config(), o)
		want := fmt.Sprintf(`attach to channel "roof": no block in %s: start its producer`, o.Root)
		if !errors.Is(err, ErrNotFound) || !errors.Is(err, fs.ErrNotExist) || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	})
}

func TestAnUnknownChannelComesWithTheNearestName(t *testing.T) {
	o := Options{Root: t.TempDir()}
	mustCreate(t, "weather.roof", config(), o)
	_, err := Attach("wether.roof", config(), o)
	want := fmt.Sprintf(`attach to channel "wether.roof": no block in %s: start its producer, or did you mean "weather.roof"`, o.Root)
	if fmt.Sprint(err) != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if _, err := Attach("roof", config(), Options{Root: o.Root + "/none"}); !errors.Is(err, ErrNotFound) {
		t.Errorf("without a root: %v", err)
	}
}

func TestASecondProducerIsToldWhoTheFirstIs(t *testing.T) {
	eachPlace(t, func(t *testing.T) {
		o := Options{Root: t.TempDir()}
		p := start(t, command("producer", o.Root, "roof"))
		p.expect("created false")
		for _, c := range []Config{config(), withFlex()} { // also one that would not fit
			_, err := Create("roof", c, o)
			var e *ExistsError
			if !errors.As(err, &e) || !errors.Is(err, ErrExists) || !errors.Is(err, fs.ErrExist) {
				t.Fatalf("got %v", err)
			}
			who := e.Producer
			if who.PID != p.cmd.Process.Pid || who.Program != filepath.Base(os.Args[0]) || time.Since(who.Started).Abs() > time.Minute {
				t.Errorf("the producer is %+v, want pid %d", who, p.cmd.Process.Pid)
			}
			want := fmt.Sprintf(`create channel "roof": %s (pid %d, started %s) is its producer: stop it first, or use another name`,
				filepath.Base(os.Args[0]), p.cmd.Process.Pid, who.Started.Format(time.DateTime))
			if err.Error() != want {
				t.Errorf("got  %v\nwant %s", err, want)
			}
		}
		if err := Remove("roof", true, o); !errors.Is(err, ErrExists) {
			t.Errorf("removing a live producer's block: %v", err)
		}
		// A stopped producer is alive.
		p.cmd.Process.Signal(syscall.SIGSTOP)
		if _, err := Create("roof", config(), o); !errors.Is(err, ErrExists) {
			t.Errorf("while it is stopped: %v", err)
		}
	})
}

func TestAProducerTakesOverFromADeadOne(t *testing.T) {
	eachPlace(t, func(t *testing.T) {
		o := Options{Root: t.TempDir()}
		p := start(t, command("producer", o.Root, "roof"))
		p.expect("created false")
		c := mustAttach(t, "roof", config(), o)
		if !c.Host().ProducerAlive() {
			t.Error("the producer is dead before it was killed")
		}
		p.cmd.Process.Kill()
		p.cmd.Wait()
		if c.Host().ProducerAlive() {
			t.Error("the producer is alive after it was killed")
		}
		s := mustCreate(t, "roof", config(), o)
		if !s.TookOver() || s.Header().Preamble.BlockID != c.Header().Preamble.BlockID || s.Generation() != 1 {
			t.Errorf("took over %t, generation %d", s.TookOver(), s.Generation())
		}
		if !c.Host().ProducerAlive() {
			t.Error("the consumer does not see the new producer")
		}
	})
}

func TestAConsumersStoreIntoTheDataFileFaults(t *testing.T) {
	o := Options{Root: t.TempDir()}
	mustCreate(t, "roof", config(), o)
	c := start(t, command("vandal", o.Root, "roof"))
	c.expect("stored into control")
	c.expect("fault: true")
}

func TestFilesBelongToTheirOwnerAloneOrToAGroup(t *testing.T) {
	for _, umask := range []int{0, 0o777} {
		for _, c := range []struct {
			o    Options
			want string
		}{
			{Options{}, "roof 0700, roof/control 0600, roof/data 0600, roof/lock 0600"},
			{Options{Group: shm.Access{Group: true, GID: os.Getgid()}}, "roof 0750, roof/control 0660, roof/data 0640, roof/lock 0660"},
		} {
			c.o.Root = t.TempDir()
			old := syscall.Umask(umask)
			mustCreate(t, "roof", config(), c.o)
			syscall.Umask(old)
			var got []string
			for _, name := range leftovers(t, c.o.Root) {
				st, err := os.Lstat(filepath.Join(c.o.Root, name))
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, fmt.Sprintf("%s %04o", name, st.Mode().Perm()))
			}
			if s := strings.Join(got, ", "); s != c.want {
				t.Errorf("umask %#o: got %s, want %s", umask, s, c.want)
			}
		}
	}
}

func TestRawBlocksHaveALengthAndNoType(t *testing.T) {
	o := Options{Root: t.TempDir()}
	raw := config()
	raw.Schema, raw.PayloadSize = RawSchema(), 1000
	p := mustCreate(t, "bytes", raw, o)
	c := mustAttach(t, "bytes", Config{Schema: RawSchema()}, o)
	if h := c.Header(); !h.Raw.Get() || h.PayloadSize != 1000 || c.Plan().LengthOff == slot.None || !p.Config().Length {
		t.Errorf("raw %v, payload %d, plan %+v", h.Raw, h.PayloadSize, c.Plan())
	}
	_, err := Attach("bytes", config(), o)
	var e *SchemaMismatchError
	if !errors.As(err, &e) || e.Got.ID != "blds.raw" {
		t.Errorf("a typed attach: %v", err)
	}
	mustCreate(t, "typed", config(), o)
	if _, err := Attach("typed", Config{Schema: RawSchema()}, o); !errors.Is(err, ErrSchema) {
		t.Errorf("an untyped attach to a typed block: %v", err)
	}
}

func TestACellIsWonOnceAndOnlyInTheBlockThatHasTheName(t *testing.T) {
	eachPlace(t, func(t *testing.T) {
		o := Options{Root: t.TempDir()}
		p := mustCreate(t, "roof", config(), o)
		a, b := mustAttach(t, "roof", config(), o), mustAttach(t, "roof", config(), o)
		won := func(s *Segment, i int, want bool) {
			t.Helper()
			if got, err := s.Host().TryLockCell(i); got != want || err != nil {
				t.Fatalf("cell %d: %t, %v, want %t", i, got, err, want)
			}
		}
		won(a, 0, true)
		won(b, 0, false)
		won(b, 2, true)
		if !p.Host().CellAlive(0) || p.Host().CellAlive(1) || !a.Host().CellAlive(2) {
			t.Error("wrong cells are alive")
		}
		a.Host().UnlockCell(0)
		if p.Host().CellAlive(0) {
			t.Error("cell 0 is alive after it was left")
		}
		won(b, 0, true)
		next, err := p.Replace(config(), Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer next.Close()
		if ok, err := a.Host().TryLockCell(1); ok || !errors.Is(err, ErrReplaced) {
			t.Errorf("a cell of a block that was replaced: %t, %v", ok, err)
		}
		if p.Host().CellAlive(1) {
			t.Error("the cell that was refused is still locked")
		}
	})
}
