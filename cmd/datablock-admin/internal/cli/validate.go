package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/pylabhub/datahub/runtime/recovery"
)

// stuckWatch is how far apart two looks are that tell who is stuck.
const stuckWatch = 200 * time.Millisecond

func (a *app) validateCmd() *cobra.Command {
	var repair bool
	cmd := &cobra.Command{
		Use:   "validate TARGET",
		Short: "Check everything about a block that can be checked",
		Long: `Validate checks headers, region table and descriptors, whether the words of the
producer page agree with each other and with the slots, consumer cells and locks,
and the checksum of every value that has one. It changes no byte.

A note is worth knowing; a leftover is what somebody's death left, which the next
one mends; damage is what no program of the library writes.

With --repair it mends leftovers, under the locks of the dead. Damage stays: no
checksum is written anew and no value is made good.

It exits with 100 if there is a leftover or damage that was not mended.`,
		Example: `  datablock-admin validate roof
  datablock-admin validate roof --repair --yes
  datablock-admin validate roof.dhdump --json`,
		GroupID:           groupRepair,
		Args:              exactly("TARGET"),
		ValidArgsFunction: a.completeTarget,
		RunE: func(cmd *cobra.Command, args []string) error {
			if repair {
				if err := live("validate --repair", args[0]); err != nil {
					return err
				}
			}
			report, err := a.validate(cmd.Context(), args[0], false)
			if err == nil && repair && leftovers(&report) > 0 {
				for _, f := range report.Findings {
					if f.Severity == recovery.Leftover {
						a.note("%s", findingText(&f))
					}
				}
				if err = a.confirm(cmd.Context(), "%d leftovers in channel %q are mended", leftovers(&report), args[0]); err == nil {
					report, err = a.validate(cmd.Context(), args[0], true)
				}
			}
			if err != nil {
				return err
			}
			if a.json {
				err = a.writeJSON(report)
			} else {
				err = a.printReport(&report)
			}
			if err == nil && (leftovers(&report) > 0 || !report.OK()) {
				err = errFindings
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&repair, "repair", false, "mend what death left")
	a.yesFlag(cmd)
	return cmd
}

// validate validates and, if that takes long, says on a terminal that it goes on.
func (a *app) validate(ctx context.Context, target string, repair bool) (recovery.Report, error) {
	defer a.busy("validating " + target)()
	return during(ctx, func() (recovery.Report, error) { return recovery.ValidateIntegrity(target, repair, a.recovery()) })
}

// leftovers counts what is left to mend.
func leftovers(r *recovery.Report) (n int) {
	for i := range r.Findings {
		if r.Findings[i].Severity == recovery.Leftover && !r.Findings[i].Mended {
			n++
		}
	}
	return n
}

func findingText(f *recovery.Finding) string {
	where := f.Where
	if f.Index >= 0 {
		where = fmt.Sprintf("%s %d", f.Where, f.Index)
	}
	s := fmt.Sprintf("%s: %s: %s", f.Severity, where, clean(f.Text))
	if f.Mended {
		s += " (mended)"
	}
	return s
}

func (a *app) printReport(r *recovery.Report) error {
	for i := range r.Findings {
		if err := a.printf("%s\n", findingText(&r.Findings[i])); err != nil {
			return err
		}
	}
	moved := ""
	if r.Moved > 0 {
		moved = fmt.Sprintf(", %d overwritten meanwhile", r.Moved)
	}
	return a.printf("%s: %d slots, %d whole values, %d checksums verified%s\n", r.Target, r.Slots, r.Values, r.Checksums, moved)
}
