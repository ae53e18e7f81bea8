package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/pylabhub/datahub/blds/diag"
	"github.com/pylabhub/datahub/blds/schema"
)

const (
	groupWork = "work"
	groupLook = "look"
	groupHelp = "help"
)

// rootCmd returns the command tree. Every command returns an *outcome or nil.
func (a *app) rootCmd() *cobra.Command {
	root := &cobra.Command{
		Use:   "blds-gen",
		Short: "The schema compiler of the Data Exchange Hub",
		Long: `Blds-gen compiles schemas, annotated Go structs or .blds files, into typed
producers and consumers with a fixed layout. Alone it is "blds-gen gen .".

Inputs are package patterns of the go command, such as . or ./..., and .blds
files, in any mix. A pattern covers the .blds files of its folders too.

Exit codes: 0, 1 for a failure or errors in the schemas, 100 for findings (lint,
fmt -l and -d, stale output of gen --check).`,
		Example: `  blds-gen init                 write a starter schema to reading.go
  blds-gen                      generate for the package in this folder
  blds-gen gen ./... x.blds     generate for all packages below and one file
  blds-gen lint ./...           report what is accepted but doubtful`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.ArbitraryArgs,
	}
	root.AddGroup(&cobra.Group{ID: groupWork, Title: "Write and check:"},
		&cobra.Group{ID: groupLook, Title: "Look at schemas:"},
		&cobra.Group{ID: groupHelp, Title: "Help:"})
	gen, runGen := a.genCmd()
	root.AddCommand(gen, a.lintCmd(), a.fmtCmd(), a.initCmd(),
		a.layoutCmd(), a.hashCmd(), a.describeCmd(), a.exportCmd(),
		a.explainCmd(), a.versionCmd())
	root.SetHelpCommand(helpCmd(root))
	root.SetCompletionCommandGroupID(groupHelp)
	root.InitDefaultCompletionCmd()
	if completion, _, err := root.Find([]string{"completion"}); err == nil {
		// A command that runs checks its arguments: there is no "completion tcsh".
		completion.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	}
	root.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return failure(unknownCommand(root, args[0]))
		}
		return runGen(cmd, nil)
	}

	root.PersistentFlags().StringVar(&a.format, "format", "text", "how problems are printed: text (to stderr), json, github or sarif (to stdout)")
	root.PersistentFlags().StringVar(&a.configFile, "config", "", "configuration `file` (default: blds-gen.yaml here or in a folder above, up to the module root)")
	completeWords(root, "format", diag.Formats())
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		if !slices.Contains(diag.Formats(), a.format) {
			bad := a.format
			a.format = "text"
			return failure(usage("blds-gen", fmt.Sprintf("unknown format %q", bad), oneOf(bad, diag.Formats())))
		}
		return nil
	}
	setFlagErrors(root)
	return root
}

// helpCmd is cobra's, but for a topic that does not exist, which is an error.
func helpCmd(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:     "help [COMMAND]",
		Short:   "Show the help of a command",
		GroupID: groupHelp,
		RunE: func(_ *cobra.Command, args []string) error {
			cmd, rest, err := root.Find(args)
			if err != nil || cmd == root && len(rest) > 0 {
				return failure(unknownCommand(root, args[0]))
			}
			cmd.InitDefaultHelpFlag()
			return cmd.Help()
		},
	}
}

// unknownCommand says what the first argument may have been meant to be.
func unknownCommand(root *cobra.Command, arg string) schema.Problem {
	var names []string
	for _, c := range root.Commands() {
		names = append(names, c.Name())
	}
	slices.Sort(names)
	remedy := ""
	near := schema.Nearest(arg, names)
	for _, n := range names {
		if near == "" && strings.HasPrefix(arg, n) { // generate, format, linter
			near = n
		}
	}
	switch {
	case strings.HasSuffix(arg, ".blds") || isPathPattern(arg):
		remedy = fmt.Sprintf("to generate for it, run \"blds-gen gen %s\"", arg)
	case near != "":
		remedy = fmt.Sprintf("did you mean %q?", near)
	}
	return usage("blds-gen", fmt.Sprintf("unknown command %q", arg), remedy)
}

// setFlagErrors makes each command say which flag was near.
func setFlagErrors(root *cobra.Command) {
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		if args := cmd.Flags().Args(); cmd == root && len(args) > 0 {
			return failure(unknownCommand(root, args[0]))
		}
		msg, remedy := err.Error(), ""
		if cmd == root && (msg == "unknown flag: --version" || msg == "unknown shorthand flag: 'v' in -v") {
			remedy = "run \"blds-gen version\""
		}
		if name, ok := strings.CutPrefix(msg, "unknown flag: --"); ok {
			if near := schema.Nearest(name, names); near != "" {
				remedy = fmt.Sprintf("did you mean \"--%s\"?", near)
			}
		}
		return failure(usage(cmd.CommandPath(), msg, remedy))
	})
}

// oneOf is a remedy for a word out of a fixed list.
func oneOf(word string, words []string) string {
	if near := schema.Nearest(word, words); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return "use one of: " + strings.Join(words, ", ")
}

func completeWords(cmd *cobra.Command, flag string, words []string) {
	// The only error is a flag that does not exist.
	if err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err)
	}
}
