package diag

import (
	"encoding/json"
	"io"

	"github.com/pylabhub/datahub/blds/schema"
)

type jsonPrinter struct{ w io.Writer }

// jsonPlace is a position in JSON output. Line and Column count from 1, Column
// and Length in bytes; they are left out where there is no place in the file.
type jsonPlace struct {
	File   string `json:"file,omitempty"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
	Length int    `json:"length,omitempty"`
}

type jsonNote struct {
	jsonPlace
	Message string `json:"message"`
}

type jsonDiagnostic struct {
	Code     schema.Code `json:"code"`
	Severity string      `json:"severity"`
	jsonPlace
	Message string     `json:"message"`
	Remedy  string     `json:"remedy,omitempty"`
	Notes   []jsonNote `json:"notes,omitempty"`
}

func placeOf(p schema.Pos) jsonPlace {
	if !p.IsValid() {
		return jsonPlace{File: p.File}
	}
	return jsonPlace{p.File, p.Line, p.Col, max(p.Len, 1)}
}

// Print writes one array, empty if there is nothing to report.
func (p *jsonPrinter) Print(ds []Diagnostic) error {
	out := make([]jsonDiagnostic, len(ds))
	for i, d := range ds {
		out[i] = jsonDiagnostic{d.Code, d.Severity.String(), placeOf(d.Pos), d.Message, d.Remedy, nil}
		for _, n := range d.Notes {
			out[i].Notes = append(out[i].Notes, jsonNote{placeOf(n.Pos), n.Message})
		}
	}
	enc := json.NewEncoder(p.w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(out)
}
