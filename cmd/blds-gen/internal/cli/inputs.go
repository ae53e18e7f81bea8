package cli

import (
	"cmp"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pylabhub/datahub/blds/schema"
)

// inputs are the arguments of a command, sorted by what they are.
type inputs struct {
	blds     []string // .blds files, "-" for standard input
	patterns []string // Go package patterns
	// whole holds the folders that a pattern named, all their .blds files are in
	// blds; module says that they are a whole module.
	whole  map[string]bool
	module bool
}

// isPathPattern reports whether an argument is a pattern of the go command that
// names a folder rather than an import path.
func isPathPattern(arg string) bool {
	arg = filepath.ToSlash(arg)
	return arg == "." || arg == ".." || strings.HasPrefix(arg, "./") || strings.HasPrefix(arg, "../") || filepath.IsAbs(arg)
}

// findInputs sorts arguments; without any, the package in this folder is
// meant. Go packages are not looked into: loading them tells what is wrong.
func findInputs(args []string) (*inputs, []schema.Problem) {
	if len(args) == 0 {
		args = []string{"."}
	}
	in := &inputs{whole: map[string]bool{}}
	var problems []schema.Problem
	for _, arg := range args {
		if p := in.add(arg); p != nil {
			problems = append(problems, *p)
		}
	}
	slices.Sort(in.blds)
	in.blds = slices.Compact(in.blds)
	return in, problems
}

func (in *inputs) add(arg string) *schema.Problem {
	switch {
	case arg == "-":
		in.blds = append(in.blds, arg)
		return nil
	case strings.HasSuffix(arg, ".blds"):
		if info, err := os.Stat(arg); err != nil {
			return fileProblem(arg, err)
		} else if info.IsDir() {
			return fileProblem(arg, errIsDir)
		}
		in.blds = append(in.blds, filepath.Clean(arg))
		return nil
	}
	info, err := os.Stat(arg)
	switch {
	case err == nil && info.Mode().IsRegular() && strings.HasSuffix(arg, ".go"):
		// The package is loaded whole; $GOFILE is a handy argument.
		in.patterns = append(in.patterns, folderPattern(arg))
		return nil
	case isPathPattern(arg) && (err == nil || !strings.HasSuffix(arg, ".go")):
		return in.addFolder(arg)
	case arg == "":
		return &schema.Problem{Code: schema.CodeNotInput, Message: "an empty argument", Remedy: "name a package pattern or a .blds file"}
	case err == nil && info.Mode().IsRegular():
		return notInput(arg)
	case strings.HasSuffix(arg, ".go"):
		return fileProblem(arg, fs.ErrNotExist)
	case err == nil && info.IsDir() && !strings.Contains(strings.Split(arg, "/")[0], "."):
		return &schema.Problem{Code: schema.CodeNoMatch, Pos: schema.Pos{File: arg},
			Message: "this names an import path, not the folder", Remedy: fmt.Sprintf("write \"./%s\" for the folder", filepath.ToSlash(filepath.Clean(arg)))}
	}
	in.patterns = append(in.patterns, arg)
	return nil
}

func notInput(arg string) *schema.Problem {
	return &schema.Problem{Code: schema.CodeNotInput, Pos: schema.Pos{File: arg}, Message: "neither a .blds file nor a Go package",
		Remedy: "name a file that ends in .blds, or a package pattern such as ./..."}
}

// folderPattern returns the pattern of the package that a Go file is in.
func folderPattern(file string) string {
	dir := filepath.ToSlash(filepath.Dir(file))
	if isPathPattern(dir) {
		return dir
	}
	return "./" + dir
}

// addFolder adds the .blds files of a folder, or with /... of all folders below
// it, and the pattern itself if there is Go code.
func (in *inputs) addFolder(arg string) *schema.Problem {
	pattern := filepath.ToSlash(arg)
	dir, tail, deep := strings.Cut(pattern, "...")
	if deep {
		dir = strings.TrimSuffix(dir, "/")
	}
	if tail != "" || deep && !strings.HasSuffix(pattern, "/...") {
		in.patterns = append(in.patterns, arg) // of a form that only the go command knows
		return nil
	}
	dir = filepath.FromSlash(cmp.Or(dir, "/"))
	info, err := os.Stat(dir)
	switch {
	case err != nil:
		return &schema.Problem{Code: schema.CodeNoMatch, Pos: schema.Pos{File: arg}, Message: "the pattern matches nothing: " + reason(err)}
	case !info.IsDir():
		return notInput(arg)
	}
	goCode, before := false, len(in.blds)
	walk := walker{root: dir, deep: deep, file: func(name string) {
		switch filepath.Ext(name) {
		case ".go":
			goCode = true
		case ".blds":
			in.blds = append(in.blds, name)
		}
	}, dir: func(name string) { in.whole[name] = true }}
	if p := walk.run(dir); p != nil {
		return p
	}
	if _, err := os.Stat(filepath.Join(dir, "go.mod")); deep && err == nil {
		in.module = true
	}
	if goCode {
		in.patterns = append(in.patterns, arg)
	} else if len(in.blds) == before {
		return &schema.Problem{Code: schema.CodeNoMatch, Pos: schema.Pos{File: arg},
			Message: "the pattern matches no Go package and no .blds file", Remedy: `run "blds-gen init" for a first schema`}
	}
	return nil
}

// A walker visits the folders that a pattern of the go command selects.
type walker struct {
	root string
	deep bool
	file func(name string)
	dir  func(name string)
}

func (w *walker) run(dir string) *schema.Problem {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fileProblem(dir, err)
	}
	w.dir(dir)
	for _, e := range entries {
		name := filepath.Join(dir, e.Name())
		switch {
		case strings.HasPrefix(e.Name(), ".") || strings.HasPrefix(e.Name(), "_"):
		case !e.IsDir():
			w.file(name)
		case !w.deep || e.Name() == "testdata" || e.Name() == "vendor":
		default:
			if _, err := os.Stat(filepath.Join(name, "go.mod")); err == nil {
				continue // a module of its own
			}
			if p := w.run(name); p != nil {
				return p
			}
		}
	}
	return nil
}
