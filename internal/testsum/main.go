// Testsum runs make targets one after another and sums up their tests.
//
//	testsum [-strict] [-make make] TARGET...
//
// Each target is run as "make TARGET JSON=-json", so that the go test commands
// in it report as JSON; every other line it prints is passed on. Testsum prints
// a line per package, the output of what failed in full, and at the end what
// was skipped, what failed, and the counts alone on a line:
//
//	123 passed, 0 failed, 2 skipped
//
// A target that fails does not keep the next ones from running. The exit code
// is 0 if every target exited with 0 and at least one test passed, else 1. With
// -strict a test that was skipped for want of a tool fails the run as well: one
// whose reason begins with "needs ", except "needs root" and "needs a ...", which
// nobody can install, or a plain line
//
//	--- SKIP: NAME: needs TOOL
//
// of a target that could not start. A plain line "to install: COMMAND" is
// repeated at the end.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

func main() {
	strict := flag.Bool("strict", false, "fail if something was skipped for want of a tool")
	mk := flag.String("make", "make", "the make `program`")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: testsum [-strict] [-make program] target...")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() == 0 {
		flag.Usage()
		os.Exit(2)
	}
	os.Exit(run(os.Stdout, *mk, *strict, flag.Args()))
}

// run runs the targets and returns the exit code.
func run(w io.Writer, mk string, strict bool, targets []string) int {
	t := newTally(w)
	for _, target := range targets {
		fmt.Fprintf(w, "== %s\n", target)
		start := time.Now()
		before := t.failed
		err := runTarget(t, mk, target)
		if err != nil && t.failed == before {
			// Nothing in the output counts as failed, but the target did.
			t.fail(target, err.Error())
		}
		fmt.Fprintf(w, "== %s: %s, %.1fs\n\n", target, verdict(err), time.Since(start).Seconds())
	}
	return t.summary(strict)
}

func runTarget(t *tally, mk, target string) error {
	cmd := exec.Command(mk, "--no-print-directory", target, "JSON=-json")
	r, pw, err := os.Pipe()
	if err != nil {
		return err
	}
	defer r.Close()
	// One pipe for both, so that lines keep their order.
	cmd.Stdout, cmd.Stderr = pw, pw
	err = cmd.Start()
	pw.Close()
	if err != nil {
		return fmt.Errorf("start: %w", err)
	}
	return errors.Join(t.read(target, r), cmd.Wait())
}

func verdict(err error) string {
	if err != nil {
		return "FAILED"
	}
	return "ok"
}
