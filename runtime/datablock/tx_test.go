package datablock_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/pylabhub/datahub/runtime/datablock"
	"github.com/pylabhub/datahub/runtime/datablock/internal/weather"
	"github.com/pylabhub/datahub/runtime/internal/word"
)

func TestATransactionPublishesAllOrNothing(t *testing.T) {
	at := root(t)
	p, c := createReading(t, at), attachReading(t, at)
	ctx := within(t)
	broken := errors.New("sensor is broken")
	if err := p.WriteTx(ctx, func(*datablock.WriteTx[weather.Reading]) error { return broken }); err != broken {
		t.Errorf("WriteTx returned %v, want the function's error", err)
	}
	func() {
		defer func() {
			if r := recover(); r != "oops" {
				t.Errorf("recovered %v", r)
			}
		}()
		_ = p.WriteTx(ctx, func(*datablock.WriteTx[weather.Reading]) error { panic("oops") })
	}()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = p.WriteTx(ctx, func(*datablock.WriteTx[weather.Reading]) error { runtime.Goexit(); return nil })
	}()
	<-ended
	if _, ok, err := c.TryNext(); ok || err != nil {
		t.Fatalf("something was published: %t, %v", ok, err)
	}
	var kept *datablock.WriteTx[weather.Reading]
	must(t, p.WriteTx(ctx, func(tx *datablock.WriteTx[weather.Reading]) error {
		kept = tx
		tx.Value.Number = 7
		return nil
	}))
	if kept.Value != nil {
		t.Error("the value is there when the transaction is over")
	}
	if err := kept.Validate(); !errors.Is(err, datablock.ErrNoLoan) {
		t.Errorf("Validate when it is over: %v", err)
	}

	// The reader's side: whatever the function does, the sample is released.
	for range 3 {
		put(t, p, 7)
	}
	read := 0
	if err := c.ReadTx(ctx, func(tx *datablock.ReadTx[weather.Reading]) error {
		read++
		if tx.Value.Number != 7 || tx.Seq != 0 || tx.Lag() != 3 {
			t.Errorf("got %+v, number %d, lag %d", tx.Value, tx.Seq, tx.Lag())
		}
		return broken
	}); !errors.Is(err, broken) {
		t.Errorf("ReadTx returned %v, want the function's error", err)
	}
	func() {
		defer func() { _ = recover() }()
		_ = c.ReadTx(ctx, func(*datablock.ReadTx[weather.Reading]) error { read++; panic("oops") })
	}()
	ended = make(chan struct{})
	go func() {
		defer close(ended)
		_ = c.ReadTx(ctx, func(*datablock.ReadTx[weather.Reading]) error { read++; runtime.Goexit(); return nil })
	}()
	<-ended
	var keptTx *datablock.ReadTx[weather.Reading]
	must(t, c.ReadTx(ctx, func(tx *datablock.ReadTx[weather.Reading]) error {
		keptTx = tx
		if tx.Seq != 3 {
			t.Errorf("got value %d, want 3", tx.Seq)
		}
		return nil
	}))
	if err := c.Release(); !errors.Is(err, datablock.ErrNoLoan) || read != 3 {
		t.Errorf("Release after transactions: %v; %d were run, want 3", err, read)
	}
	if err := keptTx.Validate(); keptTx.Value != nil || !errors.Is(err, datablock.ErrNoLoan) {
		t.Errorf("when it is over: value %v, Validate %v", keptTx.Value, err)
	}
}

func TestATransactionKnowsWhatIsAroundTheValue(t *testing.T) {
	p, c := zoned(t)
	ctx := within(t)
	must(t, p.WriteTx(ctx, func(tx *datablock.WriteTx[weather.Zoned]) error {
		if tx.Seq() != 0 || tx.Info().Channel != "roof" || tx.Config().Capacity != tx.Info().Capacity {
			t.Errorf("seq %d, info %+v, config %+v", tx.Seq(), tx.Info(), tx.Config())
		}
		m, err := tx.Metrics()
		if err != nil || m.CommitIndex != 0 || m.Producer.State != datablock.ProducerLive {
			t.Errorf("metrics %+v, %v", m, err)
		}
		return errors.Join(datablock.WriteTxFlex[weather.Site](tx).Set(&weather.Site{Number: 9}), tx.Validate())
	}))
	must(t, c.ReadTx(ctx, func(tx *datablock.ReadTx[weather.Zoned]) error {
		m, err := tx.Metrics()
		if err != nil || m.CommitIndex != 1 || tx.Info().Channel != "roof" || tx.Config().Sync == 0 {
			t.Errorf("metrics %+v, %v; info %+v; config %+v", m, err, tx.Info(), tx.Config())
		}
		var site weather.Site
		if _, err := datablock.ReadTxFlex[weather.Site](tx).Get(&site); err != nil || site.Number != 9 {
			t.Errorf("zone %+v, %v", site, err)
		}
		return tx.Validate()
	}))
}

func TestValidateNamesTheFieldThatBreaksTheSchema(t *testing.T) {
	at := root(t)
	p, c := createReading(t, at), attachReading(t, at)
	ctx := within(t)
	bad := errors.New("not published")
	err := p.WriteTx(ctx, func(tx *datablock.WriteTx[weather.Reading]) error {
		must(t, tx.Validate())
		copy(tx.Value.Station[:], "ro\xff")
		err := tx.Validate()
		var v *datablock.ValueError
		if !errors.As(err, &v) || !errors.Is(err, datablock.ErrValue) || !strings.EqualFold(v.Field, "station") {
			t.Errorf("got %v, want a ValueError of station", err)
		}
		return bad
	})
	if err != bad {
		t.Errorf("WriteTx returned %v", err)
	}
	// A producer that does not ask can publish it; a consumer that asks is told.
	must(t, p.Write(ctx, func(r *weather.Reading) error { copy(r.Station[:], "a\x00b"); return nil }))
	if err := c.ReadTx(ctx, func(tx *datablock.ReadTx[weather.Reading]) error { return tx.Validate() }); !errors.Is(err, datablock.ErrValue) {
		t.Errorf("ReadTx: got %v, want ErrValue", err)
	}
}

func TestValidateOfAReaderSeesEvictionAndCorruption(t *testing.T) {
	at := root(t)
	typed := datablock.Spec{
		Schema: &weather.LogSchema, Policy: datablock.Ring, Sync: datablock.SyncReaders, Capacity: 4, Consumers: 2, PageSize: 4096,
		Checksum: datablock.ChecksumEnforced, ChecksumType: datablock.CRC32C,
	}
	dir := t.TempDir()
	p, err := datablock.Create[weather.Log](&typed, "log", datablock.Root(dir))
	must(t, err)
	defer p.Close()
	c, err := datablock.Attach[weather.Log](&typed, "log", datablock.Root(dir))
	must(t, err)
	defer c.Close()
	must(t, p.Send(within(t), new(weather.Log)))
	if err := c.ReadTx(within(t), func(tx *datablock.ReadTx[weather.Log]) error {
		must(t, tx.Validate())
		flip(t, dir, "log", 0)
		return tx.Validate()
	}); !errors.Is(err, datablock.ErrChecksum) {
		t.Errorf("corrupt under the reader's eyes: %v, want ErrChecksum", err)
	}

	evict := datablock.EvictAfter(time.Millisecond)
	typed.Checksum, typed.ChecksumType = 0, 0
	q, err := datablock.Create[weather.Log](&typed, "evict", at, evict)
	must(t, err)
	defer q.Close()
	d, err := datablock.Attach[weather.Log](&typed, "evict", at)
	must(t, err)
	defer d.Close()
	must(t, q.Send(within(t), new(weather.Log)))
	if err := d.ReadTx(within(t), func(tx *datablock.ReadTx[weather.Log]) error {
		must(t, tx.Validate())
		for range 5 {
			must(t, q.Send(within(t), new(weather.Log)))
		}
		return tx.Validate()
	}); !errors.Is(err, datablock.ErrEvicted) {
		t.Errorf("evicted under the reader's eyes: %v, want ErrEvicted", err)
	}
}

func TestNestedCallsAreMisuseAndDoNotHang(t *testing.T) {
	at := root(t)
	p, c := createReading(t, at), attachReading(t, at)
	ctx := within(t)
	is := func(what string, err error) {
		t.Helper()
		if !errors.Is(err, datablock.ErrLoanOpen) {
			t.Errorf("%s: got %v, want ErrLoanOpen", what, err)
		}
	}
	must(t, p.WriteTx(ctx, func(tx *datablock.WriteTx[weather.Reading]) error {
		is("WriteTx in WriteTx", p.WriteTx(ctx, nil))
		is("Write in WriteTx", p.Write(ctx, nil))
		is("BeginN in WriteTx", p.BeginN(ctx, 1))
		is("Commit in WriteTx", p.Commit())
		is("Drain in WriteTx", p.Drain(ctx))
		is("Close in WriteTx", p.Close())
		return nil
	}))
	must(t, c.ReadTx(ctx, func(*datablock.ReadTx[weather.Reading]) error {
		is("ReadTx in ReadTx", c.ReadTx(ctx, nil))
		_, err := c.Next(ctx)
		is("Next in ReadTx", err)
		_, err = c.Latest()
		is("Latest in ReadTx", err)
		is("Release in ReadTx", c.Release())
		is("Close in ReadTx", c.Close())
		return nil
	}))
}

func TestConcurrentMisuseIsAnErrorAndDoesNotHang(t *testing.T) {
	if word.Staged {
		t.Skip("the race detector finds it, too")
	}
	at := root(t)
	p, c := createReading(t, at), attachReading(t, at)
	waiting := make(chan error)
	settle := func() { time.Sleep(20 * time.Millisecond) }
	is := func(what string, err error) {
		t.Helper()
		if !errors.Is(err, datablock.ErrConcurrent) || !errors.Is(err, datablock.ErrMisuse) {
			t.Errorf("%s: got %v, want ErrConcurrent", what, err)
		}
	}
	go func() { _, err := c.Next(context.Background()); waiting <- err }()
	settle()
	_, err := c.Next(context.Background()) // would wait for ever, too
	is("Next while another waits", err)
	_, err = c.NextN(context.Background(), 2)
	is("NextN while another waits", err)
	must(t, c.Close())
	if err := <-waiting; !errors.Is(err, datablock.ErrClosed) {
		t.Errorf("the one that waited: %v", err)
	}

	c = attachReading(t, at)
	for range 8 {
		must(t, p.Send(context.Background(), new(weather.Reading)))
	}
	go func() { _, err := p.Begin(context.Background()); waiting <- err }()
	settle()
	_, err = p.Begin(context.Background())
	is("Begin while another waits", err)
	is("BeginN while another waits", p.BeginN(context.Background(), 2))
	is("Drain while another waits", p.Drain(context.Background()))
	must(t, p.Close())
	if err := <-waiting; !errors.Is(err, datablock.ErrClosed) {
		t.Errorf("the one that waited: %v", err)
	}
}

func TestTransactionsDoNotAllocate(t *testing.T) {
	at := root(t)
	p, c := createReading(t, at), attachReading(t, at)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	write := func(tx *datablock.WriteTx[weather.Reading]) error { tx.Value.Number++; return tx.Validate() }
	read := func(tx *datablock.ReadTx[weather.Reading]) error { return tx.Validate() }
	if n := testing.AllocsPerRun(500, func() {
		if p.WriteTx(ctx, write) != nil || c.ReadTx(ctx, read) != nil {
			panic("failed")
		}
	}); n != 0 {
		t.Errorf("WriteTx, ReadTx: %v allocations", n)
	}
}
