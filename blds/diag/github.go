package diag

import (
	"bufio"
	"fmt"
	"io"
	"path/filepath"
	"strings"
)

// githubPrinter writes workflow commands, which GitHub shows as annotations
// beside the changed lines.
type githubPrinter struct {
	w   io.Writer
	src *sources
}

var (
	githubData     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	githubProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	githubLevel    = map[Severity]string{Error: "error", Warning: "warning", Info: "notice"}
)

// Print writes one line per diagnostic.
func (p *githubPrinter) Print(ds []Diagnostic) error {
	b := bufio.NewWriter(p.w)
	for _, d := range ds {
		fmt.Fprintf(b, "::%s ", githubLevel[d.Severity])
		if d.Pos.File != "" {
			fmt.Fprintf(b, "file=%s,", githubProperty.Replace(filepath.ToSlash(d.Pos.File)))
		}
		if d.Pos.IsValid() {
			start, end := p.src.columns(d.Pos)
			fmt.Fprintf(b, "line=%d,endLine=%d,col=%d,endColumn=%d,", d.Pos.Line, d.Pos.Line, start, end)
		}
		text := d.Message
		if d.Remedy != "" {
			text += "\nhelp: " + d.Remedy
		}
		for _, n := range d.Notes {
			text += "\nnote: " + n.Message
			if n.Pos.IsValid() {
				text += fmt.Sprintf(" (%s:%d:%d)", n.Pos.File, n.Pos.Line, n.Pos.Col)
			}
		}
		fmt.Fprintf(b, "title=%s::%s\n", d.Code, githubData.Replace(text))
	}
	return b.Flush()
}
