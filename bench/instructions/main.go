// Instructions counts how many machine instructions it takes to publish one value
// of 64 bytes with so and so many consumers attached, and to read one: it runs itself
// under callgrind, once with few values and once with more, and divides the difference. It
// needs valgrind.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/pylabhub/datahub/runtime/datablock"
)

// Values of the two runs. The ring is larger: nobody has to read.
const (
	few      = 200
	many     = 1000
	capacity = 1024
)

var syncs = []struct {
	name   string
	policy datablock.Policy
	sync   datablock.Sync
}{
	{"latest_only", datablock.Single, datablock.LatestOnly},
	{"sync_readers", datablock.Ring, datablock.SyncReaders},
	{"overwrite", datablock.Ring, datablock.Overwrite},
}

func main() {
	values := flag.Int("values", 0, "publish so many values and print nothing; set by the program for itself")
	sync := flag.Int("sync", 0, "likewise: which policy")
	consumers := flag.Int("consumers", 0, "likewise: how many consumers are attached")
	flag.Parse()
	err := error(nil)
	if *values > 0 {
		err = publish(*values, *sync, *consumers)
	} else {
		err = table()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "instructions:", err)
		os.Exit(1)
	}
}

func table() error {
	valgrind, err := exec.LookPath("valgrind")
	if err != nil {
		return fmt.Errorf("%w: install valgrind", err)
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "instructions per value\tpublish, 0 consumers\t1\t8\t64\tread")
	for i, s := range syncs {
		fmt.Fprint(w, s.name)
		for _, n := range []int{0, 1, 8, 64} {
			each, err := difference(valgrind, "main.write", i, n)
			if err != nil {
				return err
			}
			fmt.Fprintf(w, "\t%d", each)
		}
		if s.policy == datablock.Ring {
			each, err := difference(valgrind, "main.read", i, 1)
			if err != nil {
				return err
			}
			fmt.Fprintf(w, "\t%d", each)
		} else {
			fmt.Fprint(w, "\t-") // there is one value to read
		}
		fmt.Fprintln(w)
	}
	return w.Flush()
}

// difference returns how many instructions of a function one more value takes.
func difference(valgrind, function string, sync, consumers int) (int, error) {
	a, err := least(valgrind, function, few, sync, consumers)
	if err != nil {
		return 0, err
	}
	b, err := least(valgrind, function, many, sync, consumers)
	return (b - a) / (many - few), err
}

var collected = regexp.MustCompile(`Collected : (\d+)`)

// least is the smallest count of several runs: now and then a second passes, after
// which the producer looks at its block.
func least(valgrind, function string, values, sync, consumers int) (n int, err error) {
	for i := range 3 {
		c, err := count(valgrind, function, values, sync, consumers)
		if err != nil {
			return 0, err
		}
		if i == 0 || c < n {
			n = c
		}
	}
	return n, nil
}

// count returns how many instructions a function of this program takes for so many
// values.
func count(valgrind, function string, values, sync, consumers int) (int, error) {
	dir, err := os.MkdirTemp("", "datahub-instructions-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	exe, err := os.Executable()
	if err != nil {
		return 0, err
	}
	cmd := exec.Command(valgrind, "--tool=callgrind", "--callgrind-out-file="+filepath.Join(dir, "out"),
		"--toggle-collect="+function, exe,
		"-values", strconv.Itoa(values), "-sync", strconv.Itoa(sync), "-consumers", strconv.Itoa(consumers))
	// callgrind does not survive the signals by which Go preempts
	cmd.Env = append(os.Environ(), "DATAHUB_DIR="+dir, "GODEBUG=asyncpreemptoff=1", "GOMAXPROCS=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, out)
	}
	m := collected.FindSubmatch(out)
	if m == nil {
		return 0, fmt.Errorf("callgrind does not say how many instructions it has seen:\n%s", out)
	}
	return strconv.Atoi(string(m[1]))
}

// publish writes values with consumers attached, of which the first reads them.
func publish(values, sync, consumers int) (err error) {
	debug.SetGCPercent(-1)
	s := syncs[sync]
	spec := &datablock.Spec{Schema: &SmallSchema, Policy: s.policy, Sync: s.sync, Consumers: 64, PageSize: 4096}
	if s.policy == datablock.Ring {
		spec.Capacity = capacity
	}
	p, err := datablock.Create[Small](spec, "count")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	var first *datablock.Consumer[Small]
	for i := range consumers {
		c, err := datablock.Attach[Small](spec, "count")
		if err != nil {
			return err
		}
		defer c.Close()
		if i == 0 {
			first = c
		}
	}
	if err := write(p, values); err != nil || first == nil || s.policy != datablock.Ring {
		return err
	}
	return read(first, values)
}

//go:noinline
func write(p *datablock.Producer[Small], values int) error {
	ctx := context.Background()
	for i := range values {
		v, err := p.Begin(ctx)
		if err != nil {
			return err
		}
		for j := range v.Words {
			v.Words[j] = uint64(i)
		}
		if err := p.Commit(); err != nil {
			return err
		}
	}
	return nil
}

//go:noinline
func read(c *datablock.Consumer[Small], values int) error {
	ctx := context.Background()
	for range values {
		if _, err := c.Next(ctx); err != nil {
			return err
		}
	}
	return c.Release()
}
