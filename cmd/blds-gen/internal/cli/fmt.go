package cli

import (
	"bytes"
	"fmt"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"

	"github.com/pylabhub/datahub/blds/schema"
	"github.com/pylabhub/datahub/blds/syntax"
)

func (a *app) fmtCmd() *cobra.Command {
	var list, write, showDiff bool
	cmd := &cobra.Command{
		Use:   "fmt [-l] [-w] [-d] [FILE.blds | PATTERN | -]...",
		Short: "Format .blds files",
		Long: `Fmt prints .blds files in the canonical style: names and attributes in columns,
one blank line at most, LF line ends, comments kept. "-" is standard input. A
pattern such as . or ./... stands for the .blds files of its folders. There is
nothing to configure.

With -l or -d the exit code is 100 if a file is not formatted, unless -w puts it
right.`,
		Example: `  blds-gen fmt -l -w ./...     format all files below, list those that changed
  blds-gen fmt -d weather.blds
  blds-gen fmt - < weather.blds`,
		GroupID: groupWork,
		RunE: func(cmd *cobra.Command, args []string) error {
			files, problems := findBlds(args)
			if len(problems) > 0 {
				return failure(problems...)
			}
			changed := false
			for _, name := range files {
				c, problems := a.formatFile(name, list, write, showDiff)
				changed = changed || c
				if len(problems) > 0 {
					return failure(problems...)
				}
				if cmd.Context().Err() != nil {
					return failure()
				}
			}
			if changed && !write && (list || showDiff) {
				return &outcome{exit: exitFindings}
			}
			return nil
		},
	}
	cmd.Flags().BoolVarP(&list, "list", "l", false, "list files that are not formatted")
	cmd.Flags().BoolVarP(&write, "write", "w", false, "write the result to the file instead of stdout")
	cmd.Flags().BoolVarP(&showDiff, "diff", "d", false, "show what would change")
	return cmd
}

// findBlds returns the .blds files that the arguments of fmt name.
func findBlds(args []string) ([]string, []schema.Problem) {
	in, problems := findInputs(args)
	for _, p := range in.patterns {
		if !isPathPattern(p) {
			problems = append(problems, schema.Problem{Code: schema.CodeNotInput, Pos: schema.Pos{File: p}, Message: "not a .blds file"})
		}
	}
	if len(problems) == 0 && len(in.blds) == 0 {
		problems = append(problems, schema.Problem{Code: schema.CodeNoMatch, Message: "no .blds file to format", Remedy: "Go files are formatted by gofmt"})
	}
	return in.blds, problems
}

// formatFile formats one file and reports whether it was not formatted before.
func (a *app) formatFile(name string, list, write, showDiff bool) (changed bool, _ []schema.Problem) {
	shown, text, p := a.read(name)
	if p != nil {
		return false, []schema.Problem{*p}
	}
	tree, problems := syntax.Parse(shown, text)
	if len(problems) > 0 {
		return false, problems
	}
	formatted := syntax.Format(tree)
	changed = !bytes.Equal(text, formatted)
	var out bytes.Buffer
	if list && changed {
		fmt.Fprintln(&out, shown)
	}
	if showDiff && changed {
		out.Write(diff.Diff(shown+".orig", text, shown, formatted))
	}
	switch {
	case write && changed && name != "-":
		if p := writeFile(name, formatted); p != nil {
			return true, []schema.Problem{*p}
		}
	case !list && !showDiff && (!write || name == "-"):
		out.Write(formatted)
	}
	if _, err := a.stdout.Write(out.Bytes()); err != nil {
		return changed, []schema.Problem{{Code: schema.CodeUnwritable, Pos: schema.Pos{File: "<stdout>"}, Message: reason(err)}}
	}
	return changed, nil
}
