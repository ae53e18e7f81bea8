package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// children are the processes at the other end.
type children []*process

type process struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Scanner
}

// startChildren starts them and waits until they can receive.
func startChildren(o *options) (kids children, err error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, kids.end())
		}
	}()
	for i := range o.consumers {
		cmd := exec.Command(exe, "-test", o.test, "-mode", o.mode, "-size", strconv.Itoa(o.size), "-depth", strconv.Itoa(o.depth),
			"-c", strconv.Itoa(o.consumers), "-pin", strconv.Itoa(o.pin), "-batch", strconv.Itoa(o.batch), "-checksum", o.checksum, "-page", strconv.Itoa(o.page), "-role", strconv.Itoa(i), "-root", o.root,
			fmt.Sprintf("-secure=%t", o.secure))
		cmd.Stderr = os.Stderr
		dieWithParent(cmd)
		p := &process{cmd: cmd}
		if p.in, err = cmd.StdinPipe(); err != nil {
			return kids, err
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			return kids, err
		}
		p.out = bufio.NewScanner(out)
		if err := cmd.Start(); err != nil {
			return kids, err
		}
		kids = append(kids, p)
	}
	for _, k := range kids {
		if _, err := k.line("ready"); err != nil {
			return kids, err
		}
	}
	return kids, nil
}

// line reads a line of a child and returns what follows the word it begins with.
func (p *process) line(word string) (string, error) {
	if !p.out.Scan() {
		return "", fmt.Errorf("child ended before it said %q", word)
	}
	rest, ok := strings.CutPrefix(p.out.Text(), word)
	if !ok {
		return "", fmt.Errorf("child said %q, not %q", p.out.Text(), word)
	}
	return rest, nil
}

// release lets the children begin.
func (k children) release() error {
	for _, p := range k {
		if _, err := io.WriteString(p.in, "go\n"); err != nil {
			return err
		}
	}
	return nil
}

// awaitRelease waits for release, in a child.
func awaitRelease() error {
	_, err := fmt.Fscanln(os.Stdin, new(string))
	return err
}

// report tells the parent, in a child, and waits until everybody has reported: our
// memory is counted, too.
func report(t tally) error {
	fmt.Println("done", t.got, t.bad, t.took.Nanoseconds(), memory())
	_, _ = io.Copy(io.Discard, os.Stdin) // until the parent closes it
	return nil
}

// end lets the children go.
func (k children) end() error {
	var errs []error
	for _, p := range k {
		_ = p.in.Close() // may be closed already
		if p.cmd.ProcessState == nil {
			errs = append(errs, p.cmd.Wait())
		}
	}
	return errors.Join(errs...)
}

// finish collects the reports and prints the line.
func (k children) finish(o *options, latencies []time.Duration, sent uint64) error {
	var lost, kib uint64
	slowest := 0.0
	for i, p := range k {
		rest, err := p.line("done")
		if err != nil {
			return err
		}
		var got, bad, mem uint64
		var took time.Duration
		if _, err := fmt.Sscan(rest, &got, &bad, (*int64)(&took), &mem); err != nil {
			return fmt.Errorf("child said %q: %w", rest, err)
		}
		kib += mem
		if o.test == "pp" {
			continue
		}
		if rate := float64(got) / took.Seconds(); i == 0 || rate < slowest {
			slowest = rate
		}
		lost += sent - got + bad
	}
	kib += memory()
	if o.test == "pp" {
		sent = uint64(len(latencies))
	}
	name := "datahub"
	if o.batch > 1 {
		name += fmt.Sprintf(" in batches of %d", o.batch)
	}
	if o.checksum != "none" {
		name += " with " + o.checksum
	}
	if o.page != 4096 {
		name += " in large pages"
	}
	h := hdrhistogram.New(1, int64(time.Minute), 3)
	for _, l := range latencies {
		_ = h.RecordValue(int64(l)) // longer than a minute it is not
	}
	us := func(q float64) float64 { return float64(h.ValueAtQuantile(q)) / 1e3 }
	fmt.Printf("%s\t%s\t%s\t%d\t%d\t%d\t%.3f\t%.3f\t%.3f\t%.0f\t%.3f\t%d\t%.1f\tdepth=%d batch=%d\n",
		name, o.test, o.mode, o.size, o.consumers, sent, us(50), us(99), us(99.9),
		slowest, slowest*float64(o.size)/1e9, lost, float64(kib)/1024, o.depth, o.batch)
	return nil
}

// memory returns this process's proportional share of memory in KiB, 0 where the
// system does not tell.
func memory() uint64 {
	b, err := os.ReadFile("/proc/self/smaps_rollup")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(b)) {
		var kib uint64
		if n, _ := fmt.Sscanf(line, "Pss: %d kB", &kib); n == 1 {
			return kib
		}
	}
	return 0
}
