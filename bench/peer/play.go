package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/pylabhub/datahub/runtime/datablock"
)

// Names of the rings: there, and with pp back again.
const (
	there = "there"
	back  = "back"
)

// checksums are the values of -checksum.
var checksums = map[string]datablock.ChecksumType{"none": 0, "crc32c": datablock.CRC32C, "blake3": datablock.BLAKE3}

// play runs one measurement, as the parent or as one of its children.
func play[T any](o *options, schema *datablock.Schema) error {
	if o.busy() {
		if err := pin(o); err != nil {
			return err
		}
	}
	spec := &datablock.Spec{
		Schema: schema, Policy: datablock.Ring, Sync: datablock.SyncReaders,
		Capacity: uint32(o.depth), Consumers: uint32(o.consumers), PageSize: uint32(o.page),
	}
	if spec.ChecksumType = checksums[o.checksum]; spec.ChecksumType != 0 {
		spec.Checksum = datablock.ChecksumEnforced
	}
	opts := []datablock.Option{datablock.Wait(datablock.Adaptive), datablock.LazyRelease()}
	if o.busy() {
		opts[0] = datablock.Wait(datablock.Busy)
	}
	if o.secure {
		opts = append(opts, datablock.Secure())
	}
	if o.role >= 0 {
		return child[T](o, spec, append(opts, datablock.Root(o.root)))
	}
	dir, err := os.MkdirTemp(shared(), "datahub-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	o.root = dir
	return parent[T](o, spec, append(opts, datablock.Root(dir)))
}

// shared returns the folder of shared memory, the default one where there is none.
func shared() string {
	if _, err := os.Stat("/dev/shm"); err != nil {
		return ""
	}
	return "/dev/shm"
}

func parent[T any](o *options, spec *datablock.Spec, opts []datablock.Option) (err error) {
	p, err := datablock.Create[T](spec, there, opts...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	kids, err := startChildren(o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, kids.end()) }()
	if o.test == "tp" {
		sent, err := produce(o, p)
		if err != nil {
			return err
		}
		return kids.finish(o, nil, sent)
	}
	c, err := datablock.Attach[T](spec, back, opts...)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := kids.release(); err != nil {
		return err
	}
	latencies, err := ping(o, p, c)
	if err != nil {
		return err
	}
	return kids.finish(o, latencies, 0)
}

func child[T any](o *options, spec *datablock.Spec, opts []datablock.Option) (err error) {
	c, err := datablock.Attach[T](spec, there, opts...)
	if err != nil {
		return err
	}
	defer c.Close()
	if o.test == "tp" {
		fmt.Println("ready")
		t, err := consume(o, c)
		if err != nil {
			return err
		}
		return report(t)
	}
	p, err := datablock.Create[T](spec, back, opts...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	fmt.Println("ready")
	if err := awaitRelease(); err != nil { // the parent attaches to the ring we made
		return err
	}
	if err := echo(c, p); err != nil {
		return err
	}
	return report(tally{})
}

// ping measures round trips.
func ping[T any](o *options, p *datablock.Producer[T], c *datablock.Consumer[T]) ([]time.Duration, error) {
	ctx := context.Background()
	latencies := make([]time.Duration, 0, 1<<21)
	begin := time.Now()
	measure := begin.Add(warmUp)
	end := measure.Add(o.span())
	phase := uint64(warm)
	for seq := uint64(0); ; seq++ {
		m, err := p.Begin(ctx)
		if err != nil {
			return nil, err
		}
		fill(words(m), seq, phase)
		if err := p.Commit(); err != nil {
			return nil, err
		}
		if phase == stop {
			return latencies, nil
		}
		s, err := c.Next(ctx)
		if err != nil {
			return nil, err
		}
		w := words(s.Value)
		touch(w)
		if w[0] != seq {
			return nil, fmt.Errorf("message %d came back as %d", seq, w[0])
		}
		if err := c.Release(); err != nil {
			return nil, err
		}
		now := time.Now()
		switch {
		case phase == running:
			latencies = append(latencies, now.Sub(begin))
			if now.After(end) || len(latencies) >= o.n {
				phase = stop
			}
		case now.After(measure):
			phase = running
		}
		begin = now
	}
}

// echo answers ping.
func echo[T any](c *datablock.Consumer[T], p *datablock.Producer[T]) error {
	ctx := context.Background()
	for {
		s, err := c.Next(ctx)
		if err != nil {
			return err
		}
		w := words(s.Value)
		touch(w)
		seq, phase := w[0], w[1]
		if err := c.Release(); err != nil {
			return err
		}
		if phase == stop {
			return nil
		}
		m, err := p.Begin(ctx)
		if err != nil {
			return err
		}
		fill(words(m), seq, phase)
		if err := p.Commit(); err != nil {
			return err
		}
	}
}
