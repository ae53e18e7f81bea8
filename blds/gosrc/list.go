package gosrc

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"

	"github.com/pylabhub/datahub/blds/schema"
)

// listMode makes packages.Load ask for names and files only: the go command
// neither follows imports nor compiles.
const listMode = packages.NeedName | packages.NeedFiles | packages.NeedModule

func (l *loader) list(patterns []string) ([]*packages.Package, error) {
	query := make([]string, len(patterns))
	for i, p := range patterns {
		query[i] = "pattern=" + p // or a "=" in it would be taken for a query
	}
	return packages.Load(&packages.Config{Context: l.ctx, Dir: l.dir, Env: l.env, Mode: listMode}, query...)
}

// folders turns patterns that name a file into ones that name its folder.
func folders(patterns []string) []string {
	if len(patterns) == 0 {
		return []string{"."}
	}
	out := make([]string, len(patterns))
	for i, p := range patterns {
		if strings.HasSuffix(p, ".go") {
			p = filepath.Dir(p)
			if !filepath.IsAbs(p) && p != "." {
				p = "." + string(filepath.Separator) + p
			}
		}
		out[i] = p
	}
	return out
}

// roots enters the packages that the user named, in the order of their import
// paths, and reports those that are none.
func (l *loader) roots(patterns []string, listed []*packages.Package) []*pkg {
	if len(listed) == 0 && len(l.problems) == 0 {
		l.report(schema.Problem{Code: schema.CodeGoNoFiles, Message: strings.Join(patterns, " ") + " matches no Go package",
			Remedy: "name a folder with Go files, or use ./... in a folder above one"})
	}
	var roots []*pkg
	for _, lp := range listed {
		p := l.add(lp)
		p.root = true
		if len(p.goFiles) == 0 && len(lp.Errors) > 0 {
			p.listErr = lp.Errors[0].Msg // told unless its files say more
			if p.dir == "" {
				l.loadProblem(schema.CodeGoLoad, p.listErr)
				continue
			}
		}
		roots = append(roots, p)
	}
	slices.SortFunc(roots, func(a, b *pkg) int { return strings.Compare(a.path, b.path) })
	return slices.Compact(roots)
}

// listImports lists packages by import path. Paths without a package get one
// that says why.
func (l *loader) listImports(paths []string) {
	ask := make([]string, 0, len(paths))
	for _, path := range paths {
		if p := l.onlyMade(path); p != nil {
			l.pkgs[path] = p
		} else if isImportPath(path) {
			ask = append(ask, path)
		} else {
			l.pkgs[path] = &pkg{path: path, listErr: fmt.Sprintf("%q is no import path", path)}
		}
	}
	if len(ask) == 0 {
		return
	}
	listed, err := l.list(ask)
	for _, lp := range listed {
		if stub := l.pkgs[lp.PkgPath]; stub != nil && len(lp.GoFiles) == 0 {
			continue // better than nothing
		}
		if p := l.add(lp); len(p.goFiles) == 0 && len(lp.Errors) > 0 {
			p.listErr = lp.Errors[0].Msg
		}
	}
	for _, path := range paths {
		p := l.pkgs[path]
		if p != nil && p.stub {
			p.settled = true
			continue
		}
		if p == nil {
			p = &pkg{path: path, listErr: "the go command does not find it"}
			if err != nil {
				p.listErr = err.Error()
			}
			l.pkgs[path] = p
		}
		if len(p.goFiles) == 0 && p.listErr == "" && l.made(path) == nil {
			p.listErr = "it has no Go files"
		}
	}
}

// isImportPath reports whether the go command takes a path for one package and
// nothing else.
func isImportPath(path string) bool {
	switch path {
	case "", "all", "cmd", "main", "std", "tool", "work":
		return false
	}
	return path[0] != '.' && path[0] != '/' && path[0] != '-' && !strings.Contains(path, "...") && !strings.ContainsAny(path, "@ \\")
}

// add enters a listed package. What the go command objects to in a package
// that has files is left to those files: it may be in one we put aside.
func (l *loader) add(lp *packages.Package) *pkg {
	if p := l.pkgs[lp.PkgPath]; p != nil && !p.stub {
		return p
	}
	p := &pkg{path: lp.PkgPath, name: lp.Name, dir: lp.Dir, goFiles: lp.GoFiles, std: lp.Module == nil}
	if lp.Module != nil {
		p.modPath, p.modDir = lp.Module.Path, lp.Module.Dir
	}
	l.pkgs[lp.PkgPath] = p
	return p
}

// loadProblem reports a text of the go command: its first line, and what it
// advises to run.
func (l *loader) loadProblem(code schema.Code, text string) {
	msg, remedy := goAdvice(l.clean(text))
	l.report(schema.Problem{Code: code, Message: msg, Remedy: remedy})
}

// goAdvice turns a text of the go command into a message and a remedy.
func goAdvice(text string) (msg, remedy string) {
	text = strings.TrimSpace(text)
	if _, after, ok := strings.Cut(text, "stderr: "); ok {
		text = after // packages.Load puts the command line before it
	}
	var lines []string
	for line := range strings.Lines(text) {
		line = strings.TrimPrefix(strings.TrimSpace(line), "go: ")
		if line != "" && !strings.HasPrefix(line, "# ") {
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 {
		return "the go command fails without a reason", ""
	}
	msg = lines[0]
	if before, _, ok := strings.Cut(msg, "; to add it:"); ok && len(lines) > 1 {
		return before, "run " + lines[1]
	}
	if name, ok := strings.CutSuffix(msg, ": module lookup disabled by GOPROXY=off"); ok { // set by Load
		if path, ok := strings.CutPrefix(name, "cannot find module providing package "); ok {
			return fmt.Sprintf("no module that go.mod requires has the package %q", path), "run go get " + path
		}
		return name, ""
	}
	const inModule = "run this in a folder of a module, or make one with go mod init"
	if before, ok := strings.CutSuffix(msg, "; see 'go help modules'"); ok {
		return before, inModule
	}
	if pattern, _, ok := strings.Cut(msg, ": directory prefix "); ok {
		return pattern + ": the folder is in no Go module", inModule
	}
	if folder, ok := strings.CutSuffix(msg, ": directory not found"); ok {
		return fmt.Sprintf("there is no folder %q", strings.TrimPrefix(folder, "stat ")), ""
	}
	if strings.HasSuffix(msg, ":") && len(lines) > 1 {
		msg += " " + strings.Join(lines[1:], "; ")
	}
	return msg, remedy
}
