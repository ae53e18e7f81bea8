package cli

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/pylabhub/datahub/blds/gen"
	"github.com/pylabhub/datahub/blds/gen/golang"
	"github.com/pylabhub/datahub/blds/schema"
)

// genCmd returns the command and what it runs, which the program does alone
// too.
func (a *app) genCmd() (*cobra.Command, func(*cobra.Command, []string) error) {
	var check bool
	var out string
	run := func(cmd *cobra.Command, args []string) error { return a.gen(cmd.Context(), args, check, out) }
	cmd := &cobra.Command{
		Use:   "gen [PATTERN | FILE.blds]...",
		Short: "Generate code",
		Long: `Gen compiles schemas. What belongs to a Go struct is written beside it:
reading.go gives reading_blds.go. What belongs to a .blds file goes to the folder
it names with go_package, else the one blds-gen.yaml names for its namespace,
else generated/NAMESPACE, below the root of the module.

Nothing is written if there is an error. Only files that begin with the marker of
blds-gen are replaced or removed, each by a rename.

With --check nothing is written; output that is stale, missing or left over is
reported, and the exit code is 100.`,
		Example: `  blds-gen gen                                   the package in this folder
  blds-gen gen ./... schemas/weather.blds
  blds-gen gen -o internal/weather weather.blds
  blds-gen gen --check ./...                     in CI

  //go:generate go tool blds-gen                 in a Go file`,
		GroupID: groupWork,
		RunE:    run,
	}
	cmd.Flags().BoolVar(&check, "check", false, "write nothing, report what is not up to date")
	cmd.Flags().StringVarP(&out, "output", "o", "", "the `folder` of the package generated from .blds files, which are of one namespace")
	return cmd, run
}

func (a *app) gen(ctx context.Context, args []string, check bool, out string) error {
	ld, problems := a.loadFor(ctx, args, out)
	if len(problems) > 0 || ctx.Err() != nil {
		return failure(problems...)
	}
	if ld.isEmpty() && len(ld.goRes.Packages) == 0 {
		return failure(ld.nothing("nothing to generate for"))
	}
	pkgs, problems := a.packages(ld, out)
	if len(problems) > 0 {
		return failure(problems...)
	}
	progress := a.progress()
	progress.step(fmt.Sprintf("generating %d packages", len(pkgs)))
	files, problems := golang.Target{}.Generate(pkgs)
	if len(problems) > 0 || ctx.Err() != nil {
		progress.done()
		return failure(problems...)
	}
	var set gen.Set
	set.Add(files...)
	ld.cover(&set)
	progress.step(fmt.Sprintf("comparing %d files", len(files)))
	if check {
		problems = set.Check()
		progress.done()
		return &outcome{problems: problems, findings: checkExit(problems), report: true}
	}
	_, problems = set.Write()
	progress.done()
	return &outcome{problems: problems, findings: exitFailure, report: true}
}

// checkExit tells output that is not up to date from output that cannot be
// looked at.
func checkExit(problems []schema.Problem) int {
	for _, p := range problems {
		switch p.Code {
		case schema.CodeOutputStale, schema.CodeOutputMissing, schema.CodeOutputUntracked:
		default:
			return exitFailure
		}
	}
	return exitFindings
}

// shortPath returns a folder as the user would name it.
func shortPath(abs string) string {
	wd, err := filepath.Abs(".")
	if err != nil {
		return abs
	}
	rel, err := filepath.Rel(wd, abs)
	if err != nil {
		return abs
	}
	return rel
}
