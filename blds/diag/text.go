package diag

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/pylabhub/datahub/blds/schema"
)

// maxSnippet is how many bytes of a long source line are shown before and
// after the marked place.
const maxSnippet = 100

type textPrinter struct {
	w     io.Writer
	src   *sources
	color bool
	max   int
}

const (
	bold   = "\x1b[1m"
	dim    = "\x1b[2m"
	red    = "\x1b[1;31m"
	yellow = "\x1b[1;33m"
	blue   = "\x1b[1;34m"
	cyan   = "\x1b[36m"
	reset  = "\x1b[0m"
)

func (p *textPrinter) paint(color, s string) string {
	if !p.color {
		return s
	}
	return color + s + reset
}

func severityColor(s Severity) string {
	switch s {
	case Error:
		return red
	case Warning:
		return yellow
	}
	return blue
}

// Print writes each diagnostic with the source it points at, then one line
// that sums up.
func (p *textPrinter) Print(ds []Diagnostic) error {
	if len(ds) == 0 {
		return nil
	}
	b := bufio.NewWriter(p.w)
	shown := ds
	if p.max > 0 && len(ds) > p.max {
		shown = ds[:p.max]
	}
	for _, d := range shown {
		color := severityColor(d.Severity)
		fmt.Fprintf(b, "%s%s %s\n", p.place(d.Pos), p.paint(color, heading(d)), clean(d.Message))
		p.snippet(b, d.Pos, color)
		if d.Remedy != "" {
			fmt.Fprintf(b, "  %s %s\n", p.paint(cyan, "help:"), clean(d.Remedy))
		}
		for _, n := range d.Notes {
			fmt.Fprintf(b, "%s%s %s\n", p.place(n.Pos), p.paint(blue, "note:"), clean(n.Message))
			p.snippet(b, n.Pos, blue)
		}
		fmt.Fprintln(b)
	}
	if n := len(ds) - len(shown); n > 0 {
		fmt.Fprintf(b, "... and %d more not shown\n", n)
	}
	fmt.Fprintf(b, "%s; \"blds-gen explain %s\" tells more\n", Summary(ds), worst(shown).Code)
	return b.Flush()
}

// heading returns the code of a diagnostic, with its severity if it is no error.
func heading(d Diagnostic) string {
	if d.Severity == Error {
		return string(d.Code) + ":"
	}
	return fmt.Sprintf("%s: %s:", d.Code, d.Severity)
}

// worst returns the first of the most severe diagnostics.
func worst(ds []Diagnostic) Diagnostic {
	return slices.MaxFunc(ds, func(a, b Diagnostic) int { return cmp.Compare(a.Severity, b.Severity) })
}

// place returns "file:line:col: ", as much of it as is known.
func (p *textPrinter) place(pos schema.Pos) string {
	s := clean(pos.File)
	switch {
	case s == "" && !pos.IsValid():
		return ""
	case pos.IsValid():
		s += fmt.Sprintf(":%d:%d", pos.Line, pos.Col)
	}
	return p.paint(bold, s+":") + " "
}

// snippet writes the source line and a caret under the place.
func (p *textPrinter) snippet(w io.Writer, pos schema.Pos, color string) {
	line, ok := p.src.line(pos)
	if !ok {
		return
	}
	from, to := pos.Col-1, min(pos.Col-1+max(pos.Len, 1), len(line))
	to = runeStart(line, min(to, from+maxSnippet))
	left, right := runeStart(line, max(from-maxSnippet, 0)), runeStart(line, min(to+maxSnippet, len(line)))
	left = min(left, from)
	before, indent := visible(line[left:from])
	marked, width := visible(line[from:to])
	after, _ := visible(line[to:right])
	if left > 0 {
		before, indent = "..."+before, indent+3
	}
	if right < len(line) {
		after += "..."
	}
	gutter := strconv.Itoa(pos.Line)
	shown := p.paint(dim, gutter+" |") + " " + before + marked + after
	fmt.Fprintf(w, "  %s\n", strings.TrimRight(shown, " "))
	fmt.Fprintf(w, "  %s %s%s\n", p.paint(dim, strings.Repeat(" ", len(gutter))+" |"),
		strings.Repeat(" ", indent), p.paint(color, strings.Repeat("^", max(width, 1))))
}

// runeStart returns the first place from i on where a character begins.
func runeStart(line []byte, i int) int {
	for i < len(line) && !utf8.RuneStart(line[i]) {
		i++
	}
	return i
}

// clean keeps a message on one line and free of characters that would act on a
// terminal.
func clean(s string) string {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' || c >= 0x7f {
			v, _ := visible([]byte(s))
			return v
		}
	}
	return s
}

// Summary returns the count of each severity, as in "2 errors, 1 warning".
func Summary(ds []Diagnostic) string {
	var parts []string
	for sev := Error; sev > Off; sev-- {
		n := 0
		for _, d := range ds {
			if d.Severity == sev {
				n++
			}
		}
		switch {
		case n == 1 || n > 0 && sev == Info:
			parts = append(parts, fmt.Sprintf("%d %s", n, sev))
		case n > 1:
			parts = append(parts, fmt.Sprintf("%d %ss", n, sev))
		}
	}
	return strings.Join(parts, ", ")
}
