package cli

import (
	"path/filepath"
	"sync"

	"github.com/pylabhub/datahub/blds/gen"
	"github.com/pylabhub/datahub/blds/gen/golang"
	"github.com/pylabhub/datahub/blds/gosrc"
	"github.com/pylabhub/datahub/blds/layout"
	"github.com/pylabhub/datahub/blds/schema"
	"github.com/pylabhub/datahub/blds/syntax"
)

// made returns what tells the Go front end of the packages that the .blds files
// of this run are generated into, so that Go schemas that use them are laid out
// with what is written now, not with what an earlier run wrote. They are
// generated when the first such schema is met. failed says that the .blds files
// have problems, which are reported without the Go front end's help.
func (a *app) made(ld *loaded, decls []*schema.Package, out string, failed bool) func(string) *gosrc.Made {
	all := sync.OnceValue(func() map[string]*gosrc.Made {
		return a.makeAll(&loaded{decls: decls, files: ld.files, goRes: &gosrc.Result{}}, out, failed)
	})
	return func(importPath string) *gosrc.Made { return all()[importPath] }
}

// makeAll generates for the .blds files of a run, by import path.
func (a *app) makeAll(ld *loaded, out string, failed bool) map[string]*gosrc.Made {
	var problems []schema.Problem
	ld.result, problems = layout.Resolve(ld.decls...)
	failed = failed || len(problems) > 0
	pkgs, problems := a.bldsPackages(ld, newIndex(ld.result), out, map[string]gen.GoType{})
	failed = failed || len(problems) > 0
	var files []gen.File
	if !failed {
		files, problems = golang.Target{}.Generate(pkgs)
		failed = len(problems) > 0
	}
	all, byDir := map[string]*gosrc.Made{}, map[string]*gosrc.Made{}
	for _, p := range pkgs {
		if dir, err := filepath.Abs(p.Dir); err == nil && p.Go.ImportPath != "" {
			byDir[p.Dir] = &gosrc.Made{Name: p.Go.Name, Dir: dir, Files: map[string][]byte{}, Failed: failed}
			all[p.Go.ImportPath] = byDir[p.Dir]
		}
	}
	for _, f := range files {
		if m := byDir[filepath.Dir(f.Path)]; m != nil {
			m.Files[filepath.Base(f.Path)] = f.Data
		}
	}
	return all
}

// madeFrom returns the .blds file of this module that a Go package is generated
// from, "" if there is none.
func (a *app) madeFrom(path string) string {
	wd, err := filepath.Abs(".")
	if err != nil {
		return ""
	}
	root := moduleRoot(wd)
	if root == "" {
		return ""
	}
	found := ""
	walk := walker{root: root, deep: true, dir: func(string) {}, file: func(name string) {
		if found != "" || filepath.Ext(name) != ".blds" {
			return
		}
		text, err := readFile(name)
		if err != nil {
			return
		}
		// Only its namespace and go_package count: imports are left alone.
		_, infos, _ := syntax.Load([]syntax.Source{{Path: shortPath(name), Data: text}}, nil)
		for _, f := range infos {
			if f.Namespace != "" && importPath(a.outputDir(f)) == path {
				found = f.Path
			}
		}
	}}
	walk.run(root)
	return found
}
