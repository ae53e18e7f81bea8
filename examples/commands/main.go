// Commands shows values of which none may be lost: one process gives orders,
// three others carry them out, and the slowest sets the pace.
//
//	commands                       all of it: a sender and three receivers, one slow
//	commands send [-n 200]         give n commands, when three receivers are there
//	commands receive [-work 5ms]   carry out what comes
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

type options struct {
	name string
	n    uint64
	work time.Duration
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "commands:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	var o options
	command := "all"
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		command, args = args[0], args[1:]
	}
	fs := flag.NewFlagSet("commands", flag.ContinueOnError)
	fs.StringVar(&o.name, "name", "commands", "channel `name`")
	fs.Uint64Var(&o.n, "n", 200, "commands to give")
	fs.DurationVar(&o.work, "work", 0, "receive: time that a command takes")
	if err := fs.Parse(args); err != nil {
		return err
	}
	if fs.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", fs.Arg(0))
	}
	switch command {
	case "all":
		return all(ctx, o)
	case "send":
		return send(ctx, o)
	case "receive":
		return receive(ctx, o)
	}
	return fmt.Errorf("unknown command %q: want send or receive, or nothing for both", command)
}
