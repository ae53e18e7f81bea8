package archtest

import (
	"fmt"
	"slices"
	"strings"
)

// Module is the path of this module.
const Module = "github.com/pylabhub/datahub"

// A rule says what the packages of a tree may import, tests aside: a test may
// read files and compare with whatever it needs.
type rule struct {
	tree string // path below the module; the longest that fits is the one
	// may lists what a package of the tree may import besides the standard
	// library: packages below the module by their path there, others in full.
	// "x/..." is x and all below it.
	may   []string
	never []string // packages of the standard library that it must not import
	why   string
}

const (
	blake3 = "lukechampine.com/blake3"
	xtools = "golang.org/x/tools/..."
	xsys   = "golang.org/x/sys/..."
)

// What a package without files, network and system calls does without, and
// what a compiler does without that reads files: net/url is only text.
var (
	noIO = []string{"os/...", "net/...", "io/ioutil", "syscall", "plugin"}
	// os itself is allowed there, for its error values only: see source.go.
	noSyscalls = []string{"os/exec", "os/signal", "os/user", "net/...", "io/ioutil", "syscall", "plugin"}
	noNet      = []string{"net", "net/http/...", "net/rpc/...", "net/smtp", "plugin"}
)

// all lets a tree import everything that is not somebody's command.
const all = "..."

var rules = []rule{
	// The model and its authorities: pure data and functions over it.
	{"blds/schema", nil, noIO,
		"the model is pure data; everything else stands on it"},
	{"blds/naming", []string{"blds/schema"}, noIO,
		"names are a function of names"},
	{"blds/canon", []string{"blds/schema", blake3}, noIO,
		"the canonical form is a function of the model: the runtime decodes with it what other processes wrote"},
	{"blds/layout", []string{"blds/schema", "blds/canon", blake3}, noIO,
		"the one authority on layout reads no files and knows only the model and its form, whose size it limits"},
	{"blds/compat", []string{"blds/schema", "blds/canon", "blds/layout", blake3}, noIO,
		"comparing two schemas is a function of the two"},

	// The compiler around it.
	{"blds/diag", []string{"blds/schema", "github.com/owenrumney/go-sarif/..."}, noNet,
		"printing problems needs the problems and nothing of how they were found"},
	{"blds/lint", []string{"blds/schema", "blds/naming", "blds/layout", "blds/diag"}, noNet,
		"findings are about the model, whichever front end it came from"},
	{"blds/internal", []string{"blds/schema", "blds/naming", "blds/canon", "blds/layout", "pgregory.net/rapid"}, noNet,
		"what several tests of the compiler share knows the model only"},
	{"blds/syntax", []string{"blds/schema", "blds/naming", "blds/layout"}, noIO,
		"the .blds front end gets text and gives a model; who reads the files is the command's business"},
	{"blds/gosrc", []string{"blds/schema", "blds/naming", "blds/layout", xtools}, noNet,
		"the Go front end gives a model; it knows nothing of generators and of the runtime"},
	{"blds/gen", []string{"blds/schema", "blds/naming", "blds/layout", "blds/canon", "blds/compat", "blds/gen/...",
		"github.com/dave/jennifer/...", xtools}, noNet,
		"a generator knows the model and the public surface of the runtime as text, never its inside"},

	// The runtime: what a user's program links.
	{"runtime", []string{"runtime/...", "generated/...", "blds/schema", "blds/canon", "blds/compat", "blds/layout", blake3}, nil,
		"a user's program links no compiler and no broker, and builds without cgo"},
	{"runtime/internal", []string{"runtime/internal/...", "generated/...", "runtime/fixed", xsys}, nil,
		"the inside of the runtime stands below its public packages; system calls are here and nowhere else"},
	{"runtime/slot", []string{"runtime/internal/...", "runtime/fixed", "generated/...", blake3}, noSyscalls,
		"the slot protocol gets a region and a waiter handed in: so it runs on heap memory under the race detector"},
	{"runtime/fixed", nil, []string{all},
		"a leaf: what generated record code imports drags in nothing"},
	{"generated", []string{"runtime/fixed", "runtime/datablock", "generated/..."}, nil,
		"generated code imports one package of the runtime"},
	{"schemas", nil, nil,
		"schemas are text"},

	// The broker, when it comes.
	{"broker", []string{"broker/...", "runtime/...", "generated/...", "blds/schema", "blds/canon", "blds/compat", "blds/layout"}, nil,
		"the broker finds channels and keeps schemas; it compiles nothing"},

	// Users of all that.
	{"cmd", []string{all}, nil, "a command may import every public package"},
	{"examples", []string{all}, nil, "an example may import every public package"},
	{"bench", []string{all}, nil, "a benchmark may import every public package"},
	{"internal", []string{all}, nil, "the tests of the project as a whole look at everything"},
}

// private lists trees nobody outside may import. Outside of cmd/x is also
// cmd/y: as many elements of the path must agree as depth says.
var private = []struct {
	tree  string
	depth int
	why   string
}{
	{"cmd", 2, "commands are not libraries: what two of them share belongs into a package"},
	{"examples", 2, "examples are read and copied, not imported"},
	{"blds/internal", 2, "what tests share is imported by tests only"},
	{"bench", 1, "benchmarks are run, not imported"},
	{"internal", 1, "the tests of the project are no part of it"},
}

// checkImports returns what is wrong with the imports of a package; pkg is its
// path below the module, "" for the root.
func checkImports(pkg string, imports []string) []string {
	if pkg == "" {
		if len(imports) > 0 {
			return []string{fmt.Sprintf("the root package imports %s: the root holds tools.go and no code", imports[0])}
		}
		return nil
	}
	r := ruleOf(pkg)
	if r == nil {
		return []string{fmt.Sprintf("%s: no rule for this tree: add a row to the table in internal/archtest/imports.go", pkg)}
	}
	var bad []string
	for _, path := range imports {
		if reason := r.refuses(pkg, path); reason != "" {
			bad = append(bad, fmt.Sprintf("%s imports %s: %s", pkg, path, reason))
		}
	}
	return bad
}

func ruleOf(pkg string) *rule {
	var best *rule
	for i := range rules {
		r := &rules[i]
		if within(r.tree, pkg) && (best == nil || len(r.tree) > len(best.tree)) {
			best = r
		}
	}
	return best
}

// refuses returns why a package under r must not import path, or "".
func (r *rule) refuses(pkg, path string) string {
	local, isLocal := strings.CutPrefix(path, Module+"/")
	for _, p := range private {
		if isLocal && within(p.tree, local) && !sameRoot(local, pkg, p.depth) {
			return p.why
		}
	}
	first, _, _ := strings.Cut(path, "/")
	switch {
	case path == "unsafe", path == "C": // see source.go
		return ""
	case isLocal && (within(r.tree, local) || matches(r.may, local)):
		return ""
	case !strings.Contains(first, ".") && !matches(r.never, path): // standard library
		return ""
	case !isLocal && matches(r.may, path):
		return ""
	}
	return r.why
}

// sameRoot reports whether the first depth elements of two paths agree.
func sameRoot(a, b string, depth int) bool {
	x, y := strings.Split(a, "/"), strings.Split(b, "/")
	return slices.Equal(x[:min(depth, len(x))], y[:min(depth, len(y))])
}

func within(tree, pkg string) bool {
	return pkg == tree || strings.HasPrefix(pkg, tree+"/")
}

func matches(patterns []string, path string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		if tree, ok := strings.CutSuffix(p, "..."); ok {
			return tree == "" || within(strings.TrimSuffix(tree, "/"), path)
		}
		return p == path
	})
}
