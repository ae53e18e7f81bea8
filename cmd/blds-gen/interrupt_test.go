package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pylabhub/datahub/cmd/blds-gen/internal/cli"
)

// A countdown is a context that is cancelled after its Err was asked for a
// number of times, that is, at a chosen point of the work.
type countdown struct {
	context.Context
	cancel context.CancelCauseFunc
	left   int
}

func (c *countdown) Err() error {
	if c.left--; c.left == 0 {
		c.cancel(errors.New("signal: interrupt"))
	}
	return c.Context.Err()
}

// TestInterruptLeavesNothingHalfWritten interrupts gen at every point where it
// looks, and finds either no output or all of it.
func TestInterruptLeavesNothingHalfWritten(t *testing.T) {
	finished := 0
	for n := 1; n < 200 && finished < 3; n++ {
		dir := t.TempDir()
		for i := range 5 {
			text := fmt.Sprintf("namespace lab.n%d\n/// Tick is one beat.\nschema Tick version 1.0.0 { seq u64 }\n", i)
			if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("t%d.blds", i)), []byte(text), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		base, cancel := context.WithCancelCause(context.Background())
		ctx := &countdown{base, cancel, n}
		var out, errs bytes.Buffer
		func() {
			t.Chdir(dir)
			code := cli.Run(ctx, []string{"gen", "."}, strings.NewReader(""), &out, &errs)
			files, err := filepath.Glob("generated/lab/*/*.go")
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case code == 0 && len(files) == 10:
				finished++
			case code == 1 && (len(files) == 0 || len(files) == 10):
				want := "BLDS0016: interrupted: signal: interrupt\n  help: run the command again to write what is missing\n"
				if !strings.HasPrefix(errs.String(), want) {
					t.Fatalf("interrupted at %d: got\n%s\nwant\n%s", n, errs.String(), want)
				}
			default:
				t.Fatalf("interrupted at %d: exit code %d, %d files, %s", n, code, len(files), errs.String())
			}
			if left, _ := filepath.Glob("generated/lab/*/.*"); len(left) > 0 {
				t.Fatalf("interrupted at %d: left %v", n, left)
			}
		}()
		cancel(nil)
	}
	if finished == 0 {
		t.Error("gen never finished")
	}
}

func TestInterruptEndsWaitingForInput(t *testing.T) {
	r, w := io.Pipe()
	defer w.Close()
	ctx, cancel := context.WithCancelCause(t.Context())
	done := make(chan int)
	var out, errs bytes.Buffer
	go func() { done <- cli.Run(ctx, []string{"fmt", "-"}, r, &out, &errs) }()
	if _, err := io.WriteString(w, "namespace lab\n"); err != nil { // it reads now
		t.Fatal(err)
	}
	cancel(errors.New("signal: interrupt"))
	select {
	case code := <-done:
		if want := "BLDS0016: interrupted: signal: interrupt\n"; code != 1 || !strings.HasPrefix(errs.String(), want) {
			t.Errorf("got exit code %d and\n%s\nwant 1 and\n%s", code, errs.String(), want)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("still waiting for input 20 s after the interrupt")
	}
}
