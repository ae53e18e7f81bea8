package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/pylabhub/datahub/runtime/datablock"
)

// calibrated is how many readings a calibration is good for: more than the ring
// holds, so that no reader is two calibrations behind.
const calibrated = 100

// truth is the temperature at the time of a reading, in degC.
func truth(reading int) float64 { return 20 + float64(reading%10) }

// measure takes n readings with a sensor that drifts.
func measure(ctx context.Context, name string, n int, every time.Duration) (err error) {
	p, err := ReadingChannel.Create(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	if err := await(ctx, p); err != nil {
		return err
	}
	tick := time.NewTicker(max(every, 1))
	defer tick.Stop()
	var now Calibration
	for i := range n {
		if i%calibrated == 0 {
			if err := calibrate(p, i/calibrated, &now); err != nil {
				return err
			}
		}
		err := p.Write(ctx, func(r *Reading) error {
			r.Calibration = p.Flex().Seq()
			r.Counts = int32(math.Round((truth(i) - now.Offset) / now.Gain))
			return nil
		})
		if err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
	fmt.Printf("took %d readings under %d calibrations\n", n, p.Flex().Seq())
	return nil
}

// calibrate changes part of the calibration, and tells which it is now. Should it
// fail, or the process die, consumers have seen nothing of it.
func calibrate(p *ReadingProducer, times int, now *Calibration) error {
	return p.Flex().Update(func(c *Calibration) error {
		c.Offset = -5
		c.Gain = 0.01 + 0.001*float64(times)
		var err error
		if times%2 == 0 {
			c.ClearReference()
			err = c.SetBy("mira")
		} else {
			err = errors.Join(c.SetBy("joel"), c.SetReference("ice water"))
		}
		*now = *c
		return err
	})
}

// await waits for a consumer: what nobody waits for is lost.
func await(ctx context.Context, p *ReadingProducer) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for p.Consumers() == 0 {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
	return nil
}

// watch prints readings in degrees until there will be no more.
func watch(ctx context.Context, name string, step uint64) error {
	c, err := attach(ctx, name)
	if err != nil {
		return err
	}
	defer c.Close()
	var cal Calibration
	var number, calibrations uint64 // of cal; seen
	n, unknown, low, high := 0, 0, math.Inf(1), math.Inf(-1)
	for s, err := range c.All(ctx) {
		if err != nil {
			return err
		}
		r := s.Value
		// The next calibration is there before the last reading under this one is read:
		// the reading says which it means.
		if r.Calibration != number && c.Flex().Changed() {
			if number, err = c.Flex().Get(&cal); err != nil {
				return err
			}
			calibrations++
			show(number, &cal)
		}
		if r.Calibration != number { // who came late has never seen the one before
			unknown++
			continue
		}
		t := cal.Degrees(r.Counts)
		low, high = min(low, t), max(high, t)
		if s.Seq%step == 0 {
			fmt.Printf("reading %d: %d counts, %.1f degC\n", s.Seq, r.Counts, t)
		}
		n++
	}
	fmt.Printf("%d readings under %d calibrations, %.1f to %.1f degC, %d of unknown calibration\n", n, calibrations, low, high, unknown)
	return nil
}

func show(number uint64, c *Calibration) {
	reference := "no reference"
	if c.HasReference() {
		reference = c.GetReference()
	}
	fmt.Printf("calibration %d by %s (%s): %.4f degC per count from %.1f degC\n", number, c.GetBy(), reference, c.Gain, c.Offset)
}

// attach waits for the thermometer.
func attach(ctx context.Context, name string) (*ReadingConsumer, error) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		c, err := ReadingChannel.Attach(name)
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
