package diag

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/pylabhub/datahub/blds/schema"
)

// ranges are the kinds of codes, as package schema lists them.
var ranges = []struct{ prefix, title string }{
	{"BLDS00", "Files, configuration, command line"},
	{"BLDS01", "Changes between versions"},
	{"BLDS02", ".blds text"},
	{"BLDS03", "Names, types, layout, limits"},
	{"BLDS04", "Annotated Go"},
	{"BLDS05", "Channels"},
	{"BLDS06", "Lint: accepted, but doubtful"},
	{"BLDS07", "Generated output"},
}

const docHead = `<!-- Made from blds/diag/explain by "go test ./blds/diag -update". -->

# Diagnostics

Every problem that blds-gen reports has a code. A code never changes its meaning
and is never used again for another. ` + "`blds-gen explain CODE`" + ` prints what stands
here; [blds-gen.md](blds-gen.md) tells how problems are printed, ignored and given
another severity.

`

// TestDiagnosticsDocHoldsEveryExplanation holds docs/diagnostics.md to the
// explanations; -update writes it anew.
func TestDiagnosticsDocHoldsEveryExplanation(t *testing.T) {
	var index, body strings.Builder
	n := 0
	for _, r := range ranges {
		first := true
		for _, code := range Codes() {
			if !strings.HasPrefix(string(code), r.prefix) {
				continue
			}
			n++
			if first {
				fmt.Fprintf(&index, "\n**%s**\n\n", r.title)
				fmt.Fprintf(&body, "\n## %s\n", r.title)
				first = false
			}
			fmt.Fprintf(&index, "- [%s](#%s) %s\n", code, strings.ToLower(string(code)), Title(code))
			fmt.Fprintf(&body, "\n%s", section(code))
		}
	}
	if n != len(Codes()) {
		t.Errorf("%d of %d codes are in a known range", n, len(Codes()))
	}
	const file = "../../docs/diagnostics.md"
	text := docHead + strings.TrimPrefix(index.String(), "\n") + body.String()
	if have, err := os.ReadFile(file); !*update && (err != nil || string(have) != text) {
		t.Fatalf("%s is not what the explanations give: run \"go test ./blds/diag -update\"", file)
	}
	golden(t, file, []byte(text))
}

// section returns an explanation as a part of the document. Its heading is the
// code alone, so that links to it stay short and last.
func section(code schema.Code) string {
	text, _ := Explain(code)
	_, rest, _ := strings.Cut(text, "\n")
	severity := ""
	if sev := DefaultSeverity(code); sev != Error {
		severity = " (" + sev.String() + ")"
	}
	return fmt.Sprintf("### %s\n\n**%s**%s\n%s", code, Title(code), severity, rest)
}
