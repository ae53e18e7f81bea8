package main

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// warmUp is the part of the samples at the beginning that does not count: heaps and
// pools fill.
const warmUp = 20 // 1/20

// A limit says how much the median of the last quarter may be above that of the
// first.
type limit struct {
	column   int
	name     string
	absolute int64
	percent  int64
}

var limits = []limit{
	{atRSS, "resident memory of those that live on, KiB", 2048, 10},
	{atDescriptors, "their descriptors", 0, 0},
	{atThreads, "their threads", 6, 0}, // of three processes that share two processors with many
	{atFiles, "files of the blocks", 0, 0},
	{atBytes, "bytes of the blocks", 0, 0},
	{atPlaces, "places that are taken", 1, 0},
}

// judge prints the table and the verdict, which is its error.
func (l *record) judge() error {
	rows := l.rows[len(l.rows)/warmUp:]
	if len(rows) < 8 {
		return fmt.Errorf("%d samples are too few for a verdict", len(rows))
	}
	quarter := len(rows) / 4
	first, last := rows[:quarter], rows[len(rows)-quarter:]
	end := rows[len(rows)-1]
	fmt.Printf("\n%v, %d kills, %d values written, %d read, %d deaths dealt with in the blocks, seed %d\n\n",
		time.Duration(end[atSeconds])*time.Second, end[atKills], end[atValues], end[atRead], end[atRecoveries], l.set.seed)
	fmt.Println("| | first quarter | last quarter | highest | per hour | |")
	fmt.Println("|---|---:|---:|---:|---:|---|")
	var bad []error
	for _, m := range limits {
		a, b := median(first, m.column), median(last, m.column)
		slope := slope(rows, m.column) * 3600
		verdict := "flat"
		if b > a+max(m.absolute, a*m.percent/100) {
			verdict = "GROWS"
			bad = append(bad, fmt.Errorf("%s: %d in the first quarter, %d in the last", m.name, a, b))
		}
		fmt.Printf("| %s | %d | %d | %d | %+.2f | %s |\n", m.name, a, b, highest(rows, m.column), slope, verdict)
	}
	if n := end[atErrors]; n != 0 {
		bad = append(bad, fmt.Errorf("%d checksum failures and consumers that lost their place for nonsense", n))
	}
	if most := highest(rows, atPlaces); most > int64(places()) {
		bad = append(bad, fmt.Errorf("%d places are taken of %d", most, places()))
	}
	if end[atKills] > 10 && end[atRecoveries] == 0 {
		bad = append(bad, errors.New("many died and nobody was missed: the kills hit nothing"))
	}
	seconds := max(1, end[atSeconds]-rows[0][atSeconds])
	fmt.Printf("\nThose that live on used %.1f %% of a processor.\n", float64(end[atCPU]-rows[0][atCPU])/float64(seconds)/10)
	if len(bad) == 0 {
		fmt.Println("Verdict: nothing torn, lost, stuck or leaked.")
	}
	return errors.Join(bad...)
}

func column(rows [][]int64, i int) []int64 {
	c := make([]int64, len(rows))
	for k, r := range rows {
		c[k] = r[i]
	}
	return c
}

func median(rows [][]int64, i int) int64 {
	c := column(rows, i)
	slices.Sort(c)
	return c[len(c)/2]
}

func highest(rows [][]int64, i int) int64 { return slices.Max(column(rows, i)) }

// slope returns by how much a column grows in a second, by least squares.
func slope(rows [][]int64, i int) float64 {
	var n, x, y, xx, xy float64
	for _, r := range rows {
		a, b := float64(r[atSeconds]), float64(r[i])
		n, x, y, xx, xy = n+1, x+a, y+b, xx+a*a, xy+a*b
	}
	if d := n*xx - x*x; d != 0 {
		return (n*xy - x*y) / d
	}
	return 0
}
