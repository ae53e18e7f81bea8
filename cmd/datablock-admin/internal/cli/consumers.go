package cli

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/pylabhub/datahub/runtime/recovery"
)

func (a *app) consumersCmd() *cobra.Command {
	var watch time.Duration
	cmd := &cobra.Command{
		Use:   "consumers TARGET",
		Short: "List the consumers of a channel",
		Long: `Consumers lists who is attached: how far each one is behind, which slot it keeps
the producer from, when it last gave a sign, and whether it lives.

A consumer shows its counters when it sleeps and every so often while it works, so
one that has nothing to do gave its last sign long ago, and is well.`,
		Example:           "  datablock-admin consumers roof --json",
		GroupID:           groupLook,
		Args:              exactly("TARGET"),
		ValidArgsFunction: a.completeTarget,
		RunE: func(cmd *cobra.Command, args []string) error {
			o := a.recovery()
			o.Watch = watch
			all, err := during(cmd.Context(), func() ([]recovery.ConsumerDiagnosis, error) { return recovery.ListConsumers(args[0], o) })
			if err != nil {
				return err
			}
			if a.json {
				if all == nil {
					all = []recovery.ConsumerDiagnosis{}
				}
				return a.writeJSON(all)
			}
			if len(all) == 0 {
				return a.printf("no consumers\n")
			}
			return a.printConsumers(all)
		},
	}
	cmd.Flags().DurationVar(&watch, "watch", 0, "look twice, so far apart, to see who has stalled")
	return cmd
}
