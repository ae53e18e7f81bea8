package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"golang.org/x/term"

	"github.com/pylabhub/datahub/runtime/datablock"
)

// watched is what a consumer tells at the end. Latencies are in nanoseconds,
// from the producer's commit to the consumer's hand.
type watched struct {
	Block      block  `json:"block"`
	Read       uint64 `json:"read"`
	Lost       uint64 `json:"lost"`
	Takeovers  uint64 `json:"takeovers"`
	LatencyP50 int64  `json:"latency_p50_ns"`
	LatencyP99 int64  `json:"latency_p99_ns"`
	LatencyMax int64  `json:"latency_max_ns"`
}

// A viewer shows samples and counts them.
type viewer struct {
	out      io.Writer
	live     bool // redraw the screen, else one line a second
	shown    time.Time
	attached int64
	latency  *hdrhistogram.Histogram
	watched
}

// watch shows the channel until ctx is done or the producer closes it. A
// producer that died or was restarted is waited for.
func watch(ctx context.Context, o options) error {
	v := &viewer{
		out:     os.Stdout,
		live:    !o.plain && term.IsTerminal(int(os.Stdout.Fd())),
		latency: hdrhistogram.New(1, int64(time.Minute), 3),
	}
	if v.live {
		fmt.Fprint(v.out, "\x1b[?25l\x1b[2J")
		defer fmt.Fprint(v.out, "\x1b[?25h\n")
	}
	err := v.follow(ctx, o.name)
	if ctx.Err() != nil {
		err = nil // told to stop
	}
	v.LatencyP50 = v.latency.ValueAtQuantile(50)
	v.LatencyP99 = v.latency.ValueAtQuantile(99)
	v.LatencyMax = v.latency.Max()
	return errors.Join(err, writeSummary(o.summary, v.watched))
}

// follow attaches as often as it takes until the producer closes the channel.
func (v *viewer) follow(ctx context.Context, name string) error {
	c, err := attach(ctx, name)
	if err != nil {
		return err
	}
	defer func() { c.Close() }()
	v.Block, v.attached = describe(c.Info()), datablock.Now()
	for {
		err := v.drain(ctx, c)
		switch {
		case err == nil, errors.Is(err, datablock.ErrProducerClosed):
			return nil
		case errors.Is(err, datablock.ErrProducerDied):
			// The block stays; who takes it over goes on with the sequence.
			v.Takeovers++
			fmt.Fprintln(os.Stderr, "hostmetrics: the producer died; waiting for the next one")
		case errors.Is(err, datablock.ErrSuperseded):
			next, err := attach(ctx, name)
			if err != nil {
				return err
			}
			c.Close()
			c = next
		default:
			return err
		}
	}
}

// A block says what the channel's block is and what it costs.
type block struct {
	Path       string `json:"path"`
	Bytes      int64  `json:"bytes"`
	Slots      uint32 `json:"slots"`
	Stride     uint32 `json:"stride"`
	Schema     string `json:"schema"`
	LayoutHash string `json:"layout_hash"`
	SchemaHash string `json:"schema_hash"`
}

func describe(i datablock.Info) block {
	v := i.Schema.Version
	return block{
		Path: i.Path, Bytes: i.Bytes, Slots: i.Slots, Stride: i.Stride,
		Schema:     fmt.Sprintf("%s %d.%d.%d", i.Schema.ID, v[0], v[1], v[2]),
		LayoutHash: fmt.Sprintf("%x", i.Schema.LayoutHash),
		SchemaHash: fmt.Sprintf("%x", i.Schema.SchemaHash),
	}
}
