package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/pylabhub/datahub/cmd/datablock-admin/internal/station"
	"github.com/pylabhub/datahub/runtime/datablock"
)

// An exported is one value in the output of export --once --json.
type exported struct {
	Name   string            `json:"name"`
	Type   string            `json:"type"`
	Labels map[string]string `json:"labels"`
	Value  float64           `json:"value"`
}

// export returns what export offers of a channel with a consumer, by name.
func export(t *testing.T) map[string]exported {
	t.Helper()
	root := t.TempDir()
	dir := datablock.Root(root)
	p, err := station.ReadingChannel.Create("roof", dir)
	must(t, err)
	c, err := station.ReadingChannel.Attach("roof", dir)
	must(t, err)
	t.Cleanup(func() { must(t, c.Close()); must(t, p.Close()) })
	out, errs, code := run(context.Background(), "export", "--once", "--json", "--dir", root)
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	var all []exported
	must(t, json.Unmarshal([]byte(out), &all))
	byName := map[string]exported{}
	for _, e := range all {
		byName[e.Name] = e
	}
	return byName
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var (
	metricName = regexp.MustCompile(`datablock_[a-z0-9_]+`)
	// selector is a metric with its labels in braces, or the labels it is grouped by.
	selector = regexp.MustCompile(`(datablock_[a-z0-9_]+)\{([a-z_]+)=`)
	template = regexp.MustCompile(`\$labels\.([a-z_]+)`)
	legend   = regexp.MustCompile(`\{\{([a-z_]+)\}\}`)
)

func TestEveryMetricOfTheDashboardAndTheAlertsExists(t *testing.T) {
	have := export(t)
	for _, file := range []string{"../../docs/alerts.yml", "../../docs/grafana/datahub.json"} {
		text, err := os.ReadFile(file)
		must(t, err)
		names := metricName.FindAllString(string(text), -1)
		if len(names) < 10 {
			t.Errorf("%s names %d metrics", file, len(names))
		}
		for _, n := range names {
			if _, ok := have[n]; !ok {
				t.Errorf("%s: there is no metric %s", file, n)
			}
		}
		for _, m := range selector.FindAllStringSubmatch(string(text), -1) {
			if _, ok := have[m[1]].Labels[m[2]]; !ok {
				t.Errorf("%s: %s has no label %s", file, m[1], m[2])
			}
		}
	}
}

// An alert rule, as Prometheus reads it.
type alertFile struct {
	Groups []struct {
		Name  string `yaml:"name"`
		Rules []struct {
			Alert       string            `yaml:"alert"`
			Expr        string            `yaml:"expr"`
			For         string            `yaml:"for"`
			Labels      map[string]string `yaml:"labels"`
			Annotations map[string]string `yaml:"annotations"`
		} `yaml:"rules"`
	} `yaml:"groups"`
}

func TestEveryAlertSaysWhatToDo(t *testing.T) {
	have := export(t)
	text, err := os.ReadFile("../../docs/alerts.yml")
	must(t, err)
	operations, err := os.ReadFile("../../docs/operations.md")
	must(t, err)
	var f alertFile
	dec := yaml.NewDecoder(strings.NewReader(string(text)))
	dec.KnownFields(true)
	must(t, dec.Decode(&f))
	for _, g := range f.Groups {
		for _, r := range g.Rules {
			if r.For != "" {
				if _, err := time.ParseDuration(r.For); err != nil {
					t.Errorf("%s: %v", r.Alert, err)
				}
			}
			command := strings.Fields(strings.TrimPrefix(r.Annotations["action"], "datablock-admin "))
			if r.Expr == "" || r.Annotations["summary"] == "" || len(command) == 0 || !slices.Contains([]string{"critical", "warning"}, r.Labels["severity"]) {
				t.Errorf("%s lacks something: %+v", r.Alert, r)
				continue
			}
			if _, _, code := run(context.Background(), command[0], "--help"); code != 0 {
				t.Errorf("%s: there is no command %s", r.Alert, command[0])
			}
			if !strings.Contains(string(operations), r.Alert) {
				t.Errorf("docs/operations.md does not speak of %s", r.Alert)
			}
			labels := have[metricName.FindString(r.Expr)].Labels
			for _, m := range template.FindAllStringSubmatch(fmt.Sprint(r.Annotations), -1) {
				if _, ok := labels[m[1]]; !ok {
					t.Errorf("%s: its metric has no label %s", r.Alert, m[1])
				}
			}
		}
	}
}

func TestTheDashboardIsWhole(t *testing.T) {
	have := export(t)
	text, err := os.ReadFile("../../docs/grafana/datahub.json")
	must(t, err)
	var d struct {
		Title  string `json:"title"`
		UID    string `json:"uid"`
		Panels []struct {
			ID      int    `json:"id"`
			Type    string `json:"type"`
			Title   string `json:"title"`
			Targets []struct {
				Expr   string `json:"expr"`
				Legend string `json:"legendFormat"`
			} `json:"targets"`
		} `json:"panels"`
	}
	must(t, json.Unmarshal(text, &d))
	seen := map[int]bool{}
	for _, p := range d.Panels {
		if seen[p.ID] {
			t.Errorf("two panels have the number %d", p.ID)
		}
		seen[p.ID] = true
		if (p.Type == "row") != (len(p.Targets) == 0) || p.Title == "" {
			t.Errorf("panel %d (%s) has %d queries", p.ID, p.Title, len(p.Targets))
		}
		for _, q := range p.Targets {
			labels := have[metricName.FindString(q.Expr)].Labels
			for _, m := range legend.FindAllStringSubmatch(q.Legend, -1) {
				if _, ok := labels[m[1]]; !ok {
					t.Errorf("%s: %s has no label %s", p.Title, q.Expr, m[1])
				}
			}
			if strings.Count(q.Expr, "(") != strings.Count(q.Expr, ")") {
				t.Errorf("%s: %s lacks a bracket", p.Title, q.Expr)
			}
		}
	}
	if d.Title == "" || d.UID == "" || len(d.Panels) < 10 {
		t.Errorf("title %q, uid %q, %d panels", d.Title, d.UID, len(d.Panels))
	}
}

// TestTheListOfMetricsIsThatOfTheProgram keeps the table in the documentation.
func TestTheListOfMetricsIsThatOfTheProgram(t *testing.T) {
	const file, begin, end = "../../docs/datablock-admin.md", "<!-- metrics -->\n", "<!-- end -->"
	out, _, _ := run(context.Background(), "export", "--help")
	if out == "" {
		t.Fatal("export has no help")
	}
	text, err := os.ReadFile(file)
	must(t, err)
	head, rest, ok := strings.Cut(string(text), begin)
	old, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the metrics", file)
	}
	table := metricsTable(t)
	if *update {
		must(t, os.WriteFile(file, []byte(head+begin+table+end+tail), 0o666))
	} else if old != table {
		t.Errorf("%s is behind: run go test ./cmd/datablock-admin -update", file)
	}
}

// metricsTable describes what export offers, from its own output.
func metricsTable(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	p, err := station.ReadingChannel.Create("roof", datablock.Root(root))
	must(t, err)
	c, err := station.ReadingChannel.Attach("roof", datablock.Root(root))
	must(t, err)
	out, _, _ := run(context.Background(), "export", "--once", "--dir", root)
	must(t, c.Close())
	must(t, p.Close())
	var b strings.Builder
	b.WriteString("| metric | type | labels | |\n|---|---|---|---|\n")
	var help, kind string
	for line := range strings.Lines(out) {
		f := strings.SplitN(strings.TrimSpace(line), " ", 4)
		switch {
		case strings.HasPrefix(line, "# HELP"):
			help = f[3]
		case strings.HasPrefix(line, "# TYPE"):
			kind = f[3]
		case help != "":
			name, labels, _ := strings.Cut(f[0], "{")
			var keys []string
			for _, l := range regexp.MustCompile(`([a-z]+)="`).FindAllStringSubmatch(labels+line, -1) {
				if !slices.Contains(keys, l[1]) {
					keys = append(keys, l[1])
				}
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", name, kind, strings.Join(keys, ", "), help)
			help = ""
		}
	}
	return b.String()
}
