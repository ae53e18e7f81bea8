package cli

import (
	"bufio"
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// yesFlag gives a command that changes something its --yes.
func (a *app) yesFlag(cmd *cobra.Command) {
	cmd.Flags().BoolVarP(&a.yes, "yes", "y", false, "do it without asking")
}

// confirm says what is going to happen and asks whether it shall. Without --yes
// and without a terminal to ask on it refuses.
func (a *app) confirm(ctx context.Context, format string, args ...any) error {
	if a.yes {
		return nil
	}
	what := fmt.Sprintf(format, args...)
	if !isTerminal(a.stdin) || !isTerminal(a.stderr) {
		return refused("pass --yes to do it without being asked", "not done, there is no terminal to ask on: %s", what)
	}
	return a.ask(ctx, what)
}

// ask waits for an answer; only y and yes are one.
func (a *app) ask(ctx context.Context, what string) error {
	fmt.Fprintf(a.stderr, "%s.\nDo it? [y/N] ", what)
	answer := make(chan string, 1)
	go func() { // a read of a terminal cannot be interrupted; the process ends
		line, _ := bufio.NewReader(a.stdin).ReadString('\n') // no answer is a no
		answer <- strings.ToLower(strings.TrimSpace(line))
	}()
	select {
	case <-ctx.Done():
		fmt.Fprintln(a.stderr)
		return context.Cause(ctx)
	case line := <-answer:
		if line == "y" || line == "yes" {
			return nil
		}
		return refused("", "nothing was done")
	}
}
