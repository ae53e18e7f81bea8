package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pylabhub/datahub/runtime/datablock"
	"github.com/pylabhub/datahub/runtime/segment"
)

// metricsJSON is the output of metrics --json. Spans are nanoseconds.
type metricsJSON struct {
	Channel    string    `json:"channel"`
	Generation uint64    `json:"generation"`
	Time       time.Time `json:"time"`
	Since      time.Time `json:"since"`

	CommitIndex      uint64 `json:"commit_index"`
	Written          uint64 `json:"slots_written"`
	BytesWritten     uint64 `json:"bytes_written"`
	Read             uint64 `json:"slots_read"`
	BytesRead        uint64 `json:"bytes_read"`
	Lost             uint64 `json:"lost"`
	ChecksumFailures uint64 `json:"checksum_failures"`
	RoomWaits        waits  `json:"room_waits"`
	LockWaits        waits  `json:"lock_waits"`
	DrainWaits       waits  `json:"drain_waits"`
	Timeouts         uint64 `json:"writer_timeouts"`
	Rescans          uint64 `json:"rescans"`
	Wakes            uint64 `json:"wakes"`
	WakesSkipped     uint64 `json:"wakes_skipped"`
	Evictions        uint64 `json:"evictions"`
	Detached         uint64 `json:"detached"`
	Reclaimed        uint64 `json:"reclaimed"`
	Takeovers        uint64 `json:"takeovers"`
	FlexUpdates      uint64 `json:"flex_updates"`
	SchemaMismatches uint64 `json:"schema_mismatches"`
	Repairs          uint64 `json:"repairs"`
	State            string `json:"producer_state"`
	Uptime           int64  `json:"producer_uptime_ns"`
	HeartbeatAge     int64  `json:"producer_heartbeat_age_ns"`

	Producer  *processJSON    `json:"producer,omitempty"`
	Consumers []consumerCount `json:"consumers"`
}

type waits struct {
	Count uint64 `json:"count"`
	NS    int64  `json:"ns"`
}

func newWaits(w datablock.Waits) waits { return waits{w.Count, int64(w.Time)} }

type consumerCount struct {
	Cell             int    `json:"cell"`
	Attached         bool   `json:"attached"`
	Evicted          bool   `json:"evicted,omitempty"`
	Name             string `json:"name"`
	PID              int    `json:"pid"`
	HeartbeatAge     int64  `json:"heartbeat_age_ns"`
	Position         uint64 `json:"position"`
	Lag              uint64 `json:"lag"`
	Read             uint64 `json:"slots_read"`
	BytesRead        uint64 `json:"bytes_read"`
	Lost             uint64 `json:"lost"`
	Retries          uint64 `json:"retries"`
	Waits            waits  `json:"waits"`
	LockWaits        waits  `json:"lock_waits"`
	Timeouts         uint64 `json:"timeouts"`
	Wakes            uint64 `json:"wakes"`
	ChecksumFailures uint64 `json:"checksum_failures"`
	Evictions        uint64 `json:"evictions"`
	Joins            uint64 `json:"joins"`
}

func (a *app) metricsCmd() *cobra.Command {
	var watch bool
	var interval time.Duration
	cmd := &cobra.Command{
		Use:   "metrics TARGET",
		Short: "Show what the participants counted",
		Long: `Metrics prints what the producer and the consumers of a channel counted since
the block was made or "reset-metrics" was run. Participants show their counters
now and then: when they sleep or leave, and after some milliseconds or values.

With --watch it prints them again and again, on a terminal in place, with the
rates of the last interval; with --json one line each time.`,
		Example: `  datablock-admin metrics roof
  datablock-admin metrics roof --watch --interval 5s`,
		GroupID:           groupLook,
		Args:              exactly("TARGET"),
		ValidArgsFunction: a.completeTarget,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			switch {
			case interval <= 0:
				return usageError("--interval %s: it must be more than 0", interval)
			case watch && segment.IsDump(args[0]):
				return usageError("--watch: nothing changes in the dump %s", args[0])
			}
			seg, err := a.observe(args[0])
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, seg.Close()) }()
			take := func() (datablock.Metrics, error) { return datablock.MetricsOfSegment(seg) }
			if watch {
				return a.watchMetrics(cmd.Context(), take, interval)
			}
			m, err := take()
			if err != nil {
				return err
			}
			if a.json {
				return a.writeJSON(newMetricsJSON(&m))
			}
			return a.printf("%s", metricsText(&m, nil))
		},
	}
	cmd.Flags().BoolVarP(&watch, "watch", "w", false, "print again and again, until interrupted")
	cmd.Flags().DurationVar(&interval, "interval", time.Second, "the time between two prints")
	return cmd
}

func (a *app) watchMetrics(ctx context.Context, take func() (datablock.Metrics, error), interval time.Duration) error {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	var last *datablock.Metrics
	for {
		m, err := take()
		if err != nil {
			return err
		}
		switch {
		case a.json:
			err = a.writeLine(newMetricsJSON(&m))
		case isTerminal(a.stdout):
			err = a.printf("\x1b[H\x1b[2J%s", metricsText(&m, last)) // home, and clear
		default:
			err = a.printf("%s\n", metricsText(&m, last))
		}
		if err != nil {
			return err
		}
		last = &m
		select {
		case <-ctx.Done():
			return nil // that is how it ends
		case <-tick.C:
		}
	}
}

func newMetricsJSON(m *datablock.Metrics) metricsJSON {
	v := metricsJSON{
		Channel: m.Channel, Generation: m.Generation, Time: m.Time.UTC(), Since: m.Since.UTC(),
		CommitIndex: m.CommitIndex, Written: m.Written, BytesWritten: m.BytesWritten, Read: m.Read, BytesRead: m.BytesRead,
		Lost: m.Lost, ChecksumFailures: m.ChecksumFailures, RoomWaits: newWaits(m.RoomWaits), LockWaits: newWaits(m.LockWaits),
		DrainWaits: newWaits(m.DrainWaits), Timeouts: m.Timeouts, Rescans: m.Rescans, Wakes: m.Wakes, WakesSkipped: m.WakesSkipped,
		Evictions: m.Evictions, Detached: m.Detached, Reclaimed: m.Reclaimed, Takeovers: m.Takeovers, FlexUpdates: m.FlexUpdates,
		SchemaMismatches: m.SchemaMismatches, Repairs: m.Repairs, State: m.Producer.State.String(), Uptime: int64(m.Producer.Uptime),
		HeartbeatAge: int64(m.Producer.HeartbeatAge), Producer: newProcessJSON(m.Producer.Process), Consumers: []consumerCount{},
	}
	for i := range m.Consumers {
		c := &m.Consumers[i]
		v.Consumers = append(v.Consumers, consumerCount{
			Cell: c.Cell, Attached: c.Attached, Evicted: c.Evicted, Name: c.Name, PID: c.PID, HeartbeatAge: int64(c.HeartbeatAge),
			Position: c.Position, Lag: c.Lag, Read: c.Read, BytesRead: c.BytesRead, Lost: c.Lost, Retries: c.Retries,
			Waits: newWaits(c.Waits), LockWaits: newWaits(c.LockWaits), Timeouts: c.Timeouts, Wakes: c.Wakes,
			ChecksumFailures: c.ChecksumFailures, Evictions: c.Evictions, Joins: c.Joins,
		})
	}
	return v
}

// metricsText returns the metrics for people; last is what they were before, for
// rates, or nil.
func metricsText(m, last *datablock.Metrics) string {
	var b strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-14s %s\n", name, fmt.Sprintf(format, args...))
	}
	rate := func(now, before uint64) string {
		if last == nil {
			return ""
		}
		return "  " + rateText(float64(now-min(before, now))/m.Time.Sub(last.Time).Seconds())
	}
	var before datablock.Metrics
	if last != nil {
		before = *last
	}
	line("channel", "%s, generation %d", m.Channel, m.Generation)
	p := &m.Producer
	line("producer", "%s: %s, up %s, last sign %s ago", p.State, clean(p.Process.String()), ageText(p.Uptime), ageText(p.HeartbeatAge))
	line("since", "%s", m.Since.UTC().Format(time.RFC3339))
	line("committed", "%d in all", m.CommitIndex)
	line("written", "%d values, %s%s", m.Written, bytesText(m.BytesWritten), rate(m.Written, before.Written))
	line("read", "%d values, %s%s", m.Read, bytesText(m.BytesRead), rate(m.Read, before.Read))
	line("lost", "%d, checksum failures %d", m.Lost, m.ChecksumFailures)
	line("ring full", "%s", waitsText(m.RoomWaits))
	line("lock waits", "%s", waitsText(m.LockWaits))
	line("drain waits", "%s", waitsText(m.DrainWaits))
	line("time-outs", "%d", m.Timeouts)
	line("wakes", "%d, skipped %d, looks at the consumers %d", m.Wakes, m.WakesSkipped, m.Rescans)
	line("recovered", "%d consumers reclaimed, %d takeovers, %d repairs by tools", m.Reclaimed, m.Takeovers, m.Repairs)
	line("thrown out", "%d evicted, %d detached", m.Evictions, m.Detached)
	line("refused", "%d of another schema", m.SchemaMismatches)
	line("flexible", "%d updates", m.FlexUpdates)
	if len(m.Consumers) == 0 {
		return b.String()
	}
	b.WriteString("\n")
	t := newTable(&b, "CELL", "CONSUMER", "PID", "STATE", "LAG", "READ", "LOST", "WAITS", "TIME-OUTS", "LAST SIGN")
	for _, c := range m.Consumers {
		state := "left"
		switch {
		case c.Evicted:
			state = "evicted"
		case c.Attached:
			state = "attached"
		}
		t.row(fmt.Sprint(c.Cell), orDash(clean(c.Name)), fmt.Sprint(c.PID), state, fmt.Sprint(c.Lag), fmt.Sprint(c.Read),
			fmt.Sprint(c.Lost), waitsText(c.Waits), fmt.Sprint(c.Timeouts), ageText(c.HeartbeatAge)+" ago")
	}
	_ = t.flush() // a strings.Builder takes everything
	return b.String()
}

func waitsText(w datablock.Waits) string {
	if w.Count == 0 {
		return "0"
	}
	return fmt.Sprintf("%d, %s in all", w.Count, ageText(w.Time))
}
