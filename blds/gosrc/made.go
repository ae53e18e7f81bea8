package gosrc

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A Made is what .blds files make of one Go package in the run that Load is
// part of. It stands for what they made of it before, which may be gone, old or
// broken.
type Made struct {
	Name  string            // the package's name
	Dir   string            // absolute; it need not exist
	Files map[string][]byte // texts by base name
	// Failed says that nothing could be made: what uses the package is not
	// understood, and why was reported already.
	Failed bool
}

// replaces reports whether a file is of an earlier run.
func (m *Made) replaces(f textFile) bool {
	_, again := m.Files[filepath.Base(f.path)]
	return again || f.ours && strings.HasSuffix(f.source, ".blds")
}

// made returns what this run makes of a package, nil if nothing.
func (l *loader) made(importPath string) *Made {
	if l.cfg.Made == nil {
		return nil
	}
	return l.cfg.Made(importPath)
}

// remade puts what this run makes of p in the place of what is in its folder.
func (p *pkg) remade(l *loader, files []textFile) []textFile {
	m := l.made(p.path)
	if m == nil {
		return files
	}
	files = slices.DeleteFunc(files, m.replaces)
	p.goFiles = slices.DeleteFunc(slices.Clone(p.goFiles), func(path string) bool {
		return !slices.ContainsFunc(files, func(f textFile) bool { return f.path == path })
	})
	p.name, p.dir, p.std = m.Name, m.Dir, false
	for _, base := range slices.Sorted(maps.Keys(m.Files)) {
		path := filepath.Join(m.Dir, base)
		source, ours := generatedFrom(m.Files[base])
		files = append(files, textFile{path, m.Files[base], ours, source})
		if !strings.HasSuffix(base, "_test.go") {
			p.goFiles = append(p.goFiles, path)
		}
	}
	return files
}

// onlyMade returns the package at an import path if all of it is made in this
// run: the go command need not be asked about it, and may not know it.
func (l *loader) onlyMade(importPath string) *pkg {
	m := l.made(importPath)
	if m == nil {
		return nil
	}
	entries, _ := os.ReadDir(m.Dir) // a folder that is not there has no files
	for _, e := range entries {
		path := filepath.Join(m.Dir, e.Name())
		if filepath.Ext(path) != ".go" || !e.Type().IsRegular() {
			continue
		}
		src, err := os.ReadFile(path)
		source, ours := generatedFrom(src)
		if err != nil || !m.replaces(textFile{path, src, ours, source}) {
			return nil
		}
	}
	return &pkg{path: importPath, name: m.Name, dir: m.Dir}
}

// notThere says how to get an imported package that does not exist, "" if no
// better is known than what the go command advises.
func (p *pkg) notThere(l *loader, dep *pkg) string {
	if dep.dir != "" && len(dep.goFiles) > 0 {
		return ""
	}
	if l.cfg.Source != nil {
		if file := l.cfg.Source(dep.path); file != "" {
			dir := filepath.ToSlash(filepath.Dir(file))
			if !strings.HasPrefix(dir, ".") && !filepath.IsAbs(dir) {
				dir = "./" + dir
			}
			return "generate it from " + filepath.ToSlash(file) + ": name \"" + dir + "\" too"
		}
	}
	if p.modPath != "" && strings.HasPrefix(dep.path, p.modPath+"/") {
		return "if a .blds file generates it, name that file too"
	}
	return ""
}
