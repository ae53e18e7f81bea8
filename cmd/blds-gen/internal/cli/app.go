// Package cli is the command line of blds-gen: one file per sub-command.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"syscall"

	"golang.org/x/term"

	"github.com/pylabhub/datahub/blds/diag"
	"github.com/pylabhub/datahub/blds/schema"
	"github.com/pylabhub/datahub/cmd/blds-gen/internal/config"
)

// Exit codes.
const (
	exitOK       = 0
	exitFailure  = 1   // the command could not do what it was asked to
	exitFindings = 100 // it could, and found something
)

// maxShown is how many problems the text format shows.
const maxShown = 100

// An app is one run of the program.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	format         string
	configFile     string
	cfg            *config.Config
	texts          map[string][]byte // sources that were read, for snippets
}

// GCPercent is for a process that ends soon: fewer collections for more memory.
// Over 500 schemas it takes a quarter of the time away, and 60 MB more.
const GCPercent = 400

// Main runs blds-gen with the arguments and streams of the process and returns
// its exit code. The first interrupt asks the command to stop, which it does
// between steps and while it waits for input; the second kills the process.
func Main() int {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(GCPercent)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	return Run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
}

// Run runs blds-gen with the given arguments and returns its exit code.
func Run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	a := &app{stdin: interruptible{ctx, stdin}, stdout: stdout, stderr: stderr, format: "text", texts: map[string][]byte{}}
	root := a.rootCmd()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	var out *outcome
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &out):
	case errors.As(err, &internalError{}):
		fmt.Fprintf(stderr, "blds-gen: internal error, please report it: %v\n", err)
		return exitFailure
	default: // cobra's own complaints about arguments and flags
		out = failure(usage(root.CommandPath(), err.Error(), ""))
	}
	return a.finish(ctx, out)
}

// An outcome is how a command ended. It is the only error commands return.
type outcome struct {
	problems []schema.Problem
	findings int  // exit code if there are problems in the sources
	exit     int  // exit code if there are none
	report   bool // say so in machine formats too if there is nothing to report
}

func (o *outcome) Error() string { return fmt.Sprintf("%d problems", len(o.problems)) }

// An internalError is a fault of this program.
type internalError struct{ error }

// failure is the outcome of a command that could not do its work.
func failure(problems ...schema.Problem) *outcome {
	return &outcome{problems: problems, findings: exitFailure}
}

// finish prints the problems of an outcome and returns the exit code.
func (a *app) finish(ctx context.Context, out *outcome) int {
	if ctx.Err() != nil {
		// What failed because of the interrupt is no news.
		out = failure(schema.Problem{Code: schema.CodeInterrupted, Message: "interrupted: " + context.Cause(ctx).Error(),
			Remedy: "run the command again to write what is missing"})
	}
	var levels map[schema.Code]diag.Severity
	if a.cfg != nil {
		levels = a.cfg.Severities
	}
	ds := diag.Grade(out.problems, levels)
	if len(ds) > 0 || out.report {
		if err := a.print(ds); err != nil {
			fmt.Fprintf(a.stderr, "%s: print problems: %v\n", schema.CodeUnwritable, err)
			return exitFailure
		}
	}
	switch {
	case slices.ContainsFunc(ds, isToolFailure):
		return exitFailure
	case diag.Count(ds, diag.Warning) > 0:
		return out.findings
	}
	return out.exit
}

// isToolFailure reports whether a problem is not about the sources.
func isToolFailure(d diag.Diagnostic) bool { return d.Code < "BLDS0100" }

// print writes text to the standard error output, where it does not mix with
// what a command produces, and the formats for programs to the standard
// output.
func (a *app) print(ds []diag.Diagnostic) error {
	w := a.stdout
	if a.format == "text" {
		w = a.stderr
	}
	p, err := diag.NewPrinter(a.format, w, diag.Options{
		Source: a.source, Color: a.color(w), Max: maxShown, Tool: "blds-gen", Version: buildVersion().Version,
	})
	if err != nil {
		return err
	}
	return p.Print(ds)
}

// source returns the text of a file for a snippet, as it was when it was read.
func (a *app) source(name string) ([]byte, error) {
	if text, ok := a.texts[name]; ok {
		return text, nil
	}
	return readFile(name)
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

func (a *app) color(w io.Writer) bool {
	return isTerminal(w) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

// usage is the problem of a command line that is not understood.
func usage(command, message, remedy string) schema.Problem {
	if remedy == "" {
		remedy = fmt.Sprintf("run \"%s --help\"", command)
	}
	return schema.Problem{Code: schema.CodeUsage, Message: message, Remedy: remedy}
}
