// Package process lets the tests of an example run it as processes of their own:
// the test binary started again, playing the example.
package process

import (
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
)

const variable = "DATAHUB_EXAMPLE"

// Main is the TestMain of an example: it is either the tests or the example.
func Main(m *testing.M, main func()) {
	if os.Getenv(variable) != "" {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// A Process is an example that runs.
type Process struct {
	*exec.Cmd
	out *buffer
}

// Start runs the example with arguments. Its blocks live in dir.
func Start(t *testing.T, dir string, args ...string) *Process {
	t.Helper()
	return start(t, exec.Command(os.Args[0], args...), dir)
}

// StartProgram runs another program as [Start] does.
func StartProgram(t *testing.T, dir, program string, args ...string) *Process {
	t.Helper()
	return start(t, exec.Command(program, args...), dir)
}

func start(t *testing.T, cmd *exec.Cmd, dir string) *Process {
	t.Helper()
	p := &Process{cmd, new(buffer)}
	cmd.Env = append(os.Environ(), variable+"=1", "DATAHUB_DIR="+dir)
	cmd.Stdout, cmd.Stderr = p.out, p.out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if cmd.ProcessState == nil { // the test has failed
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	})
	return p
}

// Finish waits for the process to end without an error and returns its output.
func (p *Process) Finish(t *testing.T) string {
	t.Helper()
	if err := p.Wait(); err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(p.Args[1:], " "), err, p.out)
	}
	return p.out.String()
}

// Output returns what the process has printed so far.
func (p *Process) Output() string { return p.out.String() }

// Empty fails if something is left in dir.
func Empty(t *testing.T, dir string) {
	t.Helper()
	left, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range left {
		t.Errorf("%s is left behind", e.Name())
	}
}

// A buffer may be read while a process writes to it.
type buffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
