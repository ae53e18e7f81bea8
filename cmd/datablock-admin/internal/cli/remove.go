package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/pylabhub/datahub/runtime/datablock"
	"github.com/pylabhub/datahub/runtime/recovery"
	"github.com/pylabhub/datahub/runtime/segment"
)

func (a *app) removeCmd() *cobra.Command {
	var force bool
	cmd := &cobra.Command{
		Use:   "remove CHANNEL",
		Short: "Remove a block that has no producer",
		Long: `Remove removes the block of a channel that has no producer, also one that cannot be
used any more. What was not read is lost. With --force it does so although
consumers are attached; they keep what they have mapped. A live producer's block
is never removed.`,
		Example:           "  datablock-admin remove roof",
		GroupID:           groupRepair,
		Args:              exactly("CHANNEL"),
		ValidArgsFunction: a.completeChannel,
		RunE: func(cmd *cobra.Command, args []string) error {
			name := args[0]
			if err := live("remove", name); err != nil {
				return err
			}
			what, err := a.doomed(name)
			if err != nil {
				return err
			}
			if err := a.confirm(cmd.Context(), "the block of channel %q is removed: %s", name, what); err != nil {
				return err
			}
			if err := segment.Remove(name, force, a.options()); err != nil {
				return err
			}
			if a.json {
				return a.writeJSON(struct {
					Removed string `json:"removed"`
				}{name})
			}
			return a.printf("removed the block of %s\n", name)
		},
	}
	cmd.Flags().BoolVar(&force, "force", false, "also if consumers are attached")
	a.yesFlag(cmd)
	return cmd
}

// doomed describes a block that is going to be removed.
func (a *app) doomed(name string) (string, error) {
	e, err := a.entry(name)
	switch {
	case errors.Is(err, segment.ErrEnded):
		return "nothing but its name is left of this secure channel", nil
	case errors.Is(err, segment.ErrNotFound), errors.Is(err, segment.ErrName):
		return "", err
	case err != nil:
		return fmt.Sprintf("it cannot be used (%v)", err), nil
	case e.State == datablock.ProducerLive.String() && e.Producer != nil: // nobody is asked in vain
		return "", failure{
			Class: "exists", Message: fmt.Sprintf("remove channel %q: %s (pid %d) is its producer", name, clean(e.Producer.Program), e.Producer.PID),
			Remedy: "the producer lives: stop it first", Exit: exitRefused,
		}
	}
	return fmt.Sprintf("%s %s, %d values committed, %d consumers, its producer is %s",
		e.Schema, e.Version, e.Committed, e.Consumers-e.Dead, e.State), nil
}

func (a *app) removeStaleCmd() *cobra.Command {
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "remove-stale",
		Short: "Remove blocks of an earlier boot and half-made folders",
		Long: `Remove-stale removes what nobody can be using: blocks from before the machine's
last start, and folders that dead processes left half made or half removed, once
they are ten seconds old. Each new block's maker removes the folders as well.`,
		Example: "  datablock-admin remove-stale --dry-run",
		GroupID: groupHost,
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			parts := func(o recovery.Options) ([]namedOutcome, error) {
				r, err := recovery.RemoveStale(o)
				if err == nil && o.DryRun {
					for _, path := range a.halfMade() { // a live maker is spared
						r.Result = recovery.Success
						r.Done = append(r.Done, recovery.Step{What: "removed the half-made folder " + path, Cell: -1, Slot: -1})
					}
				}
				return []namedOutcome{{"blocks", r}}, err
			}
			return a.perform(cmd.Context(), action{"remove-stale", "", parts}, a.recovery(), dryRun)
		},
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "only say what would be done; exit with 100 if that is something")
	a.yesFlag(cmd)
	return cmd
}
