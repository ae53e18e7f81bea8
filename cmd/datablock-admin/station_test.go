package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/pylabhub/datahub/cmd/datablock-admin/internal/station"
	"github.com/pylabhub/datahub/runtime/datablock"
	"github.com/pylabhub/datahub/runtime/fixed"
)

// stationFlags say what a process of a test does.
type stationFlags struct {
	n       uint64
	rate    float64
	ready   string
	hold    bool
	loan    bool
	keep    bool
	timeout time.Duration
	name    string
	replace bool
	secure  bool
}

// runStation is a producer or consumer that scripts start:
//
//	station produce|consume|lock reading|latest|log|raw|old NAME [flags]
func runStation() {
	if err := play(); err != nil {
		fmt.Fprintln(os.Stderr, "station:", err)
		os.Exit(1)
	}
}

func play() error {
	if len(os.Args) < 4 {
		return errors.New("usage: station produce|consume|lock KIND NAME [flags]")
	}
	verb, kind, name := os.Args[1], os.Args[2], os.Args[3]
	var f stationFlags
	fs := flag.NewFlagSet("station", flag.ContinueOnError)
	fs.Uint64Var(&f.n, "n", 10, "values")
	fs.Float64Var(&f.rate, "rate", 0, "values per second, 0: as fast as it goes")
	fs.StringVar(&f.ready, "ready", "", "file for the pid when the values are through")
	fs.BoolVar(&f.hold, "hold", false, "then stay")
	fs.BoolVar(&f.loan, "loan", false, "of a consumer: keep the last value")
	fs.BoolVar(&f.keep, "keep", false, "leave the block at the end")
	fs.DurationVar(&f.timeout, "timeout", -1, "of each call")
	fs.StringVar(&f.name, "name", "", "of the consumer")
	fs.BoolVar(&f.replace, "replace", false, "replace what does not fit")
	fs.BoolVar(&f.secure, "secure", false, "a secure channel")
	if err := fs.Parse(os.Args[4:]); err != nil {
		return err
	}
	opts := []datablock.Option{datablock.Timeout(f.timeout)}
	if f.keep {
		opts = append(opts, datablock.Keep())
	}
	if f.name != "" {
		opts = append(opts, datablock.ConsumerName(f.name))
	}
	if f.secure {
		opts = append(opts, datablock.Secure())
	}
	if f.replace {
		opts = append(opts, datablock.Replace())
	}
	switch verb + " " + kind {
	case "produce reading":
		return withProducer(f, name, opts, station.ReadingChannel.Create, fillReading)
	case "produce latest":
		return withProducer(f, name, opts, station.LatestChannel.Create, func(v *station.Latest, n uint64) { v.Number, v.Ratio = n, float64(n)/2 })
	case "produce log":
		return withProducer(f, name, opts, station.LogChannel.Create, func(v *station.Log, n uint64) { v.Number = n; v.SetTextTruncated(fmt.Sprint("line ", n)) })
	case "produce old":
		return withProducer(f, name, opts, station.OldChannel.Create, func(v *station.Old, n uint64) { v.Number = n })
	case "produce raw":
		return produceRaw(f, name, opts)
	case "consume reading":
		return consume(f, name, opts, station.ReadingChannel.Attach)
	case "consume latest":
		return consume(f, name, opts, station.LatestChannel.Attach)
	case "consume log":
		return consume(f, name, opts, station.LogChannel.Attach)
	case "consume old":
		return consume(f, name, opts, station.OldChannel.Attach)
	case "lock reading":
		return lock(f, name, opts)
	}
	return fmt.Errorf("cannot %s %s", verb, kind)
}

// fillReading makes value n, always the same but for the time of its commit.
func fillReading(v *station.Reading, n uint64) {
	*v = station.Reading{
		Number: n, Taken: int64(1_763_878_500_000_000_000 + n), Took: time.Duration(n) * time.Millisecond,
		Temperature: 20 + float64(n)/4, Raw: int16(n), State: station.State(n % 2), Ok: fixed.Bool(n % 2),
		Alarms: station.Alarm(n % 8), Gusts: [2]station.Wind{{Direction: 1, Speed: 2}, {Direction: 3, Speed: float32(n)}},
	}
	if n%3 == 0 {
		v.SetHumidity(55.5)
		v.SetWind(&station.Wind{Direction: 90, Speed: float32(n)})
	}
	for i := range v.Samples {
		v.Samples[i] = int32(n) * int32(i)
	}
	v.SetStationTruncated("roof")
	if err := v.SetNote([]byte{byte(n), 2, 3}); err != nil {
		panic(err)
	}
}

func (f *stationFlags) announce() error {
	if f.ready == "" {
		return nil
	}
	if err := os.WriteFile(f.ready+".tmp", []byte(strconv.Itoa(os.Getpid())), 0o666); err != nil {
		return err
	}
	return os.Rename(f.ready+".tmp", f.ready)
}

func (f *stationFlags) stay() {
	if f.hold {
		time.Sleep(time.Hour) // it is ended by a signal
	}
}

func (f *stationFlags) pause(n uint64) {
	if f.rate > 0 {
		time.Sleep(time.Duration(float64(time.Second) / f.rate))
	}
}

type producer[T any] interface {
	Begin(context.Context) (*T, error)
	Commit() error
	Seq() uint64
	Close() error
}

func withProducer[T any, P producer[T]](f stationFlags, name string, opts []datablock.Option, create func(string, ...datablock.Option) (P, error), fill func(*T, uint64)) error {
	p, err := create(name, opts...)
	if err != nil {
		return err
	}
	if z, ok := any(p).(*station.ReadingProducer); ok {
		err := z.Flex().Update(func(c *station.Calibration) error { c.Offset, c.Gain = 0.5, 2; return nil })
		if err != nil {
			return err
		}
	}
	for n := uint64(0); n < f.n; n++ {
		v, err := p.Begin(context.Background())
		if err != nil {
			_ = f.announce() // the script goes on and sees it in the metrics
			f.stay()
			return err
		}
		fill(v, p.Seq())
		if err := p.Commit(); err != nil {
			return err
		}
		if n == 0 && f.rate > 0 {
			if err := f.announce(); err != nil {
				return err
			}
		}
		f.pause(n)
	}
	if err := f.announce(); err != nil {
		return err
	}
	f.stay()
	return p.Close()
}

func produceRaw(f stationFlags, name string, opts []datablock.Option) error {
	p, err := datablock.CreateRaw(&datablock.Spec{
		RawSize: 100, Policy: datablock.Ring, Sync: datablock.Overwrite, Capacity: 8, Consumers: 1, PageSize: 4096,
	}, name, opts...)
	if err != nil {
		return err
	}
	for n := range f.n {
		if err := p.Send(context.Background(), fmt.Appendf(nil, "line %d", n)); err != nil {
			return err
		}
	}
	if err := f.announce(); err != nil {
		return err
	}
	f.stay()
	return p.Close()
}

type consumer[T any] interface {
	Next(context.Context) (datablock.Sample[T], error)
	Release() error
	Close() error
}

func consume[T any, C consumer[T]](f stationFlags, name string, opts []datablock.Option, attach func(string, ...datablock.Option) (C, error)) error {
	c, err := attach(name, append(opts, datablock.StartOldest())...)
	if err != nil {
		return err
	}
	for n := range f.n {
		_, err := c.Next(context.Background())
		for errors.Is(err, datablock.ErrProducerDied) { // the script starts another
			_, err = c.Next(context.Background())
		}
		if err != nil {
			return err
		}
		if f.loan && n == f.n-1 {
			break
		}
		if err := c.Release(); err != nil {
			return err
		}
		f.pause(n)
	}
	if err := f.announce(); err != nil {
		return err
	}
	f.stay()
	return c.Close()
}

// lock takes spinlock 1 of a channel and stays.
func lock(f stationFlags, name string, opts []datablock.Option) error {
	c, err := station.ReadingChannel.Attach(name, opts...)
	if err != nil {
		return err
	}
	l, err := c.GetSpinlock(1)
	if err != nil {
		return err
	}
	g, err := l.Lock(context.Background())
	if err != nil {
		return err
	}
	if err := f.announce(); err != nil {
		return err
	}
	f.stay()
	return errors.Join(g.Unlock(), c.Close())
}
