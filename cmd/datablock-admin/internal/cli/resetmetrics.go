package cli

import (
	"github.com/spf13/cobra"

	"github.com/pylabhub/datahub/runtime/datablock"
)

func (a *app) resetMetricsCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "reset-metrics CHANNEL",
		Short: "Make the counters begin again at 0",
		Long: `Reset-metrics makes the counters of a channel begin again at 0, for everybody who
reads them. Nothing is lost for the participants: positions, the commit index
and times stay.`,
		Example:           "  datablock-admin reset-metrics roof --yes",
		GroupID:           groupRepair,
		Args:              exactly("CHANNEL"),
		ValidArgsFunction: a.completeChannel,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := live("reset-metrics", args[0]); err != nil {
				return err
			}
			before, err := datablock.MetricsOf(args[0], a.places()...)
			if err != nil {
				return err
			}
			err = a.confirm(cmd.Context(), "the counters of channel %q begin again at 0 for everybody", args[0])
			if err != nil {
				return err
			}
			if err := datablock.ResetMetricsOf(args[0], a.places()...); err != nil {
				return err
			}
			if a.json {
				return a.writeJSON(struct {
					Channel string      `json:"channel"`
					Before  metricsJSON `json:"before"`
				}{args[0], newMetricsJSON(&before)})
			}
			return a.printf("counters of %s begin again at 0; there were %d values written\n", args[0], before.Written)
		},
	}
	a.yesFlag(cmd)
	return cmd
}

// places are the options of package datablock that say where blocks are.
func (a *app) places() []datablock.Option {
	opts := []datablock.Option{datablock.Root(a.dir)}
	if a.foreign {
		opts = append(opts, datablock.AllowForeign())
	}
	return opts
}
