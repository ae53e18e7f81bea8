package cli

import (
	"context"
	"os"

	"github.com/spf13/cobra"

	"github.com/pylabhub/datahub/runtime/recovery"
	"github.com/pylabhub/datahub/runtime/segment"
)

func (a *app) dumpCmd() *cobra.Command {
	var overwrite bool
	cmd := &cobra.Command{
		Use:   "dump CHANNEL FILE",
		Short: "Write a block to a file that the other commands read",
		Long: `Dump writes a block, and who held which lock, to a file, for looking at it later or
elsewhere: info, echo, consumers, metrics, diagnose and validate take the file in
the channel's place. The file can be read by its owner only: it holds values.

The block may be in use; nobody notices. A dump of a live block is no snapshot of
one moment, but what is in it tells which of its values are whole.`,
		Example: `  datablock-admin dump roof roof.dhdump
  datablock-admin diagnose roof.dhdump`,
		GroupID: groupRepair,
		Args:    exactly("CHANNEL", "FILE"),
		ValidArgsFunction: func(cmd *cobra.Command, args []string, toComplete string) ([]string, cobra.ShellCompDirective) {
			if len(args) == 1 {
				return nil, cobra.ShellCompDirectiveDefault
			}
			return a.completeChannel(cmd, args, toComplete)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := live("dump", args[0]); err != nil {
				return err
			}
			if !segment.IsDump(args[1]) {
				return usageError("%s would be taken for a channel: write ./%s, or a name that ends in %s", args[1], args[1], segment.DumpExt)
			}
			ctx := cmd.Context()
			d := segment.DumpOptions{
				Overwrite: overwrite,
				Progress:  a.progress("dumping "+args[0], func() error { return context.Cause(ctx) }),
			}
			if err := recovery.Dump(args[0], args[1], d, a.recovery()); err != nil {
				return err
			}
			st, err := os.Stat(args[1])
			if err != nil {
				return err
			}
			if a.json {
				return a.writeJSON(struct {
					Channel string `json:"channel"`
					File    string `json:"file"`
					Bytes   int64  `json:"bytes"`
				}{args[0], args[1], st.Size()})
			}
			return a.printf("%s is in %s, %s\n", args[0], args[1], bytesText(uint64(st.Size())))
		},
	}
	cmd.Flags().BoolVar(&overwrite, "overwrite", false, "replace a file that has the name")
	return cmd
}
