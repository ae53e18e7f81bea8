package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// demo runs a producer and a consumer as processes of their own and says what
// happened.
func demo(ctx context.Context, o options) error {
	dir, err := os.MkdirTemp("", "hostmetrics")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	if o.name == "hostmetrics" {
		o.name = fmt.Sprintf("hostmetrics-%d", os.Getpid()) // two demos at once do not meet
	}
	fmt.Printf("sampling this machine for %v into channel %q; Ctrl-C ends it sooner\n", o.span, o.name)
	end := time.Now().Add(o.span)
	var producers, watchers int
	errs := make(chan error, 2)
	// The consumer ends by itself when the producer closes the channel.
	go func() {
		errs <- supervise(ctx, end, func(left time.Duration) *exec.Cmd {
			producers++
			return command(exe, "produce", o.name, dir, "-every", o.every.String(), "-for", left.String())
		})
	}()
	go func() {
		errs <- supervise(ctx, end, func(time.Duration) *exec.Cmd {
			watchers++
			return command(exe, "watch", o.name, dir, fmt.Sprintf("-plain=%v", o.plain))
		})
	}()
	if err := errors.Join(<-errs, <-errs); err != nil {
		return err
	}
	var w produced
	var r watched
	if err := errors.Join(readSummary(filepath.Join(dir, "produce"), &w), readSummary(filepath.Join(dir, "watch"), &r)); err != nil {
		return err
	}
	summarize(o, w, r, producers, watchers)
	return nil
}

// summarize prints what happened, for people.
func summarize(o options, w produced, r watched, producers, watchers int) {
	b := r.Block
	us := func(ns int64) string { return fmt.Sprintf("%.1f us", float64(ns)/1000) }
	fmt.Printf("\nchannel   %s\n", o.name)
	fmt.Printf("schema    %s\n", b.Schema)
	fmt.Printf("          layout hash %s\n", b.LayoutHash)
	fmt.Printf("          schema hash %s\n", b.SchemaHash)
	fmt.Printf("written   %d\n", w.Written)
	fmt.Printf("read      %d\n", r.Read)
	fmt.Printf("lost      %d\n", r.Lost)
	if producers > 1 {
		fmt.Printf("producers %d: each went on where the one before it was killed\n", producers)
	}
	if watchers > 1 {
		fmt.Printf("consumers %d: read is what the last one got\n", watchers)
	}
	fmt.Printf("latency   p50 %s, p99 %s, max %s (from commit to the consumer's hand)\n", us(r.LatencyP50), us(r.LatencyP99), us(r.LatencyMax))
	fmt.Printf("block     %s (removed by now)\n", b.Path)
	fmt.Printf("memory    %s: %d slots of %s\n", size(uint64(b.Bytes)), b.Slots, size(uint64(b.Stride)))
}

func command(exe, what, channel, dir string, flags ...string) *exec.Cmd {
	cmd := exec.Command(exe, append([]string{what, "-name", channel, "-summary", filepath.Join(dir, what)}, flags...)...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd
}

// supervise runs a child until it ends by itself, and starts it again if somebody
// kills it before end: the other one goes on meanwhile.
func supervise(ctx context.Context, end time.Time, start func(left time.Duration) *exec.Cmd) error {
	for {
		cmd := start(max(time.Until(end), time.Millisecond))
		if err := cmd.Start(); err != nil {
			return err
		}
		// Ctrl-C reaches the children directly: they are of the terminal's group. A
		// signal sent to this process alone is handed on.
		stop := context.AfterFunc(ctx, func() { interrupt(cmd.Process) })
		err := cmd.Wait()
		stop()
		switch {
		case err == nil:
			return nil
		case cmd.ProcessState.Exited() || ctx.Err() != nil || time.Now().After(end):
			return fmt.Errorf("%s: %w", cmd.Args[1], err)
		}
		fmt.Fprintf(os.Stderr, "hostmetrics: %s (pid %d) ended by %v; starting another\n", cmd.Args[1], cmd.Process.Pid, err)
	}
}

// interrupt asks a process to stop; where there is no such signal it is killed.
func interrupt(p *os.Process) {
	if p.Signal(os.Interrupt) != nil {
		p.Kill()
	}
}

// readSummary reads what a child wrote at its end.
func readSummary(file string, v any) error {
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, v)
}
