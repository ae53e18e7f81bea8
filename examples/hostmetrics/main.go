// Hostmetrics shows the state of this machine live: one process samples it into
// shared memory, others show what they find there.
//
//	hostmetrics demo [-for 10s]    both, as separate processes, with a summary
//	hostmetrics produce            sample until interrupted
//	hostmetrics watch              show until interrupted or the producer closes
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// options are the flags of all three commands.
type options struct {
	name    string
	every   time.Duration
	span    time.Duration
	summary string
	plain   bool
}

const usage = `usage: hostmetrics demo|produce|watch [flags]

  demo      start a producer and a consumer, show, stop after -for, summarize
  produce   sample this machine into shared memory
  watch     show what a producer samples

flags:
`

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "hostmetrics:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	var o options
	fs := flag.NewFlagSet("hostmetrics", flag.ContinueOnError)
	fs.StringVar(&o.name, "name", "hostmetrics", "channel `name`")
	fs.DurationVar(&o.every, "every", 50*time.Millisecond, "produce: time between samples")
	fs.DurationVar(&o.span, "for", 0, "stop after this time, 0 for never (demo: 10s)")
	fs.StringVar(&o.summary, "summary", "", "write a JSON summary to this `file` at the end")
	fs.BoolVar(&o.plain, "plain", false, "watch: a line a second instead of a live screen")
	fs.Usage = func() { fmt.Fprint(fs.Output(), usage); fs.PrintDefaults() }
	if len(args) == 0 {
		fs.Usage()
		return errors.New("which command?")
	}
	if err := fs.Parse(args[1:]); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return err
	}
	if fs.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", fs.Arg(0))
	}
	if o.every <= 0 {
		return fmt.Errorf("-every %v: must be positive", o.every)
	}

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if args[0] == "demo" {
		if o.span == 0 {
			o.span = 10 * time.Second
		}
		return demo(ctx, o)
	}
	if o.span > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.span)
		defer cancel()
	}
	switch args[0] {
	case "produce":
		return produce(ctx, o)
	case "watch":
		return watch(ctx, o)
	case "help", "-h", "-help", "--help":
		fs.SetOutput(os.Stdout)
		fs.Usage()
		return nil
	}
	return fmt.Errorf("unknown command %q: want demo, produce or watch", args[0])
}

// writeSummary stores v for the demo command, if it asked for it.
func writeSummary(file string, v any) error {
	if file == "" {
		return nil
	}
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return os.WriteFile(file, b, 0o600)
}
