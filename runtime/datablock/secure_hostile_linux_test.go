package datablock_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/pylabhub/datahub/runtime/datablock"
	"github.com/pylabhub/datahub/runtime/datablock/internal/weather"
)

func init() {
	secureChildren["widen"] = widen
	secureChildren["scribble"] = scribble
	secureChildren["crowd"] = crowd
	secureChildren["attach"] = attachOnce
	secureChildren["observe"] = observeOnce
	secureChildren["onlookers"] = lookOn
}

const (
	fAddSeals = 1033
	punchHole = 2
	keepSize  = 1
	mRemove   = 9 // MADV_REMOVE
)

// widen tries everything that could give it more than it was given, and says what
// succeeded.
func widen(root string) error {
	if err := dumpable(); err != nil {
		return err
	}
	s, err := join(root)
	if err != nil {
		return err
	}
	attacks("data", s.data, s.dataMap)
	attacks("control", s.control, s.map2)
	for name, fd := range map[string]int{"data": s.data, "control": s.control} {
		for _, flags := range []int{syscall.O_RDWR, syscall.O_RDWR | syscall.O_TRUNC, syscall.O_WRONLY | syscall.O_APPEND} {
			again, err := syscall.Open(fmt.Sprintf("/proc/self/fd/%d", fd), flags, 0)
			if err != nil {
				fmt.Printf("%s is not opened again with flags %#x: %v\n", name, flags, err)
				continue
			}
			attacks(name+" opened again", again, nil)
		}
	}
	_, err = syscall.Mmap(s.data, 0, len(s.dataMap), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE)
	fmt.Println("a private copy may be written:", err == nil) // the way to see that the attacks are meant
	fmt.Println("done")
	untilEOF()
	return nil
}

// attacks tries what changes a file, or its size, through fd and through mem.
func attacks(name string, fd int, mem []byte) {
	var st syscall.Stat_t
	syscall.Fstat(fd, &st)
	try := func(what string, err error) {
		if err == nil {
			fmt.Printf("SUCCEEDED: %s: %s\n", name, what)
		}
	}
	seal := func(s uintptr) error {
		if _, _, e := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), fAddSeals, s); e != 0 {
			return e
		}
		return nil
	}
	try("truncate to 0", syscall.Ftruncate(fd, 0))
	try("cut a page", syscall.Ftruncate(fd, st.Size-4096))
	try("grow", syscall.Ftruncate(fd, st.Size+4096))
	try("allocate beyond the end", syscall.Fallocate(fd, 0, st.Size, 4096))
	try("punch", syscall.Fallocate(fd, punchHole|keepSize, 0, 4096))
	try("zero a range", syscall.Fallocate(fd, 0x10|keepSize, 0, 4096))
	_, err := syscall.Pwrite(fd, []byte("hostile"), 0)
	try("write", err)
	_, err = syscall.Mmap(fd, 0, 4096, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	try("map for writing", err)
	if m, err := syscall.Mmap(fd, 0, 4096, syscall.PROT_READ, syscall.MAP_SHARED); err == nil {
		try("widen a new mapping", syscall.Mprotect(m, syscall.PROT_READ|syscall.PROT_WRITE))
	}
	for bit := uintptr(1); bit <= 0x20; bit <<= 1 {
		try(fmt.Sprintf("add seal %#x", bit), seal(bit))
	}
	if mem == nil {
		return
	}
	if !strings.HasPrefix(name, "control") {
		try("widen the mapping", syscall.Mprotect(mem, syscall.PROT_READ|syscall.PROT_WRITE))
	}
	try("remove pages", syscall.Madvise(mem, mRemove))
}

// A traffic is a producer that writes and an honest consumer that checks every value.
type traffic struct {
	t       *testing.T
	root    string
	written atomic.Uint64
	stop    func() uint64 // ends both, and returns how many values there were
}

// metrics returns what an observer sees.
func (r *traffic) metrics() datablock.Metrics {
	r.t.Helper()
	m, err := datablock.MetricsOf("roof", datablock.Root(r.root))
	must(r.t, err)
	return m
}

// alone reports whether only the honest consumer is there.
func (r *traffic) alone() bool {
	n := 0
	for _, c := range r.metrics().Consumers {
		if c.Attached {
			n++
		}
	}
	return n == 1
}

// runSecure makes a secure channel that a stranger may read, and traffic.
func runSecure(t *testing.T, root string) *traffic {
	t.Helper()
	run := &traffic{t: t, root: root}
	p, err := weather.ReadingChannel.Create("roof", datablock.Root(root), datablock.Secure(datablock.SecureOptions{UIDs: []int{stranger}}))
	must(t, err)
	t.Cleanup(func() { p.Close() })
	c, err := weather.ReadingChannel.Attach("roof", datablock.Root(root))
	must(t, err)
	t.Cleanup(func() { c.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	var ended atomic.Bool
	wrote, read := make(chan error, 1), make(chan error, 1)
	go func() {
		var err error
		for n := uint64(0); err == nil && !ended.Load(); n++ {
			err = p.Write(ctx, func(v *weather.Reading) error { v.Number, v.Check = n, ^n; return nil })
			if n%64 == 0 {
				time.Sleep(20 * time.Microsecond) // so that the honest one sleeps now and then
			}
			run.written.Store(n + 1)
		}
		wrote <- err
	}()
	seen := uint64(0)
	go func() {
		for s, err := range c.All(ctx) {
			if err == nil && (s.Seq != seen || s.Value.Number != seen || s.Value.Check != ^seen) {
				err = fmt.Errorf("value %d: got sequence %d, number %d, check %#x", seen, s.Seq, s.Value.Number, s.Value.Check)
			}
			if err != nil {
				read <- err
				return
			}
			seen++
		}
		read <- nil
	}()
	run.stop = func() uint64 {
		t.Helper()
		ended.Store(true)
		if err := <-wrote; err != nil {
			t.Errorf("producer: %v", err)
		}
		must(t, p.Close())
		if err := <-read; err != nil {
			t.Errorf("honest consumer: %v", err)
		}
		cancel()
		if written := run.written.Load(); seen != written {
			t.Errorf("the honest consumer saw %d of %d values", seen, written)
		}
		return seen
	}
	return run
}

func TestHostileConsumerCannotWidenWhatItWasGiven(t *testing.T) {
	root := publicRoot(t)
	run := runSecure(t, root)
	for _, role := range []string{"widen", strangerIfRoot("widen")} { // the first as the producer's own user
		c := spawn(t, role, root)
		for {
			line := c.line()
			if line == "done" {
				break
			}
			if strings.HasPrefix(line, "SUCCEEDED") || strings.Contains(line, "error") {
				t.Errorf("as %s: %s", role, line)
			} else {
				t.Logf("as %s: %s", role, line)
			}
		}
		c.kill()
	}
	t.Logf("%d values meanwhile", run.stop())
}

// scribble joins honestly enough to be waited for, and then writes its whole control
// memory at full rate.
func scribble(root string) error {
	s, err := join(root)
	if err != nil {
		return err
	}
	seed := uint64(time.Now().UnixNano())
	fmt.Println("seed", seed)
	for i := range uint64(2) {
		go func() {
			r := rand.New(rand.NewPCG(seed, i))
			for {
				// Small numbers and odd ones among them: nonsense that could be true.
				v := r.Uint64() >> r.UintN(64)
				binary.NativeEndian.PutUint64(s.map2[r.UintN(uint(len(s.map2)/8))*8:], v)
			}
		}()
	}
	go func() {
		// Wakes whoever sleeps on any word it can see.
		r := rand.New(rand.NewPCG(seed, 2))
		for {
			for _, mem := range [][]byte{s.map2, s.dataMap[:8192]} {
				syscall.Syscall6(syscall.SYS_FUTEX, wordAddr(mem, r.UintN(uint(len(mem)/4))), 1, 1<<30, 0, 0, 0)
			}
		}
	}()
	untilEOF()
	return nil
}

func TestHostileConsumerThatScribblesHarmsItselfOnly(t *testing.T) {
	root := publicRoot(t)
	run := runSecure(t, root)
	var children []*secureChild
	for range 2 {
		c := spawn(t, strangerIfRoot("scribble"), root)
		t.Log(c.line())
		children = append(children, c)
	}
	before := run.written.Load()
	time.Sleep(2 * time.Second)
	n := run.written.Load() - before
	m := run.metrics()
	t.Logf("%d values in 2 s, %d consumers detached, %d wakes", n, m.Detached, m.Wakes)
	if n == 0 {
		t.Error("the producer stands still")
	}
	for _, c := range children {
		c.kill()
	}
	soon(t, "only the honest consumer is left", run.alone)
	run.stop()
}

func TestHostileConsumerOfOtherPoliciesHarmsItselfOnly(t *testing.T) {
	ctx := within(t)
	check := func(v *weather.Latest) error {
		for i, w := range v.Words {
			if w != v.Number*uint64(2*i+3) {
				return fmt.Errorf("value %d is torn: %v", v.Number, v.Words)
			}
		}
		return nil
	}
	for _, policy := range []struct {
		name string
		spec datablock.Spec
	}{
		{"latest values", datablock.Spec{Policy: datablock.Single, Sync: datablock.LatestOnly, Consumers: 3}},
		{"overwritten ring", datablock.Spec{Policy: datablock.Ring, Sync: datablock.Overwrite, Capacity: 8, Consumers: 3}},
		{"eviction", datablock.Spec{Policy: datablock.Ring, Sync: datablock.SyncReaders, Capacity: 8, Consumers: 3}},
		{"single reader", datablock.Spec{Policy: datablock.Ring, Sync: datablock.SingleReader, Capacity: 8, Consumers: 1}},
	} {
		t.Run(policy.name, func(t *testing.T) {
			root, spec := publicRoot(t), policy.spec
			spec.Schema, spec.PageSize = &weather.LatestSchema, 4096
			opts := []datablock.Option{datablock.Root(root), datablock.Secure(datablock.SecureOptions{UIDs: []int{stranger}}), datablock.Timeout(0)}
			if policy.name == "eviction" {
				opts = append(opts, datablock.EvictAfter(20*time.Millisecond))
			}
			p, err := datablock.Create[weather.Latest](&spec, "roof", opts...)
			must(t, err)
			defer p.Close()
			child := spawn(t, strangerIfRoot("scribble"), root)
			t.Log(child.line())
			var honest *datablock.Consumer[weather.Latest]
			if spec.Sync != datablock.SingleReader {
				honest, err = datablock.Attach[weather.Latest](&spec, "roof", datablock.Root(root), datablock.Timeout(0))
				must(t, err)
				defer honest.Close()
			}
			var v weather.Latest
			read, evicted := 0, 0
			begin := time.Now()
			for time.Since(begin) < time.Second {
				v.Number++
				for i := range v.Words {
					v.Words[i] = v.Number * uint64(2*i+3)
				}
				if err := p.Send(ctx, &v); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
					t.Fatal(err)
				}
				if honest == nil { // until the hostile one was found out
					if honest, err = datablock.Attach[weather.Latest](&spec, "roof", datablock.Root(root), datablock.Timeout(0)); err != nil && !errors.Is(err, datablock.ErrFull) {
						t.Fatal(err)
					}
					continue
				}
				s, ok, err := honest.TryNext()
				if errors.Is(err, datablock.ErrEvicted) {
					evicted++
					must(t, honest.SeekNewest())
				} else if err != nil {
					t.Fatal(err)
				}
				if ok {
					read++
					must(t, errors.Join(check(s.Value), honest.Release()))
				}
			}
			m, err := p.Metrics()
			must(t, err)
			t.Logf("%d sent, %d read, %d times evicted; %d detached, %d evictions", p.Seq(), read, evicted, m.Detached, m.Evictions)
			if read < 100 {
				t.Errorf("the honest consumer read %d values in a second", read)
			}
			if honest != nil {
				must(t, honest.Close())
			}
		})
	}
}

// crowd does at a socket what nobody should.
func crowd(root string) error {
	var held []caller
	for i := range 400 {
		c, err := dialSocket(root)
		if err != nil {
			return err
		}
		switch i % 8 {
		case 0: // nothing at all
		case 1:
			syscall.Write(c.fd, []byte("GET / HTTP/1.1\r\n\r\n"))
		case 2:
			syscall.Write(c.fd, make([]byte, 60000))
		case 3:
			c.say(1, 0) // and does not read what comes
		case 4:
			c.say(uint16(i), ^uint32(0))
		case 5: // descriptors that nobody asked for
			rights := syscall.UnixRights(0, 1, 2, c.fd)
			syscall.Sendmsg(c.fd, []byte("DHSECURE\x01\x00\x01\x00"), rights, nil, syscall.MSG_NOSIGNAL)
		case 6: // asks twice, and goes on without having mapped anything
			c.say(1, 0)
			c.say(1, 0)
			c.say(5, 0)
		case 7:
			syscall.Sendmsg(c.fd, []byte("DHSECURE\x02\x00\x01\x00"), nil, nil, syscall.MSG_NOSIGNAL)
		}
		held = append(held, c)
	}
	fmt.Println("connected", len(held))
	untilEOF()
	return nil
}

func TestHostileCrowdKeepsNobodyOut(t *testing.T) {
	sameFiles(t)
	root := publicRoot(t)
	run := runSecure(t, root)
	before := openFiles(t)
	c := spawn(t, strangerIfRoot("crowd"), root)
	c.expect("connected 400")
	d := soon(t, "an honest consumer gets a place", func() bool {
		h, err := weather.ReadingChannel.Attach("roof", datablock.Root(root))
		if err != nil && !errors.Is(err, datablock.ErrFull) {
			t.Fatal(err)
		}
		return err == nil && h.Close() == nil
	})
	t.Logf("an honest consumer got a place after %v; %d descriptors were open, now %d", d, before, openFiles(t))
	if n := openFiles(t); n > before+200 {
		t.Errorf("%d descriptors are open, %d were before the crowd", n, before)
	}
	c.kill()
	// Others of this process, Go's own poller among them, may have come or gone meanwhile;
	// of the crowd there would be dozens.
	soon(t, "everything of the crowd is gone", func() bool { return openFiles(t) <= before+8 })
	soon(t, "only the honest consumer is left", run.alone)
	run.stop()
}

// attachOnce is an honest consumer that says what it got.
func attachOnce(root string) error {
	c, err := weather.ReadingChannel.Attach("roof", datablock.Root(root), datablock.AllowForeign())
	if err != nil {
		fmt.Println("not allowed:", errors.Is(err, datablock.ErrNotAllowed) && errors.Is(err, os.ErrPermission), "full:", errors.Is(err, datablock.ErrFull))
		return nil
	}
	fmt.Println("attached")
	s, err := c.Next(context.Background())
	if err != nil {
		return err
	}
	fmt.Println("got", s.Value.Number)
	untilEOF()
	return nil
}

func TestStrangersReadOnlyIfTheyMay(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: runs consumers as other users")
	}
	for _, c := range []struct {
		does string
		who  datablock.SecureOptions
		want []string
	}{
		{"nobody else is allowed", datablock.SecureOptions{UIDs: []int{stranger - 1}}, []string{"not allowed: true full: false"}},
		{"the user is allowed", datablock.SecureOptions{UIDs: []int{stranger}}, []string{"attached", "got 1"}},
		{"its group is allowed", datablock.SecureOptions{GIDs: []int{stranger}}, []string{"attached", "got 1"}},
		{"one place for each user", datablock.SecureOptions{UIDs: []int{stranger}, PerUser: 1}, []string{"attached", "not allowed: false full: true", "got 1"}},
	} {
		t.Run(c.does, func(t *testing.T) {
			root := publicRoot(t)
			p, err := weather.ReadingChannel.Create("roof", datablock.Root(root), datablock.Secure(c.who))
			must(t, err)
			defer p.Close()
			child := spawn(t, fmt.Sprintf("attach@%d", stranger), root)
			child.expect(c.want[0])
			if c.who.PerUser != 0 {
				spawn(t, fmt.Sprintf("attach@%d", stranger), root).expect(c.want[1])
				c.want = c.want[1:]
			}
			if len(c.want) > 1 {
				soon(t, "it is attached", func() bool { return p.Consumers() == 1 })
				put(t, p, 1)
				child.expect(c.want[1])
			}
		})
	}
}

// observeOnce says what an observer sees.
func observeOnce(root string) error {
	m, err := datablock.MetricsOf("roof", datablock.Root(root), datablock.AllowForeign())
	if err != nil {
		return err
	}
	fmt.Println("written", m.Written, "consumers", len(m.Consumers))
	return nil
}

// lookOn looks on as often as it may, and says how often that is.
func lookOn(root string) error {
	n := 0
	for {
		o, err := weather.ReadingChannel.Observe("roof", datablock.Root(root), datablock.AllowForeign())
		if err != nil {
			fmt.Println("look on", n > 0, "refused", errors.Is(err, datablock.ErrHandshake))
			untilEOF()
			return nil
		}
		defer o.Close()
		n++
	}
}

func TestStrangersThatLookOnDoNotKeepTheOwnersToolsOut(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: runs an observer as another user")
	}
	root := publicRoot(t)
	p, err := weather.ReadingChannel.Create("roof", datablock.Root(root), datablock.Secure(datablock.SecureOptions{UIDs: []int{stranger}}))
	must(t, err)
	defer p.Close()
	spawn(t, fmt.Sprintf("onlookers@%d", stranger), root).expect("look on true refused true")
	if _, err := datablock.MetricsOf("roof", datablock.Root(root)); err != nil {
		t.Errorf("the producer's own user: %v", err)
	}
}

func TestSecureFiguresAreForTheProducersOwnUser(t *testing.T) {
	root := publicRoot(t)
	run := runSecure(t, root)
	soon(t, "something is written", func() bool { return run.written.Load() > 0 })
	m := run.metrics()
	if len(m.Consumers) != 1 || !m.Consumers[0].Attached || m.Consumers[0].PID != os.Getpid() || m.Producer.State != datablock.ProducerLive {
		t.Errorf("own user sees consumers %+v and a producer that is %v, want one of this process and a live one", m.Consumers, m.Producer.State)
	}
	if os.Geteuid() == 0 {
		c := spawn(t, fmt.Sprintf("observe@%d", stranger), root)
		if line := c.line(); !strings.HasSuffix(line, "consumers 0") {
			t.Errorf("a stranger sees %q, want no consumers", line)
		}
	}
	run.stop()
	if err := datablock.ResetMetricsOf("roof", datablock.Root(root)); err == nil {
		t.Error("the metrics of a channel that is gone were reset")
	}
}
