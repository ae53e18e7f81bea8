package cli

import (
	"github.com/spf13/cobra"

	"github.com/pylabhub/datahub/blds/lint"
	"github.com/pylabhub/datahub/blds/schema"
)

func (a *app) lintCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "lint [PATTERN | FILE.blds]...",
		Short: "Report errors, and what is accepted but doubtful",
		Long: `Lint reports all errors of the schemas and what they may say but probably should
not: padding that nobody wrote down, an order that wastes bytes, atomic fields
on one cache line, an enum without zero, and so on. It writes nothing. The exit
code is 100 if there is an error or a warning; mere information does not count.

"blds-gen explain" lists the codes; those of lint are BLDS06xx. A finding is
ignored by a comment on its line or above it, with a reason:

    //blds:ignore BLDS0602 the wire order of the device

Severities are changed in blds-gen.yaml.`,
		Example: `  blds-gen lint ./...
  blds-gen lint --format sarif ./... > lint.sarif`,
		GroupID: groupWork,
		RunE: func(cmd *cobra.Command, args []string) error {
			ld, problems := a.load(cmd.Context(), args)
			broken := len(problems) > 0
			for _, p := range a.findings(ld) {
				if !broken || p.Code != schema.CodeUnusedIgnore { // not all rules saw all schemas
					problems = append(problems, p)
				}
			}
			if len(problems) == 0 && ld.isEmpty() {
				problems = append(problems, ld.nothing("nothing to check"))
			}
			return &outcome{problems: problems, findings: exitFindings, report: true}
		},
	}
}

// findings applies the lint rules to what the command was asked about.
func (a *app) findings(ld *loaded) []schema.Problem {
	var found []schema.Problem
	for i, p := range ld.result.Packages {
		for _, f := range lint.Check(ld.decls[i], p) {
			if ld.named[f.Pos.File] {
				found = append(found, f)
			}
		}
	}
	var sources []lint.Source
	add := func(name string) {
		if text, err := a.source(name); err == nil {
			sources = append(sources, lint.Source{Name: name, Text: text})
		}
	}
	for _, ig := range ld.goRes.Ignores {
		add(ig.Pos.File)
	}
	for name := range ld.named {
		add(name)
	}
	return lint.Suppress(found, sources)
}
