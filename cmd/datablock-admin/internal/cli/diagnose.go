package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/pylabhub/datahub/runtime/recovery"
)

// diagnosisJSON is the output of diagnose --json.
type diagnosisJSON struct {
	Target    string                       `json:"target"`
	Healthy   bool                         `json:"healthy"`
	Producer  *recovery.ProducerDiagnosis  `json:"producer,omitempty"`  // not with --slot
	Consumers []recovery.ConsumerDiagnosis `json:"consumers,omitempty"` // not with --slot
	Slots     []recovery.SlotDiagnosis     `json:"slots"`
}

func (a *app) diagnoseCmd() *cobra.Command {
	slot := -1
	var all bool
	var watch time.Duration
	cmd := &cobra.Command{
		Use:   "diagnose TARGET",
		Short: "Find out who is dead, who is stuck, and for how long",
		Long: `Diagnose looks at the producer, the consumers and the slots of a block, twice, and
says who died, who has stalled although there is something to do, and which slots
keep the producer from going on. It takes no lock and changes no byte.

Who lives is told by the locks that the kernel frees at death; process numbers and
heartbeats are shown, and decide nothing. A time is given as far as it is known:
"for 3s" was seen, "at most 5m0s" follows from the last sign.

It exits with 100 if anything is wrong.`,
		Example: `  datablock-admin diagnose roof
  datablock-admin diagnose roof --slot 3 --json
  datablock-admin diagnose roof.dhdump --all`,
		GroupID:           groupRepair,
		Args:              exactly("TARGET"),
		ValidArgsFunction: a.completeTarget,
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case watch < 0:
				return usageError("--watch %s: it must not be negative", watch)
			case slot < 0 && cmd.Flags().Changed("slot"):
				return usageError("--slot %d: slots are numbered from 0", slot)
			}
			o := a.recovery()
			o.Watch = watch
			v, err := during(cmd.Context(), func() (diagnosisJSON, error) { return diagnose(args[0], slot, o) })
			var bad *recovery.SlotError
			if errors.As(err, &bad) {
				return usageError("--slot %d: %v", slot, err)
			}
			if err != nil {
				return err
			}
			if a.json {
				err = a.writeJSON(v)
			} else {
				err = a.printDiagnosis(&v, all || slot >= 0)
			}
			if err == nil && !v.Healthy {
				err = errFindings
			}
			return err
		},
	}
	cmd.Flags().IntVar(&slot, "slot", -1, "look at this slot only")
	cmd.Flags().BoolVar(&all, "all", false, "print all slots, not only those that need attention")
	cmd.Flags().DurationVar(&watch, "watch", stuckWatch, "the time between the two looks; 0 is one look, and nobody is called stalled")
	return cmd
}

func diagnose(target string, slot int, o recovery.Options) (v diagnosisJSON, err error) {
	b, err := recovery.Open(target, o)
	if err != nil {
		return v, err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	v = diagnosisJSON{Target: target, Healthy: true}
	if slot >= 0 {
		s, err := b.DiagnoseSlot(slot)
		v.Slots = []recovery.SlotDiagnosis{s}
		v.Healthy = err == nil && fine(&s)
		return v, err
	}
	d, err := b.Diagnose()
	if err != nil {
		return v, err
	}
	v.Producer, v.Consumers, v.Slots = &d.Producer, d.Consumers, d.Slots
	v.Healthy = d.Producer.Reason == ""
	for i := range v.Consumers {
		v.Healthy = v.Healthy && v.Consumers[i].Reason == ""
	}
	for i := range v.Slots {
		v.Healthy = v.Healthy && fine(&v.Slots[i])
	}
	return v, nil
}

// fine reports whether a slot needs nobody's attention.
func fine(s *recovery.SlotDiagnosis) bool {
	return !s.Stuck && !s.ChecksumBad && s.State != recovery.SlotCorrupt
}

func (a *app) printDiagnosis(v *diagnosisJSON, all bool) error {
	if p := v.Producer; p != nil {
		err := a.printf("producer  %s: %s, next value %d, number %d of this block%s\n", p.State, participantText(&p.Participant), p.Head, p.Epoch, conditionText(&p.Participant))
		if err != nil {
			return err
		}
		if len(v.Consumers) == 0 {
			if err := a.printf("no consumers\n"); err != nil {
				return err
			}
		}
		if err := a.printConsumers(v.Consumers); err != nil {
			return err
		}
	}
	shown := 0
	t := newTable(a.stdout, "SLOT", "STATE", "VALUE", "HELD BY", "UNREAD", "STUCK", "WHAT")
	for i := range v.Slots {
		s := &v.Slots[i]
		if !all && fine(s) {
			continue
		}
		shown++
		held, what := "-", s.Reason
		for j, h := range s.Holders {
			if j > 0 {
				held += ", "
			} else {
				held = ""
			}
			held += fmt.Sprintf("%s (cell %d)", orDash(clean(h.Name)), h.Cell)
		}
		if s.ChecksumBad && what == "" {
			what = "the value does not match its checksum"
		}
		value, stuck := "-", "no"
		if s.Stamp > 0 {
			value = fmt.Sprint(s.Stamp - 1)
		}
		if s.Stuck {
			stuck = "yes" + spanText(s.For)
		}
		t.row(fmt.Sprint(s.Slot), s.State.String(), value, held, fmt.Sprint(s.Unread), stuck, orDash(what))
	}
	if shown > 0 {
		if err := t.flush(); err != nil {
			return err
		}
	}
	if v.Healthy {
		return a.printf("nothing is wrong: %d slots looked at\n", len(v.Slots))
	}
	return nil
}

func (a *app) printConsumers(all []recovery.ConsumerDiagnosis) error {
	if len(all) == 0 {
		return nil
	}
	t := newTable(a.stdout, "CELL", "CONSUMER", "PID", "ALIVE", "PROCESS", "POSITION", "LAG", "SLOT", "LAST SIGN", "CONDITION")
	for i := range all {
		c := &all[i]
		alive, slot, sign := "no", "-", "-"
		if c.Alive {
			alive = "yes"
		}
		if c.Slot >= 0 {
			slot = fmt.Sprint(c.Slot)
		}
		if c.HeartbeatAge > 0 {
			sign = ageText(c.HeartbeatAge) + " ago"
		}
		condition := "well"
		switch {
		case c.Evicted && c.Reason != "":
			condition = "evicted; " + c.Reason + spanText(c.For)
		case c.Evicted:
			condition = "evicted"
		case c.Reason != "":
			condition = c.Reason + spanText(c.For)
		}
		t.row(fmt.Sprint(c.Cell), orDash(clean(c.Name)), fmt.Sprint(c.PID), alive, c.Process.String(), fmt.Sprint(c.Position),
			fmt.Sprint(c.Lag), slot, sign, condition)
	}
	return t.flush()
}

func participantText(p *recovery.Participant) string {
	return fmt.Sprintf("%s (pid %d, process %s)", orDash(clean(p.Name)), p.PID, p.Process)
}

// conditionText says what is the matter, "" if nothing is.
func conditionText(p *recovery.Participant) string {
	if p.Reason == "" {
		return ""
	}
	return ": " + p.Reason + spanText(p.For)
}

// spanText says for how long, as far as that is known.
func spanText(s recovery.Span) string {
	switch {
	case s.AtLeast > 0 && s.AtMost > 0:
		return fmt.Sprintf(", for %s, at most %s", ageText(s.AtLeast), ageText(s.AtMost))
	case s.AtLeast > 0:
		return ", for " + ageText(s.AtLeast)
	case s.AtMost > 0:
		return ", for at most " + ageText(s.AtMost)
	}
	return ""
}

// during runs fn, which knows nothing of contexts, until it ends or ctx does. What
// it does then is cut short by the end of the process.
func during[T any](ctx context.Context, fn func() (T, error)) (T, error) {
	type result struct {
		v   T
		err error
	}
	done := make(chan result, 1)
	go func() {
		v, err := fn()
		done <- result{v, err}
	}()
	select {
	case r := <-done:
		return r.v, r.err
	case <-ctx.Done():
		var none T
		return none, context.Cause(ctx)
	}
}
