package main

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/pylabhub/datahub/runtime/datablock"
)

// columns are what is measured in each sample.
var columns = []string{"seconds", "kills", "values", "read", "recoveries", "errors",
	"rss_kib", "descriptors", "threads", "files", "bytes", "places", "cpu_ms"}

// Their numbers.
const (
	atSeconds = iota
	atKills
	atValues
	atRead
	atRecoveries
	atErrors
	atRSS
	atDescriptors
	atThreads
	atFiles
	atBytes
	atPlaces
	atCPU
)

// A record holds all samples.
type record struct {
	crew  *crew
	set   *settings
	start time.Time
	rows  [][]int64
	shown time.Time
	raw   *os.File
}

func newLog(c *crew, s *settings) (*record, error) {
	l := &record{crew: c, set: s, start: time.Now()}
	if s.output == "" {
		return l, nil
	}
	var err error
	if l.raw, err = os.Create(s.output); err == nil {
		_, err = fmt.Fprintln(l.raw, strings.Join(columns, "\t"))
	}
	return l, err
}

func (l *record) close() {
	if l.raw != nil {
		l.raw.Close()
	}
}

// sample measures, and prints a row every minute.
func (l *record) sample() error {
	now := time.Now()
	row := make([]int64, len(columns))
	row[atSeconds], row[atKills] = int64(now.Sub(l.start).Seconds()), int64(l.crew.kills)
	for i := range channels {
		m, err := datablock.MetricsOf(channels[i].name, datablock.Root(filepath.Join(l.crew.dir, "root")))
		if errors.Is(err, datablock.ErrNotFound) {
			continue // its first producer was killed before it was there
		}
		if err != nil {
			return fmt.Errorf("metrics of %s: %w", channels[i].name, err)
		}
		row[atValues] += int64(m.CommitIndex)
		row[atRead] += int64(m.Read)
		row[atRecoveries] += int64(m.Recoveries())
		row[atErrors] += int64(m.ChecksumFailures + m.Detached)
		for _, c := range m.Consumers {
			if c.Attached {
				row[atPlaces]++
			}
		}
	}
	for _, h := range l.crew.all {
		if h.lasting {
			if err := measure(h.cmd.Process.Pid, row); err != nil {
				return err
			}
		}
	}
	if err := l.files(row); err != nil {
		return err
	}
	l.rows = append(l.rows, row)
	if l.raw != nil {
		if _, err := fmt.Fprintln(l.raw, join(row, "\t")); err != nil {
			return err
		}
	}
	if len(l.rows) == 1 {
		fmt.Println(pad(columns))
	}
	if now.Sub(l.shown) >= time.Minute || len(l.rows) == 1 {
		l.shown = now
		fmt.Println(pad(strings.Split(join(row, " "), " ")))
	}
	if h, d := l.crew.stuck(now); h != nil {
		return fmt.Errorf("%s has made no progress for %v", h.role, d.Round(time.Second))
	}
	return nil
}

// measure adds what a process that lives on has. Where there is no /proc it adds
// nothing.
func measure(pid int, row []int64) error {
	dir := fmt.Sprintf("/proc/%d/", pid)
	f, err := os.Open(dir + "status")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		key, text, _ := strings.Cut(s.Text(), ":")
		at, ok := map[string]int{"VmRSS": atRSS, "Threads": atThreads}[key]
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(strings.Fields(text)[0], 10, 64)
		if err != nil {
			return err
		}
		row[at] += n
	}
	open, err := os.ReadDir(dir + "fd")
	if err != nil {
		return err
	}
	row[atDescriptors] += int64(len(open))
	stat, err := os.ReadFile(dir + "stat")
	if err != nil {
		return err
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	for _, i := range []int{11, 12} { // user and system time, in hundredths of a second
		n, err := strconv.ParseInt(strings.Fields(rest)[i], 10, 64)
		if err != nil {
			return err
		}
		row[atCPU] += 10 * n
	}
	return nil
}

// files counts the files of all blocks, and their bytes.
func (l *record) files(row []int64) error {
	return filepath.WalkDir(filepath.Join(l.crew.dir, "root"), func(_ string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // a block that was just renamed
		}
		if err != nil || e.IsDir() {
			return err
		}
		if info, err := e.Info(); err == nil { // else the same
			row[atFiles]++
			row[atBytes] += info.Size()
		}
		return nil
	})
}

func join(row []int64, by string) string {
	s := make([]string, len(row))
	for i, v := range row {
		s[i] = strconv.FormatInt(v, 10)
	}
	return strings.Join(s, by)
}

// pad makes columns of equal width.
func pad(cells []string) string {
	var b strings.Builder
	for i, c := range cells {
		fmt.Fprintf(&b, "%*s", max(9, len(columns[i])+1), c)
	}
	return b.String()
}
