package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"time"

	"github.com/pylabhub/datahub/runtime/datablock"
)

// receivers is how many machines there are.
const receivers = 3

// send gives o.n commands. It waits for the slowest receiver whenever that is a
// ring's length behind.
func send(ctx context.Context, o options) (err error) {
	p, err := CommandChannel.Create(o.name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	fmt.Printf("waiting for %d receivers\n", receivers)
	if err := await(ctx, p); err != nil {
		return err
	}
	start := time.Now()
	for n := uint64(1); n <= o.n; n++ {
		err := p.Write(ctx, func(c *Command) error {
			c.Number = n
			switch {
			case n == 1:
				c.Action = ActionHome
			case n == o.n:
				c.Action = ActionStop
			default:
				c.Action = ActionMove
				c.SetPosition(float64(n) / 10)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	fmt.Printf("sent %d commands in %v\n", o.n, time.Since(start).Round(time.Millisecond))
	return nil
}

// await waits for the receivers: with none the channel would not wait for any.
func await(ctx context.Context, p *CommandProducer) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for p.Consumers() < receivers {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
	return nil
}

// all runs the sender and the receivers as processes of their own, the last of
// which takes its time.
func all(ctx context.Context, o options) error {
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	name := fmt.Sprintf("%s-%d", o.name, os.Getpid()) // two of these at once do not meet
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	errs := make(chan error)
	start := func(what string, flags ...string) {
		cmd := exec.CommandContext(ctx, exe, append([]string{what, "-name", name}, flags...)...)
		cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		go func() {
			err := cmd.Run()
			if err != nil {
				err = fmt.Errorf("%s: %w", what, err)
				cancel() // the others would wait for it
			}
			errs <- err
		}()
	}
	start("send", "-n", strconv.FormatUint(o.n, 10))
	for i := range receivers {
		work := time.Duration(0)
		if i == receivers-1 {
			work = 5 * time.Millisecond
		}
		start("receive", "-work", work.String())
	}
	for range receivers + 1 {
		err = errors.Join(err, <-errs)
	}
	return err
}

// receive carries out commands until there will be no more, and checks that none
// is missing.
func receive(ctx context.Context, o options) error {
	c, err := attach(ctx, o.name)
	if err != nil {
		return err
	}
	defer c.Close()
	var n uint64
	position := 0.0
	for s, err := range c.All(ctx) {
		if err != nil {
			return err
		}
		v := s.Value
		if n++; v.Number != n || s.Lost != 0 {
			return fmt.Errorf("got command %d instead of %d, %d lost", v.Number, n, s.Lost)
		}
		if v.HasPosition() {
			position = v.Position
		}
		time.Sleep(o.work)
	}
	fmt.Printf("received %d commands in order, none lost, at %.1f mm, each taking %v\n", n, position, o.work)
	return nil
}

// attach waits for the sender.
func attach(ctx context.Context, name string) (*CommandConsumer, error) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		c, err := CommandChannel.Attach(name)
		if !errors.Is(err, datablock.ErrNotFound) {
			return c, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-tick.C:
		}
	}
}
