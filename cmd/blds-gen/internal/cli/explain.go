package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pylabhub/datahub/blds/diag"
	"github.com/pylabhub/datahub/blds/schema"
)

func (a *app) explainCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "explain [CODE]...",
		Short: "Explain a code such as BLDS0301, or list all codes",
		Long: `Explain prints what a code means, why what it reports is refused, and how to
mend it, with an example. Without a code it lists all of them.`,
		Example: `  blds-gen explain BLDS0301
  blds-gen explain`,
		GroupID:           groupHelp,
		ValidArgsFunction: cobra.FixedCompletions(codeNames(), cobra.ShellCompDirectiveNoFileComp),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				for _, code := range diag.Codes() {
					if err := a.written(fmt.Fprintf(a.stdout, "%s  %s\n", code, diag.Title(code))); err != nil {
						return err
					}
				}
				return nil
			}
			var texts []string
			var problems []schema.Problem
			for _, arg := range args {
				code := schema.Code("BLDS" + strings.TrimPrefix(strings.ToUpper(arg), "BLDS"))
				text, ok := diag.Explain(code)
				if !ok {
					problems = append(problems, unknownCode(arg, strings.TrimPrefix(string(code), "BLDS")))
					continue
				}
				texts = append(texts, text)
			}
			if problems != nil {
				return failure(problems...)
			}
			return a.written(io.WriteString(a.stdout, strings.Join(texts, "\n")))
		},
	}
}

// unknownCode is the problem of a code that does not exist; digits is what
// was written for its number.
func unknownCode(arg, digits string) schema.Problem {
	p := schema.Problem{Code: schema.CodeUnknownCode, Message: fmt.Sprintf("there is no code %q", arg), Remedy: `run "blds-gen explain" for a list`}
	if n := 4 - len(digits); n > 0 {
		digits = strings.Repeat("0", n) + digits
	}
	if code := schema.Code("BLDS" + digits); slices.Contains(diag.Codes(), code) {
		p.Remedy = fmt.Sprintf("did you mean %s?", code)
	}
	return p
}

func codeNames() []string {
	var names []string
	for _, c := range diag.Codes() {
		names = append(names, string(c)+"\t"+diag.Title(c))
	}
	return names
}
