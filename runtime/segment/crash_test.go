//go:build linux

package segment

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// crashOps are what a process may be killed in. Each begins with the block that
// before leaves.
var crashOps = map[string]struct {
	before func(root string) error
	run    func(root string) error
}{
	"create": {
		func(string) error { return nil },
		func(root string) error { _, err := Create("roof", config(), Options{Root: root}); return err },
	},
	"take over": {
		leaveBlock,
		func(root string) error { _, err := Create("roof", config(), Options{Root: root}); return err },
	},
	"replace what does not fit": {
		leaveBlock,
		func(root string) error {
			_, err := Create("roof", withFlex(), Options{Root: root, Replace: true})
			return err
		},
	},
	"replace own": {
		func(string) error { return nil },
		func(root string) error {
			s, err := Create("roof", config(), Options{Root: root})
			if err == nil {
				_, err = s.Replace(withFlex(), Options{})
			}
			return err
		},
	},
	"remove own": {
		func(string) error { return nil },
		func(root string) error {
			s, err := Create("roof", config(), Options{Root: root})
			if err != nil {
				return err
			}
			return s.Remove()
		},
	},
	"remove": {
		leaveBlock,
		func(root string) error { return Remove("roof", false, Options{Root: root}) },
	},
}

func leaveBlock(root string) error {
	s, err := Create("roof", config(), Options{Root: root})
	if err != nil {
		return err
	}
	return s.Close()
}

func init() {
	// Does an operation and kills itself at step n; prints the steps it passes.
	children["crash"] = func(args []string) error {
		n, _ := strconv.Atoi(args[2])
		atStep = func(step string) {
			fmt.Println(step)
			if n--; n < 0 {
				syscall.Kill(os.Getpid(), syscall.SIGKILL)
				select {}
			}
		}
		return crashOps[args[1]].run(args[0])
	}
}

func TestNobodyIsHeldUpByOneKilledAtAnyStep(t *testing.T) {
	eachPlace(t, func(t *testing.T) {
		for op, c := range crashOps {
			steps := 0
			for ; ; steps++ {
				root := t.TempDir()
				if err := c.before(root); err != nil {
					t.Fatal(err)
				}
				out, killed := crash(t, op, root, steps)
				where := fmt.Sprintf("%s, killed after %q", op, out)
				survive(t, where, root)
				if !killed {
					break
				}
			}
			if steps < 1 {
				t.Errorf("%s was never killed", op)
			}
		}
	})
}

// crash runs op and kills it at step n. It returns the last step it passed.
func crash(t *testing.T, op, root string, n int) (last string, killed bool) {
	t.Helper()
	cmd := command("crash", root, op, strconv.Itoa(n))
	out, err := cmd.Output()
	lines := strings.Fields(strings.ReplaceAll(string(out), " ", "_"))
	if len(lines) > 0 {
		last = strings.ReplaceAll(lines[len(lines)-1], "_", " ")
	}
	if err == nil {
		return last, false
	}
	if ws, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || !ws.Signaled() {
		t.Fatalf("%s at step %d: %v: %s", op, n, err, out)
	}
	return last, true
}

// survive checks that others can go on after a process was killed.
func survive(t *testing.T, where, root string) {
	t.Helper()
	o := Options{Root: root}
	c, err := Attach("roof", Config{Schema: reading}, o)
	switch {
	case err == nil:
		if err := c.Close(); err != nil {
			t.Errorf("%s: %v", where, err)
		}
	case !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrSuperseded):
		t.Errorf("%s: attach: %v", where, err)
	}
	s, err := Create("roof", config(), Options{Root: root, Replace: true})
	if err != nil {
		t.Errorf("%s: create again: %v; there is %q", where, err, leftovers(t, root))
		return
	}
	c, err = Attach("roof", config(), o)
	if err != nil {
		t.Errorf("%s: attach after that: %v", where, err)
	} else if c.Close(); c.Header().Preamble.BlockID != s.Header().Preamble.BlockID {
		t.Errorf("%s: attached to another block", where)
	}
	useGrace(t)
	if _, err := Sweep(o); err != nil {
		t.Errorf("%s: sweep: %v", where, err)
	}
	if err := s.Guard(func() error { s.Memory().Slots[0]++; return nil }); err != nil {
		t.Errorf("%s: the sweep took a live block: %v", where, err)
	}
	if err := errors.Join(s.Remove(), s.Close()); err != nil {
		t.Errorf("%s: remove: %v", where, err)
	}
	if got := leftovers(t, root); len(got) != 0 {
		t.Errorf("%s: left behind: %q", where, got)
	}
}

// A creator that is stopped between any two of its steps may find its folder
// swept: it makes another.
func TestACreatorWhoseFolderIsSweptStartsAgain(t *testing.T) {
	eachPlace(t, func(t *testing.T) {
		useGrace(t)
		defer func() { atStep = func(string) {} }()
		var steps []string
		for n := 0; n <= len(steps); n++ {
			o := Options{Root: t.TempDir()}
			i, swept := 0, -1
			atStep = func(step string) {
				if n == 0 {
					steps = append(steps, step)
				} else if i == n-1 && swept < 0 {
					i++ // no sweep within this one
					swept, _ = Sweep(o)
				}
				i++
			}
			s, err := Create("roof", config(), o)
			if err != nil {
				t.Fatalf("swept at step %d of %q: %v", n, steps, err)
			}
			mustAttach(t, "roof", config(), o)
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			if n > 0 && slices.Index(steps, "locked") < n && swept != 0 {
				t.Errorf("%d folders were swept at %q, where the lock is held", swept, steps[n-1])
			}
			if n > 0 && steps[n-1] == "made folder" && swept != 1 {
				t.Errorf("%d folders were swept at %q", swept, steps[n-1])
			}
		}
		if !slices.Contains(steps, "published") {
			t.Errorf("steps were %q", steps)
		}
	})
}

func TestACreatorThatIsSweptEachTimeGivesUp(t *testing.T) {
	eachPlace(t, func(t *testing.T) {
		useGrace(t)
		defer func() { atStep = func(string) {} }()
		o := Options{Root: t.TempDir()}
		n := 0
		atStep = func(step string) {
			if step == "made folder" {
				swept, _ := Sweep(o)
				n += swept
			}
		}
		if _, err := Create("roof", config(), o); !errors.Is(err, ErrUnstable) || n != attempts {
			t.Errorf("swept %d times: %v", n, err)
		}
		if got := leftovers(t, o.Root); len(got) != 0 {
			t.Errorf("left behind: %q", got)
		}
	})
}

func TestASweepTakesOnlyWhatIsOldDeadAndHidden(t *testing.T) {
	eachPlace(t, func(t *testing.T) {
		o := Options{Root: t.TempDir()}
		p := start(t, command("producer", o.Root, "live"))
		p.expect("created false")
		s := mustCreate(t, "dead", config(), o)
		s.Close()
		for range 3 { // killed while making: steps 0 to 2
			for n := range 3 {
				crash(t, "create", o.Root, n)
			}
		}
		if n, err := Sweep(o); n != 0 || err != nil {
			t.Errorf("%d folders were swept before their time, %v", n, err)
		}
		outside := t.TempDir()
		if err := os.WriteFile(outside+"/data", nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(outside, o.Root+"/"+stagePrefix+"0123456789abcdef"); err != nil {
			t.Fatal(err)
		}
		useGrace(t)
		if n, err := Sweep(o); n != 9 || err != nil {
			t.Errorf("%d folders were swept, %v, want 9; there is %q", n, err, leftovers(t, o.Root))
		}
		if _, err := os.Stat(outside + "/data"); err != nil {
			t.Errorf("the sweep followed a symbolic link: %v", err)
		}
		if _, err := Create("live", config(), o); !errors.Is(err, ErrExists) {
			t.Errorf("the live block: %v", err)
		}
		if s := mustCreate(t, "dead", config(), o); !s.TookOver() {
			t.Error("the dead producer's block was not taken over")
		}
	})
}

func init() {
	// Creates one channel per line it reads, says how that went, and removes it
	// again when the next line comes.
	children["racer"] = func(args []string) error {
		in := bufio.NewScanner(os.Stdin)
		for in.Scan() {
			s, err := Create(in.Text(), config(), Options{Root: args[0]})
			var e *ExistsError
			switch {
			case err == nil:
				fmt.Println("won")
			case errors.As(err, &e):
				fmt.Println("lost to", e.Producer.PID)
			default:
				fmt.Println(strings.ReplaceAll(err.Error(), "\n", " "))
			}
			if !in.Scan() {
				return io.ErrUnexpectedEOF
			}
			if s != nil {
				if err := errors.Join(s.Remove(), s.Close()); err != nil {
					return err
				}
			}
			fmt.Println("done")
		}
		return in.Err()
	}
}

func TestFault21OfTwoProducersThatRaceExactlyOneWins(t *testing.T) {
	rounds := 1000
	if testing.Short() {
		rounds = 100
	}
	eachPlace(t, func(t *testing.T) {
		root := memoryDir(t)
		a, b := start(t, command("racer", root)), start(t, command("racer", root))
		wins := [2]int{}
		for round := range rounds {
			name := "round" + strconv.Itoa(round)
			first, second := a, b
			if round%2 == 1 {
				first, second = b, a
			}
			first.say(name)
			second.say(name)
			gotA, gotB := a.line(), b.line()
			switch {
			case gotA == "won" && gotB == fmt.Sprintf("lost to %d", a.cmd.Process.Pid):
				wins[0]++
			case gotB == "won" && gotA == fmt.Sprintf("lost to %d", b.cmd.Process.Pid):
				wins[1]++
			default:
				t.Fatalf("round %d: pid %d: %s; pid %d: %s", round, a.cmd.Process.Pid, gotA, b.cmd.Process.Pid, gotB)
			}
			a.say("")
			b.say("")
			a.expect("done")
			b.expect("done")
		}
		t.Logf("%d : %d", wins[0], wins[1])
		if wins[0] == 0 || wins[1] == 0 {
			t.Errorf("one never wins: %d : %d", wins[0], wins[1])
		}
		if got := leftovers(t, root); len(got) != 0 {
			t.Errorf("left behind: %q", got)
		}
	})
}

func init() {
	// Takes a cell if there is one, says so, and stays until its input ends.
	children["cell taker"] = func(args []string) error {
		waitForLine()
		s, err := Attach("roof", Config{Schema: reading}, Options{Root: args[0]})
		if err != nil {
			return err
		}
		cell := -1
		for i := range 8 {
			ok, err := s.Host().TryLockCell(i)
			if err != nil {
				return err
			}
			if ok {
				cell = i
				break
			}
		}
		fmt.Println(cell)
		waitForEOF()
		return s.Close()
	}
}

func TestFault22Of32ConsumersThatRaceFor8CellsExactly8Win(t *testing.T) {
	eachPlace(t, func(t *testing.T) {
		o := Options{Root: memoryDir(t)}
		c := config()
		c.Consumers = 8
		mustCreate(t, "roof", c, o)
		cells := map[string]int{}
		var ps []*child
		for range 32 {
			cmd := command("cell taker", o.Root)
			cmd.Env = append(cmd.Env, "GOMAXPROCS=1")
			ps = append(ps, start(t, cmd))
		}
		for _, p := range ps {
			p.say("go")
		}
		for _, p := range ps {
			cells[p.line()]++
		}
		for i := range 8 {
			if n := cells[strconv.Itoa(i)]; n != 1 {
				t.Errorf("cell %d has %d owners", i, n)
			}
		}
		if n := cells["-1"]; n != 24 || len(cells) != 9 {
			t.Errorf("%d went without a cell, want 24: %v", n, cells)
		}
		for _, p := range ps {
			p.in.Close()
		}
		for _, p := range ps {
			if err := p.cmd.Wait(); err != nil {
				t.Error(err)
			}
		}
	})
}
