package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pylabhub/datahub/runtime/datablock"
)

// attach waits for the channel to appear.
func attach(ctx context.Context, name string) (*SnapshotConsumer, error) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		c, err := SnapshotChannel.Attach(name, datablock.StartOldest())
		if err == nil || !errors.Is(err, datablock.ErrNotFound) {
			return c, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-tick.C:
		}
	}
}

// drain shows samples until the channel says that something changed.
func (v *viewer) drain(ctx context.Context, c *SnapshotConsumer) error {
	for s, err := range c.All(ctx) {
		if err != nil {
			return err
		}
		if s.Time >= v.attached { // else it waited for us, not we for it
			_ = v.latency.RecordValue(datablock.Now() - s.Time) // a minute and more is the longest
		}
		v.Read++
		v.Lost += s.Lost
		v.show(&s)
	}
	return nil
}

// show draws at most ten times a second, or prints once a second.
func (v *viewer) show(s *datablock.Sample[Snapshot]) {
	every := time.Second
	if v.live {
		every = 100 * time.Millisecond
	}
	if now := time.Now(); now.Sub(v.shown) >= every {
		v.shown = now
		if v.live {
			v.screen(s)
		} else {
			v.line(s)
		}
	}
}

func (v *viewer) line(s *datablock.Sample[Snapshot]) {
	m := s.Value
	total := float32(0)
	for _, c := range m.CPU[:min(m.CPUs, uint32(len(m.CPU)))] {
		total += c
	}
	fmt.Fprintf(v.out, "%s  #%-6d cpu %5.1f%%  load %.2f  mem %s of %s  lag %d  lost %d\n",
		time.Unix(0, m.Taken).Format("15:04:05.000"), s.Seq, total/float32(max(m.CPUs, 1)), m.Load1,
		size(m.MemUsed), size(m.MemTotal), s.Lag(), v.Lost)
}

func (v *viewer) screen(s *datablock.Sample[Snapshot]) {
	m := s.Value
	var b strings.Builder
	row := func(format string, args ...any) { fmt.Fprintf(&b, format+"\x1b[K\n", args...) }
	b.WriteString("\x1b[H")
	row("%s  %s  sample %d  lag %d  lost %d", m.GetHost(), time.Unix(0, m.Taken).Format("15:04:05.000"), s.Seq, s.Lag(), v.Lost)
	row("load    %6.2f %6.2f %6.2f", m.Load1, m.Load5, m.Load15)
	row("memory  %s %s of %s", bar(share(m.MemUsed, m.MemTotal)), size(m.MemUsed), size(m.MemTotal))
	for i, c := range m.CPU[:min(m.CPUs, uint32(len(m.CPU)))] {
		row("cpu %-3d %s %5.1f%%", i, bar(float64(c)), c)
	}
	for i := range m.Disk[:min(m.Disks, uint32(len(m.Disk)))] {
		d := &m.Disk[i]
		row("disk    %s %s of %s  read %s/s  write %s/s  %s", bar(share(d.Used, d.Total)), size(d.Used), size(d.Total),
			size(uint64(d.ReadRate)), size(uint64(d.WriteRate)), d.GetMount())
	}
	for i := range m.Net[:min(m.Nets, uint32(len(m.Net)))] {
		n := &m.Net[i]
		row("net     %-8s in %s/s  out %s/s", n.GetName(), size(uint64(n.RecvRate)), size(uint64(n.SendRate)))
	}
	b.WriteString("\x1b[J")
	fmt.Fprint(v.out, b.String())
}

func share(part, whole uint64) float64 {
	if whole == 0 {
		return 0
	}
	return 100 * float64(part) / float64(whole)
}

// bar draws a percentage in 20 cells.
func bar(percent float64) string {
	n := int(min(max(percent/5, 0), 20) + 0.5)
	return strings.Repeat("█", n) + strings.Repeat("░", 20-n)
}

// size prints a number of bytes with a binary prefix.
func size(n uint64) string {
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	f, i := float64(n)/1024, 0
	for f >= 1024 && i < 5 {
		f, i = f/1024, i+1
	}
	return fmt.Sprintf("%.1f %ciB", f, "KMGTPE"[i])
}
