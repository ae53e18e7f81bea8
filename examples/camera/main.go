// Camera shows large values that only matter while they are new: 1920x1080
// frames, 60 a second, written and read in place.
//
//	camera record [-image picture.png] [-fps 60] [-for 10s]   pretends to be the camera
//	camera view [-save frame.png] [-work 20ms] [-for 5s]      looks at the newest frame
//
// The picture scrolls by a line per frame. Without -image it is a test chart.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	_ "image/jpeg"
	"os"
	"os/signal"
	"syscall"
	"time"
)

const (
	width  = 1920
	height = 1080
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "camera:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return errors.New("which command: record or view?")
	}
	fs := flag.NewFlagSet("camera "+args[0], flag.ContinueOnError)
	name := fs.String("name", "camera", "channel `name`")
	span := fs.Duration("for", 10*time.Second, "stop after this time")
	var cmd func(ctx context.Context) error
	switch args[0] {
	case "record":
		file := fs.String("image", "", "PNG or JPEG `file` to show instead of the test chart")
		fps := fs.Int("fps", 60, "frames per second")
		cmd = func(ctx context.Context) error { return record(ctx, *name, *file, *fps) }
	case "view":
		save := fs.String("save", "", "save the first frame to this PNG `file`")
		work := fs.Duration("work", 0, "pretend to look at each frame for this time")
		cmd = func(ctx context.Context) error { return view(ctx, *name, *save, *work) }
	default:
		return fmt.Errorf("unknown command %q: want record or view", args[0])
	}
	if err := fs.Parse(args[1:]); err != nil {
		return err
	}
	if fs.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", fs.Arg(0))
	}
	ctx, cancel := context.WithTimeout(ctx, *span)
	defer cancel()
	return cmd(ctx)
}

// record writes frames until ctx is done.
func record(ctx context.Context, name, file string, fps int) (err error) {
	if fps < 1 {
		return fmt.Errorf("-fps %d: must be positive", fps)
	}
	picture, err := load(file)
	if err != nil {
		return err
	}
	p, err := FrameChannel.Create(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	tick := time.NewTicker(time.Second / time.Duration(fps))
	defer tick.Stop()
	for n := uint64(0); ; n++ {
		f, err := p.Begin(ctx)
		if err != nil {
			return err
		}
		f.Number = n
		scroll(&f.Pixels, &picture, int(n%height))
		if err := p.Commit(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			fmt.Printf("recorded %d frames\n", n+1)
			return nil
		case <-tick.C:
		}
	}
}

// scroll copies a picture, by lines moved up.
func scroll(dst, src *[height][width][3]uint8, lines int) {
	n := copy(dst[:], src[lines:])
	copy(dst[n:], src[:lines])
}

// load reads a picture, cut to the size of a frame, or draws the test chart.
func load(file string) (pixels [height][width][3]uint8, err error) {
	img := chart()
	if file != "" {
		f, err := os.Open(file)
		if err != nil {
			return pixels, err
		}
		defer f.Close()
		if img, _, err = image.Decode(f); err != nil {
			return pixels, fmt.Errorf("%s: %w", file, err)
		}
	}
	rgba := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.Draw(rgba, rgba.Bounds(), img, img.Bounds().Min, draw.Src)
	for y := range pixels {
		for x := range pixels[y] {
			copy(pixels[y][x][:], rgba.Pix[rgba.PixOffset(x, y):])
		}
	}
	return pixels, nil
}

// chart draws colour bars over a grey ramp.
func chart() image.Image {
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			c := color.RGBA{A: 255}
			if bar := uint8(7 - x*8/width); y < height*2/3 {
				c.G, c.R, c.B = 255*(bar>>2&1), 255*(bar>>1&1), 255*(bar&1)
			} else {
				g := uint8(x * 255 / (width - 1))
				c.R, c.G, c.B = g, g, g
			}
			img.SetRGBA(x, y, c)
		}
	}
	return img
}
