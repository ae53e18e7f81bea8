package datablock_test

import (
	"context"
	"errors"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/pylabhub/datahub/runtime/datablock"
	"github.com/pylabhub/datahub/runtime/datablock/internal/weather"
)

func TestEveryValueArrivesInOrderWithItsSequenceAndLag(t *testing.T) {
	at := root(t)
	p, c := createReading(t, at), attachReading(t, at)
	for n := range uint64(20) {
		put(t, p, n)
		put(t, p, n+100)
		for k, want := range []uint64{n, n + 100} {
			s, err := c.Next(within(t))
			must(t, err)
			if s.Value.Number != want || s.Value.Check != ^want || s.Seq != 2*n+uint64(k) || s.Lost != 0 || s.Lag() != uint64(1-k) {
				t.Fatalf("got %+v with sequence %d, lost %d, lag %d; want number %d, sequence %d, lost 0, lag %d",
					*s.Value, s.Seq, s.Lost, s.Lag(), want, 2*n+uint64(k), 1-k)
			}
		}
	}
	if _, ok, err := c.TryNext(); ok || err != nil {
		t.Fatalf("TryNext without a value: %v, %v", ok, err)
	}
}

func TestOptionalFieldsAreAbsentUntilTheyAreSet(t *testing.T) {
	at := root(t)
	p, c := createReading(t, at), attachReading(t, at)
	for round := range 20 { // more than the ring has slots: they hold what was there before
		full := round%2 == 0
		must(t, p.Write(within(t), func(r *weather.Reading) error {
			if full {
				r.SetHumidity(55)
				r.Gusts[1].SetSpeed(3)
			}
			return nil
		}))
		s, err := c.Next(within(t))
		must(t, err)
		if got := s.Has(weather.FieldReadingHumidity); got != full || s.Value.HasHumidity() != full {
			t.Fatalf("round %d: Has says %v, HasHumidity %v, want %v", round, got, s.Value.HasHumidity(), full)
		}
		if got := s.Value.Gusts[1].HasSpeed(); got != full {
			t.Fatalf("round %d: a nested optional field in an array is there: %v, want %v", round, got, full)
		}
		if !s.Has(weather.FieldReadingTemperature) || s.Has(weather.FieldReadingWind) || s.Has(3) {
			t.Fatal("Has is wrong about a required field, an absent record, or what is no field")
		}
	}
}

func TestClearSlotsClearsWhatAnEarlierValueLeft(t *testing.T) {
	for _, clear := range []bool{false, true} {
		opts := []datablock.Option{root(t)}
		if clear {
			opts = append(opts, datablock.ClearSlots())
		}
		p := createReading(t, opts...)
		for range 8 {
			put(t, p, 7)
		}
		v, err := p.Begin(within(t))
		must(t, err)
		if got := v.Number == 0; got != clear {
			t.Errorf("ClearSlots %v: slot is clear: %v", clear, got)
		}
		must(t, p.Abort())
		must(t, p.Close())
	}
}

func TestWhatIsNotCommittedIsNeverSeen(t *testing.T) {
	at := root(t)
	p, c := createReading(t, at), attachReading(t, at)
	broken := errors.New("sensor is broken")
	if err := p.Write(within(t), func(*weather.Reading) error { return broken }); err != broken {
		t.Errorf("Write returned %v, want the function's error", err)
	}
	func() {
		defer func() {
			if r := recover(); r != "oops" {
				t.Errorf("recovered %v", r)
			}
		}()
		_ = p.Write(within(t), func(*weather.Reading) error { panic("oops") })
	}()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = p.Write(within(t), func(*weather.Reading) error { runtime.Goexit(); return nil })
	}()
	<-ended
	_, err := p.Begin(within(t))
	must(t, err)
	must(t, p.Abort())
	if _, ok, err := c.TryNext(); ok || err != nil {
		t.Fatalf("something was published: %v, %v", ok, err)
	}
	put(t, p, 1)
	s, err := c.Next(within(t))
	must(t, err)
	if s.Seq != 0 {
		t.Errorf("aborted writes used up %d sequence numbers", s.Seq)
	}
}

func TestMisuseOfAProducerIsAnError(t *testing.T) {
	p := createReading(t, root(t))
	ctx := within(t)
	is := func(what string, err, want error) {
		t.Helper()
		if !errors.Is(err, want) || !errors.Is(err, datablock.ErrMisuse) {
			t.Errorf("%s: got %v, want %v", what, err, want)
		}
	}
	is("Commit without Begin", p.Commit(), datablock.ErrNoLoan)
	is("Abort without Begin", p.Abort(), datablock.ErrNoLoan)
	_, err := p.Begin(ctx)
	must(t, err)
	_, err = p.Begin(ctx)
	is("Begin twice", err, datablock.ErrLoanOpen)
	is("Write within a loan", p.Write(ctx, nil), datablock.ErrLoanOpen)
	is("Send within a loan", p.Send(ctx, new(weather.Reading)), datablock.ErrLoanOpen)
	is("Close within a loan", p.Close(), datablock.ErrLoanOpen)
	must(t, p.Commit())
	is("Commit twice", p.Commit(), datablock.ErrNoLoan)
	must(t, p.Write(ctx, func(*weather.Reading) error {
		is("Write within Write", p.Write(ctx, nil), datablock.ErrLoanOpen)
		is("Commit within Write", p.Commit(), datablock.ErrLoanOpen)
		is("Abort within Write", p.Abort(), datablock.ErrLoanOpen)
		is("Close within Write", p.Close(), datablock.ErrLoanOpen)
		return nil
	}))
	must(t, p.Close())
	must(t, p.Close())
	_, err = p.Begin(ctx)
	is("Begin after Close", err, datablock.ErrClosed)
	is("Write after Close", p.Write(ctx, nil), os.ErrClosed)
	is("BeginN after Close", p.BeginN(ctx, 2), datablock.ErrClosed)
	is("Commit after Close", p.Commit(), datablock.ErrNoLoan)
	if p.Seq() != 2 {
		t.Errorf("%d values were committed, want 2", p.Seq())
	}
}

func TestMisuseOfAConsumerIsAnError(t *testing.T) {
	at := root(t)
	p, c := createReading(t, at), attachReading(t, at)
	ctx := within(t)
	is := func(what string, err, want error) {
		t.Helper()
		if !errors.Is(err, want) || !errors.Is(err, datablock.ErrMisuse) {
			t.Errorf("%s: got %v, want %v", what, err, want)
		}
	}
	is("Release without a sample", c.Release(), datablock.ErrNoLoan)
	for n := range uint64(4) {
		put(t, p, n)
	}
	s, err := c.Next(ctx)
	must(t, err)
	is("Close with a sample", c.Close(), datablock.ErrLoanOpen)
	must(t, c.Release())
	is("Release twice", c.Release(), datablock.ErrNoLoan)
	if s.Lag() != 0 {
		t.Error("a released sample lags")
	}
	must(t, c.Read(ctx, func(s datablock.Sample[weather.Reading]) error {
		_, err := c.Next(ctx)
		is("Next within Read", err, datablock.ErrLoanOpen)
		_, _, err = c.TryNext()
		is("TryNext within Read", err, datablock.ErrLoanOpen)
		_, err = c.Latest()
		is("Latest within Read", err, datablock.ErrLoanOpen)
		is("Release within Read", c.Release(), datablock.ErrLoanOpen)
		is("Close within Read", c.Close(), datablock.ErrLoanOpen)
		return nil
	}))
	for s, err := range c.All(ctx) {
		must(t, err)
		_, err = c.Next(ctx)
		is("Next within All", err, datablock.ErrLoanOpen)
		if s.Value.Number == 3 {
			break
		}
	}
	must(t, c.Close())
	must(t, c.Close())
	_, err = c.Next(ctx)
	is("Next after Close", err, datablock.ErrClosed)
	_, _, err = c.TryNext()
	is("TryNext after Close", err, datablock.ErrClosed)
	_, err = c.Latest()
	is("Latest after Close", err, datablock.ErrClosed)
	is("Release after Close", c.Release(), datablock.ErrClosed)
	for _, err := range c.All(ctx) {
		is("All after Close", err, datablock.ErrClosed)
	}
}

func TestReadReleasesWhateverItsFunctionDoes(t *testing.T) {
	at := root(t)
	p, c := createReading(t, at), attachReading(t, at)
	put(t, p, 1)
	put(t, p, 2)
	func() {
		defer func() { _ = recover() }()
		_ = c.Read(within(t), func(datablock.Sample[weather.Reading]) error { panic("oops") })
	}()
	bad := errors.New("bad")
	if err := c.Read(within(t), func(datablock.Sample[weather.Reading]) error { return bad }); !errors.Is(err, bad) {
		t.Errorf("Read returned %v, want the function's error", err)
	}
	must(t, c.Close()) // would be ErrLoanOpen
}

func TestCloseEndsACallThatWaits(t *testing.T) {
	at := root(t)
	p, c := createReading(t, at), attachReading(t, at)
	for n := range uint64(8) {
		put(t, p, n)
	}
	got := make(chan error, 2)
	go func() { _, err := p.Begin(context.Background()); got <- err }() // the ring is full
	time.Sleep(20 * time.Millisecond)
	must(t, p.Close())
	if err := <-got; !errors.Is(err, datablock.ErrClosed) {
		t.Errorf("Begin returned %v, want ErrClosed", err)
	}
	p, err := weather.ReadingChannel.Create("other", at)
	must(t, err)
	defer p.Close()
	c, err = weather.ReadingChannel.Attach("other", at)
	must(t, err)
	go func() { _, err := c.Next(context.Background()); got <- err }()
	time.Sleep(20 * time.Millisecond)
	must(t, c.Close())
	if err := <-got; !errors.Is(err, datablock.ErrClosed) {
		t.Errorf("Next returned %v, want ErrClosed", err)
	}
}

func TestAContextEndsAWaitWithItsCause(t *testing.T) {
	at := root(t)
	p, c := createReading(t, at), attachReading(t, at)
	why := errors.New("operator pressed stop")
	ctx, cancel := context.WithCancelCause(context.Background())
	time.AfterFunc(20*time.Millisecond, func() { cancel(why) })
	if _, err := c.Next(ctx); !errors.Is(err, why) {
		t.Errorf("Next returned %v, want the cause", err)
	}
	for n := range uint64(8) {
		put(t, p, n)
	}
	if _, err := p.Begin(ctx); !errors.Is(err, why) {
		t.Errorf("Begin returned %v, want the cause", err)
	}
	if s, err := c.Next(ctx); err != nil || s.Value.Number != 0 {
		t.Errorf("a value that is there was not delivered after the context: %v", err)
	}
	if _, err := c.Next(within(t)); err != nil { // another context after one that ended
		t.Error(err)
	}
}

func TestATimeoutNamesWhoWasWaitedFor(t *testing.T) {
	at := root(t)
	p := createReading(t, at, datablock.Timeout(10*time.Millisecond))
	c := attachReading(t, at, datablock.Timeout(0), datablock.ConsumerName("plotter"))
	_, err := c.Next(within(t))
	var late *datablock.TimeoutError
	if !errors.As(err, &late) || !errors.Is(err, os.ErrDeadlineExceeded) || late.Holder.PID != uint32(os.Getpid()) {
		t.Errorf("Next returned %v, want a TimeoutError with the producer's pid", err)
	}
	for n := range uint64(8) {
		put(t, p, n)
	}
	_, err = p.Begin(within(t))
	if !errors.As(err, &late) || late.Holder.Name != "plotter" {
		t.Errorf("Begin returned %v, want a TimeoutError that names plotter", err)
	}
}

func TestConsumersLearnThatTheProducerClosed(t *testing.T) {
	at := root(t)
	p, c := createReading(t, at), attachReading(t, at)
	put(t, p, 1)
	must(t, p.Close())
	n := 0
	for _, err := range c.All(within(t)) {
		must(t, err)
		n++
	}
	if n != 1 {
		t.Errorf("%d values after Close, want the one that was left", n)
	}
	if _, err := c.Next(within(t)); !errors.Is(err, datablock.ErrProducerClosed) {
		t.Errorf("Next returned %v", err)
	}
	if _, err := weather.ReadingChannel.Attach("roof", at); !errors.Is(err, datablock.ErrNotFound) {
		t.Errorf("the block is still there: %v", err)
	}
}

func TestKeepLeavesTheBlockForTheNextProducer(t *testing.T) {
	at := root(t)
	p := createReading(t, at, datablock.Keep())
	put(t, p, 1)
	must(t, p.Close())
	c := attachReading(t, at, datablock.StartOldest())
	q := createReading(t, at)
	if !q.Info().TookOver || q.Seq() != 1 {
		t.Errorf("took over %v at %d, want true at 1", q.Info().TookOver, q.Seq())
	}
	put(t, q, 2)
	for want := range uint64(2) {
		s, err := c.Next(within(t))
		must(t, err)
		if s.Value.Number != want+1 || s.Seq != want {
			t.Errorf("got %d at %d", s.Value.Number, s.Seq)
		}
	}
}

func TestASingleReadersBlockStaysUntilItWasRead(t *testing.T) {
	at := root(t)
	p, err := weather.LogChannel.Create("log", at)
	must(t, err)
	for n := range uint64(5) {
		must(t, p.Send(within(t), &weather.Log{Number: n}))
	}
	must(t, p.Close())
	for round := range uint64(5) { // each consumer resumes where the last one stopped
		c, err := weather.LogChannel.Attach("log", at)
		must(t, err)
		s, err := c.Next(within(t))
		must(t, err)
		if s.Value.Number != round {
			t.Fatalf("round %d: got %d", round, s.Value.Number)
		}
		if _, err := weather.LogChannel.Attach("log", at); !errors.Is(err, datablock.ErrFull) {
			t.Fatalf("a second reader: %v, want ErrFull", err)
		}
		must(t, c.Release())
		must(t, c.Close())
	}
	p, err = weather.LogChannel.Create("log", at)
	must(t, err)
	must(t, p.Close())
	if _, err := weather.LogChannel.Attach("log", at); !errors.Is(err, datablock.ErrNotFound) {
		t.Errorf("all was read, but the block is still there: %v", err)
	}
}

func TestLatestOnlySkipsToTheNewest(t *testing.T) {
	at := root(t)
	p, err := weather.LatestChannel.Create("latest", at)
	must(t, err)
	defer p.Close()
	c, err := weather.LatestChannel.Attach("latest", at)
	must(t, err)
	defer c.Close()
	if _, err := c.Latest(); !errors.Is(err, datablock.ErrNoValue) {
		t.Errorf("Latest of nothing: %v", err)
	}
	before := datablock.Now()
	for n := range uint64(30) {
		must(t, p.Send(within(t), &weather.Latest{Number: n}))
	}
	for range 2 {
		s, err := c.Latest()
		must(t, err)
		if s.Value.Number != 29 || s.Seq != 29 || s.Time < before || s.Time > datablock.Now() {
			t.Errorf("got %d at %d, time %d", s.Value.Number, s.Seq, s.Time)
		}
	}
	if _, ok, err := c.TryNext(); ok || err != nil {
		t.Errorf("Next returned the same value again: %v", err)
	}
	for n := range uint64(5) {
		must(t, p.Send(within(t), &weather.Latest{Number: 30 + n}))
	}
	s, err := c.Next(within(t))
	must(t, err)
	if s.Value.Number != 34 || s.Lost != 4 {
		t.Errorf("got %d, lost %d; want 34, lost 4", s.Value.Number, s.Lost)
	}
}

func TestLatestOfAnOrderedChannelSkipsWhatIsUnread(t *testing.T) {
	at := root(t)
	p, c := createReading(t, at), attachReading(t, at)
	if _, err := c.Latest(); !errors.Is(err, datablock.ErrNoValue) {
		t.Errorf("Latest of nothing: %v", err)
	}
	for n := range uint64(6) {
		put(t, p, n)
	}
	s, err := c.Latest()
	must(t, err)
	if s.Value.Number != 5 || s.Lost != 0 {
		t.Errorf("got %d, lost %d; want 5, lost 0", s.Value.Number, s.Lost)
	}
	if _, err := c.Latest(); !errors.Is(err, datablock.ErrNoValue) {
		t.Errorf("Latest again: %v, want ErrNoValue", err)
	}
	put(t, p, 6)
	s, err = c.Next(within(t))
	must(t, err)
	if s.Value.Number != 6 {
		t.Errorf("got %d after Latest, want 6", s.Value.Number)
	}
}

func TestLatestOfAnOrderedChannelFindsTheNewestWhileABatchWaitsForRoom(t *testing.T) {
	at := root(t)
	p := createReading(t, at, datablock.Timeout(0))
	c := attachReading(t, at, datablock.Timeout(0))
	l, err := weather.ReadingChannel.Attach("roof", at, datablock.LazyRelease())
	must(t, err)
	defer l.Close()
	for n := range uint64(5) {
		put(t, p, n)
	}
	if err := p.BeginN(within(t), 8); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("BeginN of a whole ring: %v", err)
	}
	for _, c := range []*weather.ReadingConsumer{c, l} {
		s, err := c.Latest()
		if err != nil || s.Value.Number != 4 || s.Lost != 0 {
			t.Errorf("Latest of 5 values: %+v, %v", s, err)
		}
		must(t, c.Release())
		if _, err := c.Latest(); !errors.Is(err, datablock.ErrNoValue) {
			t.Errorf("Latest once more: %v", err)
		}
	}
	must(t, p.BeginN(within(t), 8))
	must(t, p.Abort())
}

func TestBatchesAreWrittenTogether(t *testing.T) {
	at := root(t)
	p, c := createReading(t, at), attachReading(t, at)
	must(t, p.BeginN(within(t), 5))
	for i := range 5 {
		p.At(i).Number = uint64(i)
	}
	if p.At(5) != nil {
		t.Error("At beyond the batch is not nil")
	}
	if _, ok, _ := c.TryNext(); ok {
		t.Error("a batch is seen before CommitN")
	}
	must(t, p.CommitN(3))
	for want := range uint64(3) {
		s, err := c.Next(within(t))
		must(t, err)
		if s.Value.Number != want {
			t.Errorf("got %d, want %d", s.Value.Number, want)
		}
	}
	if err := p.BeginN(within(t), 9); !errors.Is(err, datablock.ErrMisuse) {
		t.Errorf("a batch larger than the ring: %v", err)
	}
}

func TestAProgramOfAnotherSchemaIsToldWhichFieldsDiffer(t *testing.T) {
	at := root(t)
	p := createReading(t, at)
	_, err := weather.OldChannel.Attach("roof", at)
	var mismatch *datablock.SchemaMismatchError
	if !errors.As(err, &mismatch) || !errors.Is(err, datablock.ErrSchema) {
		t.Fatalf("got %v, want a SchemaMismatchError", err)
	}
	for _, part := range []string{"test.weather.Reading 1.2.0", "test.weather.Old 1.0.0",
		"emperature: offset 8 f64 -> offset 8 f32", "degC", "umidity"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the error does not say %q:\n%v", part, err)
		}
	}
	if mismatch.Writer.PID != os.Getpid() || len(mismatch.Diff) == 0 {
		t.Errorf("writer %v, %d differences", mismatch.Writer, len(mismatch.Diff))
	}
	must(t, p.Close())
}

func TestASpecThatLeavesSomethingOutIsRefusedFieldByField(t *testing.T) {
	_, err := datablock.Create[weather.Reading](&datablock.Spec{Schema: &weather.ReadingSchema}, "roof", root(t))
	for _, field := range []string{"Policy", "Sync", "Consumers", "PageSize"} {
		if err == nil || !strings.Contains(err.Error(), field+": not set") {
			t.Errorf("nothing is said of %s: %v", field, err)
		}
	}
	var c *datablock.ConfigError
	if _, err := datablock.Create[weather.Log](&datablock.Spec{Schema: &weather.ReadingSchema}, "roof", root(t)); !errors.As(err, &c) || c.Field != "Schema" {
		t.Errorf("a type of another size: %v", err)
	}
	if _, err := datablock.Attach[weather.Log](nil, "roof", root(t)); !errors.As(err, &c) || c.Field != "Spec" {
		t.Errorf("no Spec: %v", err)
	}
}
