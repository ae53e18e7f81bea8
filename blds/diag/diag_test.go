package diag

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
	"github.com/pylabhub/datahub/blds/schema"
)

var update = flag.Bool("update", false, "rewrite golden files")

// files are the sources the samples point into.
var files = map[string]string{
	"a.blds": "namespace lab\nschema Tick version 1.0.0 {\n\tpx\ti64 @offset(4)\r\n  日本 = \"ß\" q u8\n}\n",
	"b.blds": strings.Repeat("x", 500) + "bad" + strings.Repeat("y", 500) + "\n" + "evil \x1b[2J \u202e back \xff end\n",
}

func read(name string) ([]byte, error) {
	if s, ok := files[name]; ok {
		return []byte(s), nil
	}
	return nil, errors.New("no such file")
}

func sample() []schema.Problem {
	at := func(file string, line, col, n int) schema.Pos {
		return schema.Pos{File: file, Line: line, Col: col, Len: n}
	}
	return []schema.Problem{
		{Code: "BLDS0602", Pos: at("b.blds", 2, 6, 1), Message: "control characters are spelled out: \x1b[2J"},
		{Code: "BLDS0312", Pos: at("a.blds", 3, 2, 2), Message: `field "px" overlaps field "seq"`, Remedy: "use @offset(8)",
			Notes: []schema.Note{{Pos: at("a.blds", 2, 8, 4), Message: "100% of it, here"}}},
		{Code: "BLDS0312", Pos: at("a.blds", 3, 2, 2), Message: `field "px" overlaps field "seq"`},
		{Code: "BLDS0201", Pos: at("a.blds", 4, 19, 1), Message: "after wide characters"},
		{Code: "BLDS0201", Pos: at("a.blds", 4, 3, 6), Message: "on wide characters"},
		{Code: "BLDS0201", Pos: at("a.blds", 5, 2, 1), Message: "at the end of the line"},
		{Code: "BLDS0201", Pos: at("b.blds", 1, 501, 3), Message: "in a long line"},
		{Code: "BLDS0201", Pos: at("b.blds", 1, 2, 900), Message: "a long part of a long line"},
		{Code: "BLDS0605", Pos: at("a.blds", 2, 8, 4), Message: "advice"},
		{Code: "BLDS0002", Pos: schema.Pos{File: "gone, or not:.blds"}, Message: "no such file"},
		{Code: "BLDS0001", Message: "no place at all", Remedy: "first line\nsecond line"},
		{Code: "BLDS0201", Pos: at("/abs/x y.blds", 1, 1, 1), Message: "in an absolute path"},
		{Code: "BLDS0201", Pos: at("a.blds", 99, 1, 1), Message: "beyond the end of the file"},
	}
}

func TestPrintersShowEachDiagnosticOnceInOrder(t *testing.T) {
	ds := Grade(sample(), nil)
	for _, format := range Formats() {
		t.Run(format, func(t *testing.T) {
			var b bytes.Buffer
			p, err := NewPrinter(format, &b, Options{Source: read, Tool: "blds-gen", Version: "v1.2.3"})
			if err != nil {
				t.Fatal(err)
			}
			if err := p.Print(ds); err != nil {
				t.Fatal(err)
			}
			golden(t, filepath.Join("testdata", format+".golden"), b.Bytes())
		})
	}
}

func TestTextInColourAndCutShort(t *testing.T) {
	var b bytes.Buffer
	p, _ := NewPrinter("text", &b, Options{Source: read, Color: true, Max: 3})
	if err := p.Print(Grade(sample(), nil)); err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/color.golden", b.Bytes())
}

func TestNothingToReportIsAValidDocument(t *testing.T) {
	for format, want := range map[string]string{"text": "", "github": "", "json": "[]\n"} {
		var b bytes.Buffer
		p, _ := NewPrinter(format, &b, Options{})
		if err := p.Print(nil); err != nil || b.String() != want {
			t.Errorf("%s: got %q, %v; want %q", format, b.String(), err, want)
		}
	}
}

func TestSarifIsValidAgainstItsSchema(t *testing.T) {
	for name, problems := range map[string][]schema.Problem{"some": sample(), "none": nil} {
		var b bytes.Buffer
		p, _ := NewPrinter("sarif", &b, Options{Source: read, Tool: "blds-gen"})
		if err := p.Print(Grade(problems, nil)); err != nil {
			t.Fatal(err)
		}
		report, err := sarif.FromBytes(b.Bytes())
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := report.Validate(); err != nil {
			t.Errorf("%s: not valid SARIF 2.1.0: %v", name, err)
		}
		var doc struct {
			Runs []struct{ Results []json.RawMessage }
		}
		if err := json.Unmarshal(b.Bytes(), &doc); err != nil || len(doc.Runs) != 1 {
			t.Errorf("%s: got %d runs, %v; want 1", name, len(doc.Runs), err)
		}
	}
}

func TestUnknownFormatIsRefused(t *testing.T) {
	if _, err := NewPrinter("xml", nil, Options{}); err == nil {
		t.Error("got no error for format xml")
	}
}

func TestGradeFollowsLevelsAndDropsWhatIsOff(t *testing.T) {
	problems := []schema.Problem{{Code: schema.CodeMissingDoc}, {Code: schema.CodeFieldOrder}, {Code: "BLDS0312"}}
	ds := Grade(problems, map[schema.Code]Severity{schema.CodeMissingDoc: Error, schema.CodeFieldOrder: Off})
	if len(ds) != 2 || Count(ds, Error) != 2 {
		t.Errorf("got %v, want the two errors", ds)
	}
	ds = Grade(problems, nil)
	if got := []int{Count(ds, Info), Count(ds, Warning), Count(ds, Error)}; !cmp.Equal(got, []int{3, 2, 1}) {
		t.Errorf("got counts %v, want [3 2 1]", got)
	}
	if got, want := Summary(ds), "1 error, 1 warning, 1 info"; got != want {
		t.Errorf("got summary %q, want %q", got, want)
	}
}

func TestSeverityNamesReadBack(t *testing.T) {
	for _, name := range SeverityNames() {
		if s, ok := ParseSeverity(name); !ok || s.String() != name {
			t.Errorf("%q read back as %v, %v", name, s, ok)
		}
	}
	if _, ok := ParseSeverity("fatal"); ok {
		t.Error("ParseSeverity accepts fatal")
	}
}

func TestEveryExplanationHasTitleTextAndExample(t *testing.T) {
	for _, code := range Codes() {
		text, ok := Explain(code)
		if !ok || !strings.HasPrefix(text, "# "+string(code)+": ") || Title(code) == "" {
			t.Errorf("%s: the first line is not \"# %s: title\"", code, code)
		}
		if strings.Count(text, "\n\n") < 1 || !strings.HasSuffix(text, "\n") || strings.HasSuffix(text, "\n\n") {
			t.Errorf("%s: want a title, a paragraph and one newline at the end", code)
		}
		if strings.Count(text, "```")%2 != 0 {
			t.Errorf("%s: a code fence is not closed", code)
		}
	}
	if _, ok := Explain("BLDS9999"); ok {
		t.Error("Explain knows BLDS9999")
	}
}

func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}
