package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/pylabhub/datahub/blds/gosrc"
	"github.com/pylabhub/datahub/blds/layout"
	"github.com/pylabhub/datahub/blds/schema"
	"github.com/pylabhub/datahub/blds/syntax"
	"github.com/pylabhub/datahub/cmd/blds-gen/internal/config"
)

// loaded is what the inputs of a command declare, laid out.
type loaded struct {
	inputs *inputs
	decls  []*schema.Package // Go packages, then .blds namespaces
	result *layout.Result    // Packages in the order of decls
	goRes  *gosrc.Result
	files  []*syntax.FileInfo // of the .blds files named and of those they import
	named  map[string]bool    // files that the command was asked about
}

// load reads the configuration and all inputs and lays them out. Problems are
// returned together with what could be understood.
func (a *app) load(ctx context.Context, args []string) (*loaded, []schema.Problem) {
	return a.loadFor(ctx, args, "")
}

// loadFor is load for output of .blds files that goes to the folder out, if that
// is not "".
func (a *app) loadFor(ctx context.Context, args []string, out string) (*loaded, []schema.Problem) {
	ld := &loaded{result: &layout.Result{}, goRes: &gosrc.Result{}, named: map[string]bool{}}
	if p := a.readConfig(); p != nil {
		return ld, p
	}
	in, problems := findInputs(args)
	ld.inputs = in
	if len(problems) > 0 {
		return ld, problems
	}
	progress := a.progress()
	defer progress.done()
	var blds []*schema.Package
	if len(in.blds) > 0 {
		progress.step("reading .blds files")
		var ps []schema.Problem
		blds, ps = a.loadBlds(ld)
		problems = append(problems, ps...)
	}
	if len(in.patterns) > 0 {
		progress.step("loading Go packages")
		var ps []schema.Problem
		made := a.made(ld, blds, out, len(problems) > 0)
		ld.goRes, ps = gosrc.Load(ctx, gosrc.Config{Made: made, Source: a.madeFrom}, in.patterns...)
		problems = append(problems, ps...)
		for _, p := range ld.goRes.Packages {
			ld.decls = append(ld.decls, p.Package)
			for _, f := range p.Files {
				ld.named[f.Name] = true
			}
		}
	}
	ld.decls = append(ld.decls, blds...)
	progress.step("laying out")
	var ps []schema.Problem
	ld.result, ps = layout.Resolve(ld.decls...)
	return ld, append(problems, ps...)
}

// loadBlds reads the .blds files among the inputs and what they import.
func (a *app) loadBlds(ld *loaded) ([]*schema.Package, []schema.Problem) {
	var sources []syntax.Source
	var problems []schema.Problem
	for _, name := range ld.inputs.blds {
		shown, text, p := a.read(name)
		if p != nil {
			problems = append(problems, *p)
			continue
		}
		ld.named[filepath.ToSlash(shown)] = true
		sources = append(sources, syntax.Source{Path: shown, Data: text})
	}
	pkgs, files, ps := syntax.Load(sources, func(path string) ([]byte, error) {
		text, err := readFile(path)
		if err == nil {
			a.texts[filepath.Clean(path)] = text
		}
		return text, err
	})
	ld.files = files
	return pkgs, append(problems, ps...)
}

// schemas returns the schemas that stand in the files and packages that the
// command was asked about, without those that were only imported. A name picks
// one.
func (ld *loaded) schemas(pick string) ([]*schema.Schema, []schema.Problem) {
	var out []*schema.Schema
	var names []string
	for _, p := range ld.result.Packages {
		for _, s := range p.Schemas {
			if !ld.named[s.Pos.File] {
				continue
			}
			names = append(names, s.ID, s.Name())
			if pick == "" || schema.FoldID(pick) == schema.FoldID(s.ID) || schema.Fold(pick) == schema.Fold(s.Name()) {
				out = append(out, s)
			}
		}
	}
	switch {
	case len(out) > 0:
		return out, nil
	case len(names) == 0:
		return nil, []schema.Problem{ld.nothing("no schema")}
	}
	p := schema.Problem{Code: schema.CodeUnknownSchema, Message: fmt.Sprintf("no schema %q in the input", pick)}
	if near := schema.Nearest(pick, names); near != "" {
		p.Remedy = fmt.Sprintf("did you mean %q?", near)
	} else {
		p.Remedy = "there is " + names[0]
	}
	return nil, []schema.Problem{p}
}

// isEmpty reports whether the inputs declare nothing at all.
func (ld *loaded) isEmpty() bool {
	for _, p := range ld.decls {
		if len(p.Schemas)+len(p.Records)+len(p.Enums)+len(p.Consts) > 0 {
			return false
		}
	}
	return true
}

// nothing is the problem of inputs that declare nothing.
func (ld *loaded) nothing(what string) schema.Problem {
	args := strings.Join(append(ld.inputs.blds[:len(ld.inputs.blds):len(ld.inputs.blds)], ld.inputs.patterns...), " ")
	p := schema.Problem{Code: schema.CodeNoSchema, Message: fmt.Sprintf("%s in %s", what, args),
		Remedy: "put \"//blds:schema id=... version=...\" directly above a struct, or run \"blds-gen init\""}
	if len(ld.inputs.patterns) == 0 {
		p.Remedy = "write one, as in \"schema Reading version 1.0.0 { value f64 }\", or run \"blds-gen init --blds\""
	}
	return p
}

// readConfig reads the configuration file, if there is one.
func (a *app) readConfig() []schema.Problem {
	if a.cfg != nil {
		return nil
	}
	a.cfg = &config.Config{}
	file := a.configFile
	if file == "" {
		dir, err := filepath.Abs(".")
		if err != nil {
			return []schema.Problem{*fileProblem(".", err)}
		}
		if file, err = config.Find(dir); err != nil {
			return []schema.Problem{*fileProblem(file, err)}
		}
		if file == "" {
			return nil
		}
		if rel, err := filepath.Rel(dir, file); err == nil {
			file = rel
		}
	}
	shown, text, p := a.read(file)
	if p != nil {
		return []schema.Problem{*p}
	}
	cfg, problems := config.Parse(shown, text)
	a.cfg = cfg
	return problems
}

// progress shows what is being done, on a terminal only and only for people.
type progress struct {
	app *app
	on  bool
}

func (a *app) progress() *progress {
	return &progress{a, a.format == "text" && isTerminal(a.stderr) && os.Getenv("TERM") != "dumb"}
}

func (p *progress) step(what string) {
	if p.on {
		fmt.Fprintf(p.app.stderr, "\r\x1b[K%s...", what)
	}
}

func (p *progress) done() {
	if p.on {
		fmt.Fprint(p.app.stderr, "\r\x1b[K")
	}
}
