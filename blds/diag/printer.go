package diag

import (
	"fmt"
	"io"
	"os"
)

// A Printer writes diagnostics in one format. The list is written whole by one
// call; a second call would not make a valid document in every format.
type Printer interface {
	Print(ds []Diagnostic) error
}

// Options tell a printer what it cannot know by itself.
type Options struct {
	// Source returns the text of a file as named in a position; nil reads the
	// file. An error leaves the snippet out.
	Source func(file string) ([]byte, error)
	// Color adds terminal colours; text only.
	Color bool
	// Max is the largest number of diagnostics shown, 0 for all; text only.
	Max int
	// Tool and Version name the program in SARIF.
	Tool, Version string
}

// Formats returns the names NewPrinter knows.
func Formats() []string { return []string{"text", "json", "github", "sarif"} }

// NewPrinter returns the printer of the named format.
func NewPrinter(format string, w io.Writer, opts Options) (Printer, error) {
	if opts.Source == nil {
		opts.Source = os.ReadFile
	}
	src := &sources{read: opts.Source}
	switch format {
	case "text":
		return &textPrinter{w: w, src: src, color: opts.Color, max: opts.Max}, nil
	case "json":
		return &jsonPrinter{w: w}, nil
	case "github":
		return &githubPrinter{w: w, src: src}, nil
	case "sarif":
		return &sarifPrinter{w: w, src: src, tool: opts.Tool, version: opts.Version}, nil
	}
	return nil, fmt.Errorf("unknown format %q", format)
}
