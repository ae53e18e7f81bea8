package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"os"
	"time"

	"github.com/pylabhub/datahub/runtime/datablock"
)

// view looks at the newest frame again and again until the recording ends.
func view(ctx context.Context, name, file string, work time.Duration) error {
	c, err := attach(ctx, name)
	if err != nil {
		return err
	}
	defer c.Close()
	var seen, skipped uint64
	for s, err := range c.All(ctx) {
		if ctx.Err() != nil {
			break // -for is over, or Ctrl-C
		}
		if err != nil {
			return err
		}
		if seen == 0 && file != "" {
			if err := save(file, s.Value); err != nil {
				return err
			}
			fmt.Printf("saved frame %d to %s\n", s.Value.Number, file)
		}
		seen++
		skipped += s.Lost
		time.Sleep(work)
	}
	fmt.Printf("frames seen %d, skipped %d\n", seen, skipped)
	return nil
}

// attach waits for the camera.
func attach(ctx context.Context, name string) (*FrameConsumer, error) {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		c, err := FrameChannel.Attach(name)
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

// save writes a frame as PNG, straight from shared memory.
func save(file string, f *Frame) error {
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range f.Pixels {
		for x := range f.Pixels[y] {
			o := img.PixOffset(x, y)
			copy(img.Pix[o:], f.Pixels[y][x][:])
			img.Pix[o+3] = 255
		}
	}
	w, err := os.Create(file)
	if err != nil {
		return err
	}
	return errors.Join(png.Encode(w, img), w.Close())
}
