// Report makes a table of the raw lines of bench/peer and of the programs that
// measure other systems: for each measurement ours, and how many times as fast as
// each of the others it is (above 1: we are faster; for round trips that is their
// time over ours, for streams our rate over theirs).
//
//	report [-markdown] raw.tsv...
//
// A raw line has the columns of bench/peer, and may have one more, the time of a
// plain round trip just before in nanoseconds. Where that is high, the host had put
// the two processors far apart: such lines count only if a measurement has no other.
// What counts is the median.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

// near is the longest plain round trip, in nanoseconds, of processors that share a
// cache.
const near = 350

// ours begins the names of our programs.
const ours = "datahub"

// columns are the peers with a column of their own; the others share one.
var columns = []string{"limit-go", "limit-c", "iceoryx"}

// A work is what was measured.
type work struct {
	test, mode      string
	size, consumers int
}

// values are the main figures of one peer at one work.
type values struct{ near, far []float64 }

func (v *values) median() float64 {
	list := v.near
	if len(list) == 0 {
		list = v.far
	}
	slices.Sort(list)
	if n := len(list); n%2 == 0 {
		return (list[n/2-1] + list[n/2]) / 2
	}
	return list[len(list)/2]
}

// results are all raw lines.
type results struct {
	figures map[work]map[string]*values
	works   []work   // in the order of the raw lines
	peers   []string // likewise
	lost    map[string]uint64
}

func main() {
	markdown := flag.Bool("markdown", false, "print a table for a document")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: report [-markdown] raw.tsv...")
		flag.PrintDefaults()
	}
	flag.Parse()
	if err := run(flag.Args(), *markdown); err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(1)
	}
}

func run(names []string, markdown bool) error {
	if len(names) == 0 {
		return fmt.Errorf("no files: give the raw lines of a run")
	}
	r := &results{figures: make(map[work]map[string]*values), lost: make(map[string]uint64)}
	for _, name := range names {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		err = r.read(f)
		f.Close()
		if err != nil {
			return fmt.Errorf("%s:%w", name, err)
		}
	}
	return r.print(os.Stdout, markdown)
}

// read takes the lines of one file.
func (r *results) read(in io.Reader) error {
	s := bufio.NewScanner(in)
	for n := 1; s.Scan(); n++ {
		if err := r.line(strings.Split(s.Text(), "\t")); err != nil {
			return fmt.Errorf("%d: %w", n, err)
		}
	}
	return s.Err()
}

// Columns of a raw line.
const (
	colPeer = iota
	colTest
	colMode
	colSize
	colConsumers
	colCount
	colP50
	_
	_
	colRate
	_
	colLost
	_
	colNote
	colProbe
)

func (r *results) line(f []string) error {
	if len(f) <= colNote {
		return fmt.Errorf("%d columns, want %d or more", len(f), colNote+1)
	}
	w, main := work{test: f[colTest], mode: f[colMode]}, colP50
	switch w.test {
	case "pp":
	case "tp":
		main = colRate
	default:
		return nil // memcpy, wake: of the limit programs only
	}
	var err error
	number := func(col int) float64 {
		v, e := strconv.ParseFloat(f[col], 64)
		if e != nil && err == nil {
			err = fmt.Errorf("column %d: %w", col+1, e)
		}
		return v
	}
	w.size, w.consumers = int(number(colSize)), int(number(colConsumers))
	v, lost, probe := number(main), number(colLost), 0.0
	if len(f) > colProbe {
		probe = number(colProbe)
	}
	if err != nil {
		return err
	}
	r.add(w, f[colPeer], v, probe > near)
	r.lost[f[colPeer]] += uint64(lost)
	return nil
}

func (r *results) add(w work, peer string, v float64, far bool) {
	if r.figures[w] == nil {
		r.figures[w] = make(map[string]*values)
		r.works = append(r.works, w)
	}
	if r.figures[w][peer] == nil {
		r.figures[w][peer] = new(values)
	}
	if !slices.Contains(r.peers, peer) {
		r.peers = append(r.peers, peer)
	}
	if p := r.figures[w][peer]; far {
		p.far = append(p.far, v)
	} else {
		p.near = append(p.near, v)
	}
}

// print writes a row for each work of ours.
func (r *results) print(out io.Writer, markdown bool) error {
	head := append([]string{"", "waiting", "bytes", "consumers", "ours"}, columns...)
	rows := [][]string{append(head, "best other")}
	for _, peer := range r.peers {
		if !strings.HasPrefix(peer, ours) {
			continue
		}
		for _, w := range r.works {
			if r.figures[w][peer] != nil {
				rows = append(rows, r.row(w, peer))
			}
		}
	}
	if len(rows) == 1 {
		return fmt.Errorf("no line of %s", ours)
	}
	write := table
	if markdown {
		write = document
	}
	if err := write(out, rows); err != nil {
		return err
	}
	for _, peer := range r.peers {
		if n := r.lost[peer]; n != 0 {
			fmt.Fprintf(out, "%s lost, tore or repeated %d messages\n", peer, n)
		}
	}
	return nil
}

func (r *results) row(w work, peer string) []string {
	figures := r.figures[w]
	mine := figures[peer].median()
	what := map[string]string{"pp": "round trip", "tp": "stream"}[w.test] + strings.TrimPrefix(peer, ours)
	row := []string{what, w.mode, strconv.Itoa(w.size), strconv.Itoa(w.consumers), w.figure(mine)}
	for _, c := range columns {
		cell := "-"
		if v := figures[c]; v != nil {
			cell = w.compare(mine, v.median())
		}
		row = append(row, cell)
	}
	best, name := 0.0, ""
	for p, v := range figures {
		if strings.HasPrefix(p, ours) || strings.HasPrefix(p, "limit-") || slices.Contains(columns, p) {
			continue
		}
		if m := v.median(); name == "" || w.ratio(m, best) > 1 {
			best, name = m, p
		}
	}
	if name == "" {
		return append(row, "-")
	}
	return append(row, name+" "+w.compare(mine, best))
}

// ratio is how many times as fast as b a is.
func (w work) ratio(a, b float64) float64 {
	if w.test == "tp" {
		return a / b
	}
	return b / a
}

// compare returns a figure of somebody else, and how many times as fast mine is.
func (w work) compare(mine, other float64) string {
	return fmt.Sprintf("%s (%.2f)", w.figure(other), w.ratio(mine, other))
}

// figure returns a time or a rate with three digits.
func (w work) figure(v float64) string {
	unit := " us"
	if w.test == "tp" {
		switch unit = " /s"; {
		case v >= 1e6:
			v, unit = v/1e6, " M/s"
		case v >= 1e3:
			v, unit = v/1e3, " k/s"
		}
	}
	switch {
	case v < 1:
		return strconv.FormatFloat(v, 'f', 3, 64) + unit
	case v < 10:
		return strconv.FormatFloat(v, 'f', 2, 64) + unit
	case v < 100:
		return strconv.FormatFloat(v, 'f', 1, 64) + unit
	}
	return strconv.FormatFloat(v, 'f', 0, 64) + unit
}

func table(out io.Writer, rows [][]string) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	return w.Flush()
}

func document(out io.Writer, rows [][]string) error {
	for i, row := range rows {
		if _, err := fmt.Fprintf(out, "| %s |\n", strings.Join(row, " | ")); err != nil {
			return err
		}
		if i == 0 {
			fmt.Fprintf(out, "|%s\n", strings.Repeat("---|", len(row)))
		}
	}
	return nil
}
