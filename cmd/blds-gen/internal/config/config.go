// Package config reads blds-gen.yaml: where generated packages go, which
// languages are written, and how severe the findings of lint are.
package config

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/pylabhub/datahub/blds/diag"
	"github.com/pylabhub/datahub/blds/schema"
)

// FileName is the name the configuration is looked for under.
const FileName = "blds-gen.yaml"

// Targets are the languages that can be written.
var Targets = []string{"go"}

// A Config is what blds-gen.yaml says. The zero value is the configuration of
// a project without one.
type Config struct {
	// Outputs maps a namespace to the folder of its generated package, below
	// the module root. It holds for the namespaces below it too.
	Outputs map[string]string
	// Targets are the languages to write, nil for the default.
	Targets []string
	// Severities are the severities of lint findings that differ from the
	// default.
	Severities map[schema.Code]diag.Severity
}

// Output returns the configured folder of a namespace: that of the longest
// entry that is the namespace or is above it, with the rest of the namespace as
// folders below.
func (c *Config) Output(namespace string) (dir string, ok bool) {
	for ns := namespace; ns != ""; {
		if dir, ok := c.Outputs[ns]; ok {
			rest := strings.Trim(strings.TrimPrefix(namespace, ns), ".")
			return path.Join(dir, strings.ReplaceAll(rest, ".", "/")), true
		}
		ns, _ = schema.SplitID(ns)
	}
	return "", false
}

// Parse reads a configuration. What is unknown, of the wrong kind, or there
// twice is a problem; the rest is returned all the same.
func Parse(file string, text []byte) (*Config, []schema.Problem) {
	p := &parser{file: file, lines: strings.SplitAfter(string(text), "\n"), cfg: &Config{}}
	if !utf8.Valid(text) {
		p.problem(schema.CodeConfigSyntax, &yaml.Node{Line: 1, Column: 1}, "the file is not UTF-8", "save it as UTF-8")
		return p.cfg, p.problems
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		p.syntax(err)
		return p.cfg, p.problems
	}
	if len(doc.Content) == 0 { // empty, or comments only
		return p.cfg, nil
	}
	p.mapping(doc.Content[0], "the configuration", map[string]func(key, value *yaml.Node){
		"outputs": p.outputs, "targets": p.targets, "severities": p.severities,
	})
	return p.cfg, p.problems
}

type parser struct {
	file     string
	lines    []string
	cfg      *Config
	problems []schema.Problem
}

// pos returns the place of a node. YAML counts columns in characters.
func (p *parser) pos(n *yaml.Node) schema.Pos {
	col := n.Column
	if n.Line >= 1 && n.Line <= len(p.lines) {
		col = 1
		for i := 1; i < n.Column; i++ {
			_, size := utf8.DecodeRuneInString(p.lines[n.Line-1][col-1:])
			col += size
		}
	}
	return schema.Pos{File: p.file, Line: n.Line, Col: col, Len: max(len(n.Value), 1)}
}

func (p *parser) problem(code schema.Code, at *yaml.Node, msg, remedy string) {
	p.problems = append(p.problems, schema.Problem{Code: code, Pos: p.pos(at), Message: msg, Remedy: remedy})
}

var yamlLine = regexp.MustCompile(`^(?:yaml: )?(?:unmarshal errors:\s*)?line (\d+): (.*)`)

// syntax reports an error of the YAML reader, which tells the line in its text.
func (p *parser) syntax(err error) {
	line, msg := 1, strings.TrimPrefix(err.Error(), "yaml: ")
	if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
		line, _ = strconv.Atoi(m[1])
		msg = m[2]
	}
	text := ""
	if line <= len(p.lines) {
		text = strings.TrimRight(p.lines[line-1], "\r\n")
	}
	indent := len(text) - len(strings.TrimLeft(text, " \t"))
	at := schema.Pos{File: p.file, Line: line, Col: indent + 1, Len: max(len(text)-indent, 1)}
	remedy := ""
	if strings.Contains(text[:indent], "\t") {
		remedy = "indent with spaces"
	}
	p.problems = append(p.problems, schema.Problem{Code: schema.CodeConfigSyntax, Pos: at, Message: "not well-formed YAML: " + msg, Remedy: remedy})
}

// mapping calls the function of each key of a mapping with known keys.
func (p *parser) mapping(n *yaml.Node, what string, keys map[string]func(key, value *yaml.Node)) {
	p.each(n, what, func(key, value *yaml.Node) {
		f := keys[key.Value]
		if f == nil {
			names := make([]string, 0, len(keys))
			for k := range keys {
				names = append(names, k)
			}
			slices.Sort(names)
			p.problem(schema.CodeConfigKey, key, fmt.Sprintf("unknown key %q in %s", key.Value, what), didYouMean(key.Value, names))
			return
		}
		f(key, value)
	})
}

// each calls f for each entry of a mapping and reports keys that stand twice.
func (p *parser) each(n *yaml.Node, what string, f func(key, value *yaml.Node)) {
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		return
	}
	if n.Kind != yaml.MappingNode {
		p.problem(schema.CodeConfigSyntax, n, fmt.Sprintf("%s is %s, not a mapping of keys to values", what, kindName(n)), `write "key: value" lines`)
		return
	}
	seen := map[string]*yaml.Node{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if first := seen[key.Value]; first != nil {
			p.problem(schema.CodeConfigKey, key, fmt.Sprintf("key %q stands twice in %s", key.Value, what), "remove one of them")
			p.problems[len(p.problems)-1].Notes = []schema.Note{{Pos: p.pos(first), Message: "the first is here"}}
			continue
		}
		seen[key.Value] = key
		f(key, value)
	}
}

// text returns the value of a scalar node.
func (p *parser) text(n *yaml.Node, what string) (string, bool) {
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		p.problem(schema.CodeConfigValue, n, fmt.Sprintf("%s is %s, not a text", what, kindName(n)), "")
		return "", false
	}
	return n.Value, true
}

func (p *parser) outputs(_, value *yaml.Node) {
	p.each(value, `"outputs"`, func(key, value *yaml.Node) {
		if !schema.IsID(key.Value) {
			p.problem(schema.CodeConfigValue, key, fmt.Sprintf("%q is not a namespace", key.Value), "use names joined by dots, as in lab.weather")
			return
		}
		dir, ok := p.text(value, "the folder of "+key.Value)
		if !ok {
			return
		}
		if clean := path.Clean(dir); dir == "" || path.IsAbs(dir) || strings.Contains(dir, `\`) || clean == ".." || strings.HasPrefix(clean, "../") {
			p.problem(schema.CodeConfigValue, value, fmt.Sprintf("%q is not a folder below the module root", dir), "use a relative path with slashes, as in internal/weather")
			return
		}
		if p.cfg.Outputs == nil {
			p.cfg.Outputs = map[string]string{}
		}
		p.cfg.Outputs[key.Value] = path.Clean(dir)
	})
}

func (p *parser) targets(_, value *yaml.Node) {
	if value.Kind != yaml.SequenceNode {
		p.problem(schema.CodeConfigSyntax, value, fmt.Sprintf(`"targets" is %s, not a list`, kindName(value)), "write targets: [go]")
		return
	}
	for _, n := range value.Content {
		name, ok := p.text(n, "a target")
		switch {
		case !ok:
		case !slices.Contains(Targets, name):
			p.problem(schema.CodeConfigValue, n, fmt.Sprintf("unknown target %q", name), orOneOf(name, Targets))
		case slices.Contains(p.cfg.Targets, name):
			p.problem(schema.CodeConfigValue, n, fmt.Sprintf("target %q stands twice", name), "remove one of them")
		default:
			p.cfg.Targets = append(p.cfg.Targets, name)
		}
	}
}

func (p *parser) severities(_, value *yaml.Node) {
	p.each(value, `"severities"`, func(key, value *yaml.Node) {
		code := schema.Code(key.Value)
		if _, known := diag.Explain(code); !known || !diag.IsLint(code) {
			msg, remedy := fmt.Sprintf("%q is not the code of a lint finding", key.Value), didYouMean(key.Value, lintCodes())
			if known {
				msg, remedy = fmt.Sprintf("%s is an error that cannot be given another severity", key.Value), "remove the line: only BLDS06xx can be changed"
			}
			p.problem(schema.CodeConfigValue, key, msg, remedy)
			return
		}
		name, ok := p.text(value, "the severity of "+key.Value)
		if !ok {
			return
		}
		sev, ok := diag.ParseSeverity(name)
		if !ok {
			p.problem(schema.CodeConfigValue, value, fmt.Sprintf("unknown severity %q", name), orOneOf(name, diag.SeverityNames()))
			return
		}
		if p.cfg.Severities == nil {
			p.cfg.Severities = map[schema.Code]diag.Severity{}
		}
		p.cfg.Severities[code] = sev
	})
}

func lintCodes() []string {
	var out []string
	for _, c := range diag.Codes() {
		if diag.IsLint(c) {
			out = append(out, string(c))
		}
	}
	return out
}

func didYouMean(name string, candidates []string) string {
	if near := schema.Nearest(name, candidates); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	for _, c := range candidates { // severity for severities
		if n := len(name) * 2 / 3; n > 2 && strings.HasPrefix(c, name[:n]) {
			return fmt.Sprintf("did you mean %q?", c)
		}
	}
	return "remove it"
}

func orOneOf(name string, candidates []string) string {
	if near := schema.Nearest(name, candidates); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return "use one of: " + strings.Join(candidates, ", ")
}

func kindName(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "a mapping"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.Kind == yaml.AliasNode:
		return "an alias"
	case n.Tag == "!!null":
		return "empty"
	}
	return fmt.Sprintf("the value %q", n.Value)
}
