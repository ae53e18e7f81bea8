package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/segment"
	"github.com/pylabhub/datahub/runtime/slot"
)

// hzJSON is one interval in the output of hz --json.
type hzJSON struct {
	Channel     string  `json:"channel"`
	Time        string  `json:"time"`
	Interval    int64   `json:"interval_ns"`
	Committed   uint64  `json:"committed"` // in the interval
	Rate        float64 `json:"rate_hz"`
	CommitIndex uint64  `json:"commit_index"`
	State       string  `json:"producer_state"`
	Silent      int64   `json:"silent_ns"` // since the last value, as far as it was seen
	Gap         *gaps   `json:"gap,omitempty"`
	Lag         []lag   `json:"lag"`
}

// gaps are the times between two values in a row.
type gaps struct {
	Source string  `json:"source"` // timestamps: of the values; polled: when they were seen, to a millisecond
	Count  uint64  `json:"count"`
	Min    int64   `json:"min_ns"`
	Mean   float64 `json:"mean_ns"`
	StdDev float64 `json:"stddev_ns"`
	P50    int64   `json:"p50_ns"`
	P99    int64   `json:"p99_ns"`
	Max    int64   `json:"max_ns"`
}

type lag struct {
	Cell int    `json:"cell"`
	Name string `json:"name"`
	PID  int    `json:"pid"`
	Lag  uint64 `json:"lag"`     // values behind, now
	Max  uint64 `json:"max_lag"` // in the interval, as seen every 10 ms
}

func (a *app) hzCmd() *cobra.Command {
	var interval time.Duration
	var count int
	cmd := &cobra.Command{
		Use:   "hz CHANNEL",
		Short: "Measure rate, gaps between values, and lag of the consumers",
		Long: `Hz prints, once per interval, how many values were committed per second, how far
apart they were, and how far each consumer is behind. It looks on without taking
part and reads no value.

The rate is exact: it comes from the producer's own count. Gaps come from the
timestamps in the slots if the channel has them; of a producer that is too fast
to follow, a part of the values. Without timestamps a gap is the time between two
looks that found something new, every millisecond, so anything shorter counts as
one.`,
		Example: `  datablock-admin hz roof
  datablock-admin hz roof --interval 10s --count 6 --json`,
		GroupID:           groupLook,
		Args:              exactly("CHANNEL"),
		ValidArgsFunction: a.completeChannel,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			switch {
			case interval < 10*time.Millisecond:
				return usageError("--interval %s: it must be at least 10ms", interval)
			case count < 0:
				return usageError("--count %d: it must not be negative", count)
			case segment.IsDump(args[0]):
				return usageError("%s is a dump: nothing happens in it", args[0])
			}
			seg, err := a.observe(args[0])
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, seg.Close()) }()
			return a.hz(cmd.Context(), seg, interval, count)
		},
	}
	cmd.Flags().DurationVar(&interval, "interval", time.Second, "the time between two lines")
	cmd.Flags().IntVarP(&count, "count", "c", 0, "stop after `N` lines (0: never)")
	return cmd
}

func (a *app) hz(ctx context.Context, seg *segment.Segment, interval time.Duration, count int) error {
	var m *meter
	err := seg.Guard(func() (err error) { m, err = newMeter(seg); return err })
	if err != nil {
		return err
	}
	look := time.NewTicker(m.period())
	defer look.Stop()
	if !a.json {
		if err := a.printf("%s\n", hzHead); err != nil {
			return err
		}
	}
	begin := time.Now()
	for n := 0; count == 0 || n < count; {
		select {
		case <-ctx.Done():
			return nil // that is how it ends
		case <-look.C:
		}
		if err := seg.Guard(m.look); err != nil {
			return err
		}
		if time.Since(begin) < interval {
			continue
		}
		var v hzJSON
		if err := seg.Guard(func() error { v = m.report(time.Since(begin)); return nil }); err != nil {
			return err
		}
		begin = time.Now()
		n++
		if a.json {
			err = a.writeLine(v)
		} else {
			err = a.printf("%s\n", hzText(&v))
		}
		if err != nil {
			return err
		}
		if v.State == "closed" || v.State == "replaced" {
			a.note("the channel is %s: there will be no more values in this block", v.State)
			return nil
		}
	}
	return nil
}

const hzHead = "      RATE    VALUES    GAP MIN       MEAN        P50        P99        MAX     SILENT  LAG"

func hzText(v *hzJSON) string {
	gap := fmt.Sprintf("%10s %10s %10s %10s %10s", "-", "-", "-", "-", "-")
	if g := v.Gap; g != nil {
		gap = fmt.Sprintf("%10s %10s %10s %10s %10s", ageText(time.Duration(g.Min)), ageText(time.Duration(g.Mean)),
			ageText(time.Duration(g.P50)), ageText(time.Duration(g.P99)), ageText(time.Duration(g.Max)))
	}
	s := fmt.Sprintf("%10s %9d %s %10s ", rateText(v.Rate), v.Committed, gap, ageText(time.Duration(v.Silent)))
	if len(v.Lag) == 0 {
		s += " no consumers"
	}
	for _, l := range v.Lag {
		s += fmt.Sprintf(" %s:%d", orDash(clean(l.Name)), l.Lag)
		if l.Max > l.Lag {
			s += fmt.Sprintf("(max %d)", l.Max)
		}
	}
	if v.State != "live" {
		s += "  producer " + v.State
	}
	return s
}

// narrow returns the plan and configuration of an observer that reads the stamps
// and times of slots, and of the values one byte: to follow large values costs
// nobody bandwidth.
func narrow(seg *segment.Segment) (slot.Plan, slot.Config) {
	p, c := seg.Plan(), seg.Config()
	p.PayloadSize, c.PayloadSize = 1, 1
	p.LengthOff, c.Length = slot.None, false
	p.ChecksumOff, c.Checksum, c.ChecksumType = slot.None, hdr.ChecksumNone, 0
	return p, c
}
