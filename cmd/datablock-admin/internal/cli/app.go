// Package cli is the command line of datablock-admin: one file per sub-command.
package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"golang.org/x/term"

	"github.com/pylabhub/datahub/runtime/segment"
)

// Exit codes.
const (
	exitOK          = 0
	exitFailure     = 1   // the command could not do what it was asked to
	exitUsage       = 2   // the command line is not understood
	exitNotFound    = 3   // there is no such channel or file
	exitRefused     = 4   // nobody agreed, or it would touch what lives
	exitFindings    = 100 // the command could, and found something
	exitInterrupted = 130 // by a signal, before the work was done
)

// An app is one run of the program.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer

	dir     string
	foreign bool
	json    bool
	yes     bool // do not ask
}

// Main runs datablock-admin with the arguments and streams of the process and
// returns its exit code. The first interrupt asks the command to stop, the second
// kills the process.
func Main() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	return Run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
}

// Run runs datablock-admin with the given arguments and returns its exit code. It
// stops when ctx ends.
func Run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	a := &app{stdin: stdin, stdout: stdout, stderr: stderr}
	root := a.rootCmd()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err != nil && slices.Contains(args, "--json") { // it may stand behind the flag that is wrong
		a.json = true
	}
	return a.finish(ctx, err)
}

// finish says why a command failed and returns the exit code.
func (a *app) finish(ctx context.Context, err error) int {
	if err == nil {
		return exitOK
	}
	if errors.Is(err, errFindings) {
		return exitFindings // they were printed
	}
	if errors.Is(err, syscall.EPIPE) {
		return exitOK // whoever reads has seen enough
	}
	f := explain(err)
	if cause := context.Cause(ctx); cause != nil && errors.Is(err, cause) {
		f = failure{Class: "interrupted", Message: "interrupted: " + cause.Error(), Exit: exitInterrupted}
	}
	if a.json {
		enc := json.NewEncoder(a.stderr)
		enc.SetEscapeHTML(false)
		_ = enc.Encode(struct { // there is nowhere left to complain
			Error failure `json:"error"`
		}{f})
		return f.Exit
	}
	fmt.Fprintf(a.stderr, "datablock-admin: %s\n", f.Message)
	if f.Remedy != "" {
		fmt.Fprintf(a.stderr, "  %s\n", f.Remedy)
	}
	return f.Exit
}

// options say where blocks are looked for.
func (a *app) options() segment.Options {
	return segment.Options{Root: a.dir, AllowForeign: a.foreign}
}

// writeJSON writes one value, indented.
func (a *app) writeJSON(v any) error {
	enc := json.NewEncoder(a.stdout)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// writeLine writes one value on a line of its own, for streams.
func (a *app) writeLine(v any) error {
	enc := json.NewEncoder(a.stdout)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

func (a *app) printf(format string, args ...any) error {
	_, err := fmt.Fprintf(a.stdout, format, args...)
	return err
}

// note tells a person what goes on beside the output.
func (a *app) note(format string, args ...any) {
	fmt.Fprintf(a.stderr, "datablock-admin: "+format+"\n", args...)
}

func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
