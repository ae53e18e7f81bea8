// Flexzone shows a value that all slots have in common: a thermometer streams its
// readings in slots and keeps its calibration in the flexible zone. The calibration
// changes now and then; consumers never see half of it, and wait for nobody.
//
//	flexzone                                      all of it: a thermometer and a reader
//	flexzone measure [-n 300] [-every 1ms]        take n readings, once somebody reads
//	flexzone watch [-print 50]                    turn counts into degrees, print some
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "flexzone:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	command := "all"
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		command, args = args[0], args[1:]
	}
	fs := flag.NewFlagSet("flexzone", flag.ContinueOnError)
	name := fs.String("name", "thermometer", "channel `name`")
	n := fs.Int("n", 300, "readings to take")
	every := fs.Duration("every", time.Millisecond, "time from reading to reading")
	step := fs.Uint64("print", 50, "watch: print each so many readings")
	if err := fs.Parse(args); err != nil {
		return err
	}
	if fs.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", fs.Arg(0))
	}
	if *step == 0 {
		return errors.New("-print 0: must be positive")
	}
	switch command {
	case "all":
		return all(ctx, *name, args)
	case "measure":
		return measure(ctx, *name, *n, *every)
	case "watch":
		return watch(ctx, *name, *step)
	}
	return fmt.Errorf("unknown command %q: want measure or watch, or nothing for both", command)
}

// all runs both as processes of their own.
func all(ctx context.Context, name string, args []string) error {
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	// Two of these at once do not meet.
	args = append(args, "-name", fmt.Sprintf("%s-%d", name, os.Getpid()))
	errs := make(chan error)
	for _, what := range []string{"measure", "watch"} {
		cmd := exec.CommandContext(ctx, exe, append([]string{what}, args...)...)
		cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		go func() {
			err := cmd.Run()
			if err != nil {
				err = fmt.Errorf("%s: %w", what, err)
				cancel() // the other would wait for it
			}
			errs <- err
		}()
	}
	return errors.Join(<-errs, <-errs)
}
