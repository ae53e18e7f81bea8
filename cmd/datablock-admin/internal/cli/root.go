package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/pylabhub/datahub/blds/schema"
)

const (
	groupLook   = "look"
	groupRepair = "repair"
	groupHost   = "host"
	groupHelp   = "help"
)

func (a *app) rootCmd() *cobra.Command {
	root := &cobra.Command{
		Use:   "datablock-admin",
		Short: "Show, check and repair what lives in shared memory",
		Long: `Datablock-admin shows, checks and repairs the blocks of the Data Exchange Hub.

A TARGET is the name of a channel, or a file that "dump" has made: what has a
slash in it or ends in .dhdump is a file. Channels are looked for in --dir, else
in $DATAHUB_DIR, else in the user's own folder in shared memory.

Commands that look take no lock and change no byte: a running system does not
notice them. Commands that change something say what they are going to do and
ask; --yes answers, and without a terminal to ask on it is required.

Exit codes: 0 done; 1 the command failed; 2 the command line is not understood;
3 there is no such channel or file; 4 refused: nobody agreed, or it would touch
what lives; 100 done, and something was found; 130 interrupted.`,
		Example: `  datablock-admin list                      every channel, its producer, its consumers
  datablock-admin echo roof --follow        the values as they come
  datablock-admin diagnose roof             who is dead, who is stuck, and for how long
  datablock-admin doctor                    whether this host is fit`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownCommand(cmd, args[0])
			}
			return cmd.Help()
		},
	}
	root.AddGroup(&cobra.Group{ID: groupLook, Title: "Look:"},
		&cobra.Group{ID: groupRepair, Title: "Check and repair:"},
		&cobra.Group{ID: groupHost, Title: "The host:"},
		&cobra.Group{ID: groupHelp, Title: "Help:"})
	root.AddCommand(
		a.listCmd(), a.infoCmd(), a.consumersCmd(), a.echoCmd(), a.hzCmd(), a.metricsCmd(),
		a.diagnoseCmd(), a.validateCmd(), a.cleanupCmd(), a.forceResetCmd(), a.resetMetricsCmd(), a.dumpCmd(), a.removeCmd(),
		a.doctorCmd(), a.exportCmd(), a.removeStaleCmd(),
		a.manCmd(), a.versionCmd())
	root.SetHelpCommandGroupID(groupHelp)
	root.SetCompletionCommandGroupID(groupHelp)
	root.InitDefaultCompletionCmd()

	flags := root.PersistentFlags()
	flags.StringVar(&a.dir, "dir", "", "the `folder` that holds the blocks (default: $DATAHUB_DIR, else the user's own)")
	flags.BoolVar(&a.foreign, "allow-foreign", false, "look at blocks of other users, who must be trusted")
	flags.BoolVar(&a.json, "json", false, "print JSON, errors included")
	root.SetFlagErrorFunc(flagError)
	return root
}

func unknownCommand(root *cobra.Command, arg string) error {
	var names []string
	for _, c := range root.Commands() {
		names = append(names, c.Name())
	}
	remedy := `run "datablock-admin --help"`
	if near := schema.Nearest(arg, names); near != "" {
		remedy = fmt.Sprintf("did you mean %q?", near)
	}
	return failure{Class: "usage", Message: fmt.Sprintf("unknown command %q", arg), Remedy: remedy, Exit: exitUsage}
}

// flagError says which flag was near.
func flagError(cmd *cobra.Command, err error) error {
	f := failure{Class: "usage", Message: err.Error(), Remedy: fmt.Sprintf("run \"%s --help\"", cmd.CommandPath()), Exit: exitUsage}
	if name, ok := strings.CutPrefix(f.Message, "unknown flag: --"); ok {
		var names []string
		cmd.Flags().VisitAll(func(fl *pflag.Flag) { names = append(names, fl.Name) })
		cmd.InheritedFlags().VisitAll(func(fl *pflag.Flag) { names = append(names, fl.Name) })
		if near := schema.Nearest(name, names); near != "" {
			f.Remedy = fmt.Sprintf("did you mean \"--%s\"?", near)
		}
	}
	return f
}

// exactly is cobra.ExactArgs with a message that says what is missing.
func exactly(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < len(names):
			return failure{
				Class: "usage", Message: fmt.Sprintf("%s: %s is missing", cmd.CommandPath(), names[len(args)]),
				Remedy: "usage: " + cmd.UseLine(), Exit: exitUsage,
			}
		case len(args) > len(names):
			return failure{
				Class: "usage", Message: fmt.Sprintf("%s: unexpected argument %q", cmd.CommandPath(), args[len(names)]),
				Remedy: "usage: " + cmd.UseLine(), Exit: exitUsage,
			}
		}
		if err := cmd.ValidateFlagGroups(); err != nil { // cobra asks later, and calls it a failure
			return usageError("%v", err)
		}
		return nil
	}
}
