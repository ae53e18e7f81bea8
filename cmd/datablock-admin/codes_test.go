package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/pylabhub/datahub/cmd/datablock-admin/internal/station"
	"github.com/pylabhub/datahub/runtime/datablock"
)

// TestExitCodesAreThoseOfTheDocument runs what ends with each of them; an interrupt
// has a test of its own.
func TestExitCodesAreThoseOfTheDocument(t *testing.T) {
	root := t.TempDir()
	p, err := station.ReadingChannel.Create("roof", datablock.Root(root))
	must(t, err)
	defer func() { must(t, p.Close()) }()
	must(t, os.Mkdir(filepath.Join(root, "other"), 0o700))
	met := map[int]bool{130: true}
	for _, c := range []struct {
		args string
		code int
	}{
		{"list", 0},
		{"diagnose roof", 0},
		{"cleanup-zombies roof --dry-run", 0},
		{"info other", 1},
		{"remove roof --yes", 4},
		{"reset-metrics roof", 4},
		{"force-reset roof --slot 0 --yes", 0},
		{"lst", 2},
		{"info", 2},
		{"echo roof --where number", 2},
		{"echo roof --all --from 3", 2},
		{"echo roof --json --format csv", 2},
		{"diagnose roof --slot -2", 2},
		{"force-reset roof --slot -2 --force --yes", 2},
		{"hz roof --count -1", 2},
		{"metrics ./a.dhdump --watch", 2},
		{"list --jsn --json", 2},
		{"info a/b", 3},
		{"metrics cellar", 3},
		{"doctor", 100},
	} {
		out, errs, code := run(context.Background(), append([]string{"--dir", root}, strings.Fields(c.args)...)...)
		if code != c.code {
			t.Errorf("%s: exit code %d, want %d\n%s%s", c.args, code, c.code, out, errs)
		}
		if strings.Contains(c.args, "--json") && !json.Valid([]byte(errs)) {
			t.Errorf("%s: the error is no JSON: %s", c.args, errs)
		}
		met[code] = true
	}
	text, err := os.ReadFile("../../docs/datablock-admin.md")
	must(t, err)
	_, rest, _ := strings.Cut(string(text), "## Exit codes")
	rest, _, _ = strings.Cut(rest, "## ")
	for _, m := range regexp.MustCompile(`(?m)^\| ([0-9]+) \|`).FindAllStringSubmatch(rest, -1) {
		code, err := strconv.Atoi(m[1])
		must(t, err)
		if !met[code] {
			t.Errorf("nothing ends with the documented %d", code)
		}
		delete(met, code)
	}
	for code := range met {
		t.Errorf("exit code %d is not in the document", code)
	}
}

// TestJSONHasTheFieldsOfTheDocument compares the fields on the outermost level, of
// an array those of its elements.
func TestJSONHasTheFieldsOfTheDocument(t *testing.T) {
	root := t.TempDir()
	p, err := station.ReadingChannel.Create("roof", datablock.Root(root))
	must(t, err)
	defer func() { must(t, p.Close()) }()
	c, err := station.ReadingChannel.Attach("roof", datablock.Root(root))
	must(t, err)
	defer func() { must(t, c.Close()) }()
	text, err := os.ReadFile("../../docs/datablock-admin.md")
	must(t, err)
	dump := filepath.Join(t.TempDir(), "roof.dhdump")
	for _, args := range [][]string{
		{"list"}, {"info", "roof"}, {"consumers", "roof"}, {"diagnose", "roof"}, {"validate", "roof"}, {"metrics", "roof"},
		{"reset-metrics", "roof", "--yes"}, {"hz", "roof", "--interval", "10ms", "-c", "1"}, {"cleanup-zombies", "roof"},
		{"dump", "roof", dump}, {"doctor"}, {"export", "--once"}, {"version"},
	} {
		out, errs, code := run(context.Background(), append([]string{"--dir", root, "--json"}, args...)...)
		if code != 0 && code != 100 {
			t.Errorf("%s: exit code %d: %s", args[0], code, errs)
			continue
		}
		i := slices.IndexFunc(strings.Split(string(text), "\n"), func(line string) bool {
			first, _, _ := strings.Cut(strings.TrimPrefix(line, "| "), " | ")
			return strings.HasPrefix(line, "| `") && strings.Contains(line, "{") && strings.Contains(first, "`"+args[0])
		})
		if i < 0 {
			t.Errorf("%s: its JSON is not in the document", args[0])
			continue
		}
		row := strings.Split(string(text), "\n")[i]
		var v any
		must(t, json.Unmarshal([]byte(out), &v))
		if a, ok := v.([]any); ok {
			v = a[0]
		}
		for key := range v.(map[string]any) {
			if !regexp.MustCompile(`\b` + key + `\b`).MatchString(row) {
				t.Errorf("%s: field %s is not in the document", args[0], key)
			}
		}
	}
}
