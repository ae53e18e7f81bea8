package main

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

// table runs this program for all sizes and modes. The raw lines go to standard
// error, the table to standard output.
func table(o *options) error {
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "size\twaiting\tround trip p50\tp99\tp99.9\tstream msg/s\tGB/s\tin batches msg/s\tlost\t")
	for _, size := range []int{64, 1 << 10, 64 << 10, 1 << 20, 4 << 20} {
		for _, mode := range []string{"busy", "block"} {
			common := []string{"-mode", mode, "-size", strconv.Itoa(size), "-ms", strconv.Itoa(o.ms)}
			batch := "4"
			if size <= 1024 {
				batch = "16"
			}
			pp, err := median(exe, o.repeat, 6, append(common, "-test", "pp"))
			if err != nil {
				return err
			}
			tp, err := median(exe, o.repeat, 9, append(common, "-test", "tp"))
			if err != nil {
				return err
			}
			batches, err := median(exe, o.repeat, 9, append(common, "-test", "tp", "-batch", batch))
			if err != nil {
				return err
			}
			fmt.Fprintf(w, "%d\t%s\t%s us\t%s us\t%s us\t%s\t%s\t%s\t%s\t\n",
				size, mode, pp[6], pp[7], pp[8], tp[9], tp[10], batches[9], tp[11])
		}
	}
	return w.Flush()
}

// median runs exe several times and returns the columns of the run that is in the
// middle by column key.
func median(exe string, runs, key int, args []string) ([]string, error) {
	var rows [][]string
	for range runs {
		cmd := exec.Command(exe, args...)
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", strings.Join(args, " "), err)
		}
		os.Stderr.Write(out)
		rows = append(rows, strings.Split(strings.TrimSpace(string(out)), "\t"))
	}
	value := func(row []string) float64 { f, _ := strconv.ParseFloat(row[key], 64); return f } // our own print
	slices.SortFunc(rows, func(a, b []string) int { return int(1000 * (value(a) - value(b))) })
	return rows[len(rows)/2], nil
}
