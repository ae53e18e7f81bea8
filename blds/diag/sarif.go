package diag

import (
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
	"github.com/pylabhub/datahub/blds/schema"
)

// sarifPrinter writes a SARIF 2.1.0 log with one run.
type sarifPrinter struct {
	w             io.Writer
	src           *sources
	tool, version string
}

// srcRoot is the name SARIF viewers know for the folder the tool ran in.
const srcRoot = "%SRCROOT%"

var sarifLevel = map[Severity]string{Error: "error", Warning: "warning", Info: "note"}

// Print writes the log. A run without diagnostics is a valid log with no
// results.
func (p *sarifPrinter) Print(ds []Diagnostic) error {
	driver := sarif.NewToolComponent().WithName(p.tool).WithInformationURI("https://github.com/pylabhub/datahub")
	if p.version != "" {
		driver.WithVersion(p.version)
	}
	run := sarif.NewRun().WithTool(sarif.NewTool().WithDriver(driver))
	run.WithColumnKind("unicodeCodePoints")
	rules := map[schema.Code]bool{}
	for _, d := range ds {
		if !rules[d.Code] {
			rules[d.Code] = true
			rule := run.AddRule(string(d.Code)).
				WithName(string(d.Code)).
				WithDefaultConfiguration(sarif.NewReportingConfiguration().WithLevel(sarifLevel[DefaultSeverity(d.Code)]))
			if text, ok := Explain(d.Code); ok {
				rule.WithShortDescription(sarif.NewMultiformatMessageString().WithText(Title(d.Code))).
					WithHelp(sarif.NewMultiformatMessageString().WithText(text).WithMarkdown(text))
			}
		}
		text := d.Message
		if d.Remedy != "" {
			text += " (" + d.Remedy + ")"
		}
		res := run.CreateResultForRule(string(d.Code)).
			WithLevel(sarifLevel[d.Severity]).
			WithMessage(sarif.NewTextMessage(text))
		if d.Pos.File != "" {
			res.AddLocation(p.location(d.Pos))
		}
		for i, n := range d.Notes {
			if n.Pos.File != "" {
				res.AddRelatedLocation(p.location(n.Pos).WithID(i + 1).WithMessage(sarif.NewTextMessage(n.Message)))
			}
		}
	}
	report := sarif.NewReport()
	report.AddRun(run)
	if err := report.PrettyWrite(p.w); err != nil {
		return err
	}
	_, err := fmt.Fprintln(p.w)
	return err
}

func (p *sarifPrinter) location(pos schema.Pos) *sarif.Location {
	uri := url.URL{Path: filepath.ToSlash(pos.File)}
	artifact := sarif.NewArtifactLocation()
	if filepath.IsAbs(pos.File) {
		uri.Scheme = "file"
		uri.Path = "/" + strings.TrimPrefix(uri.Path, "/") // C:/x has none
	} else {
		artifact.WithURIBaseID(srcRoot)
	}
	artifact.WithURI(uri.String())
	phys := sarif.NewPhysicalLocation().WithArtifactLocation(artifact)
	if pos.IsValid() {
		start, end := p.src.columns(pos)
		phys.WithRegion(sarif.NewRegion().WithStartLine(pos.Line).WithStartColumn(start).WithEndLine(pos.Line).WithEndColumn(end))
	}
	return sarif.NewLocation().WithPhysicalLocation(phys)
}
