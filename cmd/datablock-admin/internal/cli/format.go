package cli

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
	"unicode/utf8"

	"github.com/pylabhub/datahub/runtime/segment"
)

// A table prints rows in columns.
type table struct{ w *tabwriter.Writer }

func newTable(w io.Writer, columns ...string) *table {
	t := &table{tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)}
	t.row(columns...)
	return t
}

func (t *table) row(cells ...string) { fmt.Fprintln(t.w, strings.Join(cells, "\t")) }

func (t *table) flush() error { return t.w.Flush() }

// bytesText returns a size for people.
func bytesText(n uint64) string {
	const units = "KMGTPE"
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	f, i := float64(n)/1024, 0
	for ; f >= 1024 && i < len(units)-1; i++ {
		f /= 1024
	}
	return fmt.Sprintf("%.1f %ciB", f, units[i])
}

// ageText returns a span for people, rounded to what matters.
func ageText(d time.Duration) string {
	switch {
	case d >= time.Minute:
		return d.Round(time.Second).String()
	case d >= time.Second:
		return d.Round(100 * time.Millisecond).String()
	case d >= time.Millisecond:
		return d.Round(100 * time.Microsecond).String()
	}
	return d.Round(100 * time.Nanosecond).String()
}

// rateText returns a rate for people.
func rateText(v float64) string {
	switch {
	case v >= 1e6:
		return fmt.Sprintf("%.2fM/s", v/1e6)
	case v >= 1e4:
		return fmt.Sprintf("%.1fk/s", v/1e3)
	}
	return fmt.Sprintf("%.1f/s", v)
}

// clean returns a text that another process wrote, fit for a terminal.
func clean(s string) string {
	if utf8.ValidString(s) && strings.IndexFunc(s, steers) < 0 {
		return s
	}
	return fmt.Sprintf("%q", s)
}

// visible returns a text that another process wrote, with U+FFFD for what is no text:
// the exposition format of Prometheus does not escape it.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		if steers(r) {
			return utf8.RuneError
		}
		return r
	}, s)
}

// steers reports whether r steers a terminal.
func steers(r rune) bool { return r < ' ' || r == 0x7f || 0x80 <= r && r < 0xa0 }

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// A processJSON is a process in JSON.
type processJSON struct {
	PID     int       `json:"pid"`
	UID     int       `json:"uid"`
	Started time.Time `json:"started"`
	Program string    `json:"program"`
	Host    string    `json:"host,omitempty"`
}

func newProcessJSON(p segment.Process) *processJSON {
	if p == (segment.Process{}) || p.PID == 0 {
		return nil
	}
	return &processJSON{p.PID, p.UID, p.Started.UTC(), p.Program, p.Host}
}
