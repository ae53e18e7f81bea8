package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pylabhub/datahub/blds/diag"
	"github.com/pylabhub/datahub/blds/schema"
)

func TestParseReadsAllKeys(t *testing.T) {
	cfg, problems := Parse("c.yaml", []byte(`# comment
outputs:
  lab: internal/lab
  lab.weather: internal/roof/
targets: [go]
severities:
  BLDS0605: off
  BLDS0601: error
`))
	if problems != nil {
		t.Fatal(problems)
	}
	want := &Config{
		Outputs:    map[string]string{"lab": "internal/lab", "lab.weather": "internal/roof"},
		Targets:    []string{"go"},
		Severities: map[schema.Code]diag.Severity{"BLDS0605": diag.Off, "BLDS0601": diag.Error},
	}
	if diff := cmp.Diff(want, cfg); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for ns, dir := range map[string]string{"lab": "internal/lab", "lab.x.y": "internal/lab/x/y", "lab.weather": "internal/roof", "lab.weather.a": "internal/roof/a", "laboratory": "", "other": ""} {
		if got, ok := cfg.Output(ns); got != dir || ok != (dir != "") {
			t.Errorf("Output(%q) = %q, %v; want %q", ns, got, ok, dir)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, tc := range []struct{ text, want string }{
		{"outputs: {", `1:1: BLDS0007: not well-formed YAML: did not find expected node content`},
		{"targets: [go]\n\tseverities: x\n", `2:2: BLDS0007: not well-formed YAML: found character that cannot start any token (indent with spaces)`},
		{"- go", `1:1: BLDS0007: the configuration is a list, not a mapping of keys to values (write "key: value" lines)`},
		{"\xff", `1:1: BLDS0007: the file is not UTF-8 (save it as UTF-8)`},
		{"target: [go]", `1:1: BLDS0008: unknown key "target" in the configuration (did you mean "targets"?)`},
		{"colour: red", `1:1: BLDS0008: unknown key "colour" in the configuration (remove it)`},
		{"targets: [go]\ntargets: [go]", `2:1: BLDS0008: key "targets" stands twice in the configuration (remove one of them)`},
		{"targets: go", `1:10: BLDS0007: "targets" is the value "go", not a list (write targets: [go])`},
		{"targets: [go, go]", `1:15: BLDS0009: target "go" stands twice (remove one of them)`},
		{"targets: [rust]", `1:11: BLDS0009: unknown target "rust" (use one of: go)`},
		{"targets: [{a: b}]", `1:11: BLDS0009: a target is a mapping, not a text`},
		{"outputs: {a b: x}", `1:11: BLDS0009: "a b" is not a namespace (use names joined by dots, as in lab.weather)`},
		{"outputs: {lab: ../x}", `1:16: BLDS0009: "../x" is not a folder below the module root (use a relative path with slashes, as in internal/weather)`},
		{"outputs: {lab: /x}", `1:16: BLDS0009: "/x" is not a folder below the module root (use a relative path with slashes, as in internal/weather)`},
		{"outputs: {lab: }", `1:16: BLDS0009: the folder of lab is empty, not a text`},
		{"outputs: [lab]", `1:10: BLDS0007: "outputs" is a list, not a mapping of keys to values (write "key: value" lines)`},
		{"severities: {BLDS0605: none}", `1:24: BLDS0009: unknown severity "none" (use one of: off, info, warning, error)`},
		{"severities: {BLDS0605: blocker}", `1:24: BLDS0009: unknown severity "blocker" (use one of: off, info, warning, error)`},
		{"severities: {BLDS0002: off}", `1:14: BLDS0009: BLDS0002 is an error that cannot be given another severity (remove the line: only BLDS06xx can be changed)`},
		{"# é\nseverities: {é: off}", `2:14: BLDS0009: "é" is not the code of a lint finding (remove it)`},
		{"severities: {é: off, BLDS060: off}", `1:14: BLDS0009: "é" is not the code of a lint finding (remove it)|1:23: BLDS0009: "BLDS060" is not the code of a lint finding (did you mean "BLDS0601"?)`},
	} {
		_, problems := Parse("c.yaml", []byte(tc.text))
		var got []string
		for _, p := range problems {
			s := fmt.Sprintf("%d:%d: %s: %s", p.Pos.Line, p.Pos.Col, p.Code, p.Message)
			if p.Remedy != "" {
				s += " (" + p.Remedy + ")"
			}
			got = append(got, s)
		}
		if g := strings.Join(got, "|"); g != tc.want {
			t.Errorf("%q:\n got %s\nwant %s", tc.text, g, tc.want)
		}
	}
}

func TestEmptyConfigurationsAreTheDefault(t *testing.T) {
	for _, text := range []string{"", "# nothing\n", "---\n", "outputs:\nseverities:\n"} {
		cfg, problems := Parse("c.yaml", []byte(text))
		if problems != nil || !cmp.Equal(cfg, &Config{}) {
			t.Errorf("%q: got %+v, %v", text, cfg, problems)
		}
	}
}

func TestFindLooksUpToTheModuleRoot(t *testing.T) {
	root := t.TempDir()
	deep := filepath.Join(root, "mod", "a", "b")
	if err := os.MkdirAll(deep, 0o777); err != nil {
		t.Fatal(err)
	}
	write := func(name string) {
		if err := os.WriteFile(filepath.Join(root, name), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write("blds-gen.yaml") // above the module: not ours
	write("mod/go.mod")
	if got, err := Find(deep); got != "" || err != nil {
		t.Errorf("got %q, %v; want none", got, err)
	}
	write("mod/a/blds-gen.yaml")
	if got, err := Find(deep); got != filepath.Join(root, "mod", "a", "blds-gen.yaml") || err != nil {
		t.Errorf("got %q, %v; want the one in a", got, err)
	}
}
