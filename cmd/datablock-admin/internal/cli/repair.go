package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pylabhub/datahub/runtime/recovery"
)

// outcomeJSON is what became of an action, in JSON.
type outcomeJSON struct {
	Target   string          `json:"target,omitempty"`
	Action   string          `json:"action"`
	Result   recovery.Result `json:"result"`
	DryRun   bool            `json:"dry_run"`
	Outcomes []namedOutcome  `json:"outcomes"`
}

type namedOutcome struct {
	Of string `json:"of"` // a part of the action: consumers, producer, slot 3
	recovery.Outcome
}

// An action changes a block in parts. With DryRun it only says what it would do.
type action struct {
	name   string // of the command
	target string
	parts  func(o recovery.Options) ([]namedOutcome, error)
}

// perform says what an action would do, asks, and does it. It refuses what would
// touch somebody who lives.
func (a *app) perform(ctx context.Context, act action, o recovery.Options, dryRun bool) error {
	o.DryRun = true
	plan, err := act.parts(o)
	if err != nil {
		return err
	}
	switch worst(plan) {
	case recovery.Success:
		if dryRun {
			return a.report(act, plan, true)
		}
	case recovery.NotStuck:
		for i := range plan {
			plan[i].DryRun = dryRun
		}
		return a.report(act, plan, dryRun)
	default:
		return a.report(act, plan, true)
	}
	if err := a.confirm(ctx, "%s: to do:\n  %s", strings.TrimSpace(act.name+" "+act.target), strings.Join(steps(plan), "\n  ")); err != nil {
		return err
	}
	if !a.yes { // a person takes time to answer, and agreed to these steps only
		again, err := act.parts(o)
		if err != nil {
			return err
		}
		if more := beyond(plan, again); len(more) > 0 {
			return refused("run it again, and look at what it says", "nothing was done, because by now it would be something else:\n  %s", strings.Join(more, "\n  "))
		}
	}
	o.DryRun = false
	done, err := act.parts(o)
	if err != nil {
		return err
	}
	return a.report(act, done, false)
}

// steps returns what the parts of an action do, in words.
func steps(parts []namedOutcome) (all []string) {
	for _, p := range parts {
		for _, s := range p.Done {
			all = append(all, stepText(&s))
		}
	}
	return all
}

// beyond returns the steps of the later plan that are not in the first one.
func beyond(first, later []namedOutcome) []string {
	agreed := steps(first)
	return slices.DeleteFunc(steps(later), func(s string) bool { return slices.Contains(agreed, s) })
}

// worst returns the result of all parts: Unsafe, InvalidSlot or Failed if one is
// that, Success if anything was done.
func worst(parts []namedOutcome) recovery.Result {
	r := recovery.NotStuck
	for _, p := range parts {
		switch p.Result {
		case recovery.NotStuck:
		case recovery.Success:
			if r == recovery.NotStuck {
				r = recovery.Success
			}
		default:
			return p.Result
		}
	}
	return r
}

func (a *app) report(act action, parts []namedOutcome, dryRun bool) error {
	result := worst(parts)
	if a.json {
		if err := a.writeJSON(outcomeJSON{act.target, act.name, result, dryRun, parts}); err != nil {
			return err
		}
	} else if err := a.printOutcomes(parts, dryRun); err != nil {
		return err
	}
	var reasons []string
	for _, p := range parts {
		if p.Result == result && p.Reason != "" {
			reasons = append(reasons, p.Of+": "+p.Reason)
		}
	}
	reason := strings.Join(reasons, "; ")
	switch result {
	case recovery.Unsafe:
		return refused(`"datablock-admin diagnose" shows who lives; stop that process, or see --force`, "not done, it would touch who lives: %s", reason)
	case recovery.InvalidSlot:
		return usageError("%s", reason)
	case recovery.Failed:
		return errors.New(reason)
	case recovery.Success:
		if dryRun {
			return errFindings
		}
	}
	return nil
}

func (a *app) printOutcomes(parts []namedOutcome, dryRun bool) error {
	verb := "done: "
	if dryRun {
		verb = "would be done: "
	}
	n := 0
	for _, p := range parts {
		for _, s := range p.Done {
			n++
			if err := a.printf("%s%s\n", verb, stepText(&s)); err != nil {
				return err
			}
		}
	}
	if n == 0 && worst(parts) == recovery.NotStuck {
		return a.printf("nothing to do\n")
	}
	return nil
}

func stepText(s *recovery.Step) string {
	if s.Who == nil {
		return s.What
	}
	where := ""
	if s.Cell >= 0 {
		where = fmt.Sprintf("cell %d, ", s.Cell)
	}
	return fmt.Sprintf("%s: %s (%spid %d)", s.What, orDash(clean(s.Who.Name)), where, s.Who.PID)
}

func (a *app) cleanupCmd() *cobra.Command {
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "cleanup-zombies CHANNEL",
		Short: "Free what dead consumers and a dead producer left",
		Long: `Cleanup-zombies frees the places of dead consumers, and finishes what a dead
producer left: values it had stamped become known, sleepers look again. The next
producer does all of that by itself; this is for when there is none.

Nobody who lives is touched. What was not read stays for the next consumer of a
single_reader channel.`,
		Example: `  datablock-admin cleanup-zombies roof --dry-run
  datablock-admin cleanup-zombies roof --yes`,
		GroupID:           groupRepair,
		Args:              exactly("CHANNEL"),
		ValidArgsFunction: a.completeChannel,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := live("cleanup-zombies", args[0]); err != nil {
				return err
			}
			parts := func(o recovery.Options) ([]namedOutcome, error) {
				readers, err := recovery.CleanupDeadConsumers(args[0], o)
				if err != nil {
					return nil, err
				}
				writer, err := recovery.ReleaseZombieWriter(args[0], o)
				if err != nil {
					return nil, err
				}
				if writer.Result == recovery.Unsafe { // it lives: that is well
					writer.Result, writer.Reason = recovery.NotStuck, "the producer lives"
				}
				return []namedOutcome{{"consumers", readers}, {"producer", writer}}, nil
			}
			return a.perform(cmd.Context(), action{"cleanup-zombies", args[0], parts}, a.recovery(), dryRun)
		},
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "only say what would be done; exit with 100 if that is something")
	a.yesFlag(cmd)
	return cmd
}

func (a *app) forceResetCmd() *cobra.Command {
	var dryRun, force bool
	slot := -1
	cmd := &cobra.Command{
		Use:   "force-reset CHANNEL",
		Short: "Make a stuck slot free, so that the producer can go on",
		Long: `Force-reset makes the producer able to go on where it is kept from at a slot, or
at all slots that are stuck: places of dead consumers are freed, and what a dead
producer left is finished.

With --force a live consumer that stands there loses its place as well; its next
call returns ErrEvicted, and what it was reading may be overwritten under its
eyes. A live producer is never touched, and the only consumer of a single_reader
channel keeps its place.`,
		Example: `  datablock-admin force-reset roof
  datablock-admin force-reset roof --slot 3 --force --yes`,
		GroupID:           groupRepair,
		Args:              exactly("CHANNEL"),
		ValidArgsFunction: a.completeChannel,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := live("force-reset", args[0]); err != nil {
				return err
			}
			if slot < 0 && cmd.Flags().Changed("slot") { // never for all of them
				return usageError("--slot %d: slots are numbered from 0", slot)
			}
			o := a.recovery()
			o.Force = force
			slots := []int{slot}
			if slot < 0 {
				var err error
				if slots, err = stuckSlots(args[0], o); err != nil {
					return err
				}
			}
			parts := func(o recovery.Options) ([]namedOutcome, error) {
				var out []namedOutcome
				for _, i := range slots {
					r, err := recovery.ForceResetSlot(args[0], i, o)
					if err != nil {
						return nil, err
					}
					out = append(out, namedOutcome{fmt.Sprintf("slot %d", i), r})
				}
				return out, nil
			}
			return a.perform(cmd.Context(), action{"force-reset", args[0], parts}, o, dryRun)
		},
	}
	cmd.Flags().IntVar(&slot, "slot", -1, "this slot only (default: all that are stuck)")
	cmd.Flags().BoolVar(&force, "force", false, "take the place of live consumers, too")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "only say what would be done; exit with 100 if that is something")
	a.yesFlag(cmd)
	return cmd
}

// stuckSlots returns the slots that keep the producer from going on.
func stuckSlots(target string, o recovery.Options) ([]int, error) {
	o.Watch = stuckWatch
	all, err := recovery.DiagnoseAllSlots(target, o)
	var out []int
	for i := range all {
		if all[i].Stuck {
			out = append(out, all[i].Slot)
		}
	}
	return out, err
}
