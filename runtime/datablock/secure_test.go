package datablock_test

import (
	"errors"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/pylabhub/datahub/runtime/datablock"
	"github.com/pylabhub/datahub/runtime/datablock/internal/weather"
	"github.com/pylabhub/datahub/runtime/segment"
)

// needSecure skips a test where there are no secure channels.
func needSecure(t testing.TB) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("not on " + runtime.GOOS + ": secure channels need sealed memory")
	}
}

// openFiles returns how many sockets and files in memory this process has open. The
// Go runtime opens descriptors of other kinds when it likes.
func openFiles(t testing.TB) int {
	t.Helper()
	e, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, f := range e {
		to, _ := os.Readlink("/proc/self/fd/" + f.Name())
		if strings.HasPrefix(to, "socket:") || strings.HasPrefix(to, "/memfd:") {
			n++
		}
	}
	return n
}

// sameFiles fails the test if it leaves descriptors open.
func sameFiles(t testing.TB) {
	t.Helper()
	before := openFiles(t)
	t.Cleanup(func() {
		for range 100 {
			if openFiles(t) == before {
				return
			}
			time.Sleep(10 * time.Millisecond) // a connection that is being closed
		}
		t.Errorf("%d descriptors are open, %d were before", openFiles(t), before)
	})
}

func TestSecureReadersGetEveryValueOnce(t *testing.T) {
	needSecure(t)
	sameFiles(t)
	root, ctx := datablock.Root(t.TempDir()), within(t)
	p, err := weather.ReadingChannel.Create("roof", root, datablock.Secure())
	if err != nil {
		t.Fatal(err)
	}
	const n = 20000
	failed := make(chan error, 3)
	for range 3 {
		c, err := weather.ReadingChannel.Attach("roof", root)
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			next := uint64(0)
			for s, err := range c.All(ctx) {
				if err == nil && (s.Seq != next || s.Value.Number != next || s.Value.Check != ^next) {
					err = errors.New("a value is torn or lost")
				}
				if err != nil {
					failed <- errors.Join(err, c.Close())
					return
				}
				next++
			}
			if next != n {
				failed <- errors.New("the last values are missing")
				return
			}
			failed <- c.Close()
		}()
	}
	if got := p.Consumers(); got != 3 {
		t.Errorf("%d consumers, want 3", got)
	}
	for i := range uint64(n) {
		if err := p.Write(ctx, func(v *weather.Reading) error { v.Number, v.Check = i, ^i; return nil }); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}
}

func TestSecureSingleReaderGoesOnWhereTheLastStopped(t *testing.T) {
	needSecure(t)
	sameFiles(t)
	root, ctx := datablock.Root(t.TempDir()), within(t)
	p, err := weather.LogChannel.Create("log", root, datablock.Secure())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for i := range uint64(5) {
		if err := p.Send(ctx, &weather.Log{Number: i}); err != nil {
			t.Fatal(err)
		}
	}
	next := uint64(0)
	for range 3 {
		c, err := weather.LogChannel.Attach("log", root)
		if err != nil {
			t.Fatal(err)
		}
		for range 4 {
			s, err := c.Next(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if s.Value.Number != next {
				t.Fatalf("got value %d, want %d", s.Value.Number, next)
			}
			next++
			if err := p.Send(ctx, &weather.Log{Number: next + 4}); err != nil {
				t.Fatal(err)
			}
		}
		if err := errors.Join(c.Release(), c.Close()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSecureLatestValueWakesItsReader(t *testing.T) {
	needSecure(t)
	sameFiles(t)
	root, ctx := datablock.Root(t.TempDir()), within(t)
	p, err := weather.LatestChannel.Create("latest", root, datablock.Secure())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	c, err := weather.LatestChannel.Attach("latest", root, datablock.Secure(), datablock.Wait(datablock.Block))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	sent := make(chan error, 1)
	go func() {
		time.Sleep(20 * time.Millisecond)
		sent <- p.Send(ctx, &weather.Latest{Number: 7})
	}()
	s, err := c.Next(ctx)
	if err != nil || s.Value.Number != 7 {
		t.Fatalf("got %v, %v, want 7", s.Value, err)
	}
	must(t, errors.Join(<-sent, c.Release()))
}

func TestSecureAndOrdinaryAreNotTakenForEachOther(t *testing.T) {
	needSecure(t)
	sameFiles(t)
	root := datablock.Root(t.TempDir())
	p, err := weather.ReadingChannel.Create("roof", root, datablock.Secure())
	if err != nil {
		t.Fatal(err)
	}
	for _, opt := range []datablock.Option{datablock.Keep(), datablock.Secure()} {
		var exists *datablock.ExistsError
		if _, err := weather.ReadingChannel.Create("roof", root, opt); !errors.As(err, &exists) || exists.Producer.PID != os.Getpid() {
			t.Errorf("create where a secure channel is: %v, want an ExistsError that names this process", err)
		}
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := weather.ReadingChannel.Attach("roof", root); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("attach after Close: %v, want fs.ErrNotExist", err)
	}
	q, err := weather.ReadingChannel.Create("roof", root, datablock.Keep())
	if err != nil {
		t.Fatal(err)
	}
	for what, err := range map[string]error{
		"attach":  second(weather.ReadingChannel.Attach("roof", root, datablock.Secure())),
		"observe": second(datablock.Observe[weather.Reading](&datablock.Spec{Schema: &weather.ReadingSchema}, "roof", root, datablock.Secure())),
	} {
		if !errors.Is(err, datablock.ErrPolicy) {
			t.Errorf("%s to an ordinary channel as to a secure one: %v, want ErrPolicy", what, err)
		}
	}
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := weather.ReadingChannel.Create("roof", root, datablock.Secure()); !errors.Is(err, datablock.ErrPolicy) {
		t.Errorf("create over an ordinary channel: %v, want ErrPolicy", err)
	}
	p, err = weather.ReadingChannel.Create("roof", root, datablock.Secure(), datablock.Replace())
	if err != nil {
		t.Fatal(err)
	}
	if g := p.Info().Generation; g != 2 {
		t.Errorf("generation %d, want 2", g)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if names, err := segment.List(segment.Options{Root: p.Info().Path + "/.."}); err != nil || len(names) != 0 {
		t.Errorf("channels left: %q, %v", names, err)
	}
}

func second[T any](_ T, err error) error { return err }

func TestSecureRefusesWhatItDoesNotHave(t *testing.T) {
	spec := datablock.Spec{
		Schema: &weather.ReadingSchema, Policy: datablock.Ring, Sync: datablock.SyncReaders,
		Capacity: 8, Consumers: 200, PageSize: 4096, Spinlocks: 1,
	}
	_, err := datablock.Create[weather.Reading](&spec, "roof", datablock.Root(t.TempDir()), datablock.Secure())
	for _, field := range []string{"Spinlocks", "Consumers"} {
		if !hasField(err, field) {
			t.Errorf("no ConfigError for %s in %v", field, err)
		}
	}
}

// hasField reports whether err holds a ConfigError for a field.
func hasField(err error, field string) bool {
	var c *datablock.ConfigError
	if errors.As(err, &c) && c.Field == field {
		return true
	}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		return hasField(e.Unwrap(), field)
	case interface{ Unwrap() []error }:
		for _, e := range e.Unwrap() {
			if hasField(e, field) {
				return true
			}
		}
	}
	return false
}

func TestSecureChannelIsUnsupportedElsewhere(t *testing.T) {
	if runtime.GOOS == "linux" {
		t.Skip("only where there are no secure channels")
	}
	_, err := weather.ReadingChannel.Create("roof", datablock.Root(t.TempDir()), datablock.Secure())
	if !errors.Is(err, datablock.ErrUnsupported) {
		t.Errorf("got %v, want ErrUnsupported", err)
	}
}
