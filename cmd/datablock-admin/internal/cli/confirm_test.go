package cli

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/pylabhub/datahub/runtime/recovery"
)

func TestOnlyYesIsAnAnswer(t *testing.T) {
	for answer, want := range map[string]bool{"y\n": true, "yes\n": true, " YES \n": true, "n\n": false, "\n": false, "": false, "yess\n": false} {
		var asked bytes.Buffer
		a := &app{stdin: strings.NewReader(answer), stderr: &asked}
		err := a.ask(context.Background(), "everything goes")
		if (err == nil) != want {
			t.Errorf("answer %q: %v", answer, err)
		}
		if !want && explain(err).Exit != exitRefused {
			t.Errorf("answer %q: exit code %d, want %d", answer, explain(err).Exit, exitRefused)
		}
		if got := asked.String(); got != "everything goes.\nDo it? [y/N] " {
			t.Errorf("asked %q", got)
		}
	}
}

func TestAnInterruptIsNoAnswer(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	silent, hold := io.Pipe()
	defer hold.Close()
	a := &app{stdin: silent, stderr: io.Discard}
	cancel()
	err := a.ask(ctx, "everything goes")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
	if code := a.finish(ctx, err); code != exitInterrupted {
		t.Errorf("exit code %d, want %d", code, exitInterrupted)
	}
}

func TestOnlyWhatWasAgreedToIsDone(t *testing.T) {
	plan := func(names ...string) []namedOutcome {
		var o recovery.Outcome
		for i, name := range names {
			o.Done = append(o.Done, recovery.Step{What: "took the place", Cell: i, Slot: 3, Who: &recovery.Participant{Name: name, PID: 7}})
		}
		return []namedOutcome{{"slot 3", o}}
	}
	if more := beyond(plan("tower", "gate"), plan("tower")); len(more) != 0 {
		t.Errorf("less than was agreed to is %q more", more)
	}
	if more := beyond(plan("tower"), plan("tower", "gate")); len(more) != 1 || !strings.Contains(more[0], "gate") {
		t.Errorf("more than was agreed to is %q", more)
	}
	if more := beyond(plan("tower"), plan("gate")); len(more) != 1 {
		t.Errorf("another one than was agreed to is %q", more)
	}
}
