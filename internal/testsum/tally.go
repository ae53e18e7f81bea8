package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// An event is a line of go test -json.
type event struct {
	Action      string
	ImportPath  string // of build-output
	Package     string
	Test        string
	Elapsed     float64
	Output      string
	FailedBuild string
}

// A note is a test, or a target, and why it is mentioned at the end.
type note struct{ name, reason string }

// A tally counts tests over any number of targets.
type tally struct {
	w                       io.Writer
	passed, failed, skipped int
	failures, skips         []note
	install                 []string

	// Of the target being read:
	target string
	open   []string            // tests that began and have not ended, in that order
	output map[string][]string // by package and test
	red    map[string][]string // failed tests by package, in the order of their ends
	tests  map[string]int      // tests that ended, by package
	build  map[string][]string // compiler output by import path
}

func newTally(w io.Writer) *tally { return &tally{w: w} }

func (t *tally) fail(name, reason string) {
	t.failed++
	t.failures = append(t.failures, note{name, reason})
}

func (t *tally) skip(name, reason string) {
	t.skipped++
	n := note{name, reason}
	if !slices.Contains(t.skips, n) { // run twice, with and without -race
		t.skips = append(t.skips, n)
	}
}

// read takes the output of one target.
func (t *tally) read(target string, r io.Reader) error {
	t.target = target
	t.open = nil
	t.output = map[string][]string{}
	t.red = map[string][]string{}
	t.tests = map[string]int{}
	t.build = map[string][]string{}
	br := bufio.NewReader(r)
	for {
		line, err := br.ReadString('\n')
		if line != "" {
			t.line(strings.TrimSuffix(line, "\n"))
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read the output of %s: %w", target, err)
		}
	}
}

func (t *tally) line(line string) {
	if strings.HasPrefix(line, "{") {
		var e event
		if json.Unmarshal([]byte(line), &e) == nil && e.Action != "" {
			t.event(&e)
			return
		}
	}
	fmt.Fprintln(t.w, line)
	if rest, ok := strings.CutPrefix(line, "--- SKIP: "); ok {
		name, reason, _ := strings.Cut(rest, ": ")
		t.skip(name, reason)
	}
	if command, ok := strings.CutPrefix(line, "to install: "); ok && !slices.Contains(t.install, command) {
		t.install = append(t.install, command)
	}
}

func (t *tally) event(e *event) {
	key := e.Package + " " + e.Test
	if e.Test != "" {
		switch e.Action {
		case "run":
			t.open = append(t.open, key)
		case "pass", "skip", "fail":
			t.open = slices.DeleteFunc(t.open, func(k string) bool { return k == key })
		}
	}
	switch e.Action {
	case "build-output":
		t.build[e.ImportPath] = append(t.build[e.ImportPath], e.Output)
	case "output":
		t.output[key] = append(t.output[key], e.Output)
	case "pass":
		if e.Test == "" {
			fmt.Fprintf(t.w, "ok    %s  %.1fs  %s\n", e.Package, e.Elapsed, count(t.tests[e.Package]))
			delete(t.tests, e.Package) // fuzzing runs a package once a target
			return
		}
		t.passed++
		t.tests[e.Package]++
		delete(t.output, key)
	case "skip":
		if e.Test == "" { // no test files
			return
		}
		t.skip(e.Package+" "+e.Test, skipReason(t.output[key]))
		t.tests[e.Package]++
		delete(t.output, key)
	case "fail":
		if e.Test != "" {
			t.fail(t.target+": "+key, "")
			t.tests[e.Package]++
			t.red[e.Package] = append(t.red[e.Package], key)
			return
		}
		t.failedPackage(e)
	}
}

func count(tests int) string {
	if tests == 1 {
		return "1 test"
	}
	return strconv.Itoa(tests) + " tests"
}

// failedPackage prints all that is known of a package that failed.
func (t *tally) failedPackage(e *event) {
	fmt.Fprintf(t.w, "FAIL  %s  %.1fs\n", e.Package, e.Elapsed)
	if e.FailedBuild != "" {
		t.print(t.build[e.FailedBuild])
		delete(t.build, e.FailedBuild) // told once, also if several packages need it
	}
	tests := t.red[e.Package]
	for _, key := range tests {
		t.print(t.output[key])
	}
	// A time-out, or somebody called os.Exit: its words are among the output of
	// the tests that ran then.
	t.open = slices.DeleteFunc(t.open, func(key string) bool {
		ours := strings.HasPrefix(key, e.Package+" ")
		if ours {
			t.print(t.output[key])
			t.fail(t.target+": "+key, "did not end")
			tests = append(tests, key)
		}
		return ours
	})
	if len(tests) == 0 {
		// A build that failed, a panic outside a test, os.Exit in TestMain.
		reason := "failed outside a test"
		if e.FailedBuild != "" {
			reason = "does not build"
		}
		t.fail(t.target+": "+e.Package, reason)
	}
	t.print(t.output[e.Package+" "])
}

func (t *tally) print(lines []string) {
	for _, s := range lines {
		if s == "FAIL\n" || strings.HasPrefix(s, "=== ") {
			continue
		}
		io.WriteString(t.w, "      "+s)
	}
}

var skipLine = regexp.MustCompile(`^\s+[^\s:]+\.go:\d+: (.*)`)

// skipReason finds what a test gave to t.Skip in its output.
func skipReason(output []string) string {
	reason := ""
	for _, s := range output {
		if m := skipLine.FindStringSubmatch(s); m != nil {
			reason = m[1] // the last: earlier ones are from t.Log
		}
	}
	if reason == "" {
		return "no reason given"
	}
	return reason
}

// wantsTool reports whether a test was skipped for something that can be
// installed. What needs root, or a property of the machine ("needs a ..."), is
// skipped for good reason.
func wantsTool(reason string) bool {
	rest, ok := strings.CutPrefix(reason, "needs ")
	return ok && !strings.HasPrefix(rest, "root") && !strings.HasPrefix(rest, "a ")
}

// summary prints the end and returns the exit code.
func (t *tally) summary(strict bool) int {
	var tools, others []note
	for _, n := range t.skips {
		if wantsTool(n.reason) {
			tools = append(tools, n)
		} else {
			others = append(others, n)
		}
	}
	t.list("skipped", others)
	t.list("could not run", tools)
	if len(tools) > 0 {
		for _, c := range t.install {
			fmt.Fprintf(t.w, "to install what they need:\n  %s\n", c)
		}
	}
	t.list("failed", t.failures)
	code := 0
	switch {
	case t.failed > 0:
		code = 1
	case t.passed == 0:
		fmt.Fprintln(t.w, "no test passed: that is a failure too")
		code = 1
	case strict && len(tools) > 0:
		fmt.Fprintln(t.w, "strict: a tool that is missing is a failure")
		code = 1
	}
	fmt.Fprintf(t.w, "%d passed, %d failed, %d skipped\n", t.passed, t.failed, t.skipped)
	return code
}

func (t *tally) list(title string, notes []note) {
	if len(notes) == 0 {
		return
	}
	fmt.Fprintf(t.w, "%s:\n", title)
	for _, n := range notes {
		if n.reason == "" {
			fmt.Fprintf(t.w, "  %s\n", n.name)
		} else {
			fmt.Fprintf(t.w, "  %s: %s\n", n.name, n.reason)
		}
	}
}
