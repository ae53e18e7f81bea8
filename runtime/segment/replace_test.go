package segment

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/slot"
)

func TestANextProducerReplacesWhatDoesNotFitOnlyIfAsked(t *testing.T) {
	eachPlace(t, func(t *testing.T) {
		o := Options{Root: t.TempDir()}
		first := mustCreate(t, "roof", config(), o)
		old := mustAttach(t, "roof", config(), o)
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}
		conf := config()
		for i, c := range []struct {
			what   string
			change func(*Config)
			class  error
		}{
			{"another type", func(c *Config) { c.Schema = readingF32 }, ErrSchema},
			{"another meaning", func(c *Config) { c.Schema = readingInK }, ErrSchema},
			{"another policy", func(c *Config) { c.Sync = hdr.SyncLatestOnly }, ErrPolicy},
			{"another zone", func(c *Config) { c.Flex, c.FlexMode, c.Spinlocks = calib, hdr.FlexModeShared, 1 }, ErrFlexSchema},
		} {
			c.change(&conf)
			if _, err := Create("roof", conf, o); !errors.Is(err, c.class) {
				t.Fatalf("%s, not asked to replace: %v", c.what, err)
			}
			s, err := Create("roof", conf, Options{Root: o.Root, Replace: true})
			if err != nil {
				t.Fatalf("%s: %v", c.what, err)
			}
			if s.TookOver() || s.Generation() != uint64(i+2) {
				t.Errorf("%s: took over %t, generation %d", c.what, s.TookOver(), s.Generation())
			}
			if info := old.ProducerInfo(); info.State != hdr.ProducerPageStateSuperseded || info.Successor != s.Generation() {
				t.Errorf("%s: the consumer sees state %d, successor %d", c.what, info.State, info.Successor)
			}
			next, err := Attach("roof", conf, o)
			if err != nil {
				t.Fatalf("%s: %v", c.what, err)
			}
			if next.Header().Preamble.BlockID != s.Header().Preamble.BlockID {
				t.Errorf("%s: attached to another block", c.what)
			}
			old.Memory().Cells[0]++ // what it has mapped stays
			old.Close()
			old = next
			s.Close()
			defer next.Close()
		}
		if _, err := List(o); err != nil {
			t.Error(err)
		}
	})
}

func TestALiveProducerReplacesItsOwnBlock(t *testing.T) {
	eachPlace(t, func(t *testing.T) {
		o := Options{Root: t.TempDir()}
		p := mustCreate(t, "roof", config(), o)
		c := mustAttach(t, "roof", config(), o)
		if _, err := c.Replace(withFlex(), o); !errors.Is(err, ErrNotProducer) {
			t.Errorf("a consumer replaces: %v", err)
		}
		if _, err := p.Replace(Config{}, o); configErrors(err)["Schema"] == "" {
			t.Errorf("without a config: %v", err)
		}
		// A sleeping consumer is woken, also by a word it only reads.
		woken := make(chan time.Duration)
		bell := wordOf(c.Memory().Producer[hdr.FieldProducerPageBell:])
		seen := atomic.LoadUint32(bell)
		go func() {
			began := time.Now()
			for atomic.LoadUint32(bell) == seen {
				c.Host().Wait(bell, seen, 20*time.Second)
			}
			woken <- time.Since(began)
		}()
		time.Sleep(20 * time.Millisecond)
		next, err := p.Replace(withFlex(), Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer next.Close()
		if d := <-woken; d > 10*time.Second {
			t.Errorf("the consumer woke after %v", d)
		}
		if info := c.ProducerInfo(); info.State != hdr.ProducerPageStateSuperseded || info.Successor != 2 {
			t.Errorf("the consumer sees state %d, successor %d", info.State, info.Successor)
		}
		if _, err := p.Replace(config(), o); !errors.Is(err, ErrReplaced) {
			t.Errorf("replacing again what was replaced: %v", err)
		}
		if err := p.Remove(); err != nil {
			t.Error(err)
		}
		mustAttach(t, "roof", withFlex(), o) // Remove left the successor alone
		if err := next.Remove(); err != nil {
			t.Error(err)
		}
		if got := leftovers(t, o.Root); len(got) != 0 {
			t.Errorf("left behind: %q", got)
		}
	})
}

func TestAReplacementThatWasCutOffIsFinishedByTheNextProducer(t *testing.T) {
	eachPlace(t, func(t *testing.T) {
		o := Options{Root: t.TempDir()}
		p := mustCreate(t, "roof", config(), o)
		if err := slot.MarkSuperseded(p.Memory(), 2, p.Host()); err != nil {
			t.Fatal(err)
		}
		p.Close()
		began := time.Now()
		if _, err := Attach("roof", config(), o); !errors.Is(err, ErrSuperseded) {
			t.Errorf("attach in between: %v", err)
		}
		if d := time.Since(began); d < 50*time.Millisecond || d > 5*time.Second {
			t.Errorf("attach gave up after %v", d)
		}
		s := mustCreate(t, "roof", config(), o) // fits, and is replaced all the same
		if s.TookOver() || s.Generation() != 2 {
			t.Errorf("took over %t, generation %d", s.TookOver(), s.Generation())
		}
		mustAttach(t, "roof", config(), o)
	})
}

func TestFault24AttachMeetsTheOldBlockOrTheNewOneNeverAMix(t *testing.T) {
	eachPlace(t, func(t *testing.T) {
		o := Options{Root: memoryDir(t)}
		p := mustCreate(t, "roof", config(), o)
		stop, done := make(chan struct{}), make(chan error, 2)
		for range 2 {
			go func() {
				var last uint64
				for {
					select {
					case <-stop:
						done <- nil
						return
					default:
					}
					c, err := Attach("roof", Config{Schema: reading}, o)
					if err != nil {
						done <- err
						return
					}
					g, want := c.Generation(), uint32(8+(c.Generation()+1)%2)
					if g < last || c.Plan().Capacity != want || c.Plan().Slots != want {
						err = fmt.Errorf("generation %d after %d, capacity %d", g, last, c.Plan().Capacity)
					}
					last = g
					if err := errors.Join(err, c.Close()); err != nil {
						done <- err
						return
					}
				}
			}()
		}
		p.Close()
		conf := config()
		for i := range 100 {
			conf.Capacity = uint32(8 + (i+1)%2)
			s, err := Create("roof", conf, Options{Root: o.Root, Replace: true})
			if err != nil {
				t.Fatal(err)
			}
			if s.Generation() != uint64(i+2) {
				t.Errorf("generation %d, want %d", s.Generation(), i+2)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
		close(stop)
		for range 2 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	})
}

func TestFault23ABlockOfAnEarlierBootIsRefusedAndRemovable(t *testing.T) {
	eachPlace(t, func(t *testing.T) {
		o := Options{Root: t.TempDir()}
		age := func() {
			t.Helper()
			p := mustCreate(t, "roof", config(), o)
			path := p.Path()
			if err := p.Close(); err != nil {
				t.Fatal(err)
			}
			patch(t, filepath.Join(path, dataName), func(h *hdr.DataHeader) { h.BootID[3] ^= 1 })
		}
		age()
		for op, fn := range map[string]func() error{
			"attach": func() error { _, err := Attach("roof", config(), o); return err },
			"create": func() error { _, err := Create("roof", config(), o); return err },
		} {
			var e *StaleError
			if err := fn(); !errors.Is(err, ErrStale) || !errors.As(err, &e) || e.Writer.PID != os.Getpid() {
				t.Errorf("%s: %v", op, err)
			}
		}
		if err := Remove("roof", false, o); err != nil {
			t.Error(err)
		}
		if got := leftovers(t, o.Root); len(got) != 0 {
			t.Errorf("left behind: %q", got)
		}
		age()
		s, err := Create("roof", config(), Options{Root: o.Root, Replace: true})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if s.TookOver() || s.Generation() != 2 {
			t.Errorf("took over %t, generation %d", s.TookOver(), s.Generation())
		}
	})
}
