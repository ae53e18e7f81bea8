package diag

import (
	"embed"
	"io/fs"
	"slices"
	"strings"

	"github.com/pylabhub/datahub/blds/schema"
)

// The long texts, one file per code, written by whoever owns the code.
//
//go:embed explain/BLDS*.md
var texts embed.FS

// Explain returns what there is to say about a code, in Markdown: what it
// means, why it is refused and how to mend it.
func Explain(code schema.Code) (string, bool) {
	b, err := texts.ReadFile("explain/" + string(code) + ".md")
	return string(b), err == nil
}

// Title returns the first line of a code's explanation without the code.
func Title(code schema.Code) string {
	text, _ := Explain(code)
	line, _, _ := strings.Cut(text, "\n")
	_, title, _ := strings.Cut(line, ": ")
	return strings.TrimSpace(title)
}

// Codes returns every code that has an explanation, in order.
func Codes() []schema.Code {
	names, err := fs.Glob(texts, "explain/*.md")
	if err != nil {
		return nil // only a malformed pattern fails
	}
	codes := make([]schema.Code, len(names))
	for i, name := range names {
		codes[i] = schema.Code(strings.TrimSuffix(strings.TrimPrefix(name, "explain/"), ".md"))
	}
	slices.Sort(codes)
	return codes
}
